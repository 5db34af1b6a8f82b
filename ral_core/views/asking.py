"""What the list shows: the search itself, or its films in another order, or only some of them."""

from __future__ import annotations

from dataclasses import replace

from ral_core.analysis.ranking import WAYS, ranking
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import MOST, Explorer
from ral_core.search.results import SearchResult
from ral_core.views.filters import Filters, filter_bar, pick, read_filters
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
    if not filters and by == "score":
        return explorer.search(request.query, request.k, model=request.model, index=index)
    result = explorer.search(request.query, MOST, model=request.model, index=index)
    result = replace(result, notes=tuple(note for note in result.notes if "were asked for" not in note))
    if by != "score":
        result = reordered(explorer, result, by)
    if filters:
        result = narrowed(result, filters)
    return replace(result, hits=result.hits[: request.k])


def ranked_by(request: Request) -> str:
    """The way of ranking that a request names; the score unless it is a known one."""
    return request.choice("by", tuple(WAYS))


def reordered(explorer: Explorer, result: SearchResult, by: str) -> SearchResult:
    """The films of a result in another order, without the cut line, which belongs to the score.

    Films beyond the first `MOST` by score are left out, so that every film shown has its moments.
    """
    other = ranking(explorer, result.query, by=by, model=result.model, index=result.index, k=10 * MOST)  # type: ignore[arg-type]
    known = {hit.video: hit for hit in result.hits}
    order = [film.video for film in other.films if film.video in known]
    hits = tuple(replace(known[video], rank=rank) for rank, video in enumerate(order, start=1))
    note = f"In another order: {WAYS[by]}. On the shipped films no other order beats the score."  # type: ignore[index]
    return replace(result, hits=hits, cutoff=None, notes=(*result.notes, note))


def narrowed(result: SearchResult, filters: Filters) -> SearchResult:
    """Only the films that fit the filters, with their ranks among all."""
    fitting = tuple(hit for hit in result.hits if filters.keeps(hit))
    said = f"{len(fitting)} of the first {len(result.hits)} films fit the filters; ranks are those among all films."
    return replace(result, hits=fitting, notes=(*result.notes, said))


def bar(entry: IndexEntry, request: Request) -> str:
    """Filters and the way of ranking, as they stand."""
    by = ranked_by(request)
    ways = [(name, TITLES[name]) for name in WAYS if name != "score"]
    switch = pick("by", TITLES["score"], ways, None if by == "score" else by)
    return filter_bar(entry, read_filters(request), switch)
