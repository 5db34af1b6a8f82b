"""Is the moment there at all? A small logistic regression over what the scores of one query look like.

It is taught on other films than those it judges: sentences that describe some of them, each once as it is and once
with its satisfying films taken away. An index carries it in its manifest, with what taught it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import DataError
from ral_core.index.calibration import ALARM, separation

Array = NDArray[np.floating]
Signs = Mapping[str, float]

CROWD = 10
"""First films whose mean the best one is held against."""
RIDGE = 1.0
STEPS = 30


@dataclass(frozen=True)
class Detector:
    """Weights over the signs of `signs_of`; the higher the answer, the surer that some film holds the moment."""

    names: tuple[str, ...]
    mean: tuple[float, ...]  # of each sign where it was taught
    std: tuple[float, ...]
    weights: tuple[float, ...]
    bias: float
    line: float  # nine of ten present moments that taught it lie above
    taught: str  # on which films and sentences
    sentences: int
    auroc: float  # on what taught it

    def __call__(self, signs: Signs) -> float:
        """Log odds that the moment is present, if half of all sentences had one. Raises KeyError for a missing sign."""
        parts = zip(self.names, self.mean, self.std, self.weights, strict=True)
        return self.bias + sum(weight * (signs[name] - mean) / std for name, mean, std, weight in parts)

    def to_json(self) -> dict[str, Any]:
        """Every field as a manifest keeps it."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Detector:
        """The detector in a manifest. Raises DataError where it is not whole."""
        try:
            found = cls(**{field.name: content[field.name] for field in fields(cls)})
            lists = {name: tuple(getattr(found, name)) for name in ("names", "mean", "std", "weights")}
            if len({len(values) for values in lists.values()}) != 1 or not all(
                float(s) > 0 for s in lists["std"]
            ):
                raise ValueError("its lists do not fit each other")
            return cls(**{**asdict(found), **lists})
        except (KeyError, TypeError, ValueError) as problem:
            raise DataError(
                f"The index's detector of absent moments is damaged ({problem}); build the index again."
            ) from None


def signs_of(
    total: Array, clip: Array, words: Array | None = None, gate: Array | None = None
) -> dict[str, float]:
    """What tells a present from an absent moment, from one query's scores over V films.

    total, clip (V,); words (W, V), each word's best cosine in each film, and gate (W,) where a model has them.

    - `score`: of the first film
    - `clip`: its clip score
    - `lead`: of the first film over the mean of the first ten, in standard deviations of the scores
    - `missing`: how much worse than elsewhere the worst word fits the first film, see `missing_words`
    """
    first = int(total.argmax())
    top = np.sort(total)[::-1][:CROWD]
    signs = {
        "score": float(total[first]),
        "clip": float(clip[first]),
        "lead": float((top[0] - top.mean()) / max(float(total.std()), 1e-6)),
    }
    if words is not None and gate is not None:
        signs["missing"] = float(missing_words(words, gate, first).max())
    return signs


def missing_words(words: Array, gate: Array, first: int) -> Array:
    """For each word (W,), how far its best cosine in one film lies below its best in any, by its gate.

    words (W, V), gate (W,). In standard deviations over films, times the gate as a share of the highest gate.
    """
    gap = words.max(axis=1) - words[:, first]
    return np.asarray(gate / max(float(gate.max()), 1e-9) * gap / np.maximum(words.std(axis=1), 1e-6))


def teach(present: Sequence[Signs], absent: Sequence[Signs], taught: str) -> Detector:
    """Fit a detector to the signs of present and of absent moments; both count alike. `taught` says what they are.

    Raises DataError when either is empty.
    """
    if not present or not absent:
        raise DataError(f"Teaching needs both kinds of sentence; {len(present)} and {len(absent)} given.")
    names = tuple(present[0])
    rows = np.array([[signs[name] for name in names] for signs in (*present, *absent)])
    truth = np.repeat([1.0, 0.0], [len(present), len(absent)])
    counts = np.where(truth == 1, 0.5 / len(present), 0.5 / len(absent)) * len(truth)
    mean, std = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-9)
    inputs = np.column_stack([np.ones(len(rows)), (rows - mean) / std])
    ridge = RIDGE * np.eye(inputs.shape[1])
    ridge[0, 0] = 0.0
    weights = np.zeros(inputs.shape[1])
    for _ in range(STEPS):  # Newton's method
        chance = 1 / (1 + np.exp(-inputs @ weights))
        curvature = inputs.T @ (inputs * (counts * chance * (1 - chance))[:, None]) + ridge
        weights = weights + np.linalg.solve(
            curvature, inputs.T @ (counts * (truth - chance)) - ridge @ weights
        )
    odds = inputs @ weights
    here, gone = odds[truth == 1], odds[truth == 0]
    return Detector(
        names=names,
        mean=tuple(mean.tolist()),
        std=tuple(std.tolist()),
        weights=tuple(weights[1:].tolist()),
        bias=float(weights[0]),
        line=float(np.quantile(here, ALARM)),
        taught=taught,
        sentences=len(present) + len(absent),
        auroc=separation(here, gone),
    )
