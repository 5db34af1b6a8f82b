"""Other ways to rank the films than by their score: by what the distributions of query and films say.

An experiment for whoever looks at it, never the default: `check_rankings` measures each way where the truth is known,
and on the shipped corpus none of them beats the score (docs/analysis.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from ral_core.analysis.asked import Asked
from ral_core.analysis.rerank import Moved, ranks
from ral_core.analysis.stability import film_gaussians, query_gaussian
from ral_core.errors import BadQuery
from ral_core.evaluation.metrics import bootstrap_interval, ranks_of, recall_report
from ral_core.evaluation.uncertainty import area_under_risk, margins
from ral_core.models import RAL
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer

Array = NDArray[np.floating]
By = Literal["score", "cautious", "z", "means", "proxies", "best", "share"]
WAYS: dict[By, str] = {
    "score": "the fused score, as search ranks",
    "cautious": "the score less the film's width, times the caution",
    "z": "the score against what the film gets for unrelated sentences",
    "means": "the cosine of the distributions' means",
    "proxies": "the mean match of all samples of query and film",
    "best": "the best match of a sample of the query with one of the film",
    "share": "the share of the matches that are among the query's best twentieth",
}
SAMPLED = ("proxies", "best", "share")
WIDE = ("cautious", "means", *SAMPLED)
"""Ways that need distributions."""
FILMS = 4096
"""Films whose samples are in memory at once."""


@dataclass(frozen=True)
class Ranking(Answer):
    """The films in another order."""

    query: str
    model: str
    index: str
    by: By
    caution: float
    seed: int
    films: tuple[Moved, ...]  # best first, with their ranks by score
    moved: int  # of these, how many stand elsewhere by score


@dataclass(frozen=True)
class RankingCheck(Answer):
    """What a way of ranking is worth, in per cent where not said otherwise."""

    by: By
    caution: float
    recall: float  # R@1: the described film is first
    total: float  # SumR
    hit: float  # hit@1: the first film satisfies the caption
    risk: float  # area under the risk-coverage curve by the lead over the second film
    gain: tuple[float, float]  # 95 % interval of hit@1 less that of the score, films drawn with replacement


def checked_way(gallery: Gallery, by: str) -> None:
    """Raise BadQuery for a way of ranking that does not exist or that this index cannot do."""
    if by not in get_args(By):
        raise BadQuery(f"Films can be ranked by {', '.join(get_args(By))}, not by {by!r}.")
    if by in WIDE and not (isinstance(gallery.model, RAL) and "gaussian_log_var" in gallery.folder):
        raise BadQuery(f"{gallery.manifest.model} has no distributions to rank by; choose a model with RAL.")
    if by == "z" and "null_mean" not in gallery.folder:
        raise BadQuery(
            f"The index {gallery.manifest.name} has no null statistics; make it again with `index`."
        )


def ranking(
    explorer: Explorer,
    query: str,
    *,
    by: By = "cautious",
    caution: float = 0.1,
    seed: int = 0,
    model: str | None = None,
    index: str | Path | None = None,
    k: int = 10,
) -> Ranking:
    """The first k films in another order. `caution` counts in standard deviations of scores and of film widths.

    Raises BadQuery where the index cannot be ranked so.
    """
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    checked_way(gallery, by)
    _, tokens = explorer.encoded(entry, typed.text)
    total = gallery.score(tokens).total
    rows = gallery.best_rows(total)  # (films,)
    mean, var = query_gaussian(gallery, tokens) or (None, None)
    scores = scores_by(gallery, by, total[rows], rows, mean, var, caution, np.random.default_rng(seed))
    before, after, z = ranks(total[rows]), ranks(scores), gallery.z(total)
    films = tuple(
        Moved(
            video=gallery.videos[row].video,
            title=gallery.videos[row].title,
            rank=int(after[film]),
            before=int(before[film]),
            score=float(scores[film]),
            z=None if z is None else float(z[row]),
        )
        for film in np.argsort(-scores, kind="stable")[:k]
        for row in [rows[film]]
    )
    return Ranking(
        query=typed.text,
        model=entry.manifest.model,
        index=entry.name,
        by=by,
        caution=caution if by == "cautious" else 0.0,
        seed=seed,
        films=films,
        moved=sum(film.rank != film.before for film in films),
    )


def scores_by(
    gallery: Gallery,
    by: By,
    total: Array,
    rows: NDArray[np.int64],
    mean: Array | None,
    var: Array | None,
    caution: float,
    rng: np.random.Generator,
) -> Array:
    """What the films are ranked by, (films,). total (films,); mean and var (D,) of the query, where it has them.

    rows (films,) of the windows that give the films their scores: every way ranks these.
    """
    if by == "z":
        return np.asarray((total - gallery.folder["null_mean"][rows]) / gallery.folder["null_std"][rows])
    if by == "score" or mean is None or var is None:
        return total
    film_mean, film_var = (part[rows] for part in film_gaussians(gallery))
    if by == "cautious":
        width = np.sqrt(film_var).mean(axis=1)
        return standard(total) - caution * standard(width)
    if by == "means":
        return film_mean @ mean
    assert isinstance(gallery.model, RAL)
    count = gallery.model.proxies
    samples = mean + np.sqrt(var) * rng.standard_normal((count, len(mean)))
    parts = []
    for start in range(0, len(film_mean), FILMS):
        some = slice(start, start + FILMS)
        noise = rng.standard_normal((len(film_mean[some]), count, len(mean)))
        films = film_mean[some, None] + np.sqrt(film_var[some, None]) * noise
        parts.append(films @ samples.T)
    pairs = np.concatenate(parts)  # (V, K, K)
    if by == "best":
        return np.asarray(pairs.max(axis=(1, 2)))
    if by == "share":
        return np.asarray(
            (pairs > np.quantile(pairs, 0.95)).mean(axis=(1, 2)) + 1e-6 * pairs.mean(axis=(1, 2))
        )
    return np.asarray(pairs.mean(axis=(1, 2)))


def standard(values: Array) -> Array:
    """Values (V,) less their mean, in standard deviations."""
    return np.asarray((values - values.mean()) / max(float(values.std()), 1e-9))


def check_rankings(
    explorer: Explorer,
    asked: Asked,
    entry: IndexEntry,
    ways: Sequence[By] = get_args(By),
    cautions: Sequence[float] = (-0.1, 0.05, 0.1, 0.2),
    seed: int = 0,
) -> tuple[RankingCheck, ...]:
    """Rank for every caption that was asked in every way that the index can do; `score` comes first."""
    gallery = explorer.gallery(entry)
    baseline: Array | None = None
    found = []
    for by in sorted(ways, key=lambda way: way != "score"):
        try:
            checked_way(gallery, by)
        except BadQuery:
            continue
        for caution in cautions if by == "cautious" else (0.0,):
            rng = np.random.default_rng(seed)
            scores = np.stack(
                [
                    scores_by(
                        gallery,
                        by,
                        total,
                        asked.rows[row],
                        None if asked.mean is None else asked.mean[row],
                        None if asked.log_var is None else np.exp(asked.log_var[row]),
                        caution,
                        rng,
                    )
                    for row, total in enumerate(asked.total)
                ]
            )
            right = asked.relevant[np.arange(len(scores)), scores.argmax(axis=1)]
            baseline = right.astype(float) if baseline is None else baseline
            low, high = bootstrap_interval(right - baseline, asked.own)
            recalls = recall_report(ranks_of(scores, asked.own))
            found.append(
                RankingCheck(
                    by=by,
                    caution=caution,
                    recall=recalls["R@1"],
                    total=recalls["SumR"],
                    hit=100.0 * float(right.mean()),
                    risk=area_under_risk(margins(scores), right),
                    gain=(100.0 * low, 100.0 * high),
                )
            )
    return tuple(found)
