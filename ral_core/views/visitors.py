"""What visitors brought with them: run files of other systems, each known only to the window that loaded it."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from threading import Lock

from fastapi import FastAPI
from fastapi import Request as HTTPRequest

from ral_core.analysis.runs import Run
from ral_core.analysis.standings import foreign_run, read_ranked
from ral_core.errors import RALError
from ral_core.search.engine import Explorer

KEPT = 64
"""Runs kept at a time, of all visitors together; the one not used for longest goes first."""
LARGEST = 32 * 1024 * 1024
"""Bytes of a run file."""
NAME = 40
"""Characters of its name that are shown."""


class Brought:
    """Loaded runs by a random key that only the browser that loaded one knows. Safe for several threads."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept, self._runs, self._lock = kept, OrderedDict[str, Run](), Lock()

    def keep(self, run: Run) -> str:
        """Keep a run; returns its key."""
        key = secrets.token_urlsafe(16)
        with self._lock:
            self._runs[key] = run
            while len(self._runs) > self._kept:
                self._runs.popitem(last=False)
        return key

    def find(self, key: str) -> Run | None:
        """The run behind a key; None once it is forgotten."""
        with self._lock:
            if key in self._runs:
                self._runs.move_to_end(key)
            return self._runs.get(key)


def add_brought_routes(app: FastAPI, explorer: Explorer, brought: Brought, index: str | None) -> None:
    """Declare `POST /brought?name=…&index=…`: the body is a run file, the answer its `key` or the `problem` with it."""

    async def load(asked: HTTPRequest, name: str = "run") -> dict[str, object]:
        body = bytearray()
        async for chunk in asked.stream():
            body.extend(chunk)
            if len(body) > LARGEST:
                return {"problem": f"A run file may have {LARGEST // 2**20} MB."}
        wanted = asked.query_params.get("index")
        shown = title(name)
        try:
            entry = explorer.resolve(None, wanted if wanted in explorer.entries else index)
            run = foreign_run(explorer, entry, shown, read_ranked(body.decode("utf-8"), shown))
        except UnicodeDecodeError:
            return {"problem": f"{shown} is no text file."}
        except RALError as problem:
            return {"problem": str(problem)}
        return {"key": brought.keep(run), "name": shown, "index": entry.name}

    app.add_api_route("/brought", load, methods=["POST"])


def title(name: str) -> str:
    """A file's name as it is shown: without folders and ending.

    >>> title("C:\\\\runs\\\\mine.trec"), title("")
    ('mine', 'run')
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(sign for sign in last.rsplit(".", 1)[0] if sign.isprintable())[:NAME].strip() or "run"
