"""From word pieces to the words a person reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[int, int]  # character offsets (start, end) into the text as it was typed

WORD = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]+")  # red-haired and don't are one word; punctuation stands alone


@dataclass(frozen=True)
class Word:
    """One word of a query and the pieces that an encoder made of it."""

    text: str
    start: int
    end: int
    pieces: tuple[int, ...]


def words_of(text: str, offsets: Sequence[Span]) -> list[Word]:
    """Group pieces into words; every piece belongs to exactly one, in order.

    offsets: W spans of pieces in `text`. Words that got no piece (cut off, or dropped by the tokenizer) are left
    out. A piece that spans several words, as an emoji of several signs does, joins them.

    >>> [(word.text, word.pieces) for word in words_of("a red-haired man", [(0, 1), (2, 5), (5, 6), (6, 12)])]
    [('a', (0,)), ('red-haired', (1, 2, 3))]
    """
    spans = [match.span() for match in WORD.finditer(text)]
    words: list[Word] = []
    at = 0
    for number, (start, end) in enumerate(offsets):
        while at < len(spans) and spans[at][1] <= start:
            at += 1
        first, last = _covered(spans, at, start, end)
        if words and first < words[-1].end:
            before = words.pop()
            first, last, pieces = before.start, max(last, before.end), (*before.pieces, number)
        else:
            pieces = (number,)
        words.append(Word(text[first:last], first, last, pieces))
    return words


def _covered(spans: Sequence[Span], at: int, start: int, end: int) -> Span:
    """The characters of all words from number `at` on that the piece (start, end) touches, and its own."""
    first, last = start, end
    for word_start, word_end in spans[at:]:
        if word_start >= end:
            break
        first, last = min(first, word_start), max(last, word_end)
    return first, last


def squeeze(text: str) -> tuple[str, list[int]]:
    """The text with runs of white space made one space and the ends trimmed, and where each character was.

    The list has one entry more than the text, the place after its last character.

    >>> squeeze("  a\\t b ")
    ('a b', [2, 3, 5, 6])
    """
    kept: list[str] = []
    places: list[int] = []
    for match in re.finditer(r"\S+", text):
        if kept:
            kept.append(" ")
            places.append(places[-1] + 1)
        kept.append(match.group())
        places += range(match.start(), match.end())
    return "".join(kept), [*places, places[-1] + 1 if places else 0]
