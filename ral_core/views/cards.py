"""The ranked list: a verdict, then one card for each film found."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from ral_core.search.results import Hit, SearchResult
from ral_core.views import wording
from ral_core.views.charts import mini_timeline, split_bar
from ral_core.views.markup import attributes, escape, hidden, icon, join, number, prose, stretch
from ral_core.views.media import Shelf
from ral_core.views.more import more_button
from ral_core.views.query_bar import model_title

MARKS = 3
"""Moments that get a mark on a card's time line."""


def results_list(
    result: SearchResult,
    shelf: Shelf,
    k: int,
    chosen: str | None,
    second: float | None,
    filters: str = "",
) -> str:
    """The whole answer to a query as HTML. `chosen` is the film the page opens, at `second` if given.

    `filters` is the (escaped) filter bar.
    """
    head = attributes(
        class_="results",
        data_query=result.query,
        data_model=result.model,
        data_index=result.index,
        data_k=k,
        data_chosen=chosen,
        data_second=None if second is None else f"{second:.2f}",
        data_missing=absence(result, shelf),
        aria_label=f"Films for {result.query}",
    )
    if not result.hits:
        why = wording.NO_FIT if filters and result.films else wording.NO_HITS
        return f'<section{head}>{verdict(result)}{filters}<p class="empty">{escape(why)}</p></section>'
    return f'<section{head}>{verdict(result)}{filters}<ol class="cards">{join(rows(result, shelf))}</ol>{more_button(result, k)}{facts(result)}</section>'


def absence(result: SearchResult, shelf: Shelf) -> str:
    """Why a film of the list cannot be played, where one cannot."""
    some = any(shelf.url(result.index, "film", hit.video) for hit in result.hits)
    return wording.NO_FILM if some else wording.NO_FILMS


def rows(result: SearchResult, shelf: Shelf) -> Iterator[str]:
    """The cards in order, with the cut line between the films above and below it."""
    scale = max((weighted(hit, result)[0] + weighted(hit, result)[1] for hit in result.hits), default=1.0)
    over = [place for place, hit in enumerate(result.hits) if not under(hit, result)]
    for place, hit in enumerate(result.hits):
        if result.cutoff is not None and place == (over[-1] + 1 if over else 0):
            yield cut_line(result, place)
        yield card(hit, result, shelf, scale)


def under(hit: Hit, result: SearchResult) -> bool:
    """Whether a film's z lies below the index's cut line."""
    return result.cutoff is not None and hit.z is not None and hit.z < result.cutoff


def card(hit: Hit, result: SearchResult, shelf: Shelf, scale: float) -> str:
    """One film: rank, still, title, best moment, score, time line with its moments, parts, and what to do."""
    title, when = escape(hit.title), stretch(hit.start, hit.end)
    film = shelf.url(result.index, "film", hit.video)
    verb = "Play" if film else "Show"
    data = attributes(
        class_="card under" if under(hit, result) else "card",
        data_video=hit.video,
        data_rank=hit.rank,
        data_title=hit.title,
        data_film=film,
        data_still=shelf.still(result.index, hit.video, hit.start),
        data_start=f"{hit.start:.3f}",
        data_end=f"{hit.end:.3f}",
        data_duration=f"{hit.duration:.3f}",
    )
    return (
        f"<li{data}>{still(hit, result.index, shelf)}"
        '<div class="card-body">'
        f'<div class="card-head"><h3><button type="button" class="card-title" data-act="play">{title}'
        f"{hidden(f', {when}')}</button></h3>{score(hit, result)}</div>"
        f'<p class="when">{when}<span class="of"> of {stretch(0, hit.duration).split("–")[1]}</span></p>'
        f"{mini_timeline(hit.timeline, hit.duration, hit.moments[:MARKS], hit.title, verb)}"
        f'{moment_list(hit, verb)}<div class="card-foot">{parts(hit, result, scale)}{actions(hit, film is not None)}</div>'
        "</div></li>"
    )


def moment_list(hit: Hit, verb: str) -> str:
    """Every moment of the film as a button, best first; shown when all moments are wanted. `verb` says what it does."""
    items = join(
        f'<li><button type="button" class="pill"{attributes(data_moment=place, data_start=f"{moment.start:.3f}", data_end=f"{moment.end:.3f}", title=f"{verb} {stretch(moment.start, moment.end)}")}>{stretch(moment.start, moment.end)}</button></li>'
        for place, moment in enumerate(hit.moments)
    )
    return f'<ol class="moment-list" aria-label="Moments of this film, best first">{items}</ol>'


def still(hit: Hit, index: str, shelf: Shelf) -> str:
    """The found moment's picture with the rank; moving over it leafs through the film. The title does the same."""
    picture = shelf.still(index, hit.video, hit.moments[0].peak if hit.moments else hit.start)
    strip = shelf.url(index, "strip", hit.video)
    shown = (
        f'<img loading="lazy" decoding="async" width="320" height="180" alt=""{attributes(src=picture)}>'
        if picture
        else f'<span class="no-picture">{icon("absent")}</span>'
    )
    film = shelf.url(index, "film", hit.video)
    press = f'<span class="still-play">{icon("play")}</span>' if film else ""
    leaf = attributes(
        data_strip=strip, data_pictures=shelf.strip_pictures(index, hit.video) or None, data_act="play"
    )
    return (
        f'<div class="still"{leaf}>{shown}<span class="leaf"></span>'
        f'<span class="rank">{hidden("Rank ")}{hit.rank}</span>{press}</div>'
    )


def score(hit: Hit, result: SearchResult) -> str:
    """The calibrated score, with the raw one on hover; the raw one where there is no calibration."""
    raw = f"raw score {number(hit.score, 3)}"
    if hit.z is None:
        return f'<span class="score"{attributes(title=wording.RAW_HELP)}><b>{number(hit.score, 3)}</b><small>raw</small></span>'
    tip, said = f"{wording.z_phrase(hit.z)}; {raw}. {wording.Z_HELP}", raw
    if under(hit, result):
        line = number(result.cutoff or 0.0, 1)
        tip, said = f"{wording.UNDER_HELP.format(z=line)} {tip}", f"{raw}, below the line of z {line}"
    return f'<span class="score"{attributes(title=tip)}><small>z</small><b>{number(hit.z, 1)}</b>{hidden(f"({said})")}</span>'


def parts(hit: Hit, result: SearchResult, scale: float) -> str:
    """How much of the score comes from the clip and from the frame branch."""
    clip, frame = weighted(hit, result)
    label = (
        f"clip part {number(clip, 3)} ({number(result.clip_weight)} × {number(hit.clip, 3)}), "
        f"frame part {number(frame, 3)} ({number(result.frame_weight)} × {number(hit.frame, 3)})"
    )
    return (
        f'<div class="parts">{split_bar(clip, frame, scale, label)}'
        f'<span class="part-numbers" aria-hidden="true"><span class="clip">clip {number(hit.clip)}</span>'
        f'<span class="frame">frame {number(hit.frame)}</span></span></div>'
    )


def weighted(hit: Hit, result: SearchResult) -> tuple[float, float]:
    """Both parts with their weights; their sum is the score."""
    return result.clip_weight * hit.clip, result.frame_weight * hit.frame


def actions(hit: Hit, plays: bool) -> str:
    """What can be done with a film; one without a file cannot be played."""
    buttons = (
        *([("play", "play", "Play", "")] if plays else []),
        ("why", "why", "Why", ""),
        ("alike", "more", "More like this", " sole"),
        ("pin", "pin", "Pin", " sole"),
        ("copy", "link", "Link", " sole"),
    )
    return (
        '<div class="actions">'
        + join(
            f'<button type="button" class="quiet{how}" data-act="{act}"{attributes(title=text, aria_label=f"{text}: {hit.title}")}>'
            f"{icon(drawing)}<span>{text}</span></button>"
            for act, drawing, text, how in buttons
        )
        + "</div>"
    )


def cut_line(result: SearchResult, above: int) -> str:
    """The place in the list below which z is lower than the index's line; `above` films stand over it.

    The verdict weighs more than z. Where the two disagree about the films at the top, the line says so.
    """
    said = wording.CUT
    if result.state == "unlikely" and above:
        said = wording.CUT_DOUBTED
    elif result.state != "unlikely" and not above:
        said = wording.CUT_BELIEVED
    return (
        f'<li class="cut"><button type="button" aria-describedby="cut-help">{escape(said.format(z=number(result.cutoff or 0.0, 1)))}</button>'
        f'<span role="tooltip" id="cut-help">{escape(wording.CUT_HELP)}</span></li>'
    )


def verdict(result: SearchResult) -> str:
    """One line over the list: clear, ambiguous or probably not here, with the reason."""
    name, drawing = wording.STATES[result.state]
    notes = list(result.notes)
    if result.truncated and not any("long" in note or "cut" in note for note in notes):
        notes.insert(0, "The query is longer than the text encoder reads; its end was not used.")
    more = join(f'<p class="note">{icon("info")}<span>{prose(note)}</span></p>' for note in notes)
    deciding = (
        f'<p class="decide" aria-live="polite">{escape(wording.DECIDING)}</p>'
        if result.state == "ambiguous"
        else ""
    )
    return (
        f'<div class="verdict {result.state}" role="status"><span class="verdict-icon">{icon(drawing)}</span>'
        f"<div><h2>{name}</h2><p>{escape(result.reason)}</p>{deciding}</div></div>{more}"
    )


def facts(result: SearchResult) -> str:
    """What was ranked, how, and how long it took."""
    how = "all compared exactly" if result.searched == "exact" else "best candidates compared exactly"
    films = f"{result.films:,} film{'' if result.films == 1 else 's'}"
    return (
        f'<p class="facts">{films}, {how} in {1000 * result.seconds:.0f} ms on {escape(result.device.upper())} '
        f"with {escape(model_title(result.model))}.{run_links(result)}</p>"
    )


def run_links(result: SearchResult) -> str:
    """This ranking as a file for other people's tools, and the judgements where there are some."""
    asked = urlencode({"q": result.query, "model": result.model, "index": result.index})
    links = [("query.run", "TREC run", "The first 100 films of this query as a TREC run")]
    if result.truth is not None:
        links.append(("split.qrels", "qrels", "Which films satisfy which caption, as TREC judgements"))
    return join(
        f' <a class="quiet" download{attributes(href=f"/export/{name}?{asked}", title=tip)}>{icon("save")}<span>{text}</span></a>'
        for name, text, tip in links
    )
