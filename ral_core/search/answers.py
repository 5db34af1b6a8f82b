"""The parts of an answer: films with their moments, the words of the query, and what the reader should know."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.errors import BadQuery, UnknownName
from ral_core.features.text import EncodedQuery
from ral_core.search.filters import Filters
from ral_core.search.gallery import Gallery, Scored
from ral_core.search.moments import MomentConfig, timeline
from ral_core.search.reading import Typed
from ral_core.search.results import Hit, QueryWord
from ral_core.tensors import QueryTokens

MOST = 100
"""The longest list of films that a search returns."""
LOOKED = 1000
"""The most films whose moments are read to find some that fit a filter, about 0.2 ms each on one CPU core."""

USUAL = 10
"""Films that are shown where nobody says how many."""
NAMED = 4
"""The most words that a note names."""


@dataclass(frozen=True)
class Ranked:
    """The films of a gallery in the order of their scores, each by the row of its best window."""

    rows: NDArray[np.int64]  # (N,) best first
    ranks: NDArray[np.int64]  # (N,) places among all films that were ranked, 1 is best
    total: NDArray[np.floating]  # (films,) every film's fused score, -inf where it was left out
    z: NDArray[np.floating] | None  # (films,) None without statistics
    of_rows: Scored
    z_of_rows: NDArray[np.floating] | None


def ranked(
    gallery: Gallery,
    scored: Scored,
    z: NDArray[np.floating] | None,
    count: int,
    without: Collection[str] = (),
    order: Sequence[str] | None = None,
) -> Ranked:
    """The best `count` films, but none of the ids `without`; ties go to the film that comes first in the index.

    `order` are ids of films, best first, that stand in place of the order by score. Raises UnknownName for others.
    """
    best = gallery.best_rows(scored.total)
    total = scored.total[best]
    if without:
        total = np.where([gallery.videos[row].video in without for row in best], -np.inf, total)
    places = np.argsort(-total, kind="stable") if order is None else numbers(gallery, order)
    places = places[np.isfinite(total[places])][:count]
    ranks = np.arange(1, len(places) + 1)
    return Ranked(best[places], ranks, total, None if z is None else z[best], scored, z)


def numbers(gallery: Gallery, videos: Sequence[str]) -> NDArray[np.int64]:
    """The numbers (N,) of films by their ids. Raises UnknownName."""
    try:
        return np.array([gallery.film(video) for video in videos], dtype=np.int64)
    except KeyError as missing:
        raise UnknownName(
            f"There is no video {missing.args[0]!r} in the index {gallery.manifest.name}."
        ) from None


def fitting(gallery: Gallery, found: Ranked, only: Filters) -> Ranked:
    """Of the ranked films those whose tags and length fit, with the ranks they had."""
    kept = [only.keeps_film(gallery.videos[row].tags, gallery.length(row)) for row in map(int, found.rows)]
    return replace(found, rows=found.rows[kept], ranks=found.ranks[kept])


def fitting_hits(
    gallery: Gallery,
    tokens: QueryTokens,
    found: Ranked,
    only: Filters,
    count: int,
    moments: MomentConfig,
    events: int = 1,
) -> tuple[tuple[Hit, ...], str]:
    """The first `count` films that fit, with their moments, and a sentence that says how many do.

    Tags and lengths are asked of every film. How long a film's best moment is must be read from its scores over
    time, so that is asked down the ranking until there are enough, of `LOOKED` films at most.
    """
    among, films = fitting(gallery, found, only), len(found.rows)
    if only.share is None:
        first = replace(among, rows=among.rows[:count], ranks=among.ranks[:count])
        return hits(gallery, tokens, first, moments, events), said_of(len(among.rows), films)
    kept: list[Hit] = []
    last = min(len(among.rows), LOOKED)
    for start in range(0, last, MOST):
        some = slice(start, min(start + MOST, last))
        part = replace(among, rows=among.rows[some], ranks=among.ranks[some])
        kept += [
            hit
            for hit in hits(gallery, tokens, part, moments, events)
            if only.keeps_moment(hit.start, hit.end, hit.duration)
        ]
        if len(kept) > count:
            return tuple(kept[:count]), f"The first {count} films that fit the filters; {OF_ALL}"
    if last < len(among.rows):
        said = f"The best moment was looked at in the first {last:,} films only, of which {len(kept)} fit; {OF_ALL}"
        return tuple(kept[:count]), said
    return tuple(kept[:count]), said_of(len(kept), films)


OF_ALL = "ranks and verdict are those among all films."


def said_of(fit: int, films: int) -> str:
    """How many films fit, as a sentence.

    >>> said_of(1, 7)
    '1 of 7 films fits the filters; ranks and verdict are those among all films.'
    """
    return f"{fit:,} of {films:,} films fit{'s' if fit == 1 else ''} the filters; {OF_ALL}"


def hits(
    gallery: Gallery, tokens: QueryTokens, found: Ranked, moments: MomentConfig, events: int = 1
) -> tuple[Hit, ...]:
    """The ranked films with their moments."""
    rows = [int(row) for row in found.rows]
    if not rows:
        return ()
    answer = []
    for rank, row, timed in zip(
        found.ranks.tolist(), rows, gallery.timed(tokens, rows, moments), strict=True
    ):
        video = gallery.videos[row]
        its = timed.moments(moments, events)
        shown = {kind: gallery.folder.file(getattr(video, kind)) for kind in ("media", "poster", "strip")}
        answer.append(
            Hit(
                rank=rank,
                video=video.video,
                title=video.title,
                duration=timed.duration,
                start=its[0].start,
                end=its[0].end,
                score=float(found.of_rows.total[row]),
                clip=float(found.of_rows.clip[row]),
                frame=float(found.of_rows.frame[row]),
                z=None if found.z_of_rows is None else float(found.z_of_rows[row]),
                moments=its,
                timeline=timeline(timed.score, timed.times, timed.duration),
                tags=video.tags,
                **{kind: str(path) if path else None for kind, path in shown.items()},
            )
        )
    return tuple(answer)


def checked_count(k: object, candidates: object) -> int:
    """k, cut to `MOST`. Raises BadQuery when k or the number of candidates is no positive whole number."""
    for name, value in (("k", k), ("candidates", 1 if candidates is None else candidates)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BadQuery(f"{name} must be a whole number of at least 1, not {value!r}.")
    return min(k, MOST)  # type: ignore[call-overload]


@torch.inference_mode()
def query_words(encoded: EncodedQuery, gallery: Gallery, tokens: QueryTokens) -> tuple[QueryWord, ...]:
    """The words of a query that the model reads, with their gates where it has them."""
    model = gallery.model
    gate = model.gate(tokens)[0].cpu().numpy() if "gate" in model.capabilities else None
    read = model.config.max_words
    return tuple(
        QueryWord(
            text=word.text,
            start=word.start,
            end=word.end,
            weight=None if gate is None else float(sum(gate[piece] for piece in word.pieces if piece < read)),
        )
        for word in encoded.words()
        if min(word.pieces) < read
    )


def shortened(encoded: EncodedQuery, gallery: Gallery) -> bool:
    """Whether the end of the query was not read."""
    return encoded.truncated or len(encoded.pieces) > gallery.model.config.max_words


def notes(typed: Typed, encoded: EncodedQuery, gallery: Gallery, k: int, shown: int) -> tuple[str, ...]:
    """What the reader should know about an answer of `shown` films where k were asked for."""
    said = []
    if typed.cut or shortened(encoded, gallery):
        read = min(len(encoded.pieces), gallery.model.config.max_words)
        said.append(f"Only the first {read} word pieces of the query were read.")
    if k > max(shown, USUAL):  # who asked for the usual number sees how many there are
        said.append(f"{k} films were asked for, {shown} are shown.")
    return tuple(said)


def unsaid(strange: Sequence[str]) -> tuple[str, ...]:
    """A note on the words of a query that no caption of the collection says.

    >>> unsaid(["truck", "desert"])
    ('No sentence about these films says “truck” or “desert”; how well the model knows them is not measured here.',)
    """
    if not strange:
        return ()
    words = [f"“{word}”" for word in strange[:NAMED]]
    listed = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    them = "it" if len(words) == 1 else "them"
    return (
        f"No sentence about these films says {listed}; how well the model knows {them} is not measured here.",
    )
