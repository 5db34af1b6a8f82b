"""Who disagrees: one query through up to five models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import gradio as gr

from ral_core.analysis.runs import agreement, kendall
from ral_core.search.engine import Explorer
from ral_core.search.results import Explanation, SearchResult
from ral_core.views import duel_panel, wording
from ral_core.views.folds import fold
from ral_core.views.markup import attributes, escape, heads, join, number
from ral_core.views.media import Shelf
from ral_core.views.parts import IN_TURN, block, drawn, fresh, nothing, safely
from ral_core.views.plots import Axis, Series, plot
from ral_core.views.query_bar import model_title
from ral_core.views.requests import MOST_MODELS, Request, named, read_request
from ral_core.views.slopes import columns, rank_table
from ral_core.views.split_page import split_section
from ral_core.views.visitors import Brought


def build_compare_page(
    explorer: Explorer, shelf: Shelf, index: str | None = None, brought: Brought | None = None
) -> None:
    """Lay out the page: the columns of one query, the curves of one film in all of them, and the whole split."""
    loaded = brought or Brought()

    def page(request: Request) -> str:
        models = offered(explorer, named(explorer, request, index))
        chosen = tuple(name for name in request.models if name in models) or models[:MOST_MODELS]
        head = f'<article class="wide"><h1>Compare</h1><p class="lead">{escape(wording.COMPARE_LEAD)}</p>{picker(models, chosen, request.query)}'
        if not request.query.strip():
            return f"{head}{nothing(wording.COMPARE_EMPTY)}</article>"
        if len(chosen) < 2:
            why = wording.COMPARE_ONE if len(models) > 1 else wording.COMPARE_ALONE
            return f"{head}{nothing(why)}</article>"
        results = explorer.compare(request.query, chosen, k=request.k, index=named(explorer, request, index))
        return f"{head}{columns(results, shelf)}{rank_table(results)}{pairs(results)}</article>"

    def curves(event: gr.EventData) -> str:
        request = read_request(event._data)
        return fresh(safely(lambda wanted: film_curves(explorer, wanted, index), request))

    def split(request: Request) -> str:
        return f'<article class="wide">{split_section(explorer, loaded, request, index)}</article>'

    with gr.Column(elem_id="compare-page"):
        area = drawn("compare", page)
        below = block("", "curves")
        drawn("split", split)
        with gr.Column(elem_classes="folds wide-folds"):
            fold("duel", duel_panel.TITLE, duel_panel.LEAD, duel_panel.duel_panel(explorer, shelf, index))
    area.select(curves, None, below, **IN_TURN)


def offered(explorer: Explorer, index: str | None) -> tuple[str, ...]:
    """The models of a collection, its default first."""
    entry = explorer.resolve(None, index)
    names = sorted(other.manifest.model for other in explorer.siblings(entry))
    return tuple(sorted(names, key=lambda name: name != entry.manifest.model))


def picker(models: Sequence[str], chosen: Sequence[str], query: str) -> str:
    """The query and the models to send it through."""
    boxes = join(
        f'<label class="check"><input type="checkbox" name="model"{attributes(value=name, checked=name in chosen)}><span>{escape(model_title(name))}</span></label>'
        for name in models
    )
    return (
        '<form class="compare-bar" autocomplete="off"><label class="compare-query"><span class="sr-only">Query</span>'
        f'<input type="search" name="compare-q" maxlength="2000"{attributes(value=query, placeholder=wording.PLACEHOLDER)}></label>'
        f'<button class="go" type="submit">Compare</button><fieldset><legend>Models, up to {MOST_MODELS}</legend>{boxes}</fieldset></form>'
    )


def pairs(results: Sequence[SearchResult]) -> str:
    """How far every two models agree on this query."""
    lists = [[hit.video for hit in result.hits] for result in results]
    shared = agreement(lists)
    rows = []
    for i, j in combinations(range(len(results)), 2):
        tau = kendall(lists[i], lists[j])
        same = "yes" if lists[i][:1] == lists[j][:1] else "no"
        names = f"{model_title(results[i].model)} and {model_title(results[j].model)}"
        rows.append((names, same, number(shared[i][j]), "–" if tau is None else number(tau)))
    body = join(
        f'<tr><th scope="row">{escape(a)}</th><td>{b}</td><td>{c}</td><td>{d}</td></tr>'
        for a, b, c, d in rows
    )
    return (
        '<section class="panel agreement"><h2 class="panel-title">How far they agree</h2><div class="scroll" tabindex="0" role="region" aria-label="Agreement">'
        f'<table class="board">{heads(("models", "same film first", "films in common", "Kendall τ of these"))}<tbody>{body}</tbody></table></div></section>'
    )


def film_curves(explorer: Explorer, request: Request, index: str | None) -> str:
    """The score over time of one film in every chosen model, each against its own usual height."""
    known = offered(explorer, named(explorer, request, index))
    models = [name for name in request.models if name in known][:MOST_MODELS] or known[:MOST_MODELS]
    found = [
        explorer.explain(
            request.query, request.video or "", model=name, index=named(explorer, request, index)
        )
        for name in models
    ]
    series = [Series(model_title(one.model), one.curve.times, above(one)) for one in found]
    ranks = ", ".join(f"{model_title(one.model)}: rank {one.rank}" for one in found)
    drawing = plot(
        series,
        Axis("second of the film", 0.0, found[0].duration),
        Axis("score above the film’s usual"),
        ranks,
        width=1100,
        height=260,
    )
    return (
        f'<article class="wide"><section class="panel"><h2 class="panel-title">{escape(found[0].title)} in every model</h2><p class="hint">{escape(ranks)}. '
        f"Scores of different models have different scales; compare the shapes.</p>{drawing}</section></article>"
    )


def above(explanation: Explanation) -> list[float]:
    """A film's curve as heights over its usual score."""
    return [value - explanation.curve.baseline for value in explanation.curve.score]
