"""Is one system better than another? Means over seeds, and tests on what became of the same queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import comb

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ral_core.errors import DataError

Array = NDArray[np.floating]
EXACT = 1000
"""Above so many untied queries the binomial is summed in logarithms."""


@dataclass(frozen=True)
class Spread:
    """A number over several seeds."""

    mean: float
    std: float
    """Sample standard deviation; 0 for a single seed."""
    count: int

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class SignTest:
    """How often the first of two systems ranks better, and how likely that is by chance."""

    better: int
    worse: int
    ties: int
    """Queries that both rank alike; they say nothing and are left out of the test."""
    p: float
    """Two-sided, exact."""

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return asdict(self)


@dataclass(frozen=True)
class Interval:
    """A difference of means with the range that resampled queries leave it in."""

    difference: float
    low: float
    high: float
    level: float

    def to_json(self) -> dict[str, float]:
        """Plain values."""
        return asdict(self)


def spread(values: Sequence[float]) -> Spread:
    """Mean and sample standard deviation over seeds. Raises DataError for no values.

    >>> spread([1.0, 3.0])
    Spread(mean=2.0, std=1.4142135623730951, count=2)
    """
    if not len(values):
        raise DataError("There are no values to take a mean of.")
    array = np.asarray(values, dtype=float)
    return Spread(float(array.mean()), float(array.std(ddof=1)) if len(array) > 1 else 0.0, len(array))


def sign_test(ours: ArrayLike, theirs: ArrayLike) -> SignTest:
    """The sign test on ranks (Q,) of the right video for the same queries; lower ranks are better.

    >>> sign_test([1, 1, 2, 5], [2, 3, 4, 5])
    SignTest(better=3, worse=0, ties=1, p=0.25)
    """
    first, second = paired(ours, theirs)
    better, worse = int((first < second).sum()), int((first > second).sum())
    return SignTest(better, worse, len(first) - better - worse, two_sided(min(better, worse), better + worse))


def two_sided(fewer: int, count: int) -> float:
    """Chance that `count` fair coins show one side `fewer` times or less, either side."""
    if count == 0:
        return 1.0
    if count <= EXACT:
        tail = sum(comb(count, k) for k in range(fewer + 1))
        return min(1.0, 2 * tail / 2**count)
    terms = np.cumsum(np.log(np.arange(1, count + 1)))
    logs = np.concatenate([[0.0], terms])
    chosen = logs[count] - logs[: fewer + 1] - logs[count - np.arange(fewer + 1)] - count * np.log(2)
    return float(min(1.0, 2 * np.exp(chosen - chosen.max()).sum() * np.exp(chosen.max())))


def paired_bootstrap(
    ours: ArrayLike, theirs: ArrayLike, *, resamples: int = 2000, level: float = 0.95, seed: int = 0
) -> Interval:
    """The mean of ours minus theirs, values (Q,) for the same queries, with its percentile interval.

    Queries are drawn with replacement, the same for both systems. Source: B. Efron, "Bootstrap methods" (1979).
    """
    first, second = paired(ours, theirs)
    gap = first - second
    random = np.random.default_rng(seed)
    means = np.array([gap[random.integers(len(gap), size=len(gap))].mean() for _ in range(resamples)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(gap.mean()), float(low), float(high), level)


def paired(ours: ArrayLike, theirs: ArrayLike) -> tuple[Array, Array]:
    """Both as arrays (Q,). Raises DataError when they are not about the same number of queries."""
    first, second = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise DataError(
            f"Two systems are compared on the same queries, but there are {first.shape} and {second.shape} values."
        )
    return first, second
