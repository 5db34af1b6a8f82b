"""Saying things about one event, and noting what has been asserted by saying them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ral_core.world import wording as w
from ral_core.world.grammar import Phrase, Word, inflect, listed, say
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
            self.asserted["hair"] = [BALD]
            return [], [say(w.HAIR_NOUNS[BALD][0], "hair")]
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
