"""The parts of an answer: films with their moments, the words of the query, and what the reader should know."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.errors import BadQuery
from ral_core.features.text import EncodedQuery
from ral_core.search.gallery import Gallery, Scored
from ral_core.search.moments import MomentConfig, timeline
from ral_core.search.reading import Typed
from ral_core.search.results import Hit, QueryWord
from ral_core.tensors import QueryTokens

MOST = 100
"""The longest list of films that a search returns."""


@dataclass(frozen=True)
class Ranked:
    """The films of a gallery in the order of their scores, each by the row of its best window."""

    rows: NDArray[np.int64]  # (N,) best first
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
) -> Ranked:
    """The best `count` films, but none of the ids `without`; ties go to the film that comes first in the index."""
    best = gallery.best_rows(scored.total)
    total = scored.total[best]
    if without:
        total = np.where([gallery.videos[row].video in without for row in best], -np.inf, total)
    order = np.argsort(-total, kind="stable")[: min(count, int(np.isfinite(total).sum()))]
    return Ranked(best[order], total, None if z is None else z[best], scored, z)


def hits(
    gallery: Gallery, tokens: QueryTokens, found: Ranked, moments: MomentConfig, events: int = 1
) -> tuple[Hit, ...]:
    """The ranked films with their moments."""
    rows = [int(row) for row in found.rows]
    answer = []
    for rank, (row, timed) in enumerate(
        zip(rows, gallery.timed(tokens, rows, moments), strict=True), start=1
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
    """What the reader should know about an answer."""
    said = []
    if typed.cut or shortened(encoded, gallery):
        read = min(len(encoded.pieces), gallery.model.config.max_words)
        said.append(f"Only the first {read} word pieces of the query were read.")
    if k > shown:
        said.append(f"{k} films were asked for, {shown} are shown.")
    return tuple(said)
