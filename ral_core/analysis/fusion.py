"""What if the two branches counted otherwise: the ranking for every share of the clip score, from parts at hand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.analysis.rerank import changed, ranks
from ral_core.errors import BadQuery
from ral_core.models import RAL
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Fused(Answer):
    """One film and the two scores that are fused."""

    video: str
    title: str
    rank: int  # with the asked share
    before: int  # with the model's own share
    score: float  # share * clip + (1 - share) * frame
    clip: float
    frame: float


@dataclass(frozen=True)
class Reign(Answer):
    """A stretch of shares in which one film comes first."""

    video: str
    low: float
    high: float


@dataclass(frozen=True)
class Fusion(Answer):
    """Every film under another fusion of its two scores."""

    query: str
    model: str
    index: str
    share: float  # of the clip score, 0-1; the frame score has the rest
    usual: float  # the model's own share
    films: tuple[Fused, ...]  # best first
    moved: int  # films among the first ten that stand elsewhere than with the model's share
    reigns: tuple[Reign, ...]  # who comes first from share 0 to 1
    relevant: tuple[str, ...] | None  # films that satisfy the query, where that is known


def fusion(
    explorer: Explorer,
    query: str,
    share: float | None = None,
    *,
    model: str | None = None,
    index: str | Path | None = None,
    off: Collection[int] = (),
    on: Collection[int] = (),
    even: bool = False,
) -> Fusion:
    """Rank all films with a clip score that counts `share`, by default as much as the model says.

    Only the ratio of the two weights can change a ranking, so one share says it all. `off`, `on` and `even` change
    the gates behind the frame score as `rerank` does. Raises BadQuery for a share outside 0-1, else as `search`.
    """
    if share is not None and not 0.0 <= share <= 1.0:
        raise BadQuery(f"The clip score's share must lie between 0 and 1, not {share:g}.")
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    usual = usual_share(entry.manifest.clip_weight, entry.manifest.frame_weight)
    share = usual if share is None else share
    clip, frame = branches(explorer, entry, typed.text, off, on, even)
    total = fused(clip, frame, share)
    rows = gallery.best_rows(total)  # (films,)
    old, new = ranks(gallery.by_film(fused(clip, frame, usual))), ranks(total[rows])
    order = np.argsort(-total[rows], kind="stable")
    truth = explorer.collection(entry).truth(typed.text)
    return Fusion(
        query=typed.text,
        model=entry.manifest.model,
        index=entry.name,
        share=share,
        usual=usual,
        films=tuple(
            Fused(
                video=gallery.videos[row].video,
                title=gallery.videos[row].title,
                rank=int(new[film]),
                before=int(old[film]),
                score=float(total[row]),
                clip=float(clip[row]),
                frame=float(frame[row]),
            )
            for film, row in zip(order, rows[order], strict=True)
        ),
        moved=sum(int(new[film] != old[film]) for film in order[:10]),
        reigns=reigns(gallery, clip, frame),
        relevant=None if truth is None else truth.relevant,
    )


def branches(
    explorer: Explorer, entry: IndexEntry, text: str, off: Collection[int], on: Collection[int], even: bool
) -> tuple[Array, Array]:
    """Clip and frame score of every row, (V,) each, the frame score with the gates changed."""
    gallery = explorer.gallery(entry)
    encoded, tokens = explorer.encoded(entry, text)
    scored = gallery.score(tokens)
    if not (off or on or even):
        return scored.clip, scored.frame
    if not isinstance(gallery.model, RAL):
        raise BadQuery(f"{entry.manifest.model} has no word gates to change; choose a model with RAL.")
    with torch.inference_mode():
        gate = gallery.model.gate(tokens)[0].cpu().numpy()
        best = gallery.model.word_frame(tokens, gallery.tokens)[0].amax(-1).cpu().numpy()  # (V, W)
    words = [word for word in encoded.words() if min(word.pieces) < gallery.model.config.max_words]
    return scored.clip, best @ changed(gate, words, off, on, even)


def windows_of(
    explorer: Explorer,
    found: Fusion,
    *,
    index: str | Path | None = None,
    off: Collection[int] = (),
    on: Collection[int] = (),
    even: bool = False,
) -> dict[str, tuple[tuple[float, float], ...]]:
    """For each long film the clip and frame scores of the windows that give it its score at some share."""
    entry = explorer.resolve(found.model, index)
    gallery = explorer.gallery(entry)
    if gallery.film_count == len(gallery):
        return {}
    clip, frame = branches(explorer, entry, found.query, off, on, even)
    answer = {}
    for first in gallery.first:
        rows = gallery.windows(int(first))
        if len(rows) > 1:
            some = slice(rows.start, rows.stop)
            best = [rows[place] for place, _, _ in winners(clip[some], frame[some])]
            answer[gallery.videos[first].video] = tuple((float(clip[r]), float(frame[r])) for r in best)
    return answer


def usual_share(clip_weight: float, frame_weight: float) -> float:
    """The clip score's part of both weights.

    >>> usual_share(0.7, 0.7)
    0.5
    """
    return clip_weight / (clip_weight + frame_weight)


def fused(clip: Array, frame: Array, share: float) -> Array:
    """Both scores (V,) as one."""
    return np.asarray(share * clip.astype(np.float64) + (1.0 - share) * frame.astype(np.float64))


def reigns(gallery: Gallery, clip: Array, frame: Array) -> tuple[Reign, ...]:
    """Which film comes first at which share; windows of one film that follow each other are one reign."""
    found: list[Reign] = []
    for row, low, high in winners(clip, frame):
        video = gallery.videos[row].video
        if found and found[-1].video == video:
            low = found.pop().low
        found.append(Reign(video, low, high))
    return tuple(found)


def winners(clip: Array, frame: Array) -> list[tuple[int, float, float]]:
    """Which row comes first from which share on, exactly: (row, low, high), covering 0 to 1.

    A film's score is a straight line over the share, from its frame score at 0 to its clip score at 1; who comes
    first is the upper envelope of V lines. From a crossing on, the line that rises faster lies above.
    """
    start, slope = frame.astype(np.float64), clip.astype(np.float64) - frame.astype(np.float64)
    found, at = [], 0.0
    height = start.max()
    row = int(max(np.flatnonzero(start == height), key=lambda r: (slope[r], -r)))
    while True:
        steeper = np.flatnonzero(slope > slope[row])
        meets = (start[row] - start[steeper]) / (slope[steeper] - slope[row])
        if not len(steeper) or (until := float(meets.min())) >= 1.0:
            found.append((row, at, 1.0))
            return found
        if until > at:
            found.append((row, at, until))
        at = max(at, until)
        row = int(max(steeper[meets == meets.min()], key=lambda r: (slope[r], -r)))
