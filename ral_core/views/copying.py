"""Playable copies made from the page: of films of open libraries that browsers cannot play, one at a time."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock, Thread
from typing import Any, Literal

from fastapi import FastAPI
from fastapi import Request as HTTPRequest
from fastapi.exceptions import HTTPException

from ral_core.errors import RALError
from ral_core.ingest.library import Library
from ral_core.ingest.parts import Entry
from ral_core.ingest.proxies import make_proxy
from ral_core.ingest.scan import is_library
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.views import wording
from ral_core.views.media import Shelf

LOG = logging.getLogger(__name__)
State = Literal["none", "possible", "making", "done", "failed"]


@dataclass(frozen=True)
class Copy:
    """How it stands with the playable copy of one film."""

    state: State
    why: str = ""
    """Why browsers do not play the original."""
    share: float = 0.0
    """How much of it is made, 0 to 1."""
    problem: str = ""
    film: str | None = None
    """Where the page finds the copy once it is done."""

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return asdict(self)


NONE = Copy("none")
"""For films that play as they are, and those no copy can be made of."""


class Copies:
    """The copies that visitors have asked for. A film is named by its index and id, never by a path."""

    def __init__(self, explorer: Explorer, shelf: Shelf) -> None:
        self.explorer, self.shelf = explorer, shelf
        self._jobs: dict[tuple[Path, str], Copy] = {}
        self._lock, self._turn = Lock(), Lock()

    def look(self, index: str, video: str) -> Copy:
        """How it stands now."""
        found = self._film(index, video)
        if found is None:
            return NONE
        root, library, film = found
        address = self.shelf.url(index, "film", video)
        if address is None and library.proxy(film.name).is_file():
            self.shelf.add(self._indexes(root))
            address = self.shelf.url(index, "film", video)
        if address is not None:
            return Copy("done", film=address, share=1.0)
        job = self._jobs.get((root, video))
        if job is not None:
            return job
        return Copy("possible", str(film.unplayable)) if library.original(film).is_file() else NONE

    def start(self, index: str, video: str) -> Copy:
        """Begin the copy where one can be made, and say how it stands; it goes on by itself."""
        found = self._film(index, video)
        with self._lock:
            now = self.look(index, video)
            if found is None or now.state not in ("possible", "failed"):
                return now
            root, library, film = found
            refused = unwritable(library)
            begun = replace(now, state="failed" if refused else "making", problem=refused, share=0.0)
            self._jobs[root, video] = begun
        if not refused:
            # A daemon, so that a server that is stopped does not wait for it; the file appears whole or not at all.
            Thread(target=self._make, args=(root, library, film, begun), daemon=True).start()
        return begun

    def _make(self, root: Path, library: Library, film: Entry, begun: Copy) -> None:
        def note(copy: Copy) -> None:
            self._jobs[root, film.id] = copy

        try:
            with self._turn:
                make_proxy(library, film.id, progress=lambda share: note(replace(begun, share=share)))
        except RALError as problem:
            note(replace(begun, state="failed", problem=str(problem)))
        except OSError as problem:
            note(replace(begun, state="failed", problem=cannot_write(library, problem)))
        except Exception:
            LOG.exception("No playable copy of %r", film.id)
            note(replace(begun, state="failed", problem=wording.FAILED))
        else:
            self.shelf.add(self._indexes(root))
            self._jobs.pop((root, film.id), None)

    def _film(self, index: str, video: str) -> tuple[Path, Library, Entry] | None:
        """A film of an open library that browsers cannot play; None for every other."""
        entry = self.explorer.entries.get(index)
        if entry is None or entry.root is None or not is_library(entry.root):
            return None
        try:
            library = Library.open(entry.root)
            film = next((one for one in library.videos() if one.id == video and one.unplayable), None)
        except RALError as problem:
            LOG.warning("No copies are offered: %s", problem)
            return None
        return None if film is None else (entry.root, library, film)

    def _indexes(self, root: Path) -> list[IndexEntry]:
        return [entry for entry in self.explorer.entries.values() if entry.root == root]


def unwritable(library: Library) -> str:
    """Why no copy can be written into a library, in one sentence; empty where it can."""
    folder = library.folder / "media"
    try:
        folder.mkdir(exist_ok=True)
        with TemporaryFile(dir=folder):
            return ""
    except OSError as problem:
        return cannot_write(library, problem)


def cannot_write(library: Library, problem: OSError) -> str:
    """One sentence for a library that is read-only, or a disk that is full."""
    why = (problem.strerror or "no reason given").lower()
    return f"The library {library.folder.resolve().name} cannot be written ({why}), so the copy was not made."


def add_copy_routes(app: FastAPI, copies: Copies) -> None:
    """Declare `/copy/{index}/{video}`: GET says how it stands with a film's playable copy, POST begins it."""

    def look(index: str, video: str) -> dict[str, Any]:
        return copies.look(index, video).to_json()

    def start(index: str, video: str, asked: HTTPRequest) -> dict[str, Any]:
        if asked.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise HTTPException(403, "Only this page begins a copy.")
        return copies.start(index, video).to_json()

    app.add_api_route("/copy/{index}/{video:path}", look, methods=["GET"])
    app.add_api_route("/copy/{index}/{video:path}", start, methods=["POST"])
