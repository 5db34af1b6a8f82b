"""Numbers for data where several videos may satisfy a query: every one of them is a right answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Truth = NDArray[np.bool_]
Numbers = dict[str, float]
CUTOFFS = (1, 5, 10, 100)


def relevant_ranks(scores: Array, relevant: Truth) -> NDArray[np.int64]:
    """The rank of each query's best-placed satisfying video, (Q,), 1 is best.

    scores (Q, V), higher is better; relevant (Q, V). A tie with a wrong video counts against us, as it does in
    `metrics`: the rank is the number of wrong videos that score as high or higher, plus 1.
    """
    best = np.where(relevant, scores, -np.inf).max(axis=1)
    return 1 + (~relevant & (scores >= best[:, None])).sum(axis=1)


def hit_report(ranks: NDArray[np.int64], cutoffs: Sequence[int] = CUTOFFS) -> Numbers:
    """hit@k in per cent: at least one of the first k videos satisfies the query. ranks: see `relevant_ranks`."""
    return {f"hit@{k}": 100.0 * float(np.mean(ranks <= k)) for k in cutoffs}


def found_counts(scores: Array, relevant: Truth, k: int) -> NDArray[np.int64]:
    """How many satisfying videos are among each query's first k, (Q,); of tied videos the wrong ones come first."""
    k = min(k, scores.shape[1])
    order = np.lexsort((relevant, -scores), axis=1)[:, :k]
    return np.take_along_axis(relevant, order, axis=1).sum(axis=1)


def recall_at(scores: Array, relevant: Truth, cutoffs: Sequence[int] = CUTOFFS) -> dict[int, Array]:
    """For each k the share of the satisfying videos that the first k hold, (Q,) each in 0 to 1.

    Where more than k videos satisfy a query it cannot reach 1: `hit@k` tells whether any was found.
    """
    count = relevant.sum(axis=1)
    return {k: found_counts(scores, relevant, k) / count for k in cutoffs}


def ceiling_report(ambiguity: NDArray[np.integer], cutoffs: Sequence[int] = CUTOFFS) -> Numbers:
    """The best R@k anybody can expect when only the query's own video counts, in per cent.

    ambiguity (Q,): how many videos satisfy each query. Perfect understanding ranks those n first, in an order
    that says nothing about which is meant: the own video is among the first k with probability min(k, n) / n.
    """
    shares = {f"R@{k}": 100.0 * float(np.mean(np.minimum(k, ambiguity) / ambiguity)) for k in cutoffs}
    return shares | {"SumR": sum(shares.values())}
