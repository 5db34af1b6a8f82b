"""Is one system better than another? Means over seeds, and a test on what became of the same queries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ral_core.errors import DataError

Array = NDArray[np.floating]


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
    from scipy.stats import binomtest  # imported late: slow to load and only needed in reports

    first, second = paired(ours, theirs)
    better, worse = int((first < second).sum()), int((first > second).sum())
    p = float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
    return SignTest(better, worse, len(first) - better - worse, p)


def paired(ours: ArrayLike, theirs: ArrayLike) -> tuple[Array, Array]:
    """Both as arrays (Q,). Raises DataError when they are not about the same number of queries."""
    first, second = np.asarray(ours, dtype=float), np.asarray(theirs, dtype=float)
    if first.shape != second.shape or first.ndim != 1 or not len(first):
        raise DataError(
            f"Two systems are compared on the same queries, but there are {first.shape} and {second.shape} values."
        )
    return first, second
