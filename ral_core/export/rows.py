"""What an index knows about its films, clips and frames as named columns: the rows of every table that is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ral_core.analysis.maps import film_map, film_vectors
from ral_core.errors import RALError
from ral_core.index.folder import VideoRow
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery

Level = Literal["film", "clip", "frame"]
LEVELS: tuple[Level, ...] = ("film", "clip", "frame")
Columns = dict[str, Sequence[Any] | NDArray[Any]]
"""Column name → N values, or (N, D) vectors."""
SOME = 64
"""Films whose rows are held at a time."""


@dataclass(frozen=True)
class Place:
    """Where one row lies: its film and its seconds."""

    video: VideoRow
    id: str
    start: float
    end: float


def vectors_of(gallery: Gallery, level: Level) -> Iterator[Columns]:
    """The vectors of an index as it compares them, some films at a time: id, film, seconds, `vector`.

    A film's vector is the mean of its Gaussian (or of its clips) at length 1, as on the map; clips and frames are
    the model's tokens, not normalised.
    """
    films = film_vectors(gallery) if level == "film" else None
    for first in range(0, len(gallery), SOME):
        rows = range(first, min(first + SOME, len(gallery)))
        places: list[Place] = []
        blocks: list[NDArray[Any]] = []
        for row in rows:
            found, vectors = parts(gallery, row, level)
            places += found
            blocks.append(vectors)
        vectors = np.concatenate(blocks) if films is None else films[rows.start : rows.stop]
        yield described(gallery, places) | {"vector": vectors.astype(np.float32)}


def parts(gallery: Gallery, row: int, level: Level) -> tuple[list[Place], NDArray[Any]]:
    """The parts of one film and their vectors (N, D); none yet for whole films."""
    video = gallery.videos[row]
    begin = video.start or 0.0
    if level == "film":
        return [Place(video, video.id, begin, begin + video.duration)], np.empty((0, 0))
    if level == "frame":
        times = gallery.times(row)
        ends = [*times[1:], max(begin + video.duration, float(times[-1]))]
        found = [
            Place(video, f"{video.id}#f{number}", float(start), float(end))
            for number, (start, end) in enumerate(zip(times, ends, strict=True))
        ]
        return found, np.asarray(gallery.folder["frames"][gallery.folder.frame_slice(row)])
    clips = np.asarray(gallery.folder["clips"][row])
    spans = clip_spans(gallery, row) * video.duration + begin
    found = [Place(video, f"{video.id}#c{number}", float(a), float(b)) for number, (a, b) in enumerate(spans)]
    return found, clips


def clip_spans(gallery: Gallery, row: int) -> NDArray[Any]:
    """Start and end (C, 2) of each clip of a film as shares of it: equal parts, unless the model chose them."""
    if "clip_spans" in gallery.folder:
        return np.asarray(gallery.folder["clip_spans"][row])
    edges = np.linspace(0, 1, gallery.manifest.clips + 1)
    return np.stack([edges[:-1], edges[1:]], axis=1)


def described(gallery: Gallery, places: Sequence[Place]) -> Columns:
    """Who, when and where to see it; paths are absolute, or empty where there is no file."""

    def path(relative: str | None) -> str | None:
        found = gallery.folder.file(relative)
        return None if found is None else str(found.resolve())

    return {
        "id": [place.id for place in places],
        "video": [place.video.video for place in places],
        "title": [place.video.title for place in places],
        "start": np.array([place.start for place in places], dtype=np.float32),
        "end": np.array([place.end for place in places], dtype=np.float32),
        "duration": np.array([place.video.duration for place in places], dtype=np.float32),
        "tags": [", ".join(place.video.tags) for place in places],
        "poster": [path(place.video.poster) for place in places],
        "media": [path(place.video.media) for place in places],
    }


def mapped(explorer: Explorer, gallery: Gallery) -> Iterator[Columns]:
    """The film rows with their places: `x`, `y` on the UMAP where one is fitted (else PCA), `pca_x`, `pca_y`."""
    name = str(gallery.folder.path)  # by its folder: a library's index need not be open by name
    flat = film_map(explorer, name, "pca").points
    try:
        best, points = "umap", film_map(explorer, name, "umap").points
    except RALError:  # not fitted: PCA needs no fitting
        best, points = "pca", flat
    first = 0
    for columns in vectors_of(gallery, "film"):
        some = slice(first, first + len(columns["id"]))
        first = some.stop
        yield columns | {
            "x": points[some, 0],
            "y": points[some, 1],
            "map": [best] * len(columns["id"]),
            "pca_x": flat[some, 0],
            "pca_y": flat[some, 1],
        }
