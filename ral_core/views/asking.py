"""What the list shows: the search itself, or its films in another order, or only some of them."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, cast

from ral_core.analysis.ranking import WAYS, By, ranking
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.results import SearchResult
from ral_core.views.filters import filter_bar, pick, read_filters
from ral_core.views.requests import Request

TITLES = {
    "score": "ranked by score",
    "cautious": "score less the film’s width",
    "z": "z: against unrelated sentences",
    "means": "cosine of the means",
    "proxies": "mean match of all proxies",
    "best": "best pair of proxies",
    "share": "share of proxy pairs that match",
}
"""The ways to rank as the page names them; `analysis.ranking.WAYS` says what they are."""


def ask(explorer: Explorer, request: Request, index: str | None) -> SearchResult:
    """The answer to a request with its filters and its way of ranking. Raises as `Explorer.search` and `ranking`."""
    filters, by = read_filters(request), ranked_by(request)
    more: dict[str, Any] = {"only": filters} if filters else {}
    if by != "score":
        more["order"] = order_by(explorer, request, index, by)
    result = explorer.search(request.query, request.k, model=request.model, index=index, **more)
    if by == "score":
        return result
    note = f"All {result.films:,} films in another order: {WAYS[by]}. On the shipped films no other order beats the score."
    return replace(result, notes=(*result.notes, note))


def ranked_by(request: Request) -> By:
    """The way of ranking that a request names; the score unless it is a known one."""
    return cast(By, request.choice("by", tuple(WAYS)))


def order_by(explorer: Explorer, request: Request, index: str | None, by: By) -> list[str]:
    """All films of the collection in another order than by score, best first."""
    k = sys.maxsize
    found = ranking(explorer, request.query, by=by, model=request.model, index=index, k=k)
    return [film.video for film in found.films]


def bar(entry: IndexEntry, request: Request) -> str:
    """Filters and the way of ranking, as they stand."""
    by = ranked_by(request)
    ways = [(name, TITLES[name]) for name in WAYS if name != "score"]
    switch = pick("by", TITLES["score"], ways, None if by == "score" else by)
    return filter_bar(entry, read_filters(request), switch)
