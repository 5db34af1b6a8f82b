"""Paging: the button below the last card, and the longer list that assets/more.js joins to the one on the page."""

from __future__ import annotations

from ral_core.search.results import SearchResult
from ral_core.views.markup import attributes
from ral_core.views.requests import MOST_FILMS

STEP = 10
"""Films that come with one press."""


def more_button(result: SearchResult, k: int) -> str:
    """The way to the next films; a sentence where the last one is shown that can be. Empty where there are no others."""
    shown = len(result.hits)
    if not result.query or shown < k or shown >= result.films:
        return ""
    if k >= MOST_FILMS:
        return f'<p class="more"><span>The first {shown} are shown; describe more, or filter, to see others.</span></p>'
    longer = min(k + STEP, MOST_FILMS)
    new = min(longer, result.films) - shown
    return (
        f'<p class="more"><button type="button" class="pill"{attributes(data_more=longer)}>Show {new} more</button>'
        f"<span>{shown} shown</span></p>"
    )


def inert(html: str) -> str:
    """HTML that is on the page without being shown, loaded or found, until a script takes it."""
    return f"<template>{html}</template>"
