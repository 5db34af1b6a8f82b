"""Small English: words that know their slot, verb forms, articles, and joining words to a line of text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

FUNCTION_WORDS = frozenset(
    (
        *(
            "a",
            "an",
            "and",
            "are",
            "along",
            "around",
            "as",
            "at",
            "by",
            "down",
            "dressed",
            "for",
            "from",
            "her",
        ),
        *(
            "here",
            "his",
            "in",
            "into",
            "is",
            "it",
            "its",
            "no",
            "of",
            "on",
            "out",
            "some",
            "something",
            "that",
        ),
        *("the", "their", "them", "then", "there", "to", "up", "us", "wearing", "while", "who", "with"),
    )
)
"""Words that say no slot by themselves (unless nothing else in the phrase does)."""
DOUBLED = frozenset(("run", "sit", "nap", "hop", "hit", "strum", "sip", "stir", "snap", "put", "trot"))
"""Verbs that double their last letter before -ing."""


@dataclass(frozen=True)
class Word:
    """A word or comma of a sentence, and the slot it says."""

    text: str
    slot: str | None = None


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of a text that say a slot."""

    slot: str
    start: int
    end: int


Phrase = list[Word]


def say(text: str, slot: str | None = None) -> Phrase:
    """The words of `text`; those that carry meaning say `slot`. If all are function words, all of them do."""
    words = text.split()
    meaningful = [word for word in words if word not in FUNCTION_WORDS]
    return [Word(word, slot if word in (meaningful or words) else None) for word in words]


def with_prefix(phrase: Phrase, prefix: str) -> Phrase:
    """The phrase with its slots renamed to `prefix.slot`."""
    return [replace(word, slot=f"{prefix}.{word.slot}") if word.slot else word for word in phrase]


def third_person(verb: str) -> str:
    """`walk` as `walks`."""
    if verb in ("be", "have"):
        return {"be": "is", "have": "has"}[verb]
    if verb.endswith(("s", "sh", "ch", "x", "z", "o")):
        return verb + "es"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb[:-1] + "ies"
    return verb + "s"


def participle(verb: str) -> str:
    """`walk` as `walking`; `be` as nothing, since "a man asleep" needs no verb."""
    if verb == "be":
        return ""
    if verb == "lie":
        return "lying"
    if verb in DOUBLED:
        return verb + verb[-1] + "ing"
    if verb.endswith("e") and not verb.endswith("ee"):
        return verb[:-1] + "ing"
    return verb + "ing"


def inflect(template: str, form: str) -> str:
    """The template with its `~verbs` as `present` ("walks"), `progressive` ("is walking") or `participle`."""
    words: list[str] = []
    for number, word in enumerate(template.split()):
        if not word.startswith("~"):
            words.append(word)
        elif form == "present" or (word == "~be" and form == "progressive"):
            words.append(third_person(word[1:]))
        else:
            words.extend(["is"] * (form == "progressive" and number == 0))
            words.append(participle(word[1:]))
    return " ".join(word for word in words if word)


def without_articles(phrase: Phrase) -> Phrase:
    """The words as people type them into a search box."""
    return [word for word in phrase if word.text not in ("a", "the", "is")]


def join(phrase: Iterable[Word]) -> tuple[str, list[Span]]:
    """The text of a phrase and the spans of its slots; `a` becomes `an` where it should."""
    words = list(phrase)
    text = ""
    spans: list[Span] = []
    for index, word in enumerate(words):
        shown = word.text
        if shown == "a" and index + 1 < len(words) and words[index + 1].text[0] in "aeiou":
            shown = "an"
        if text and shown != ",":
            text += " "
        start = len(text)
        text += shown
        if word.slot is None:
            continue
        if spans and index and words[index - 1].slot == word.slot and spans[-1].end == start - 1:
            spans[-1] = Span(word.slot, spans[-1].start, len(text))
        else:
            spans.append(Span(word.slot, start, len(text)))
    return text, spans


def listed(items: Sequence[Phrase]) -> Phrase:
    """`x and y`."""
    phrase = list(items[0])
    for item in items[1:]:
        phrase += [Word("and"), *item]
    return phrase
