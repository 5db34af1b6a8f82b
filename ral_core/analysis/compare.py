"""One query through several models: what they find, where they agree, and what only one of them finds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ral_core.analysis.rerank import ranks
from ral_core.analysis.runs import agreement, kendall
from ral_core.errors import BadQuery
from ral_core.search.answers import ranked
from ral_core.search.engine import Explorer
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer, State

MOST = 8
"""The most models in one comparison."""


@dataclass(frozen=True)
class Column(Answer):
    """What one model answers."""

    model: str
    state: State
    reason: str
    films: tuple[str, ...]  # the first k, best first
    only: tuple[str, ...]  # of these, films that no other model has among its first k
    right: int | None  # rank of the described film, where the query is a caption


@dataclass(frozen=True)
class Row(Answer):
    """One film that some model found, and its rank among all films in every model."""

    video: str
    title: str
    ranks: tuple[int, ...]  # in the order of the models
    fits: bool | None  # whether it satisfies the caption; None where nobody knows


@dataclass(frozen=True)
class Comparison(Answer):
    """The same query through several models of one collection."""

    query: str
    collection: str
    k: int
    columns: tuple[Column, ...]
    films: tuple[Row, ...]  # every film among some model's first k, best mean reciprocal rank first
    overlap: tuple[tuple[float, ...], ...]  # share (0-1) of the first k films that two models have in common
    tau: tuple[tuple[float | None, ...], ...]  # Kendall's tau over these; None for fewer than two
    seconds: float


def compare(
    explorer: Explorer,
    query: str,
    models: Sequence[str] | None = None,
    *,
    index: str | Path | None = None,
    k: int = 10,
) -> Comparison:
    """Search with every model and set the answers side by side; `models` are by default all of the collection.

    Raises BadQuery for fewer than two or more than `MOST` models or one named twice, else as `search` does.
    """
    started, typed = time.perf_counter(), cleaned(query)
    first = explorer.resolve(models[0] if models else None, index)
    names = list(
        models or [first.manifest.model, *sorted(set(known(explorer, index)) - {first.manifest.model})][:MOST]
    )
    if not 2 <= len(names) <= MOST or len(set(names)) < len(names):
        raise BadQuery(f"A comparison takes 2 to {MOST} different models, not {', '.join(names) or 'none'}.")
    results = explorer.compare(typed.text, names, k, index)
    found = [tuple(hit.video for hit in result.hits) for result in results]
    union = list(dict.fromkeys(video for films in found for video in films))
    places = [all_ranks(explorer, typed.text, name, index) for name in names]
    truth = results[0].truth
    rows = [
        Row(
            video,
            next(hit.title for result in results for hit in result.hits if hit.video == video),
            tuple(place[video] for place in places),
            None if truth is None else video in truth.relevant,
        )
        for video in union
    ]
    return Comparison(
        query=typed.text,
        collection=first.manifest.collection,
        k=k,
        columns=tuple(
            Column(
                model=result.model,
                state=result.state,
                reason=result.reason,
                films=films,
                only=tuple(v for v in films if not any(v in other for other in found if other is not films)),
                right=None if truth is None else place.get(truth.video),
            )
            for result, films, place in zip(results, found, places, strict=True)
        ),
        films=tuple(sorted(rows, key=lambda row: -sum(1 / rank for rank in row.ranks))),
        overlap=tuple(tuple(row) for row in agreement(found)),
        tau=tuple(tuple(kendall(one, other) for other in found) for one in found),
        seconds=time.perf_counter() - started,
    )


def known(explorer: Explorer, index: str | Path | None) -> list[str]:
    """The models that a collection was indexed with."""
    return [entry.manifest.model for entry in explorer.siblings(explorer.resolve(None, index))]


def all_ranks(explorer: Explorer, query: str, model: str, index: str | Path | None) -> dict[str, int]:
    """The rank of every film of a collection for one model."""
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    _, tokens = explorer.encoded(entry, query)
    scored = gallery.score(tokens)
    total = ranked(gallery, scored, None, 1).total
    best = gallery.best_rows(scored.total)
    return {
        gallery.videos[row].video: int(rank) for row, rank in zip(best, ranks(np.asarray(total)), strict=True)
    }
