"""Why one film was found: words over time, gates that can be switched, what the score is made of, how sure it is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import gradio as gr

from ral_core.index.folder import Manifest
from ral_core.search.engine import Explorer
from ral_core.search.results import Explanation
from ral_core.views import wording
from ral_core.views.evidence import score_panel, truth_panel, width_panel
from ral_core.views.heat import heat_strip
from ral_core.views.ledger import ledger
from ral_core.views.markup import attributes, escape, icon, join
from ral_core.views.media import Shelf
from ral_core.views.parts import QUIET, block, fresh, safely
from ral_core.views.pipeline import pipeline
from ral_core.views.requests import Request, named, read_request


def add_why(explorer: Explorer, shelf: Shelf, index: str | None) -> None:
    """The parts that the Why page adds below the player; it shares list and player with the Search page."""
    side = block("", "side")
    heat = block("", "heat")
    reasons = block("", "why")

    def answer(event: gr.EventData) -> tuple[Any, Any, Any]:
        """The ledger, the heat strip and the panels of one film."""
        request = read_request(event._data)
        explained: list[Explanation] = []

        def words(request: Request) -> str:
            explained.append(
                explorer.explain(
                    request.query,
                    request.video or "",
                    model=request.model,
                    index=named(explorer, request, index),
                )
            )
            return ledger(explained[0], request)

        first = safely(words, request)
        if not explained:
            return fresh(first), "", ""
        return (
            fresh(first),
            fresh(safely(lambda _: heat_strip(explained[0]), request)),
            fresh(safely(lambda _: panels(explained[0], explorer.indexes[explained[0].index]), request)),
        )

    side.submit(answer, None, [side, heat, reasons], **QUIET)


def panels(explanation: Explanation, manifest: Manifest) -> str:
    """Everything below the strip."""
    notes = join(
        f'<p class="note">{icon("info")}<span>{escape(note)}</span></p>' for note in explanation.notes
    )
    return (
        f'{take_away(explanation)}<div class="evidence">{score_panel(explanation)}{truth_panel(explanation)}'
        f'{width_panel(explanation.uncertainty)}{pipeline(explanation, manifest)}{notes}<p class="disclaimer">{escape(wording.NOT_THIS)}</p></div>'
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
