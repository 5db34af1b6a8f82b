"""How the query being typed may go on: with words that really follow it in the collection's captions."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from itertools import islice, zip_longest
from typing import Any

from ral_core.world.grammar import FUNCTION_WORDS

LEAST = 2
"""Letters to type before anything is offered."""
MORE = 5
"""Words that a completion adds at most, the one being typed counted."""
KEPT = 1024
"""Phrases whose continuations are remembered: what everybody types first is also what takes longest to count."""
REACH = 64
"""Characters of the typed text that are looked up at most; what stands before them is left alone."""
MARKS = ".,;:!?…\"'()[]“”‘’«»"
"""Punctuation that counts for nothing around a word."""
ENDINGS = FUNCTION_WORDS | {
    "or",
    "but",
    "this",
    "these",
    "my",
    "your",
    "our",
    "was",
    "were",
    "has",
    "he",
    "she",
    "they",
    "be",
}
"""Words that no completion ends with, unless a caption does."""
CLOSES = 0.25
"""Share of a word's places at which one of `ENDINGS` or nothing follows, from which on a phrase may end with it:
"a girl in a white dress" may, "a girl in a white" may not."""


@dataclass(frozen=True)
class Completion:
    """One way to go on."""

    text: str
    """The whole query: what was typed, gone on with."""
    count: int
    """Captions that hold the phrase it was found for."""


@dataclass(frozen=True)
class Completions:
    """Every offer for one typed text, most frequent first."""

    typed: str
    phrase: str
    """The end of the typed text that the captions hold; empty where nothing is offered."""
    captions: int
    """Captions that were looked through."""
    completions: tuple[Completion, ...]

    def to_json(self) -> dict[str, Any]:
        """Everything, as JSON."""
        return asdict(self)


class Phrases:
    """The runs of words of many sentences, sorted once, so that a phrase is found in a few steps."""

    def __init__(self, texts: Iterable[str]) -> None:
        kept = [" ".join(words_of(text)) for text in texts]
        self.sentences = len(kept)
        self._shown = "\n".join(kept)
        self._text = text = lowered(self._shown)
        starts = (match.start() for match in re.finditer(r"\S+", text))
        self._starts = array("q", sorted(starts, key=lambda start: text[start : start + REACH]))
        self._ends = array("q", (match.end() for match in re.finditer(r"[^\n]*(?:\n|$)", text)))
        self._closing = closing(text)
        self._following = lru_cache(maxsize=KEPT)(self._continued)

    def complete(self, typed: str, most: int = 6) -> Completions:
        """The phrases that go on where `typed` ends, by the number of sentences that hold them, then by name.

        The longest end of the typed words that occurs anywhere decides; where that is only the beginning of a word,
        nothing but this word is offered. Of two phrases with the same count of which one goes on from the other, the
        longer one stands. Fewer than `LEAST` letters, or words that never occur, give none.
        """
        written = spaced(typed)
        for phrase in ends_of(written):
            begun = " " not in phrase and " " in written
            found = self._following(phrase, 1 if begun else MORE)
            if found:
                offers = tuple(Completion(written + rest, count) for rest, count in found[:most])
                return Completions(typed, phrase, self.sentences, offers)
        return Completions(typed, "", self.sentences, ())

    def _continued(self, phrase: str, more: int) -> list[tuple[str, int]]:
        """What follows a phrase, up to `more` words, and in how many sentences."""
        said: dict[str, str] = {}
        last: dict[str, int] = {}
        counts: dict[str, int] = {}
        whole: set[str] = set()
        for start in sorted(self._places(phrase)):
            sentence = bisect_right(self._ends, start)
            begin, end = start + len(phrase), self._text.find("\n", start)
            rest = self._text[begin : end if end >= 0 else None]
            for stop in stops(rest, more):
                run = rest[:stop]
                said.setdefault(run, self._shown[begin : begin + stop])
                if last.get(run) != sentence:
                    last[run] = sentence
                    counts[run] = counts.get(run, 0) + 1
                if stop == len(rest):
                    whole.add(run)
        full = {run for run in counts if run in whole or (phrase + run).split()[-1] not in ENDINGS}
        kept = {run for run in full if run in whole or (phrase + run).split()[-1] in self._closing} or full
        covered = {part for run in kept for part in shorter(run) if counts.get(part) == counts[run]}
        order = sorted(kept - covered, key=lambda run: (-counts[run], run))
        return [(said[run], counts[run]) for run in order]

    def _places(self, phrase: str) -> array[int]:
        """Where a phrase stands at the beginning of a word."""

        def key(start: int) -> str:
            return self._text[start : start + len(phrase)]

        return self._starts[
            bisect_left(self._starts, phrase, key=key) : bisect_right(self._starts, phrase, key=key)
        ]


def words_of(text: str) -> list[str]:
    """The words without the punctuation around them.

    >>> words_of("A man, then a dog.")
    ['A', 'man', 'then', 'a', 'dog']
    """
    return [word for part in text.split() if (word := part.strip(MARKS))]


def closing(text: str) -> frozenset[str]:
    """The words of lower-case sentences, one a line, that a phrase may end with.

    >>> sorted(closing("a girl in a white dress\\na girl runs"))
    ['dress', 'girl', 'runs']
    """
    said, closed = Counter[str](), Counter[str]()
    for line in text.split("\n"):
        words = line.split()
        said.update(words)
        closed.update(
            word for word, after in zip_longest(words, words[1:]) if after is None or after in ENDINGS
        )
    return frozenset(
        word for word, times in closed.items() if word not in ENDINGS and times >= CLOSES * said[word]
    )


def lowered(text: str) -> str:
    """Lower case of the same length, so that places in it are places in the text."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def spaced(typed: str) -> str:
    """Single spaces, none in front; one behind where the last word is done."""
    return " ".join(typed.split()) + (" " if typed.strip() and typed[-1].isspace() else "")


def ends_of(written: str) -> Iterator[str]:
    """The ends of a text at its words, longest first, as phrases to look up.

    >>> list(ends_of("a dog ru"))
    ['a dog ru', 'dog ru', 'ru']
    """
    words = words_of(lowered(written))
    tail = " " if written[-1:] == " " else ""
    for first in range(len(words)):
        phrase = " ".join(words[first:])
        lone = first and first == len(words) - 1  # after words that occur nowhere before it
        if len(phrase) >= LEAST and len(phrase + tail) <= REACH and not (lone and phrase in ENDINGS):
            yield phrase + tail


def stops(rest: str, more: int) -> Iterator[int]:
    """Where the first `more` words of `rest` end; a space in front belongs to the first one.

    >>> list(stops("ns on the beach", 3)), list(stops(" runs", 3)), list(stops("", 3))
    ([2, 5, 9], [5], [])
    """
    yield from (match.end() for match in islice(re.finditer(r" ?[^ ]+", rest), more))


def shorter(run: str) -> Iterator[str]:
    """The beginnings of a run that end with a word."""
    yield from (run[: place.start()] for place in re.finditer(" ", run) if place.start())
