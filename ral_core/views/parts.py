"""The pieces every page is made of: a block of HTML that talks to its script, and answers that cannot fail loudly."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any

import gradio as gr

from ral_core.errors import RALError
from ral_core.views import wording
from ral_core.views.markup import escape, prose
from ral_core.views.requests import Request, read_request

LOG = logging.getLogger(__name__)

ATTACH = "window.RAL && RAL.attach('{part}', element, trigger, watch);"
"""Each part of the page hands itself to its script in assets/ when it is drawn."""

QUIET: dict[str, Any] = {
    "show_progress": "hidden",
    "api_visibility": "private",
    "trigger_mode": "always_last",
    "concurrency_limit": 4,
}
"""How the page's own events run: unseen by clients of the API, several visitors at a time, only the last wish counts."""
IN_TURN: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}
"""For parts whose script (`RAL.page`) waits for an answer before it asks again.

Of events that overlap, `always_last` answers the first one a second time, so these must not be left to Gradio.
"""


def block(value: str, part: str) -> gr.HTML:
    """A piece of escaped HTML that a script in assets/ looks after.

    The default template shows the value as it is. A template of our own would be run as JavaScript with the
    value inside, so there must be none.
    """
    return gr.HTML(
        value,
        elem_id=f"ral-{part}",
        js_on_load=ATTACH.format(part=part),
        apply_default_css=False,
        container=False,
        padding=False,
    )


def drawn(part: str, draw: Callable[[Request], str], value: str = "") -> gr.HTML:
    """A block that is drawn anew whenever its script triggers `submit` with the state of the page."""
    area = block(value, part)

    def answer(event: gr.EventData) -> Any:
        return fresh(safely(draw, read_request(event._data)))

    area.submit(answer, None, area, **IN_TURN)
    return area


def safely(draw: Callable[[Request], str], request: Request) -> str:
    """What `draw` says, or one friendly sentence where it fails."""
    try:
        return draw(request)
    except RALError as problem:
        return notice(str(problem))
    except Exception:
        LOG.exception("%s failed", draw.__qualname__)
        return notice(wording.FAILED)


def notice(sentence: str) -> str:
    """A friendly sentence in place of an answer."""
    return f'<p class="notice" role="alert">{escape(sentence)}</p>'


def nothing(sentence: str, action: str = "") -> str:
    """An empty state that says why; `action` is escaped HTML, such as a button that leads on."""
    return f'<div class="nothing"><p>{prose(sentence)}</p>{action}</div>'


def fresh(html: str) -> str:
    """The same HTML, never twice the same text: the page is told of an answer only when its value changes."""
    return f'<div data-stamp="{time.monotonic_ns()}">{html}</div>'
