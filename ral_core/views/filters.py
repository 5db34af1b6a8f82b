"""Narrowing the list: by place, by length of the film, by how much of it the moment takes up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ral_core.index.folder import VideoRow
from ral_core.search.collections import IndexEntry
from ral_core.search.filters import Filters, Range, span
from ral_core.views.film_sheet import films_of
from ral_core.views.markup import attributes, clock, escape, join
from ral_core.views.requests import Request

TAGS = 24
"""The most tags offered."""
SHARES = (
    ("-10", "short moments, under 10 % of the film"),
    ("10-30", "10 to 30 % of the film"),
    ("30-", "over 30 %"),
)


def read_filters(request: Request) -> Filters:
    """The filters that a request names; what cannot be read filters nothing.

    >>> read_filters(Request("", choices=(("tag", "beach"), ("length", "30-"), ("share", "x"))))
    Filters(tag='beach', length=(30.0, inf), share=None)
    """
    asked = dict(request.choices)
    return Filters(asked.get("tag"), span(asked.get("length")), span(asked.get("share")))


def filter_bar(entry: IndexEntry, filters: Filters, more: str = "") -> str:
    """The filters that this collection has something for, and `more` (escaped HTML) behind them."""
    films = films_of(entry)
    picks = [
        pick("tag", "any tag", tags(films), filters.tag),
        pick("length", "any length", lengths(film.duration for film in films), written(filters.length)),
        pick("share", "any share", SHARES, written(filters.share)),
    ]
    clear = '<button type="button" class="quiet" data-filter="none">show all</button>' if filters else ""
    return f'<div class="filters" role="group" aria-label="Filters">{join(picks)}{more}{clear}<button type="button" class="pill" data-all aria-pressed="false" title="Best moment of each film, or all moments (g)">all moments</button></div>'


def pick(name: str, everything: str, offered: Sequence[tuple[str, str]], chosen: str | None) -> str:
    """One filter; nothing where there is no choice."""
    if len(offered) < 2:
        return ""
    options = join(
        f"<option{attributes(value=value, selected=value == (chosen or ''))}>{escape(text)}</option>"
        for value, text in [("", everything), *offered]
    )
    lit = attributes(data_lit=chosen is not None)
    return f'<label class="pick"{lit}><span class="sr-only">{escape(everything)}</span><select data-filter="{name}">{options}</select></label>'


def tags(films: Iterable[VideoRow]) -> list[tuple[str, str]]:
    """Tags that some films have and others have not, with their counts, by name."""
    films = list(films)
    count = Counter(tag for film in films for tag in set(film.tags))
    telling = [(tag, n) for tag, n in count.most_common() if n < len(films)][:TAGS]
    return [(tag, f"{tag} ({n})") for tag, n in sorted(telling)]


def lengths(durations: Iterable[float]) -> list[tuple[str, str]]:
    """Three lengths of film with about as many films each; none where all are alike.

    >>> lengths([10, 20, 30, 40, 50, 60])
    [('-27', 'up to 0:27'), ('27-43', '0:27 to 0:43'), ('43-', 'from 0:43')]
    """
    values = np.array(list(durations), dtype=float)
    low, high = (
        (round(float(edge)) for edge in np.quantile(values, (1 / 3, 2 / 3))) if len(values) else (0, 0)
    )
    if not values.min(initial=np.inf) < low < high:
        return []
    first, second = clock(low), clock(high)
    return [
        (f"-{low}", f"up to {first}"),
        (f"{low}-{high}", f"{first} to {second}"),
        (f"{high}-", f"from {second}"),
    ]


def written(pair: Range | None) -> str | None:
    """A range as it stands in a link."""
    if pair is None:
        return None
    low, high = (("" if edge in (0, np.inf) else f"{edge:.0f}") for edge in pair)
    return f"{low}-{high}"
