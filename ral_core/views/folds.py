"""Panels that stay folded: nothing is computed for them before somebody opens them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gradio as gr

from ral_core.views.markup import attributes, escape
from ral_core.views.parts import IN_TURN, block, fresh, safely
from ral_core.views.requests import Request, read_request

Draw = Callable[[Request], str]


def fold(
    part: str,
    title: str,
    lead: str,
    draw: Callable[[Any], str],
    *,
    read: Callable[[object], Any] = read_request,
) -> gr.HTML:
    """A folded panel; assets/folds.js asks for its inside when it is opened, and again when the state changes.

    `draw` gets what `read` makes of the event, by default the request; `read` must never fail.
    """
    area = block(shell(part, title, lead, '<p class="fold-wait">Computing …</p>', shown=False), part)

    def answer(event: gr.EventData) -> Any:
        asked = read(event._data)
        inside = safely(lambda _: draw(asked), Request(""))
        return fresh(shell(part, title, lead, inside, shown=True))

    area.submit(answer, None, area, **IN_TURN)
    return area


def shell(part: str, title: str, lead: str, inside: str, *, shown: bool) -> str:
    """The fold around `inside`, which is escaped HTML."""
    return (
        f'<details class="fold panel"{attributes(data_fold=part, open=shown)}><summary><h3>{escape(title)}</h3>'
        f'<span class="fold-lead">{escape(lead)}</span></summary><div class="fold-body">{inside}</div></details>'
    )
