"""Retrieval numbers from score matrices, and how far they can be trusted.

R@k and SumR are computed from unrounded values; only a page rounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Ranks = NDArray[np.int64]
Numbers = dict[str, float]
CUTOFFS = (1, 5, 10, 100)


def ranks_of(scores: Array, owner: NDArray[np.integer]) -> Ranks:
    """The rank (Q,) of each query's own video, 1 is best.

    scores (Q, V), higher is better; owner (Q,), the column of each query's video. A tie counts against us,
    and so does a score that is not a number: 1 plus the number of other videos that are not strictly lower.

    >>> ranks_of(np.array([[0.5, 0.5, 0.1]]), np.array([0]))
    array([2])
    """
    own = scores[np.arange(len(owner)), owner]
    return (~(scores < own[:, None])).sum(axis=1)


def recall_report(ranks: Ranks, cutoffs: Sequence[int] = CUTOFFS) -> Numbers:
    """Recall at each cutoff in per cent, their sum, mean reciprocal rank, median and mean rank.

    With one right video per query, mean reciprocal rank is what MS-SL prints as mAP.
    """
    ranks = np.asarray(ranks)
    recalls = {f"R@{k}": 100.0 * float(np.mean(ranks <= k)) for k in cutoffs}
    return recalls | {
        "SumR": sum(recalls.values()),
        "MRR": float(np.mean(1.0 / ranks)),
        "MedR": float(np.median(ranks)),
        "MeanR": float(np.mean(ranks)),
    }


def standard_error(per_cent: float, count: int) -> float:
    """The binomial standard error, in per cent, of a share of `count` queries; too small where captions of
    one video are alike.

    >>> standard_error(50.0, 100)
    5.0
    """
    share = per_cent / 100
    return 100.0 * math.sqrt(share * (1 - share) / count)


def bootstrap_interval(
    values: Array,
    groups: NDArray[np.integer] | None = None,
    *,
    level: float = 0.95,
    rounds: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """An interval for the mean of values (Q,) by drawing with replacement.

    `groups` (Q,) names what is drawn together, such as the video of each caption; by default each value alone.
    Give per-query differences of two models to compare them on the same queries.
    """
    groups = np.arange(len(values)) if groups is None else np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(groups, weights=values)
    counts = np.bincount(groups)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=rounds)
    means = (drawn @ sums) / (drawn @ counts)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
