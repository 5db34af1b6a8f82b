"""The map's geometry, sent once and kept by the browser: coordinates as binary, names and colours as one JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from fastapi import FastAPI, Response
from fastapi.exceptions import HTTPException

from ral_core.analysis.map_layers import clip_path, sentences
from ral_core.analysis.maps import METHODS, FilmMap, Method, aligned, film_map
from ral_core.errors import RALError
from ral_core.index.folder import VideoRow
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.views.markup import clock
from ral_core.views.media import Shelf

KINDS, STEPS = 12, 7
"""The most categories that get a look of their own, and the steps of a scale of numbers."""


class Maps:
    """The maps of one explorer, each made once."""

    def __init__(self, explorer: Explorer, shelf: Shelf) -> None:
        self.explorer, self.shelf = explorer, shelf
        self.map = lru_cache(maxsize=32)(self._map)
        self.fields = lru_cache(maxsize=16)(self._fields)

    def _map(self, index: str, method: Method) -> FilmMap:
        return film_map(self.explorer, index, method)

    def sentences(self, index: str, method: Method, film: str | None) -> dict[str, Any]:
        """Where captions go on a map: of one film, or of all; or why there are none."""
        entry = self.explorer.resolve(None, index)
        try:
            found = sentences(self.explorer, entry, self.map(index, method), film)
        except RALError as problem:
            return {"problem": str(problem)}
        rows = self.explorer.gallery(entry).rows
        return {
            "sentences": [
                {"row": rows[one.film], "film": one.film, "text": one.text, "at": one.at} for one in found
            ]
        }

    def clips(self, index: str, method: Method, film: str) -> dict[str, Any]:
        """The way of a film's clips over a map, or why there is none."""
        gallery = self.explorer.gallery(self.explorer.resolve(None, index))
        try:
            found = clip_path(gallery, self.map(index, method), film)
        except RALError as problem:
            return {"problem": str(problem)}
        return {"clips": [one.to_json() for one in found]}

    def offered(self, index: str) -> list[Method]:
        """The methods that an index can be drawn with."""
        found: list[Method] = []
        for method in METHODS:
            try:
                self.map(index, method)
            except RALError:
                continue
            found.append(method)
        return found

    def points(self, index: str, method: Method, onto: str | None) -> bytes:
        """Coordinates as float32 pairs; turned onto another index's map where one is named."""
        mine = self.map(index, method).points
        if onto is None:
            return mine.astype("<f4").tobytes()
        mine_ids, other_ids = (
            self.explorer.gallery(self.explorer.resolve(None, name)).rows for name in (index, onto)
        )
        if mine_ids != other_ids:
            raise HTTPException(404, "Only indexes of the same films can be laid over one another.")
        return aligned(mine, self.map(onto, method).points).astype("<f4").tobytes()

    def _fields(self, index: str) -> dict[str, Any]:
        gallery = self.explorer.gallery(self.explorer.resolve(None, index))
        films = gallery.videos
        return {
            "ids": [film.video for film in films],
            "titles": [titled(film) for film in films],
            "posters": [self.shelf.url(index, "poster", film.id) for film in films],
            "colours": {**categories([film.tags for film in films]), **numbers(gallery)},
        }


def titled(film: VideoRow) -> str:
    """A point's name: its film, and for a window of a long one the seconds that it covers."""
    if film.start is None or film.end is None:
        return film.title
    return f"{film.title}, {clock(film.start)}–{clock(film.end)}"


def categories(tags: Sequence[Sequence[str]]) -> dict[str, Any]:
    """The first telling tag of each film as a colour: one that not nearly all films share."""
    count = Counter(tag for some in tags for tag in set(some))
    telling = {tag for tag, films in count.items() if 1 < films < 0.9 * len(tags)}
    first = [next((tag for tag in some if tag in telling), "other") for some in tags]
    names = [name for name, _ in Counter(first).most_common(KINDS)]
    if len(names) < 2:
        return {}
    place = {name: number for number, name in enumerate(names)}
    return {"first place": {"names": names, "values": [place.get(name, len(names) - 1) for name in first]}}


def numbers(gallery: Gallery) -> dict[str, Any]:
    """Numbers of each film as steps of a scale."""
    found = {"length, s": np.array([film.duration for film in gallery.videos])}
    if "gaussian_log_var" in gallery.folder:
        found["log variance"] = np.asarray(gallery.folder["gaussian_log_var"], dtype=np.float32).mean(axis=1)
    return {name: scale(values) for name, values in found.items() if values.max() > values.min()}


def scale(values: np.ndarray) -> dict[str, Any]:
    """Values as steps with equally many films in each, and what each step spans."""
    edges = np.quantile(values, np.linspace(0, 1, STEPS + 1))
    steps = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, STEPS - 1)
    digits = 0 if edges[-1] - edges[0] > 20 else 2
    names = [f"{edges[n]:.{digits}f} to {edges[n + 1]:.{digits}f}" for n in range(STEPS)]
    return {"names": names, "values": steps.tolist(), "ordered": True}


def add_map_routes(app: FastAPI, maps: Maps) -> None:
    """Declare `/map/{index}/{method}.bin`, `/map/{index}/fields.json` and what can be laid over a map."""

    def points(index: str, method: str, onto: str | None = None) -> Response:
        known = maps.explorer.entries
        if index not in known or method not in METHODS or (onto is not None and onto not in known):
            raise HTTPException(404, "There is no such map.")
        try:
            body = maps.points(index, method, onto)
        except RALError as problem:
            raise HTTPException(404, str(problem)) from None
        return Response(
            body, media_type="application/octet-stream", headers={"Cache-Control": "private, max-age=600"}
        )

    def fields(index: str) -> dict[str, Any]:
        if index not in maps.explorer.entries:
            raise HTTPException(404, "There is no such index.")
        found: dict[str, Any] = maps.fields(index)
        return found

    def checked(index: str, method: str) -> tuple[str, Method]:
        if index not in maps.explorer.entries or method not in METHODS:
            raise HTTPException(404, "There is no such map.")
        return index, method

    def said(index: str, method: str, film: str | None = None) -> dict[str, Any]:
        return maps.sentences(*checked(index, method), film)

    def clips(index: str, method: str, film: str) -> dict[str, Any]:
        return maps.clips(*checked(index, method), film)

    app.add_api_route("/map/{index}/{method}/sentences.json", said, methods=["GET"])
    app.add_api_route("/map/{index}/{method}/clips.json", clips, methods=["GET"])
    app.add_api_route("/map/{index}/fields.json", fields, methods=["GET"])
    app.add_api_route("/map/{index}/{method}.bin", points, methods=["GET"])
