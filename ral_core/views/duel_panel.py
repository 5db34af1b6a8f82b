"""The blind duel: two lists without names, four ways to vote; votes live in the visitor's browser and nowhere else."""

from __future__ import annotations

import json
from typing import Any

from fastapi import FastAPI
from fastapi import Request as HTTPRequest

from ral_core.analysis.duel import CHOICES, Duel, duel, read_votes, tally
from ral_core.errors import RALError
from ral_core.search.engine import Explorer
from ral_core.search.results import SearchResult
from ral_core.views.folds import Draw
from ral_core.views.markup import attributes, escape, icon, join, stretch
from ral_core.views.media import Shelf
from ral_core.views.query_bar import model_title
from ral_core.views.requests import Request, named

TITLE, LEAD = "Blind duel", "Two answers without names; say which is better, then see whose they were."
HELP = "Two models are drawn at random and stand in random places. Votes stay in this browser; take them away as JSONL and count them on the command line (the verb duel)."
VOTES = dict(zip(CHOICES, ("A is better", "B is better", "both are good", "both are bad"), strict=True))
LARGEST = 8 * 1024 * 1024
"""Bytes of votes that are counted at once."""
SEEDS = 1_000_000


def duel_panel(explorer: Explorer, shelf: Shelf, index: str | None) -> Draw:
    """What the fold shows: the duel of a seed, about the page's query or, without one, about a drawn caption."""

    def draw(request: Request) -> str:
        seed = int(request.amount("round", 0, SEEDS, 0))
        own = request.choice("about", ("query", "caption")) == "query"
        found = duel(explorer, request.query if own else None, seed, index=named(explorer, request, index))
        return panel(found, shelf)

    return draw


def panel(found: Duel, shelf: Shelf) -> str:
    """Both lists and the buttons. The names come with the page, unshown, so that a vote needs no second question."""
    votes = join(
        f'<button type="button" class="pill"{attributes(data_vote=json.dumps(found.vote(choice), ensure_ascii=False))}>{escape(text)}</button>'
        for choice, text in VOTES.items()
    )
    lists = join(
        side(letter, answer, shelf) for letter, answer in zip(("A", "B"), found.answers, strict=True)
    )
    told = f"A was {model_title(found.a.model)}, B was {model_title(found.b.model)}."
    return (
        f'<div class="blind"><p class="hint">{escape(HELP)}</p><p class="blind-query">{escape(found.query)}</p><div class="blind-lists">{lists}</div>'
        f'<div class="switches" role="group" aria-label="Your vote">{votes}</div><p class="said" role="status"{attributes(data_told=told)}></p>'
        f'<div class="take-away"><button type="button" class="quiet" data-blind="next">{icon("next")}<span>next duel</span></button>'
        f'<button type="button" class="quiet" data-blind="about">{icon("more")}<span>about drawn captions</span></button>'
        f'<button type="button" class="quiet" data-blind="save" hidden>{icon("save")}<span>votes (JSONL)</span></button>'
        '<button type="button" class="quiet" data-blind="forget" hidden><span>forget all votes</span></button></div><div data-tally></div></div>'
    )


def side(letter: str, answer: SearchResult, shelf: Shelf) -> str:
    """One list: stills of the found moments, no score, since scores would tell the model."""
    rows = join(
        f"<li>{still(shelf, answer.index, hit.video, hit.moments[0].peak)}<span><b>{escape(hit.title)}</b><small>{stretch(hit.start, hit.end)}</small></span></li>"
        for hit in answer.hits
    )
    return f"<section><h4>{letter}</h4><ol>{rows}</ol></section>"


def still(shelf: Shelf, index: str, video: str, second: float) -> str:
    """The picture of a moment. Its address must not tell the model, so stills go by collection."""
    source = shelf.still(index, video, second)
    return (
        f'<img loading="lazy" decoding="async" width="96" height="54" alt=""{attributes(src=source)}>'
        if source
        else '<span class="no-picture"></span>'
    )


def add_duel_routes(app: FastAPI) -> None:
    """Declare `POST /duel/tally`: the body is a vote file, the answer its tally or the `problem` with it."""

    async def count(asked: HTTPRequest) -> dict[str, Any]:
        body = bytearray()
        async for chunk in asked.stream():
            body.extend(chunk)
            if len(body) > LARGEST:
                return {"problem": f"Votes may have {LARGEST // 2**20} MB."}
        try:
            found = tally(read_votes(body.decode("utf-8")))
        except UnicodeDecodeError:
            return {"problem": "This is no text."}
        except RALError as problem:
            return {"problem": str(problem)}
        titles = {one.model: model_title(one.model) for one in found.standings}
        return found.to_json() | {"titles": titles}

    app.add_api_route("/duel/tally", count, methods=["POST"])
