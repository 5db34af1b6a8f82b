"""The films of a collection as a contact sheet, and one film with everything that is known about it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlencode

from ral_core.data.captions import Caption
from ral_core.index.folder import VIDEOS, VideoRow, read_videos
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.views.markup import attributes, clock, escape, heads, icon, join, stretch
from ral_core.views.media import Shelf
from ral_core.views.parts import nothing

MOST, TAGS = 240, 24
"""How many films come on the sheet at a time, and the most tags to choose from."""
ABSENT = "There is no file of this film that can be played here; its features are, so it can be found."


def film_sheet(entry: IndexEntry, shelf: Shelf, only: str | None, most: int = MOST) -> str:
    """The first `most` films as stills with their titles; `only` keeps those with a tag.

    Some rows of the sheet are in sight; assets/data.js unrolls it.
    """
    films = films_of(entry)
    tags = [tag for tag, _ in Counter(tag for film in films for tag in film.tags).most_common(TAGS)]
    only = only if only in tags else None
    kept = [film for film in films if only is None or only in film.tags]
    stills = join(tile(film, entry.name, shelf) for film in kept[:most])
    return (
        f"{tag_row(tags, only, len(films))}"
        f'<ul class="contact" id="film-sheet">{stills}</ul>{sheet_foot(len(kept), most)}'
    )


def sheet_foot(films: int, most: int) -> str:
    """The button that unrolls the sheet of `most` films, and one for those that are not on it yet."""
    on = f"all {films:,}" if films <= most else f"the first {most:,} of {films:,}"
    unroll = attributes(data_sheet=MOST, aria_controls="film-sheet", aria_expanded="false")
    next_ones = (
        f'<button type="button" class="pill"{attributes(data_sheet=most + MOST)}>'
        f"Show {min(MOST, films - most):,} more</button>"
        if films > most
        else ""
    )
    return f'<p class="sheet-foot"><button type="button" class="pill"{unroll}>Show {on} films</button>{next_ones}</p>'


def films_of(entry: IndexEntry) -> list[VideoRow]:
    """The videos of an index; a long one that is indexed in windows stands once, with its whole length."""
    return read_films(entry.folder / VIDEOS, (entry.folder / VIDEOS).stat().st_mtime_ns)


@lru_cache(maxsize=16)
def read_films(table: Path, stamp: int) -> list[VideoRow]:
    """The videos of a table, read again only when its time stamp is another; not to be changed."""
    found: dict[str, VideoRow] = {}
    for row in read_videos(table):
        end = row.duration if row.end is None else row.end
        before = found.get(row.video)
        length = end if before is None else max(before.duration, end)
        found[row.video] = replace(before or row, id=row.video, duration=length)
    return list(found.values())


def tag_row(tags: Sequence[str], only: str | None, films: int) -> str:
    """Tags as switches; the first one shows everything."""
    if not tags:
        return ""
    rows = [("", f"all {films:,}"), *((tag, tag) for tag in tags)]
    return (
        '<div class="switches" role="group" aria-label="Which films">'
        + join(
            f'<button type="button" class="pill"{attributes(data_only=tag, aria_pressed=str((only or "") == tag).lower())}>{escape(text)}</button>'
            for tag, text in rows
        )
        + "</div>"
    )


def tile(film: VideoRow, index: str, shelf: Shelf) -> str:
    """One film of the sheet."""
    poster = shelf.url(index, "poster", film.id)
    picture = (
        f'<img loading="lazy" decoding="async" width="320" height="180" alt=""{attributes(src=poster)}>'
        if poster
        else f'<span class="no-picture">{icon("absent")}</span>'
    )
    return (
        f'<li><button type="button" class="tile"{attributes(data_film=film.id)}>{picture}'
        f"<b>{escape(film.title)}</b><small>{clock(film.duration)} · {escape(film.id)}</small></button></li>"
    )


def film_details(explorer: Explorer, shelf: Shelf, entry: IndexEntry, video: str) -> str:
    """One film to watch, with its captions as queries to try."""
    film = next((row for row in films_of(entry) if row.id == video), None)
    if film is None:
        return nothing(f"There is no film {video!r} in the index {entry.name}.")
    captions = [c for c in explorer.collection(entry).captions.values() if c.film == video]
    source, poster = shelf.url(entry.name, "film", video), shelf.url(entry.name, "poster", video)
    copying = attributes(data_copying=film.id, data_index=entry.name, data_title=film.title)
    shown = (
        f'<video controls playsinline preload="none"{attributes(src=source, poster=poster, aria_label=film.title)}></video>'
        if source
        else f'<p class="empty">{ABSENT}</p><div class="copying" hidden{copying}></div>'
    )
    return (
        f'<div class="film-details" data-ready><h2>{escape(film.title)}</h2>'
        f'<p class="hint">{escape(film.id)}, {clock(film.duration)} long. {escape(", ".join(film.tags))}</p>{shown}'
        f"{caption_table(captions, entry.name)}</div>"
    )


def caption_table(captions: Sequence[Caption], index: str) -> str:
    """Captions, each a link that searches for it."""
    if not captions:
        return (
            '<p class="hint">There are no captions of this film, so nothing is known to be true about it.</p>'
        )
    rows = join(
        f'<tr><th scope="row"><a href="/?{escape(urlencode({"q": c.text, "index": index}))}">{escape(c.text)}</a></th>'
        f"<td>{escape(c.level)}</td><td>{when(c)}</td><td>{c.ambiguity}</td></tr>"
        for c in sorted(captions, key=lambda c: (c.start, c.id))
    )
    names = ("what can be said about it", "detail", "when", "films that fit")
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Captions"><table class="plain captions">{heads(names)}<tbody>{rows}</tbody></table></div>'


def when(caption: Caption) -> str:
    """The caption's moment, or a dash where nobody says when it is."""
    return "–" if math.isnan(caption.start) else stretch(caption.start, caption.end)
