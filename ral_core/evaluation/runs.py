"""Numbers of a stored run, ours or another system's, against judgements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ral_core.data.groundtruth import Run, Truth
from ral_core.errors import DataError

CUTOFFS = (1, 5, 10, 100)


@dataclass(frozen=True)
class RunScore:
    """What a run is worth, in per cent."""

    queries: int
    """Queries that are judged; all of them count."""
    unanswered: int
    """Of these, the queries that the run has no answers for: they count as misses."""
    unjudged: int
    """Queries of the run that are not judged: they do not count."""
    positives: float
    """Videos that satisfy a query, on average."""
    hit: dict[str, float]
    """hit@k: at least one of the first k videos satisfies the query."""
    recall: dict[str, float]
    """recall@k: the share of the satisfying videos that are among the first k."""
    own: dict[str, float] | None
    """R@k: the query's own video is among the first k; where queries are called `<video>#<n>`."""
    mrr: float
    """Mean reciprocal rank of the first satisfying video, 0 to 1."""
    mean_average_precision: float
    """Mean over queries of the average precision of the satisfying videos, in per cent."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def score_run(run: Run, truth: Truth, cutoffs: Sequence[int] = CUTOFFS) -> RunScore:
    """Judge a run. A video that the run does not name is not found.

    What the collection holds is not known here: a satisfying video that it lacks counts as missed, where `evaluate
    --gt`, which knows the collection, leaves it out.
    Raises DataError when run and judgements have no query in common.
    """
    shared = truth.keys() & run.keys()
    if not shared:
        raise DataError(
            f"The run answers queries such as {next(iter(run))!r}, the judgements are about such as "
            f"{next(iter(truth))!r}; none is the same."
        )
    first, found, precision = [], [], []
    for query, right in truth.items():
        places = np.flatnonzero([video in right for video in run.get(query, ())]) + 1
        first.append(float(places[0]) if len(places) else np.inf)
        found.append([np.sum(places <= k) / len(right) for k in cutoffs])
        precision.append(np.sum(np.arange(1, len(places) + 1) / places) / len(right))
    ranks, shares = np.array(first), np.array(found)
    return RunScore(
        queries=len(truth),
        unanswered=len(truth) - len(shared),
        unjudged=len(run.keys() - truth.keys()),
        positives=float(np.mean([len(right) for right in truth.values()])),
        hit={f"hit@{k}": 100.0 * float(np.mean(ranks <= k)) for k in cutoffs},
        recall={f"recall@{k}": 100.0 * float(shares[:, column].mean()) for column, k in enumerate(cutoffs)},
        own=own_recalls(run, truth, cutoffs),
        mrr=float(np.mean(1 / ranks)),
        mean_average_precision=100.0 * float(np.mean(precision)),
    )


def own_recalls(run: Run, truth: Truth, cutoffs: Sequence[int]) -> dict[str, float] | None:
    """R@k and SumR of each query's own video, None where some query does not name it."""
    if not all("#" in query for query in truth):
        return None
    own = {query: query.split("#")[0] for query in truth}
    recalls = {
        f"R@{k}": 100.0 * float(np.mean([own[query] in run.get(query, ())[:k] for query in truth]))
        for k in cutoffs
    }
    return recalls | {"SumR": sum(recalls.values())}
