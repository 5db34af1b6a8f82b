"""Completions for the search field: a small route, and the list that assets/complete.js fills."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from ral_core.search.completion import Completions
from ral_core.search.engine import Explorer
from ral_core.views.markup import attributes

LONGEST, OFFERED = 300, 6
"""Characters of typed text that are looked at, and how many completions are sent."""
FIELD = (
    'type="text" role="combobox" aria-autocomplete="list" aria-expanded="false" aria-controls="ral-offers" '
    'inputmode="search" enterkeyhint="search" autocapitalize="off" spellcheck="false"'
)
"""What makes a text field the head of the list (ARIA Authoring Practices, combobox with list autocomplete)."""


def add_completion_route(app: FastAPI, explorer: Explorer, index: str | None = None) -> None:
    """Declare `/complete?q=typed&index=name`: the completions of the index's captions, for a loaded index only."""

    def complete(q: str = "", index: str | None = index) -> dict[str, Any]:
        return offers(explorer, q, index).to_json()

    app.add_api_route("/complete", complete, methods=["GET"])


def offers(explorer: Explorer, typed: str, index: str | None) -> Completions:
    """The completions of a typed text in the collection of an index; none for an index that is not loaded."""
    known = explorer.entries
    if len(typed) > LONGEST or not known or (index is not None and index not in known):
        return Completions(typed[:LONGEST], "", 0, ())
    entry = known[index] if index is not None else explorer.resolve(None, None)
    return explorer.collection(entry).phrases.complete(typed, OFFERED)


def offer_list() -> str:
    """The empty list under the search field, and the place where its length is said to screen readers."""
    return (
        '<div class="offers" hidden><ul id="ral-offers"'
        f"{attributes(role='listbox', aria_label='Ways to go on')}></ul>"
        '<p class="offers-help" aria-hidden="true"><span><kbd>↑</kbd> <kbd>↓</kbd> choose</span> <span><kbd>→</kbd> take over</span> '
        "<span><kbd>Enter</kbd> search</span> <span><kbd>Esc</kbd> close</span></p></div>"
        '<span class="sr-only" role="status" data-offers-count></span>'
    )
