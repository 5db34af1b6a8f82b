"""The same query through several models: a column of films for each, and lines that follow a film between columns."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ral_core.search.results import Hit, SearchResult
from ral_core.views import wording
from ral_core.views.markup import attributes, clock, escape, hidden, icon, join, number, stretch
from ral_core.views.media import Shelf
from ral_core.views.query_bar import model_title

ROW, GAP = 64, 56
"""Height of a film in a column and width between two columns, in pixels; the style sheet uses the same."""


def columns(results: Sequence[SearchResult], shelf: Shelf) -> str:
    """All columns with the lines between them. Every result holds the same number of films."""
    parts = [column(results[0], shelf, results)]
    for left, right in pairwise(results):
        parts.append(links(left, right))
        parts.append(column(right, shelf, results))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Ranked films of each model"><div class="lanes" style="--row:{ROW}px;--gap:{GAP}px">'
        f"{join(parts)}</div></div>"
    )


def column(result: SearchResult, shelf: Shelf, results: Sequence[SearchResult]) -> str:
    """One model's films, best first."""
    name, drawing = wording.STATES[result.state]
    others = {hit.video for other in results if other is not result for hit in other.hits}
    films = join(entry(hit, result, shelf, alone=hit.video not in others) for hit in result.hits)
    return (
        f'<section class="lane"{attributes(aria_label=model_title(result.model))}><header><h2>{escape(model_title(result.model))}</h2>'
        f'<p class="column-state {result.state}">{icon(drawing)}{name}</p></header><ol>{films}</ol>'
        f'<p class="small hint">{1000 * result.seconds:.0f} ms</p></section>'
    )


def entry(hit: Hit, result: SearchResult, shelf: Shelf, *, alone: bool) -> str:
    """One film in a column."""
    picture = shelf.still(result.index, hit.video, round(hit.moments[0].peak if hit.moments else hit.start))
    right = result.truth is not None and hit.video in result.truth.relevant
    score = number(hit.score, 3) if hit.z is None else f"z {number(hit.z, 1)}"
    badges = ('<em class="tag right">right</em>' if right else "") + (
        f'<em class="tag"{attributes(title="No other model has this film in its list")}>only here</em>'
        if alone
        else ""
    )
    shown = (
        f'<img loading="lazy" decoding="async" width="320" height="180" alt=""{attributes(src=picture)}>'
        if picture
        else ""
    )
    data = attributes(
        data_video=hit.video, data_model=result.model, data_second=f"{hit.start:.1f}", aria_pressed="false"
    )
    return (
        f'<li><button type="button" class="entry"{data}>{shown}<span class="entry-rank">{hidden("Rank ")}{hit.rank}</span>'
        f'<span class="entry-text"><b>{escape(hit.title)}</b><small>{stretch(hit.start, hit.end)} · {score} {badges}</small></span></button></li>'
    )


def links(left: SearchResult, right: SearchResult) -> str:
    """Lines from each film to its place in the next column; a film that is not there fades out."""
    height = ROW * max(len(left.hits), len(right.hits), 1)
    there = {hit.video: hit.rank for hit in right.hits}
    here = {hit.video for hit in left.hits}
    lines = []
    for hit in left.hits:
        y = ROW * (hit.rank - 0.5)
        if (rank := there.get(hit.video)) is None:
            lines.append(f'<path class="gone" d="M0 {y}h14"{attributes(data_video=hit.video)}/>')
        else:
            end = ROW * (rank - 0.5)
            how = "same" if rank == hit.rank else "up" if rank < hit.rank else "down"
            lines.append(
                f'<path class="link {how}" d="M0 {y}C{GAP / 2} {y} {GAP / 2} {end} {GAP} {end}"{attributes(data_video=hit.video)}/>'
            )
    lines += [
        f'<path class="gone" d="M{GAP} {ROW * (hit.rank - 0.5)}h-14"{attributes(data_video=hit.video)}/>'
        for hit in right.hits
        if hit.video not in here
    ]
    return f'<svg class="links" width="{GAP}" height="{height}" viewBox="0 0 {GAP} {height}" aria-hidden="true">{join(lines)}</svg>'


def rank_table(results: Sequence[SearchResult]) -> str:
    """The columns' twin: a row for each film, a column for each model."""
    titles = {hit.video: hit.title for result in results for hit in result.hits}
    ranks = [{hit.video: hit for hit in result.hits} for result in results]
    best = sorted(titles, key=lambda video: min(found[video].rank for found in ranks if video in found))
    head = join(f'<th scope="col">{escape(model_title(result.model))}</th>' for result in results)
    rows = join(
        f'<tr><th scope="row">{escape(titles[video])} <small>{escape(video)}</small></th>'
        + join(
            f"<td>{found[video].rank} <small>at {clock(found[video].start)}</small></td>"
            if video in found
            else "<td>–</td>"
            for found in ranks
        )
        + "</tr>"
        for video in best
    )
    return (
        '<details class="twin"><summary>As a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Ranks as a table">'
        f'<table><thead><tr><th scope="col">film</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>'
    )
