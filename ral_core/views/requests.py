"""What a page asks for: the state of one visitor's window, as it stands in the address bar.

The server keeps nothing between two requests. Every event carries the whole state, so a link reopens it, and
twenty visitors cannot disturb each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ral_core.search.engine import MOST, Explorer

COUNTS = (5, 10, 20, 50, 100)
"""How many films the control offers."""
MOST_FILMS, FILMS_STEP = MOST, 5
"""The most films that can be asked for; the button below the cards goes there in steps."""
DEFAULT_K = 10
MOST_MODELS = 5
"""Models that can stand side by side."""
LONGEST = 300
"""Characters of a name in a link; longer ones are no name."""


@dataclass(frozen=True)
class Request:
    """What the page asks for. Everything in it came from a browser and was checked by `read_request`."""

    query: str
    model: str | None = None
    k: int = DEFAULT_K
    video: str | None = None
    second: float | None = None
    index: str | None = None
    models: tuple[str, ...] = ()  # to compare; empty means all
    off: tuple[int, ...] = ()  # places of words whose gate is shut
    on: tuple[int, ...] = ()  # places of words whose gate is forced open
    choices: tuple[tuple[str, str], ...] = ()  # a page's own settings, by name

    def choice(self, name: str, offered: tuple[str, ...]) -> str:
        """A setting of the page: what was asked for if it is offered, else the first one."""
        asked = dict(self.choices).get(name)
        return asked if asked in offered else offered[0]

    def amount(self, name: str, low: float, high: float, default: float) -> float:
        """A numeric setting of the page, cut to its range."""
        asked = finite(dict(self.choices).get(name))
        return default if asked is None else min(high, max(low, asked))


def read_request(data: object) -> Request:
    """A request from whatever an event or a link carries; what does not fit is left out, never an error.

    >>> read_request({"q": "a dog", "k": "7", "t": "-3", "model": ["x"], "off": "2,x,0"})
    Request(query='a dog', model=None, k=5, video=None, second=None, index=None, models=(), off=(0, 2), on=(), choices=())
    """
    fields: Mapping[str, object] = data if isinstance(data, Mapping) else {}

    def text(name: str) -> str | None:
        value = fields.get(name)
        return value if isinstance(value, str) and value and len(value) <= LONGEST else None

    query = fields.get("q")
    count, second = finite(fields.get("k")), finite(fields.get("t"))
    off = places(text("off"))
    return Request(
        query=query if isinstance(query, str) else "",
        model=text("model"),
        k=DEFAULT_K if count is None else nearest(count),
        video=text("video"),
        second=second if second is not None and second >= 0 else None,
        index=text("index"),
        models=names(text("models")),
        off=off,
        on=tuple(place for place in places(text("on")) if place not in off),
        choices=tuple(
            (name, value)
            for name, value in fields.items()
            if name in OWN and isinstance(value, str) and 0 < len(value) <= LONGEST
        ),
    )


def nearest(count: float) -> int:
    """How many films are shown for a number that was asked for.

    >>> nearest(7), nearest(30), nearest(-1), nearest(1e9)
    (5, 30, 5, 100)
    """
    return min(range(FILMS_STEP, MOST_FILMS + 1, FILMS_STEP), key=lambda offered: abs(offered - count))


def named(explorer: Explorer, request: Request, default: str | None) -> str | None:
    """The index that a request names, if it is one of those that are loaded; else the default.

    A link must never make the server open a folder.
    """
    return request.index if request.index in explorer.entries else default


OWN = (
    "rank",
    "care",
    "all",
    "map",
    "colour",
    "report",
    "slice",
    "a",
    "b",
    "metric",
    "only",
    "sheet",
    "seed",
    "step",
    "kind",
    "fuse",
    "rival",
    "round",
    "about",
    "runs",
    "by",
    "tag",
    "length",
    "share",
)
"""Settings that single pages add to the address."""


def names(text: str | None) -> tuple[str, ...]:
    """Different names from a list with commas, at most `MOST_MODELS`.

    >>> names("ral,gmmformer_v2,,ral")
    ('ral', 'gmmformer_v2')
    """
    found = dict.fromkeys(part.strip() for part in (text or "").split(","))
    return tuple(name for name in found if name)[:MOST_MODELS]


def places(text: str | None) -> tuple[int, ...]:
    """Whole numbers from 0 to 99 from a list with commas, in order; anything else is left out."""
    parts = (part.strip() for part in (text or "").split(","))
    return tuple(sorted({int(part) for part in parts if part.isascii() and part.isdigit() and len(part) < 3}))


def finite(value: object) -> float | None:
    """A finite number, or None for anything else."""
    try:
        result = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None
    return result if math.isfinite(result) else None
