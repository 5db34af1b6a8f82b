"""Words of a query that no caption of the collection uses."""

from __future__ import annotations

from collections.abc import Iterable

from ral_core.features.words import WORD
from ral_core.world.grammar import FUNCTION_WORDS

ENDINGS = ("ing", "ies", "ed", "es", "er", "s", "d", "y", "e")
"""What may differ between two forms of a word, longest first."""
SHORTEST = 3
"""Letters that are left of a word at least."""


class Vocabulary:
    """Every word of some sentences, in any of its forms."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._words = {word for text in texts for word in named(text)}
        self._stems = {stem for word in self._words for stem in stems(word)}

    def __contains__(self, word: object) -> bool:
        """Whether some sentence says the word in this very form."""
        return isinstance(word, str) and word.lower() in self._words

    def __len__(self) -> int:
        return len(self._stems)

    def strange(self, text: str) -> tuple[str, ...]:
        """Words of a text that name something and that no sentence says in any form, each once, in order.

        Empty where there are no sentences to know words from.
        """
        if not self._stems:
            return ()
        return tuple(dict.fromkeys(word for word in named(text) if not stems(word) & self._stems))


def named(text: str) -> list[str]:
    """The words of a text that name something, in lower case, parts of compounds apart.

    >>> named("A red-haired man's kite")
    ['red', 'haired', 'man', 'kite']
    """
    words = (
        word.removesuffix("'s").removesuffix("’s").lower() for word in WORD.findall(text) if word[0].isalnum()
    )
    parts = (part for word in words for part in word.split("-"))
    return [part for part in parts if part and part not in FUNCTION_WORDS]


def stems(word: str) -> set[str]:
    """The word and what is left of it without its ending, a doubled letter once: forms of one word share one.

    >>> stems("running") & stems("runs")
    {'run'}
    """
    found = {word}
    for ending in ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= SHORTEST:
            found.add(rest)
            if len(rest) > SHORTEST and rest[-1] == rest[-2]:
                found.add(rest[:-1])
    return found
