"""The front door: one tab with everything about one query."""

from __future__ import annotations

import logging
from typing import Any

import gradio as gr

from ral_core.errors import RALError
from ral_core.search.collections import Collection
from ral_core.search.engine import Explorer
from ral_core.search.results import Explanation, SearchResult
from ral_core.views import wording
from ral_core.views.asides import add_asides
from ral_core.views.asking import ask, bar
from ral_core.views.cards import results_list
from ral_core.views.evidence import evidence
from ral_core.views.media import Shelf
from ral_core.views.more import inert
from ral_core.views.parts import IN_TURN, block, drawn, fresh, notice
from ral_core.views.picture_query import read_picture, seen
from ral_core.views.player import player
from ral_core.views.query_bar import Example, pick_examples, query_bar
from ral_core.views.requests import DEFAULT_K, Request, named, read_request
from ral_core.views.timeline import time_line
from ral_core.views.why_page import add_why

LOG = logging.getLogger(__name__)


def side_by_side(explorer: Explorer, index: str | None) -> list[Collection]:
    """The open collections, the one that is searched by default first."""
    if not explorer.entries:
        return []
    first = explorer.collection(explorer.resolve(None, index)).name
    return sorted(explorer.collections.values(), key=lambda one: (one.name != first, one.name))


def build_search_page(explorer: Explorer, shelf: Shelf, index: str | None = None) -> None:
    """Lay out the Search tab and connect it. `index` names the index to search unless the default should be."""
    models, examples = offered(explorer, shelf, index)

    def answer(event: gr.EventData) -> tuple[Any, Any, Any, Any]:
        """Search, and explain the film the page opens: the notice, the list, the time line, the reasons."""
        request = read_request(event._data)
        try:
            if (picture := read_picture(event._data)) is not None:
                return seen(explorer, shelf, request, named(explorer, request, index), picture)
            result = ask(explorer, request, named(explorer, request, index))
            chosen = opened(result, request.video)
            narrowing = bar(explorer.resolve(result.model, result.index), request)
            listed = results_list(result, shelf, request.k, chosen, request.second, narrowing)
            return "", fresh(listed), *explained(result.query, result.model, chosen, result.index)
        except RALError as problem:
            return fresh(notice(str(problem))), gr.skip(), gr.skip(), gr.skip()
        except Exception:
            LOG.exception("search failed")
            return fresh(notice(wording.FAILED)), gr.skip(), gr.skip(), gr.skip()

    def more(request: Request) -> str:
        """The same list with more films."""
        result = ask(explorer, request, named(explorer, request, index))
        return inert(results_list(result, shelf, request.k, request.video, request.second))

    def explain(event: gr.EventData) -> tuple[Any, Any]:
        """The time line and the reasons of one film."""
        request = read_request(event._data)
        return explained(request.query, request.model, request.video, named(explorer, request, index))

    def explained(query: str, model: str | None, video: str | None, index: str | None) -> tuple[Any, Any]:
        if video is None:
            return "", ""
        try:
            explanation: Explanation = explorer.explain(query, video, model=model, index=index)
            return time_line(explanation, shelf), evidence(explanation)
        except RALError as problem:
            return "", notice(str(problem))
        except Exception:
            LOG.exception("explanation failed")
            return "", notice(wording.FAILED)

    with gr.Column(elem_id="search-page", elem_classes="page"):
        front = block(query_bar(models, DEFAULT_K, examples, side_by_side(explorer, index)), "front")
        message = block(missing(explorer), "notice")
        with gr.Row(elem_id="answer", elem_classes="answer"):
            listed = block("", "list")
            drawn("more", more)
            add_asides(explorer, shelf, index)
            with gr.Column(elem_id="stage", elem_classes="stage"):
                block(player(), "player")
                line = block("", "line")
                reasons = block("", "reasons")
                add_why(explorer, shelf, index)
    front.submit(answer, None, [message, listed, line, reasons], **IN_TURN)
    listed.select(explain, None, [line, reasons], **IN_TURN)


def offered(explorer: Explorer, shelf: Shelf, index: str | None) -> tuple[list[str], list[Example]]:
    """The models of the collection that is searched, its default first, and sentences to try on it."""
    if not explorer.entries and index is None:
        return [], []
    entry = explorer.resolve(None, index)
    own = entry.manifest.model
    models = sorted(
        (e.manifest.model for e in explorer.siblings(entry)), key=lambda name: (name != own, name)
    )
    return models, pick_examples(explorer.collection(entry).captions.values(), shelf, entry.name)


def opened(result: SearchResult, wanted: str | None) -> str | None:
    """The film to open: the wanted one if it was found, else the best; None where there is none."""
    found = [hit.video for hit in result.hits]
    if wanted in found:
        return wanted
    return found[0] if found else None


def missing(explorer: Explorer) -> str:
    """What is not there, said before anybody searches; empty when all is well."""
    problems = list(explorer.problems.values())
    if not explorer.entries and not problems:
        problems = [
            f"There is no index in {explorer.root / 'indexes'}; make one with `python -m ral_core index`."
        ]
    return "".join(notice(problem) for problem in problems)
