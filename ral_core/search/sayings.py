"""What captions say of a film, in pieces that a person would say too: “in the park”, “a little girl”, “kicking a ball”."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Literal, NamedTuple

from ral_core.features.words import WORD
from ral_core.world.grammar import FUNCTION_WORDS
from ral_core.world.wording import GENERAL_NOUNS, NAMELESS

Kind = Literal["place", "subject", "deed"]

ARTICLES = frozenset(("a", "an", "the", "his", "her", "its", "their", "some"))
LINKS = frozenset(("in", "on", "at", "with", "by", "near", "under", "beside", "wearing", "of", "to", "along"))
"""Words that tie a phrase to what stands before it."""
OPENERS = LINKS - {"of", "to", "along"}
"""Those with which a phrase can be added to any sentence."""
ENDERS = (
    FUNCTION_WORDS
    | LINKS
    | ARTICLES
    | frozenset(("or", "but", "he", "she", "they", "was", "were", "has", "be", "when", "where", "nearby"))
    | frozenset(("next", "after", "before", "first", "afterwards", "later"))
)
"""Words that no phrase goes over, unless they lead on to its noun."""
GENERAL = frozenset(noun for _, nouns in GENERAL_NOUNS for noun in (n.lstrip("!") for n in nouns)) | {
    "people",
    *NAMELESS,
}
"""Nouns that leave open who it is; a subject can stand in their place."""
NOTHINGS = frozenset(
    ("scene", "shot", "part", "moment", "point", "clip", "video", "front", "company", "end", "time")
)
"""Nouns that name nothing to be seen."""
LIGHT = frozenset(
    (
        *("going", "having", "taking", "making", "doing", "being", "looking", "using"),
        *("putting", "getting", "giving", "showing", "holding"),
    )
)
"""Verbs that say nothing alone."""
CLOSES = 0.3
"""Share of its places at which a phrase must end, to be whole: “baseball” goes on to “cap” and is none."""
LONGEST = 3
"""Words of a noun phrase, such as “blue baseball cap”."""


class Saying(NamedTuple):
    """A phrase of the captions, with "a" for every article so that "the park" and "a park" are one."""

    text: str
    kind: Kind

    @property
    def words(self) -> frozenset[str]:
        """Its words that name something."""
        return frozenset(word for word in self.text.split() if word not in ENDERS)


class Sayings:
    """The phrases of a collection's captions; what is half of a longer one is told by how seldom it ends there."""

    def __init__(self, texts: Iterable[str]) -> None:
        whole: Counter[Saying] = Counter()
        everywhere: Counter[Saying] = Counter()
        shown: dict[Saying, Counter[str]] = defaultdict(Counter)
        things: set[str] = set()
        for text in texts:
            things |= {match.group().lower() for match in THING.finditer(text)}
            for saying, said, closed in pieces(text):
                everywhere[saying] += 1
                whole[saying] += closed
                shown[saying][said] += 1
        kept = {one for one, n in everywhere.items() if whole[one] >= max(2, CLOSES * n)}
        self.counts = {
            one: everywhere[one]
            for one in kept
            if (one.kind == "deed" and " ".join(one.text.split()[:2]) not in things)
            or (one.kind != "deed" and one._replace(text=one.text.rpartition(" ")[0]) not in kept)
        }
        """How many places of the captions hold each whole phrase; what is whole at one place only proves nothing.

        “a dog sits” is no longer “a dog”, and a “watering can” no deed."""
        self._shown = {one: shown[one].most_common(1)[0][0] for one in self.counts}

    def of(self, text: str) -> frozenset[Saying]:
        """The whole phrases that a text says."""
        return frozenset(saying for saying, _, _ in pieces(text) if saying in self.counts)

    def shown(self, saying: Saying) -> str:
        """A phrase as the captions say it most."""
        return self._shown[saying]


def pieces(text: str) -> Iterator[tuple[Saying, str, bool]]:
    """Every phrase that could begin at some word: with one article for all, as it stands, and whether it ends there.

    >>> [said for _, said, closed in pieces("a girl in a red cap paints in the park") if closed]
    ['a girl', 'in a red cap paints', 'in the park']
    """
    words = [match.group().lower() for match in WORD.finditer(text)]
    for start, word in enumerate(words):
        if word in OPENERS:
            kind: Kind = "place"
        elif word in ARTICLES and start == 0:
            kind = "subject"
        elif word.endswith("ing") and word not in ENDERS and start and words[start - 1] not in ARTICLES:
            kind = "deed"
        else:
            continue
        at = start if kind == "subject" else start + 1
        at += at < len(words) and kind == "deed" and words[at] in LINKS
        at += at < len(words) and words[at] in ARTICLES
        if kind == "deed" and word not in LIGHT:
            alone = ends(words, start + 1) and not ARTICLES.intersection(words[start + 1 : start + 2])
            yield Saying(word, kind), word, alone
        for end in range(at + 1, min(at + LONGEST, len(words)) + 1):
            if words[end - 1] in ENDERS or not words[end - 1][0].isalpha():
                break
            if words[end - 1] in NOTHINGS:
                break
            if words[end - 1] not in GENERAL:
                yield saying(words[start:end], kind), " ".join(words[start:end]), ends(words, end)


def ends(words: list[str], place: int) -> bool:
    """Whether a phrase before this place is over."""
    return place >= len(words) or words[place] in ENDERS or not words[place][0].isalpha()


def saying(words: list[str], kind: Kind) -> Saying:
    """The phrase of these words."""
    return Saying(" ".join("a" if word in ARTICLES else word for word in words), kind)


def added(query: str, phrase: str, kind: Kind) -> str:
    """The query with a phrase: a subject takes the place of “someone” and the like, the others stand behind.

    >>> added("a person paints.", "a lady", "subject"), added("a dog", "in the park", "place")
    ('a lady paints', 'a dog in the park')
    >>> added("a dog", "chasing a ball", "deed"), added("a man with a cap", "with a broom", "place")
    ('a dog, chasing a ball', 'a man with a cap, with a broom')
    """
    plain = query.rstrip(" .")
    if kind == "subject":
        return OPEN.sub(phrase, plain, count=1)
    again = phrase.split()[0] in plain.lower().split()
    return f"{plain}, {phrase}" if again or kind == "deed" else f"{plain} {phrase}"


OPEN = re.compile(rf"\b(?:(?:an?|the|some) )?(?:{'|'.join(sorted(GENERAL))})\b", re.IGNORECASE)
"""What leaves open who it is, with its article."""
THING = re.compile(r"(?<=\ba )\w+ing \w+|(?<=\bthe )\w+ing \w+", re.IGNORECASE)
"""What ends in -ing after an article, and the next word: “watering can”."""
