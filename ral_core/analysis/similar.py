"""More like this: films and moments near another one by the model's own clip vectors, and films that are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ral_core.analysis.maps import film_vectors, of_films, unit
from ral_core.errors import BadQuery, UnknownName
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.libraries import unknown
from ral_core.search.results import Answer

Array = NDArray[np.floating]

ALIKE = 0.98
"""Cosine from which on two films are called duplicates unless said otherwise."""
NEAREST = 20
"""Films by mean vector that each film is compared with when duplicates are looked for among many."""
ALL_PAIRS = 500
"""Films up to which every pair is compared."""


@dataclass(frozen=True)
class Alike(Answer):
    """A film with the stretch of it that is nearest."""

    video: str
    title: str
    score: float  # cosine, -1 to 1; of the best clip, or the mean over clips of their best matches
    start: float  # s
    end: float  # s


@dataclass(frozen=True)
class Similar(Answer):
    """Films near a film or near a moment of it, best first. Every film of the index was compared."""

    video: str
    second: float | None  # of the moment; None for the whole film
    start: float  # s, the clip that was compared, or the whole film
    end: float
    model: str
    index: str
    films: tuple[Alike, ...]


@dataclass(frozen=True)
class Pair(Answer):
    """Two films that look the same to a model."""

    first: str
    second: str
    score: float  # mean cosine of their clips' best matches, both ways


@dataclass(frozen=True)
class Duplicates(Answer):
    """Pairs of films above a similarity, the nearest first."""

    model: str
    index: str
    least: float
    pairs: tuple[Pair, ...]
    found: int  # pairs in all, shown or not
    exact: bool  # False where only the nearest films by mean vector were compared
    deciles: tuple[float, ...]  # (11) of the similarity of each film with its nearest one


def similar(
    explorer: Explorer,
    video: str,
    *,
    second: float | None = None,
    model: str | None = None,
    index: str | Path | None = None,
    k: int = 10,
    own: bool = False,
) -> Similar:
    """Films like `video`, or with a clip like its clip at `second`.

    The clips of a film are those of all its windows. With `own` the film itself is listed, too. Raises UnknownName
    for a video that the index lacks and BadQuery for a second outside it or a k below 1.
    """
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    if video not in gallery.rows:
        raise UnknownName(unknown("video", video, gallery.rows, f" in the index {entry.name}"))
    if k < 1:
        raise BadQuery(f"k must be at least 1, not {k}.")
    rows = gallery.windows(gallery.rows[video])
    video = gallery.videos[rows.start].video
    clips = flat(unit_clips(gallery, slice(rows.start, rows.stop)))
    spans = np.concatenate([clip_seconds(gallery, row) for row in rows])
    begin, finish = float(spans[:, 0].min()), float(spans[:, 1].max())
    if second is None:
        mine, start, end = clips, begin, finish
    else:
        if not begin <= second <= finish:
            raise BadQuery(f"{video} runs from {begin:.1f} to {finish:.1f} s; there is no second {second:g}.")
        clip = clip_at(spans, second)
        mine, (start, end) = clips[clip : clip + 1], spans[clip].tolist()
    scores, nearest, best = nearness(mine, gallery)
    others = (
        int(film)
        for film in np.argsort(-scores, kind="stable")
        if own or gallery.videos[gallery.first[film]].video != video
    )
    films = tuple(
        Alike(
            gallery.videos[row].video,
            gallery.videos[row].title,
            float(scores[film]),
            *(float(edge) for edge in clip_seconds(gallery, row)[best[film]]),
        )
        for film in islice(others, k)
        for row in [int(nearest[film])]
    )
    return Similar(video, second, start, end, entry.manifest.model, entry.name, films)


def unit_clips(gallery: Gallery, rows: slice | NDArray[np.int64]) -> Array:
    """Clip vectors of some rows as cosines compare them: (N, C, D)."""
    return np.asarray(unit(np.asarray(gallery.folder["clips"][rows], dtype=np.float32)))


def flat(clips: Array) -> Array:
    """The clips of some rows (N, C, D) as one film's: (N C, D)."""
    return clips.reshape(-1, clips.shape[-1])


def clip_seconds(gallery: Gallery, row: int) -> Array:
    """Start and end in seconds of each clip of one row: (C, 2)."""
    video = gallery.videos[row]
    begin = getattr(video, "start", None) or 0.0
    if "clip_spans" in gallery.folder:
        return np.asarray(
            begin + video.duration * np.asarray(gallery.folder["clip_spans"][row], dtype=np.float64)
        )
    edges = begin + video.duration * np.linspace(0, 1, gallery.manifest.clips + 1)
    return np.stack([edges[:-1], edges[1:]], axis=1)


def clip_at(spans: Array, second: float) -> int:
    """The clip (of (C, 2)) whose middle is nearest among those that hold the second, or of all where none does."""
    away = np.abs(spans.mean(axis=1) - second)
    holds = (spans[:, 0] <= second) & (second <= spans[:, 1])
    return int(np.where(holds | ~holds.any(), away, np.inf).argmin())


def nearness(
    mine: Array, gallery: Gallery, step: int = 512
) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """How near each film is to some clips (N, D), and which row and clip of it is nearest to any: (films,) each.

    A film's nearness is the mean over the given clips of their best match in it, in whichever window; for one clip,
    that match.
    """
    scores, tops, best = [], [], []
    for films in some_films(gallery, step):
        rows = slice(int(films[0]), gallery.windows(int(films[-1])).stop)
        cosines = np.einsum("nd,vcd->vnc", mine, unit_clips(gallery, rows), optimize=True)
        scores.append(highest_of(cosines.max(axis=2), films - films[0]).mean(axis=1))
        closest = cosines.max(axis=1)
        tops.append(closest.max(axis=1))
        best.append(closest.argmax(axis=1))
    nearest = gallery.best_rows(np.concatenate(tops))
    return np.concatenate(scores), nearest, np.concatenate(best)[nearest]


def some_films(gallery: Gallery, step: int) -> Iterator[NDArray[np.int64]]:
    """The first rows of all films, so many at a time that they have about `step` rows together."""
    films = max(1, step * gallery.film_count // len(gallery))
    for start in range(0, gallery.film_count, films):
        yield gallery.first[start : start + films]


def highest_of(values: Array, starts: NDArray[np.int64]) -> Array:
    """Values of rows (V, N) as values of films (films, N): the highest of the rows from each start to the next."""
    return values if len(starts) == len(values) else np.maximum.reduceat(values, starts, axis=0)


def duplicates(
    explorer: Explorer,
    *,
    model: str | None = None,
    index: str | Path | None = None,
    least: float = ALIKE,
    most: int = 50,
) -> Duplicates:
    """Pairs of films whose clips match each other at least so well on average, both ways.

    All pairs are compared where an index has up to `ALL_PAIRS` rows; of more, each film with its `NEAREST` by mean
    vector. The clips of a film are those of all its windows.
    """
    if not -1 <= least <= 1:
        raise BadQuery(f"The least similarity is a cosine between -1 and 1, not {least:g}.")
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    count, exact = gallery.film_count, len(gallery) <= ALL_PAIRS
    pairs: dict[tuple[int, int], float] = {}
    highest = np.full(count, -1.0)
    means = None if exact else of_films(gallery, film_vectors(gallery))
    for film in range(count):
        others = np.arange(film + 1, count) if means is None else nearest_rows(means, film)
        if not len(others):
            continue
        scores = both_ways(gallery, film, others)
        highest[film] = max(highest[film], float(scores.max()))
        highest[others] = np.maximum(highest[others], scores)
        for other, score in zip(others, scores, strict=True):
            if score >= least:
                pairs[min(film, int(other)), max(film, int(other))] = float(score)
    order = sorted(pairs, key=lambda pair: (-pairs[pair], pair))
    ids = [gallery.videos[row].video for row in gallery.first]
    return Duplicates(
        model=entry.manifest.model,
        index=entry.name,
        least=least,
        pairs=tuple(Pair(ids[one], ids[other], pairs[one, other]) for one, other in order[:most]),
        found=len(pairs),
        exact=exact,
        deciles=tuple(float(value) for value in np.quantile(highest, np.linspace(0, 1, 11)))
        if count > 1
        else (),
    )


def both_ways(gallery: Gallery, film: int, others: NDArray[np.int64]) -> Array:
    """How well one film and each of some others (N,) match: the mean of their clips' best cosines, both ways."""
    counts = np.diff(gallery.first, append=len(gallery))[others]  # windows of each
    starts = np.cumsum(counts) - counts
    rows = np.repeat(gallery.first[others] - starts, counts) + np.arange(counts.sum())
    own = gallery.windows(int(gallery.first[film]))
    mine = flat(unit_clips(gallery, slice(own.start, own.stop)))
    cosines = np.einsum("nd,vcd->vnc", mine, unit_clips(gallery, rows), optimize=True)
    there = highest_of(cosines.max(axis=2), starts).mean(axis=1)
    back = cosines.max(axis=1).mean(axis=1)
    back = np.add.reduceat(back, starts) / counts.astype(back.dtype)
    return np.asarray((there + back) / 2)


def nearest_rows(vectors: Array, row: int) -> NDArray[np.int64]:
    """The `NEAREST` rows to one of unit vectors (V, D), itself left out."""
    near = vectors @ vectors[row]
    near[row] = -np.inf
    return np.argsort(-near, kind="stable")[: min(NEAREST, len(near) - 1)]
