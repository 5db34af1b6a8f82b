"""What follows a search once the list stands: words that would decide it, how firm the ranks are, and films alike."""

from __future__ import annotations

import json
import logging
from typing import Any

import gradio as gr

from ral_core.analysis.decide import Decider, Decision, decide
from ral_core.analysis.similar import Alike, similar
from ral_core.analysis.stability import RankStability, rank_stability
from ral_core.search.engine import MOST, Explorer
from ral_core.search.gallery import Gallery
from ral_core.views import wording
from ral_core.views.doctor_panel import interval
from ral_core.views.filters import read_filters
from ral_core.views.markup import attributes, clock, escape, icon, join, number
from ral_core.views.media import Shelf
from ral_core.views.parts import IN_TURN, block, fresh, safely
from ral_core.views.requests import Request, named, read_request

LOG = logging.getLogger(__name__)

FEW = 4
"""Deciding words shown."""
ALIKE = 8
"""Films alike that are shown for a moment, and for the whole film."""


def add_asides(explorer: Explorer, shelf: Shelf, index: str | None) -> None:
    """Two hidden parts: assets/asides.js asks for them and puts what they say where it belongs."""

    def beside(event: gr.EventData) -> Any:
        request = read_request(event._data)
        wanted = request.choice("kind", ("steady", "decide")) == "decide"
        try:
            return fresh(following(explorer, request, index, wanted))
        except Exception:  # what stands beside an answer takes nothing from it when it fails
            LOG.exception("No intervals and no deciding words for %r", request.query)
            return fresh("")

    def near(event: gr.EventData) -> Any:
        return fresh(safely(lambda asked: alike(explorer, shelf, asked, index), read_request(event._data)))

    asides, dialog = block("", "asides"), block("", "alike")
    asides.submit(beside, None, asides, **IN_TURN)
    dialog.submit(near, None, dialog, **IN_TURN)


def following(explorer: Explorer, request: Request, index: str | None, wanted: bool) -> str:
    """Rank intervals for the cards and, if wanted, the deciding words."""
    place: dict[str, Any] = {"model": request.model, "index": named(explorer, request, index)}
    k = MOST if read_filters(request) else request.k  # films that fit filters stand further down the ranking
    steady = rank_stability(explorer, request.query, k=k, **place)
    words = deciders(decide(explorer, request.query, most=FEW, **place)) if wanted else ""
    about = attributes(data_query=request.query, data_steady=json.dumps(badges(steady)))
    return f"<div{about}>{words}</div>"


def badges(found: RankStability) -> dict[str, tuple[str, str]]:
    """For each film its interval and what that means: by draws where there are distributions, else by words."""
    if found.films:
        return {
            film.video: (
                span(film.low, film.high),
                wording.DRAWS_HELP.format(first=round(100 * film.first)),
            )
            for film in found.films
        }
    return {film.video: (interval(film), wording.WORDS_HELP) for film in found.words}


def span(low: float, high: float) -> str:
    """Two ranks with a dash, or one.

    >>> span(1, 10), span(2, 2)
    ('1–10', '2')
    """
    return f"{low:.0f}" if low == high else f"{low:.0f}–{high:.0f}"


def deciders(found: Decision) -> str:
    """Words to add to the query, each with what it would leave."""
    if not found.words:
        said = wording.NO_CAPTIONS if found.notes else wording.NO_DECIDER
        return f'<span class="deciders"><span>{escape(said)}</span></span>'
    return (
        '<span class="deciders"><span>Words that would decide it:</span> '
        f"{join(decider(one, len(found.close)) for one in found.words)}</span>"
    )


def decider(one: Decider, close: int) -> str:
    """A phrase as a button that adds it."""
    tip = wording.DECIDE_HELP.format(
        query=one.query, keeps=len(one.keeps), close=close, bits=number(one.bits, 2)
    )
    data = attributes(data_query=one.query, title=tip)
    return f'<button type="button" class="pill"{data}>+ {escape(one.word)}<span class="sr-only">. {escape(tip)}</span></button>'


def alike(explorer: Explorer, shelf: Shelf, request: Request, index: str | None) -> str:
    """Moments like one moment, and films like its film."""
    place: dict[str, Any] = {"model": request.model, "index": named(explorer, request, index), "k": ALIKE}
    video = request.video or ""
    gallery = explorer.gallery(explorer.resolve(request.model, place["index"]))
    whole = similar(explorer, video, **place)
    parts = [section("Films like the whole film", whole.films, gallery, shelf)]
    if request.second is not None and whole.start <= request.second <= whole.end:
        near = similar(explorer, video, second=request.second, **place)
        stretch = f"{clock(near.start)}–{clock(near.end)}"
        parts.insert(0, section(f"Moments like {stretch}", near.films, gallery, shelf))
    title = gallery.videos[gallery.rows[video]].title
    return (
        f'<div class="film-details alike"><h2>More like “{escape(title)}”</h2>'
        f'<p class="hint">{escape(wording.ALIKE_HELP)}</p>{join(parts)}</div>'
    )


def section(title: str, films: tuple[Alike, ...], gallery: Gallery, shelf: Shelf) -> str:
    """Films as stills, nearest first."""
    index = gallery.manifest.name
    length = {film.video: gallery.length(gallery.rows[film.video]) for film in films}
    tiles = join(
        f'<li><button type="button" class="tile"{attributes(data_video=film.video, data_title=film.title, data_film=shelf.url(index, "film", film.video), data_still=shelf.still(index, film.video, film.start), data_start=f"{film.start:.2f}", data_end=f"{film.end:.2f}", data_duration=f"{length[film.video]:.2f}")}>'
        f"{picture(film, index, shelf)}<b>{escape(film.title)}</b><small>{clock(film.start)} · cosine {number(film.score)}</small></button></li>"
        for film in films
    )
    shown = f'<ul class="contact">{tiles}</ul>' if films else '<p class="empty">This is the only film.</p>'
    return f"<h3>{escape(title)}</h3>{shown}"


def picture(film: Alike, index: str, shelf: Shelf) -> str:
    """A film's still at the nearest moment."""
    source = shelf.still(index, film.video, (film.start + film.end) / 2)
    if source is None:
        return f'<span class="no-picture">{icon("absent")}</span>'
    return f'<img loading="lazy" decoding="async" width="320" height="180" alt=""{attributes(src=source)}>'
