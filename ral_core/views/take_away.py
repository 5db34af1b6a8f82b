"""Moments and rankings to take away: a moment as mp4, one query's ranking as a TREC run, judgements, a map as parquet."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI, Response
from fastapi import Request as HTTPRequest
from fastapi.exceptions import HTTPException

from ral_core.data.cutting import cut_moment
from ral_core.errors import RALError
from ral_core.export.parquet import write_parquet
from ral_core.export.rows import mapped
from ral_core.export.trec import trec, write_qrels
from ral_core.search.engine import MOST, Explorer
from ral_core.views.exports import attachment
from ral_core.views.media import Shelf
from ral_core.views.requests import named, read_request

LONGEST = 300.0
"""Seconds of a moment that can be cut out in the page; longer ones are for the command line."""


def add_take_away(app: FastAPI, explorer: Explorer, shelf: Shelf, index: str | None) -> None:
    """Declare `/cut/…`, `/export/query.run`, `/export/split.qrels` and `/export/map.parquet`."""

    def cut(address: str, start: float, end: float) -> Response:
        path = shelf.path(address) if "/film/" in address else None
        if path is None or not path.is_file():
            raise HTTPException(404, "There is no such film.")
        if not (math.isfinite(start) and math.isfinite(end) and end - start <= LONGEST):
            raise HTTPException(404, f"A moment of at most {LONGEST:.0f} s can be cut out here.")
        name = f"{path.stem}-{start:.1f}-{end:.1f}.mp4"
        return made(name, "video/mp4", lambda out: cut_moment(path, start, end, out))

    def ranking(asked: HTTPRequest) -> Response:
        request = read_request(dict(asked.query_params))
        try:
            result = explorer.search(
                request.query, MOST, model=request.model, index=named(explorer, request, index)
            )
        except RALError as problem:
            raise HTTPException(404, str(problem)) from None
        query = trec(result.truth.caption) if result.truth else "query"
        tag = trec(f"ral-{result.model}")
        lines = [f"{query} Q0 {trec(hit.video)} {hit.rank} {hit.score:.9g} {tag}\n" for hit in result.hits]
        return attachment("".join(lines).encode(), f"{query}-{result.model}.run", "text/plain")

    def qrels(asked: HTTPRequest) -> Response:
        request = read_request(dict(asked.query_params))
        entry = explorer.resolve(request.model, named(explorer, request, index))
        return made(
            f"{entry.manifest.collection}.qrels", "text/plain", lambda out: write_qrels(explorer, entry, out)
        )

    def vectors(asked: HTTPRequest) -> Response:
        request = read_request(dict(asked.query_params))
        entry = explorer.resolve(request.model, named(explorer, request, index))
        about = {"index": entry.name, "model": entry.manifest.model}
        rows = mapped(explorer, explorer.gallery(entry))
        return made(
            f"{entry.name}-map.parquet",
            "application/vnd.apache.parquet",
            lambda out: write_parquet(out, rows, about=about),
        )

    app.add_api_route("/export/map.parquet", vectors, methods=["GET"])
    app.add_api_route("/cut/{address:path}", cut, methods=["GET"])
    app.add_api_route("/export/query.run", ranking, methods=["GET"])
    app.add_api_route("/export/split.qrels", qrels, methods=["GET"])


def made(name: str, kind: str, write: Callable[[Path], object]) -> Response:
    """A file that `write` makes, as an answer; 404 with its sentence where it cannot."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "file.mp4"
        try:
            write(out)
        except RALError as problem:
            raise HTTPException(404, str(problem)) from None
        return attachment(out.read_bytes(), name, kind)
