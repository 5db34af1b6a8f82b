"""What scores mean in one collection: statistics of sentences whose films are known, kept with the index.

They never change a ranking. They turn a raw score into "so many standard deviations above what this film gets
for sentences that it does not satisfy", and say when a best score is too low to believe in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ral_core.data.captions import Caption

Array = NDArray[np.floating]
Mask = NDArray[np.bool_]

ALARM = 0.1
"""Share of the sentences with a film in the collection that may be called unlikely."""
TRUST = 0.8
"""Share of clear results whose first film must be the described one."""


@dataclass(frozen=True)
class Reference:
    """A sentence and the films it is known to describe; none for one that has nothing to do with them."""

    text: str
    film: str | None = None
    relevant: frozenset[str] = frozenset()
    second: float = 0.0
    """The middle of its moment (s), which tells the windows of a long video apart."""


@dataclass(frozen=True)
class Calibration:
    """Null statistics of V films from N sentences."""

    null_mean: Array  # (V,) score of each film for sentences it does not satisfy
    null_std: Array  # (V,)
    null_top: Array  # (N,) rising: z of the best film when no satisfying film is in the collection
    cutoff: float
    margin: float
    separation: float | None


def from_captions(captions: Iterable[Caption]) -> list[Reference]:
    """References from a collection's own captions, whose satisfying films are known."""
    return [Reference(c.text, c.film, frozenset(c.relevant), (c.start + c.end) / 2) for c in captions]


def calibrate(
    scores: Array, own: NDArray[np.integer], relevant: Mask, videos: NDArray[np.integer] | None = None
) -> Calibration:
    """Statistics from fused scores (N, V) of N sentences.

    own (N,): the row of each sentence's film, -1 where it has none; relevant (N, V): the films that satisfy
    it, which are left out, so that the rest shows what an absent moment looks like. Every sentence must leave
    one film at least. videos (V,): the number of each row's video, rising, where long ones have several rows; a
    film leads over other films, not over its own windows.
    """
    others = np.where(relevant, np.nan, scores)
    null_mean, null_std = masked_mean_std(others)
    z = (scores - null_mean) / null_std
    absent = of_best(z, np.where(relevant, -np.inf, scores))
    known = own >= 0
    if not known.any():
        return Calibration(
            null_mean, null_std, np.sort(absent), float(np.quantile(absent, 1 - ALARM)), 0.5, None
        )
    present = of_best(z, scores)[known]
    number = np.arange(scores.shape[1]) if videos is None else videos
    whole = np.maximum.reduceat(scores[known], np.unique(number, return_index=True)[1], axis=1)
    return Calibration(
        null_mean=null_mean,
        null_std=null_std,
        null_top=np.sort(absent),
        cutoff=float(np.quantile(present, ALARM)),
        margin=clear_margin(whole, number[own[known]]),
        separation=separation(present, absent),
    )


def of_best(z: Array, scores: Array) -> Array:
    """The z (N,) of each sentence's best film by score; z and scores (N, V)."""
    return z[np.arange(len(z)), scores.argmax(axis=1)]


def masked_mean_std(scores: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of each column, NaN left out; a column of too few values takes the overall ones."""
    count = np.isfinite(scores).sum(axis=0)
    enough = count >= 2
    overall_mean = float(np.nanmean(scores)) if enough.any() else 0.0
    overall_std = float(np.nanstd(scores)) if enough.any() else 1.0
    mean = np.where(enough, np.nansum(scores, axis=0) / np.maximum(count, 1), overall_mean)
    var = np.nansum((scores - mean) ** 2, axis=0) / np.maximum(count, 1)
    std = np.where(enough, np.sqrt(var), overall_std)
    return mean, np.maximum(std, 1e-6)


def leads(scores: Array) -> Array:
    """How far the first film is ahead of the second, in standard deviations of each query's scores: (N,)."""
    if scores.shape[1] < 2:
        return np.full(len(scores), 1e3)
    top = np.partition(scores, -2, axis=1)[:, -2:]
    return (top[:, 1] - top[:, 0]) / np.maximum(scores.std(axis=1), 1e-6)


def clear_margin(scores: Array, own: NDArray[np.integer], fewest: int = 20) -> float:
    """The smallest lead from which on the first film is the described one in `TRUST` of all cases.

    Where no lead of `fewest` or more sentences reaches that, the lead that one sentence in ten has.
    """
    lead = leads(scores)
    order = np.argsort(-lead, kind="stable")
    right = (scores.argmax(axis=1) == own)[order]
    precision = np.cumsum(right) / np.arange(1, len(right) + 1)
    good = np.flatnonzero((precision >= TRUST) & (np.arange(len(right)) + 1 >= fewest))
    return float(lead[order[good[-1]]]) if len(good) else float(np.quantile(lead, 0.9))


def separation(present: Array, absent: Array) -> float:
    """The chance that a present moment's best score beats an absent one's (area under the ROC curve)."""
    below = np.searchsorted(np.sort(absent), present, side="left")
    up_to = np.searchsorted(np.sort(absent), present, side="right")
    return float((below + up_to).mean() / (2 * len(absent)))


GENERIC = tuple(
    Reference(text)
    for text in (
        "a surgeon performs an operation",
        "a rocket lifts off from the launch pad",
        "two boxers fight in a ring",
        "a chef slices an onion",
        "people queue at an airport counter",
        "a whale jumps out of the water",
        "someone repairs the engine of a car",
        "a judge speaks in a courtroom",
        "a climber hangs from a rope",
        "a couple argues in a restaurant",
        "a train crosses a bridge",
        "soldiers march in a parade",
        "a woman plays the piano on a stage",
        "children build a snowman",
        "a horse gallops through a field",
        "a man shaves in front of a mirror",
        "a goalkeeper catches the ball",
        "a volcano erupts at night",
        "a barber cuts somebody's hair",
        "an elephant drinks from a river",
        "a scientist looks through a microscope",
        "someone types on a laptop",
        "a bride walks down the aisle",
        "a farmer drives a tractor",
    )
)
"""Sentences for collections without captions; some may well be satisfied there, so the cut-off is rough."""
