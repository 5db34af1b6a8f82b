"""What the intervals of `analysis.stability` are worth, measured where the truth is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ral_core.analysis.asked import Asked
from ral_core.analysis.stability import (
    DRAWS,
    By,
    draw_ranks,
    film_gaussians,
    judged,
    matches,
    summary,
)
from ral_core.errors import BadQuery
from ral_core.evaluation.uncertainty import area_under_risk, margins, spearman
from ral_core.index.calibration import separation
from ral_core.models import RAL
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.results import Answer

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Bin(Answer):
    """Queries whose first film is first in about the same share of the draws."""

    low: float  # share of the draws, 0-1
    high: float
    queries: int
    share: float  # mean share of the draws
    described: float  # per cent whose first film is the one the caption was written for
    satisfied: float  # per cent whose first film satisfies the caption


@dataclass(frozen=True)
class StabilityCheck(Answer):
    """What the intervals are worth where the truth is known."""

    model: str
    index: str
    by: By
    queries: int
    draws: int
    proxies: int
    wrong: float  # per cent of the first films that do not satisfy their caption
    width_auroc: float  # chance that a wrong first film has the wider interval; 0.5 says nothing
    width_ambiguity: float  # rank correlation of the width with the number of satisfying films
    first_auroc: float  # chance that a wrong first film is first in fewer draws
    margin_auroc: float  # the same for the plain lead over the second film, which costs nothing
    width_risk: float  # area under the risk-coverage curve, per cent, lower is better
    first_risk: float
    margin_risk: float
    bins: tuple[Bin, ...]


def check_stability(
    explorer: Explorer,
    asked: Asked,
    entry: IndexEntry,
    *,
    by: By = "score",
    draws: int = DRAWS,
    seed: int = 0,
) -> StabilityCheck:
    """Draw for every caption that was asked and compare with the truth. Raises BadQuery without distributions."""
    gallery = explorer.gallery(entry)
    if asked.mean is None or asked.log_var is None or not isinstance(gallery.model, RAL):
        raise BadQuery(f"{entry.manifest.model} has no distributions to draw from; choose a model with RAL.")
    (means, variances), rng = film_gaussians(gallery), np.random.default_rng(seed)
    places = []
    for total, rows, mean, log_var in zip(asked.total, asked.rows, asked.mean, asked.log_var, strict=True):
        film_mean, film_var = means[rows], variances[rows]
        found = matches(mean, np.exp(log_var), film_mean, film_var, draws, gallery.model.proxies, rng)
        scores = judged(total, found, film_mean @ mean, entry.manifest.margin, by)
        places.append(summary(draw_ranks(scores, total.argmax(keepdims=True))[:, 0]))
    _, low, high, first = np.array(places).T
    right, lead, width = asked.right, margins(asked.total), high - low
    described = asked.total.argmax(axis=1) == asked.own
    return StabilityCheck(
        model=entry.manifest.model,
        index=entry.name,
        by=by,
        queries=len(right),
        draws=draws,
        proxies=gallery.model.proxies,
        wrong=100.0 * float((~right).mean()),
        width_auroc=separation(width[~right], width[right]),
        width_ambiguity=spearman(width, asked.ambiguity.astype(float)),
        first_auroc=separation(first[right], first[~right]),
        margin_auroc=separation(lead[right], lead[~right]),
        width_risk=area_under_risk(-width, right),
        first_risk=area_under_risk(first, right),
        margin_risk=area_under_risk(lead, right),
        bins=bins(first, described, right),
    )


def bins(
    share: Array, described: NDArray[np.bool_], satisfied: NDArray[np.bool_], count: int = 5
) -> tuple[Bin, ...]:
    """Queries (Q,) by their share of draws, in `count` equal steps; empty steps are left out."""
    step = np.minimum((share * count).astype(int), count - 1)
    return tuple(
        Bin(
            low=place / count,
            high=(place + 1) / count,
            queries=int(inside.sum()),
            share=float(share[inside].mean()),
            described=100.0 * float(described[inside].mean()),
            satisfied=100.0 * float(satisfied[inside].mean()),
        )
        for place in range(count)
        if (inside := step == place).any()
    )
