"""The named endpoints, for `gradio_client` and for agents: what they answer is what the command line prints."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from ral_core.errors import RALError, UnknownName
from ral_core.search.engine import Explorer
from ral_core.search.libraries import unknown
from ral_core.views.brief import brief_explanation

ENDPOINTS = ("search", "explain", "compare", "moments", "list_indexes")
"""All that is public; every other event of the page is private."""


def add_api(explorer: Explorer, default: str | None = None) -> None:
    """Declare the endpoints inside `gr.Blocks`, before any event of the page takes one of their names."""

    def opened(index: str | None) -> str | None:
        """The index to ask. Raises UnknownName for other than open ones: callers must not name folders."""
        if index is not None and index not in explorer.entries:
            raise UnknownName(unknown("index", index, explorer.entries))
        return index or default

    def search(query: str, k: int = 10, model: str | None = None, index: str | None = None) -> dict[str, Any]:
        """Find the films that hold a described moment.

        Args:
            query: what happens in the moment, as a sentence
            k: how many films to return
            model: the model's name; the default one if left out
            index: the index's name; the default one if left out
        """
        return explorer.search(query, k, model=model, index=opened(index)).brief()

    def explain(
        query: str, video: str, model: str | None = None, index: str | None = None, full: bool = False
    ) -> dict[str, Any]:
        """Say why a film fits a query as well as it does: words, score over time, verdict, truth where known.

        Args:
            query: what happens in the moment, as a sentence
            video: the film's id
            model: the model's name; the default one if left out
            index: the index's name; the default one if left out
            full: every number, in some 30,000 characters instead of about 2,000
        """
        found = explorer.explain(query, video, model=model, index=opened(index))
        if full:
            return found.to_json()
        return brief_explanation(found, explorer.search(query, 1, model=model, index=opened(index)))

    def compare(query: str, models: list[str], k: int = 10, index: str | None = None) -> list[dict[str, Any]]:
        """Search one collection with several models.

        Args:
            query: what happens in the moment, as a sentence
            models: the models' names
            k: how many films each returns
            index: the name of one index of the collection; the default one if left out
        """
        return [one.brief() for one in explorer.compare(query, models, k, index=opened(index))]

    def moments(
        query: str, k: int = 10, model: str | None = None, index: str | None = None
    ) -> list[dict[str, Any]]:
        """Find moments: every moment of the k best films, best film first, seconds from the film's start.

        Args:
            query: what happens in the moment, as a sentence
            k: how many films to look into
            model: the model's name; the default one if left out
            index: the index's name; the default one if left out
        """
        found = explorer.search(query, k, model=model, index=opened(index))
        return [{"video": hit.video, **moment.to_json()} for hit in found.hits for moment in hit.moments]

    def list_indexes() -> list[dict[str, Any]]:
        """List the indexes that can be searched, with their models and encoders, and which answers when none is named."""
        first = explorer.resolve(None, default).name if explorer.entries else None
        kept = ("collection", "model", "visual_encoder", "text_encoder", "videos")
        return [
            {"name": name, "default": name == first} | {what: getattr(about, what) for what in kept}
            for name, about in explorer.indexes.items()
        ]

    for endpoint in (search, explain, compare, moments, list_indexes):
        gr.api(spoken(endpoint), api_name=endpoint.__name__)


def spoken(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    """The endpoint, with our errors as sentences that reach the caller."""

    @wraps(endpoint)
    def answered(*args: Any, **kwargs: Any) -> Any:
        try:
            return endpoint(*args, **kwargs)
        except RALError as problem:
            raise gr.Error(str(problem), print_exception=False) from None

    return answered
