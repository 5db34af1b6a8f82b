"""Where the time goes: the current query in steps, and what this window has waited for so far."""

from __future__ import annotations

from ral_core.analysis.latency import Latency, latency
from ral_core.search.engine import Explorer
from ral_core.views.folds import Draw
from ral_core.views.markup import attributes, escape, heads, join, number, share
from ral_core.views.query_bar import model_title
from ral_core.views.requests import Request, named

TITLE, LEAD = "Where the time goes", "Each step of this query in milliseconds, and what you waited for."
REPEATS = 5
STEPS = {
    "encode": "read the sentence (text encoder and query encoder)",
    "score": "score every film, both branches",
    "moments": "curves and moments of the first ten films",
    "explain": "explain the first film",
    "search": "a search: the first three steps",
}
AT = (1_000, 10_000, 100_000)
"""Sizes of collections that the score step is drawn out to."""


def latency_panel(explorer: Explorer, index: str | None) -> Draw:
    """What the fold shows: the query timed anew; assets/latency.js adds the window's own waits."""

    def draw(request: Request) -> str:
        wanted = named(explorer, request, index)
        return panel(latency(explorer, request.query, model=request.model, index=wanted, repeats=REPEATS))

    return draw


def panel(found: Latency) -> str:
    """The inside of the fold."""
    whole = sum(stage.p50 for stage in found.stages) or 1.0
    rows = join(
        f'<tr{attributes(class_="whole" if one is found.search else None)}><th scope="row">{one.name} <small>{escape(STEPS[one.name])}</small></th>'
        f'<td class="took"><i style="width:{share(one.p50, whole)}"></i></td><td>{number(one.p50, 1)}</td><td>{number(one.p95, 1)}</td></tr>'
        for one in (*found.stages, found.search)
    )
    grown = ", ".join(f"{size:,} films {waited(size * found.per_film)}" for size in AT)
    return (
        f'<p class="hint">Measured {found.repeats} times just now, one pass thrown away, nothing remembered: {escape(model_title(found.model))} over {found.films:,} films on '
        f"{escape(found.device)}, {found.threads} thread{'' if found.threads == 1 else 's'} for torch. Other visitors and programs on this machine count in.</p>"
        f'<div class="scroll" tabindex="0" role="region" aria-label="Time of each step"><table class="board latency">{heads(("step", "", "p50, ms", "p95, ms"))}<tbody>{rows}</tbody></table></div>'
        f'<p class="said">Scoring takes {number(1000 * found.per_film, 1)} µs a film. If it grows in proportion: {grown}.</p>'
        f'<p class="said" data-waits{attributes(role="status")}></p>'
    )


def waited(ms: float) -> str:
    """Milliseconds in a unit that can be read.

    >>> waited(12.3), waited(2345)
    ('12 ms', '2.3 s')
    """
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
