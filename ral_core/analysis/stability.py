"""How firmly do the first films stand? Their ranks over many draws from the distributions of query and films.

Two readings of a draw. `proxies` is matching as in training: K samples of the query against K of each film, mean
of all dot products (RAL, arXiv 2509.01383). `score` moves the score that search ranks by as far as those matches
stray from their mean, scaled to what one lead is worth in this index; it is a reading of ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.analysis.rerank import Stability, stability
from ral_core.errors import BadQuery
from ral_core.models import RAL
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer
from ral_core.tensors import QueryTokens

Array = NDArray[np.floating]
By = Literal["score", "proxies"]

DRAWS = 200
NOISE = 1.4
"""Deviation of a drawn score against the lead that the index calls clear.

Fitted on the shipped model's validation films, none of which is in an index: there the share of draws in which the
first film stays first tells best (Brier score) whether it is the film that was described.
"""
INTERVAL = (0.05, 0.95)
FIRST = 10
"""Films whose overlap with the usual first ones is reported."""


@dataclass(frozen=True)
class RankInterval(Answer):
    """The ranks that one film takes over the draws."""

    video: str
    title: str
    rank: int  # as search ranks it
    median: float
    low: float  # 5 % of the draws rank it better or there
    high: float  # 95 %
    first: float  # share (0-1) of the draws in which it is first


@dataclass(frozen=True)
class RankStability(Answer):
    """The first films of one query over draws of the distributions, and with one word left out after the other."""

    query: str
    model: str
    index: str
    by: By
    draws: int
    proxies: int  # samples of each distribution in a draw
    seed: int
    films: tuple[RankInterval, ...]  # as search ranks them; empty without distributions
    agreement: (
        float | None
    )  # mean share (0-1) of the usual first ten films that a draw keeps among its first ten
    words: tuple[Stability, ...]  # leave-one-word-out; empty for a single word
    notes: tuple[str, ...] = ()


def rank_stability(
    explorer: Explorer,
    query: str,
    *,
    model: str | None = None,
    index: str | Path | None = None,
    by: By = "score",
    draws: int = DRAWS,
    proxies: int | None = None,
    seed: int = 0,
    k: int = 10,
) -> RankStability:
    """Rank all films anew for every draw; the same seed gives the same answer.

    `proxies` is K, by default as in the model's training. Models without distributions have no intervals, only
    the part about words. Raises BadQuery for an empty query, or when draws, proxies or k are below 1.
    """
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    count = (gallery.model.proxies if isinstance(gallery.model, RAL) else 1) if proxies is None else proxies
    if by not in ("score", "proxies"):
        raise BadQuery(f"Intervals are drawn by score or by proxies, not by {by!r}.")
    if min(draws, count, k) < 1:
        raise BadQuery(f"draws, proxies and k must be at least 1, not {draws}, {count} and {k}.")
    _, tokens = explorer.encoded(entry, typed.text)
    total = gallery.score(tokens).total
    rows = gallery.best_rows(total)  # (films,)
    total = total[rows]
    order = np.argsort(-total, kind="stable")
    found = drawn(gallery, tokens, rows, draws, count, seed)
    films: tuple[RankInterval, ...] = ()
    agreement: float | None = None
    notes: tuple[str, ...] = ()
    if found is None:
        notes = (f"{entry.manifest.model} has no distributions to draw from; choose a model with RAL.",)
    else:
        scores = judged(total, *found, entry.manifest.margin, by)
        places = draw_ranks(scores, order[:k])
        films = tuple(
            RankInterval(
                gallery.videos[row].video, gallery.videos[row].title, rank, *summary(places[:, rank - 1])
            )
            for rank, row in enumerate(rows[order[:k]], start=1)
        )
        agreement = kept(scores, order[:FIRST])
    return RankStability(
        query=typed.text,
        model=entry.manifest.model,
        index=entry.name,
        by=by,
        draws=draws,
        proxies=count,
        seed=seed,
        films=films,
        agreement=agreement,
        words=stability(explorer, typed.text, model=model, index=index, k=k),
        notes=notes,
    )


def drawn(
    gallery: Gallery, tokens: QueryTokens, rows: NDArray[np.int64], draws: int, proxies: int, seed: int
) -> tuple[Array, Array] | None:
    """Matches (S, films) of one query's samples with every film's, and their expectation (films,).

    rows (films,) of the windows that give the films their scores: a draw moves these, it looks for no others. None
    without Gaussians.
    """
    query = query_gaussian(gallery, tokens)
    if query is None:
        return None
    mean, var = query
    film_mean, film_var = (part[rows] for part in film_gaussians(gallery))
    rng = np.random.default_rng(seed)
    return matches(mean, var, film_mean, film_var, draws, proxies, rng), film_mean @ mean


@torch.inference_mode()
def query_gaussian(gallery: Gallery, tokens: QueryTokens) -> tuple[Array, Array] | None:
    """Mean and variance (D,) of one query; None where model or index has no distributions."""
    if not isinstance(gallery.model, RAL) or "gaussian_log_var" not in gallery.folder:
        return None
    found = gallery.model.query_gaussian(tokens)
    return found.mean[0].double().cpu().numpy(), found.var[0].double().cpu().numpy()


def film_gaussians(gallery: Gallery) -> tuple[Array, Array]:
    """Means and variances (V, D) of the rows of an index that has them."""
    mean, log_var = (
        np.asarray(gallery.folder[f"gaussian_{part}"], dtype=np.float64) for part in ("mean", "log_var")
    )
    return mean, np.exp(log_var)


def matches(
    mean: Array,
    var: Array,
    film_mean: Array,
    film_var: Array,
    draws: int,
    proxies: int,
    rng: np.random.Generator,
) -> Array:
    """Mean dot product of K samples of a query with K samples of each film, for S draws: (S, V).

    mean, var (D,) of the query, film_mean, film_var (V, D). The mean over all K x K pairs is the dot product of
    the samples' means, and, the query's given, that is normal: so the films' samples need not be made.
    """
    queries = mean + np.sqrt(var / proxies) * rng.standard_normal((draws, len(mean)))
    spread = np.sqrt(queries**2 @ film_var.T / proxies)
    return np.asarray(queries @ film_mean.T + spread * rng.standard_normal(spread.shape))


def judged(total: Array, matched: Array, expected: Array, margin: float, by: By) -> Array:
    """The scores (S, V) that a draw is ranked by: the matches themselves, or the films' own scores moved by them."""
    return matched if by == "proxies" else stirred(total, matched - expected, margin)


def stirred(total: Array, deviation: Array, margin: float) -> Array:
    """Scores (V,) moved by matches' deviations (S, V), scaled to `NOISE` of a clear lead: (S, V)."""
    size = NOISE * margin * float(total.std())
    return np.asarray(total + deviation * (size / max(float(deviation.std()), 1e-12)))


def draw_ranks(scores: Array, rows: NDArray[np.integer]) -> NDArray[np.int64]:
    """The ranks of some films in every draw: (S, N). scores (S, V), rows (N,)."""
    return np.stack([1 + (scores > scores[:, [row]]).sum(axis=1) for row in rows], axis=1)


def summary(ranks: NDArray[np.int64]) -> tuple[float, float, float, float]:
    """Median, low, high and share of first places over ranks (S,)."""
    low, median, high = np.quantile(ranks, (INTERVAL[0], 0.5, INTERVAL[1]), method="inverted_cdf")
    return float(median), float(low), float(high), float((ranks == 1).mean())


def kept(scores: Array, first: NDArray[np.integer]) -> float:
    """Mean share of the films `first` (N,) that are among the N best of each draw (S, V)."""
    best = np.argpartition(-scores, min(len(first), scores.shape[1]) - 1, axis=1)[:, : len(first)]
    return float(np.isin(best, first).mean())
