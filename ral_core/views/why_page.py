"""Why one film was found: words over time, gates that can be switched, what the score is made of, how sure it is."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ral_core.analysis.doctor import diagnose
from ral_core.analysis.rerank import Reranking, rerank
from ral_core.analysis.stability import rank_stability
from ral_core.errors import BadQuery
from ral_core.search.engine import Explorer
from ral_core.search.results import Explanation
from ral_core.views import wording
from ral_core.views.doctor_panel import doctor_panel, moves, stability_panel
from ral_core.views.evidence import score_panel, truth_panel, width_panel
from ral_core.views.heat import heat_strip
from ral_core.views.ledger import ledger
from ral_core.views.markup import attributes, escape, icon, join
from ral_core.views.media import Shelf
from ral_core.views.parts import IN_TURN, block, fresh, notice, safely
from ral_core.views.pipeline import pipeline
from ral_core.views.requests import Request, named, read_request
from ral_core.views.why_folds import add_why_folds

FOLLOWED = 100
"""Films whose place in the changed ranking is known to the list."""


def add_why(explorer: Explorer, shelf: Shelf, index: str | None) -> None:
    """The parts that the Why page adds below the player; it shares list and player with the Search page."""
    side = block("", "side")
    heat = block("", "heat")
    reasons = block("", "why")
    add_why_folds(explorer, shelf, index)

    def answer(event: gr.EventData) -> tuple[Any, Any, Any]:
        """The ledger, the heat strip and the panels of one film."""
        request = read_request(event._data)
        explained: list[Explanation] = []

        def words(request: Request) -> str:
            found = explorer.explain(
                request.query, request.video or "", model=request.model, index=named(explorer, request, index)
            )
            explained.append(found)
            return ledger(found, request, changed_ranking(explorer, found, request))

        first = safely(words, request)
        if not explained:
            return fresh(first), "", ""
        found = explained[0]
        return (
            fresh(first),
            fresh(safely(lambda _: heat_strip(found), request)),
            fresh(safely(lambda _: panels(explorer, found), request)),
        )

    side.submit(answer, None, [side, heat, reasons], **IN_TURN)


def changed_ranking(explorer: Explorer, found: Explanation, request: Request) -> str:
    """What the visitor's gates do to the ranking; nothing while they are the model's."""
    even = request.choice("rank", ("", "even")) == "even"
    if not (request.off or request.on or even) or not found.words or found.words[0].weight is None:
        return ""
    try:
        ranking = rerank(
            explorer,
            found.query,
            model=found.model,
            index=found.index,
            off=request.off,
            on=request.on,
            even=even,
            k=FOLLOWED,
        )
    except BadQuery as problem:
        return notice(str(problem))
    return f"<div{attributes(data_moves=places(ranking))}>{moves(ranking, 10)}</div>"


def places(ranking: Reranking) -> str:
    """New and old rank of each film, for the list beside."""
    return json.dumps({film.video: [film.rank, film.before] for film in ranking.films})


def panels(explorer: Explorer, explanation: Explanation) -> str:
    """Everything below the strip."""
    wanted: dict[str, Any] = {"model": explanation.model, "index": explanation.index}
    firm = rank_stability(explorer, explanation.query, **wanted)
    steady = firm.words
    gallery = explorer.gallery(explorer.resolve(**wanted))
    titles = {film.video: gallery.videos[gallery.rows[film.video]].title for film in steady}
    notes = join(
        f'<p class="note">{icon("info")}<span>{escape(note)}</span></p>' for note in explanation.notes
    )
    return (
        f'{take_away(explanation)}<div class="evidence">'
        f"{score_panel(explanation)}{truth_panel(explanation)}{doctor_panel(diagnose(explorer, explanation.query, **wanted))}"
        f"{stability_panel(firm, titles)}{width_panel(explanation.uncertainty)}"
        f'{pipeline(explanation, gallery.manifest)}{notes}<p class="disclaimer">{escape(wording.NOT_THIS)}</p></div>'
    )


def take_away(explanation: Explanation) -> str:
    """The case as files."""
    asked = {
        "q": explanation.query,
        "model": explanation.model,
        "index": explanation.index,
        "video": explanation.video,
    }
    links = join(
        f'<a class="quiet" download{attributes(href=f"/export/card.{kind}?{urlencode(asked)}", title=tip)}>{icon("save")}<span>{name}</span></a>'
        for kind, name, tip in wording.CARDS
    )
    return f'<div class="take-away"><span>Take this case away:</span>{links}</div>'
