"""Sentences about events, each together with the logical form that it asserts.

A `Speaker` says the parts; here they are put in order. Text and truth cannot drift apart, since whatever the
speaker says it also notes, and only slots that are visible in the event are ever mentioned.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ral_core.world import wording as w
from ral_core.world.grammar import Phrase, Span, Word, join, say, with_prefix, without_articles
from ral_core.world.logic import Logic
from ral_core.world.scene import Event, Film
from ral_core.world.speaker import DETAILS, Speaker


@dataclass(frozen=True)
class Sentence:
    """A described moment: the words, where they say what, and what they assert."""

    text: str
    spans: tuple[Span, ...]
    logic: Logic
    heldout: bool
    """Whether it holds a synonym that training never reads."""


def describe(
    rng: random.Random, film: Film, event: Event, detail: str, *, open: bool, must: Sequence[str] = ()
) -> Sentence:
    """One sentence about an event at a level of DETAILS."""
    speaker = Speaker(rng, film, event, DETAILS[detail], open=open, must=must)
    subject, place, time, company = speaker.subject(), speaker.place(), speaker.time(), speaker.company()
    order = _order(rng, bool(place), bool(time), bool(company) and company[0].text in ("while", "as", "with"))
    tense = rng.choice(("present", "progressive"))
    loose = order in ("there", "participle", "telegraph", "shot")
    deed = speaker.deed("participle" if loose else tense)
    around = [*time, *place] if place and time and rng.random() < 0.12 else [*place, *time]
    sentence = _arrange(rng, order, subject, deed, place, time, company, around)
    if order == "plain" and not time and not company and rng.random() < 0.09:
        sentence += say(rng.choice(w.TAILS))
    text, spans = join(sentence)
    return Sentence(text, tuple(spans), speaker.logic, speaker.heldout)


ORDERS = {
    "plain": 44, "place_first": 9, "time_first": 6, "company_first": 4, "there": 6, "who": 5, "participle": 10,
    "telegraph": 7, "shot": 4, "finder": 2, "place_inside": 6,
}  # fmt: skip
"""Word orders and how common they are."""


def _order(rng: random.Random, place: bool, time: bool, company: bool) -> str:
    impossible = {
        *(() if place else ("place_first", "place_inside")),
        *(() if time else ("time_first",)),
        *(() if company else ("company_first",)),
    }
    names = [name for name in ORDERS if name not in impossible]
    return rng.choices(names, [ORDERS[name] for name in names])[0]


def _arrange(
    rng: random.Random,
    order: str,
    subject: Phrase,
    deed: Phrase,
    place: Phrase,
    time: Phrase,
    company: Phrase,
    around: Phrase,
) -> Phrase:
    """The words in this order."""
    comma = [Word(",")]
    rest = [*around, *company]
    if order == "place_first":
        return [*place, *comma, *subject, *deed, *time, *company]
    if order == "time_first":
        return [*time, *comma, *subject, *deed, *place, *company]
    if order == "company_first":
        return [*company, *comma, *subject, *deed, *around]
    if order == "place_inside":
        return [*subject, *place, *deed, *time, *company]
    if order == "there":
        indefinite = [Word("a") if word.text == "the" else word for word in subject]
        return [*say("there is"), *indefinite, *deed, *rest]
    if order == "who":
        return [*subject, Word("who"), *deed, *rest]
    if order == "telegraph":
        return without_articles([*subject, *deed, *rest])
    if order == "shot":
        return [*say(rng.choice(w.SHOTS)), *subject, *deed, *rest]
    if order == "finder":
        return [*say(rng.choice(w.FINDERS)), *subject, *deed, *rest]
    lead = say(rng.choice(w.LEADS)) if order == "plain" and rng.random() < 0.13 else []
    return [*lead, *subject, *deed, *rest]


def describe_pair(rng: random.Random, film: Film, first: Event, then: Event, *, open: bool) -> Sentence:
    """One sentence about two events in their order, by the same actor or by two."""
    one = Speaker(rng, film, first, DETAILS["brief"], open=open)
    two = Speaker(rng, film, then, DETAILS["brief"], open=open)
    subject = with_prefix(one.subject(), "first")
    same = first.actor == then.actor
    if same:
        two.pronoun = one.pronoun
        pattern = rng.choice(SAME_PATTERNS if one.pronoun else [p for p in SAME_PATTERNS if "{he}" not in p])
        other = [Word(one.pronoun or "")]
    else:
        pattern = rng.choice(PAIR_PATTERNS)
        other = with_prefix(two.subject(), "then")
    going_on = pattern.startswith("first") or (not same and "and " in pattern)
    forms = {"": rng.choice(("present", "progressive")) if going_on else "present", "ing": "participle"}
    words: Phrase = []
    for part in pattern.split():
        name, _, form = part.strip("{},").partition(":")
        if not part.startswith("{"):
            words += [Word(part.strip(","))]
        elif name in ("a", "b", "he"):
            words += subject if name == "a" else other
        else:
            speaker, prefix = (one, "first") if name == "do" else (two, "then")
            words += with_prefix([*speaker.deed(forms[form]), *speaker.place()], prefix)
        words += [Word(",")] * part.endswith(",")
    text, spans = join(words)
    logic = {"first": one.logic, "then": two.logic, **({"same_actor": True} if same else {})}
    return Sentence(text, tuple(spans), logic, one.heldout or two.heldout)


SAME_PATTERNS = (
    "first {a} {do}, then {he} {next}",
    "{a} {do} and then {next}",
    "{a} first {do} and then {next}",
    "{a} {do}, and later {he} {next}",
    "{a} {do} before {next:ing}",
    "after {do:ing}, {a} {next}",
    "{a} {do}, then {next}",
    "{a} {do} and afterwards {next}",
)
"""Two deeds of one: {do} comes first in time."""
PAIR_PATTERNS = (
    "first {a} {do}, then {b} {next}",
    "{a} {do}, and then {b} {next}",
    "{a} {do} before {b} {next}",
    "after {a} {do}, {b} {next}",
    "{b} {next} after {a} {do}",
    "{a} {do}, followed by {b} {next:ing}",
    "{a} {do} and later {b} {next}",
    "{a} {do}, afterwards {b} {next}",
)
"""A deed of one ({a} {do}), then a deed of another ({b} {next})."""
