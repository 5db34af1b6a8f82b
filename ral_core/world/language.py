"""Sentences about events, each together with the logical form that it asserts.

A `Speaker` describes one event: every method that says something notes in `logic` what it has said, so text and
truth cannot drift apart. Only slots that are visible in the event are ever mentioned.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ral_core.world import wording as w
from ral_core.world.grammar import (
    Phrase,
    Span,
    Word,
    inflect,
    join,
    listed,
    say,
    with_prefix,
    without_articles,
)
from ral_core.world.logic import Logic
from ral_core.world.scene import Event, Film
from ral_core.world.vocabulary import ANIMALS, BALD, GARMENTS, MEANINGS, SLOTS, YES, garment

HELDOUT_CHANCE = 0.09
"""How often a held-out synonym is taken where it may be and there is one."""


@dataclass(frozen=True, kw_only=True)
class Detail:
    """How much a sentence says: the chance of mentioning each thing that is visible."""

    name: str
    general_kind: float = 0.0
    general_deed: float = 0.0
    top: float = 0.0
    fur: float = 0.0
    extra: float = 0.0
    """Hair, beard, glasses or hat."""
    prop: float = 0.0
    setting: float = 0.0
    sky: float = 0.0
    bystander: float = 0.0


DETAILS = {
    detail.name: detail
    for detail in (
        Detail(name="vague", general_kind=0.4, general_deed=0.6, prop=0.12, setting=0.28, sky=0.1, bystander=0.1),
        Detail(
            name="mid", general_kind=0.1, general_deed=0.15, top=0.55, fur=0.6, extra=0.16, prop=0.5, setting=0.5,
            sky=0.22, bystander=0.28,
        ),
        Detail(
            name="full", top=0.93, fur=0.95, extra=0.45, prop=0.92, setting=0.88, sky=0.42, bystander=0.65
        ),
        Detail(name="brief", general_kind=0.15, general_deed=0.15, top=0.3, fur=0.4, prop=0.35, setting=0.15),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Sentence:
    """A described moment: the words, where they say what, and what they assert."""

    text: str
    spans: tuple[Span, ...]
    logic: Logic
    heldout: bool
    """Whether it holds a synonym that training never reads."""


class Speaker:
    """Describes one event in one way."""

    def __init__(
        self,
        rng: random.Random,
        film: Film,
        event: Event,
        detail: Detail,
        *,
        open: bool,
        must: Sequence[str] = (),
    ) -> None:
        """`open` allows held-out synonyms; slots in `must` are mentioned if they are visible."""
        self.rng, self.film, self.event, self.detail = rng, film, event, detail
        self.who = film.cast[event.actor]
        self.open, self.must = open, set(must)
        self.asserted: dict[str, list[str]] = {}
        self.heldout = False
        self.pronoun: str | None = None

    @property
    def logic(self) -> dict[str, list[str]]:
        """What has been said so far, slots in the order of the vocabulary."""
        return {slot: self.asserted[slot] for slot in SLOTS if slot in self.asserted}

    def pick(self, options: Sequence[str]) -> str:
        """One of the wordings, rarely a held-out one; notes it if so."""
        closed = [option for option in options if not option.startswith("!")]
        hidden = [option[1:] for option in options if option.startswith("!")]
        if self.open and hidden and self.rng.random() < HELDOUT_CHANCE:
            self.heldout = True
            return self.rng.choice(hidden)
        return self.rng.choice(closed)

    def mentions(self, slot: str, chance: float) -> bool:
        """Whether to say this slot, which must be visible."""
        said = self.rng.random() < chance or slot in self.must
        return said and slot in self.event.visible

    def subject(self) -> Phrase:
        """The actor, with an article: "a little boy in a red shirt"."""
        exact = "kind" in self.must or (self.who.kind == "robot" and "top" in self.must)
        noun = self._noun(self.who.kind, "kind", 0.0 if exact else self.detail.general_kind)
        self.pronoun = w.PRONOUNS[self.who.kind] if len(self.asserted["kind"]) == 1 else None
        if self.who.kind in ANIMALS and len(self.asserted["kind"]) > 1:
            self.pronoun = "it"
        before, after = self._looks(noun[0].text in w.NAMELESS)
        article = self.rng.choices(("a", "the"), (7, 1))[0]
        if noun[0].text in w.NAMELESS:
            return [*noun, *after]
        size = [noun[0]] if len(noun) > 1 and noun[0].text in ("little", "young") else []
        return [Word(article), *size, *before, *noun[len(size) :], *after]

    def _noun(self, kind: str, slot: str, general: float) -> Phrase:
        """A noun for somebody of this kind, without article; notes which kinds it may mean."""
        tables = w.GENERAL_NOUNS if self.rng.random() < general else w.NOUNS
        kinds, nouns = self.rng.choice([entry for entry in tables if kind in entry[0]] or [self._exact(kind)])
        self.asserted[slot] = list(kinds)
        return say(self.pick(nouns), slot)

    @staticmethod
    def _exact(kind: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        return next(entry for entry in w.NOUNS if entry[0] == (kind,))

    def _looks(self, nameless: bool) -> tuple[Phrase, Phrase]:
        """Adjectives before the noun and phrases after it."""
        before: Phrase = []
        worn: list[Phrase] = []  # after "in"
        borne: list[Phrase] = []  # after "with"
        if self.mentions("fur", self.detail.fur) and self.who.fur:
            self.asserted["fur"] = [self.who.fur]
            before = say(self.pick(w.FUR_ADJECTIVES[self.who.fur]), "fur")
        extra = next(
            (slot for slot in ("hair", "beard", "glasses", "hat", "hat_color") if slot in self.must), None
        )
        seen = [slot for slot in ("hair", "beard", "glasses", "hat") if slot in self.event.visible]
        if extra is None and seen and self.rng.random() < self.detail.extra:
            extra = self.rng.choice(seen)
        if extra == "hair":
            before, borne = self._hair(nameless)
        elif extra == "beard":
            self.asserted["beard"] = [YES]
            before, borne = (
                ([], [say("a beard", "beard")])
                if nameless or self.rng.random() < 0.4
                else (say("bearded", "beard"), [])
            )
        elif extra == "glasses":
            self.asserted["glasses"] = [YES]
            borne = [say(self.pick(w.GLASSES_SAID), "glasses")]
        elif extra in ("hat", "hat_color"):
            worn = [self._hat()]
        telling = self.who.kind == "robot" and len(self.asserted["kind"]) > 1  # "someone with a red panel"
        if not telling and self.mentions("top", self.detail.top):
            top = self._top(alone=not worn and not borne)
            if top[0].text != "a":
                return before, top
            (borne if self.who.kind == "robot" else worn).insert(0, top)
        return before, self._clothes(worn, borne)

    def _clothes(self, worn: list[Phrase], borne: list[Phrase]) -> Phrase:
        if not worn and not borne:
            return []
        if not borne:
            return [Word(self.rng.choice(("in", "in", "wearing", "with"))), *listed(worn)]
        return [Word("with"), *listed([*borne, *worn])]

    def _top(self, alone: bool) -> Phrase:
        """Clothes: "a red shirt", or on its own "dressed in red"."""
        color = self.who.top or ""
        self.asserted["top"] = [color]
        if self.who.kind == "robot":
            return [Word("a"), Word(color, "top"), *say(self.rng.choice(w.ROBOT_CHESTS))]
        if alone and self.rng.random() < 0.2 and "garment" not in self.must:
            self.asserted["garment"] = list(
                GARMENTS
            )  # so that no robot is dressed in the colour of its panel
            return [*say(self.rng.choice(("dressed in", "in", "wearing")), "garment"), Word(color, "top")]
        worn = garment(self.who.dress, self.who.sleeve)
        name = worn if worn == "dress" or self.rng.random() < 0.35 else "shirt"
        garments, nouns = w.GARMENTS[name]
        self.asserted["garment"] = list(garments)
        return [Word("a"), Word(color, "top"), *say(self.pick(nouns), "garment")]

    def _hair(self, nameless: bool) -> tuple[Phrase, list[Phrase]]:
        color = BALD if self.who.style == BALD else str(self.who.hair)
        if color != BALD and (nameless or self.rng.random() < 0.35):
            noun = self.pick(w.HAIR_NOUNS[color])
            self.asserted["hair"] = list(w.DARK_HAIR) if noun.startswith("dark") else [color]
            return [], [say(noun, "hair")]
        if nameless:
            return [], []
        adjective = self.pick(w.HAIR_ADJECTIVES[color])
        self.asserted["hair"] = list(w.DARK_HAIR) if adjective.startswith("dark") else [color]
        return say(adjective, "hair"), []

    def _hat(self) -> Phrase:
        hat, color = str(self.who.hat), str(self.who.hat_color)
        named = "hat_color" in self.event.visible and ("hat_color" in self.must or self.rng.random() < 0.6)
        if not named and self.rng.random() < 0.3:
            self.asserted["hat"] = list(w.HATS_SAID)
            return say("a hat", "hat")
        self.asserted["hat"] = [hat]
        if named:
            self.asserted["hat_color"] = [color]
        return [
            Word("a"),
            *([Word(color, "hat_color")] if named else []),
            *say(self.pick(w.HATS_SAID[hat]), "hat"),
        ]

    def deed(self, form: str) -> Phrase:
        """What happens, as a verb phrase in the given form."""
        meaning = self._meaning()
        options = self._wordings(meaning)
        color = self.event.prop if self.mentions("prop", self.detail.prop) else None
        if color:
            with_prop = [option for option in options if "{prop}" in option]
            options, color = (tuple(with_prop), color) if with_prop else (options, None)
        template = self.pick(options)
        self.asserted["action"] = list(MEANINGS[meaning])
        if color and "{prop}" in template:
            self.asserted["prop"] = [color]
        phrase: Phrase = []
        for part in inflect(template, form).replace("{prop}", "|{prop}|").split("|"):
            if part != "{prop}":
                owner = w.POSSESSIVES.get(self.pronoun or "", "its")
                phrase += say(part.replace("{his}", owner), "action") if part.strip() else []
            else:
                noun = say(self.pick(w.PROPS[self.event.action]), "action")
                phrase += [Word("a"), *([Word(color, "prop")] if color else []), *noun]
        return phrase

    def _meaning(self) -> str:
        """How to understand the action: as itself, or as something more general that it entails."""
        general = [m for m, actions in MEANINGS.items() if self.event.action in actions and len(actions) > 1]
        strict = {"action", "prop"} & self.must
        if general and not strict and self.rng.random() < self.detail.general_deed:
            return self.rng.choice(general)
        return (
            "food"
            if self.event.action == "eat" and self.rng.random() < 0.1 and not strict
            else self.event.action
        )

    def _wordings(self, meaning: str) -> tuple[str, ...]:
        if meaning == "sit" and self.event.action == "read":
            return w.SITTING_TO_READ
        return w.ANIMAL_DEEDS.get(meaning, w.DEEDS[meaning]) if self.who.kind in ANIMALS else w.DEEDS[meaning]

    def place(self) -> Phrase:
        """Where, or nothing."""
        if not self.mentions("setting", self.detail.setting):
            return []
        setting = self.event.setting
        if self.detail.general_kind and "setting" not in self.must and self.rng.random() < 0.2:
            settings, phrases = self.rng.choice([entry for entry in w.GENERAL_PLACES if setting in entry[0]])
            self.asserted["setting"] = list(settings)
            return say(self.pick(phrases), "setting")
        self.asserted["setting"] = [setting]
        return say(self.pick(w.PLACES[setting]), "setting")

    def time(self) -> Phrase:
        """Weather or time of day, or nothing."""
        sky = self.event.sky
        if not self.mentions("sky", self.detail.sky * (0.5 if sky == "day" else 1.0)):
            return []
        self.asserted["sky"] = list(w.CLOUDY) if sky == "overcast" else [sky]
        return say(self.pick(w.TIMES[sky]), "sky")

    def company(self) -> Phrase:
        """Who is there too, or nothing."""
        if self.event.bystander is None or not self.mentions("bystander", self.detail.bystander):
            return []
        kind = self.film.cast[self.event.bystander].kind
        noun = self._noun(
            kind, "bystander", 0.0 if "bystander" in self.must else self.detail.general_kind / 2
        )
        one = noun if noun[0].text in w.NAMELESS else [Word("a"), *noun]
        before, after = self.pick(w.COMPANY).split("{one}")
        return [*say(before, "bystander"), *one, *(say(after, "bystander") if after else [])]


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
