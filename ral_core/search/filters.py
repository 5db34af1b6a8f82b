"""Narrowing an answer: by tag, by length of the film, by how much of it its best moment takes up."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ral_core.errors import BadQuery

RANGE = re.compile(r"(\d{0,5})-(\d{0,5})")
Range = tuple[float, float]


@dataclass(frozen=True)
class Filters:
    """Which films an answer may hold; None wants all."""

    tag: str | None = None
    length: Range | None = None  # s of the film, [low, high)
    share: Range | None = None  # per cent of the film that its best moment takes up, [low, high)

    def __bool__(self) -> bool:
        return (self.tag, self.length, self.share) != (None, None, None)

    def keeps_film(self, tags: tuple[str, ...], duration: float) -> bool:
        """Whether a film of so many seconds fits, whatever is asked."""
        return (self.tag is None or self.tag in tags) and inside(duration, self.length)

    def keeps_moment(self, start: float, end: float, duration: float) -> bool:
        """Whether the best moment (s) of a film fits."""
        return inside(100 * (end - start) / max(duration, 1e-6), self.share)


def inside(value: float, limits: Range | None) -> bool:
    """Whether a value lies in [low, high), or nothing limits it."""
    return limits is None or limits[0] <= value < limits[1]


def span(text: str | None) -> Range | None:
    """Two numbers with a dash between; either may be missing, not both. None for anything else.

    >>> span("10-30"), span("-10"), span("30-"), span("x")
    ((10.0, 30.0), (0.0, 10.0), (30.0, inf), None)
    """
    match = RANGE.fullmatch(text or "-")
    if match is None or match.group() == "-":
        return None
    return float(match[1] or 0), float(match[2] or np.inf)


def asked_span(name: str, text: str | None) -> Range | None:
    """A range as it is given to a command; None where it was not given. Raises BadQuery for what is no range."""
    found = span(text)
    if text is not None and found is None:
        raise BadQuery(f"{name} must be a range such as 10-30, -10 or 30-, not {text!r}.")
    if found is not None and found[0] >= found[1]:
        raise BadQuery(f"{name} {text} holds nothing: its first number must be below its second.")
    return found
