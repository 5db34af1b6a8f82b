"""What a sentence asserts, and whether an event makes it true.

A logical form says for each slot which values it accepts: `{"kind": ["man"], "action": ["walk", "balloon",
"dogwalk"], "top": ["red"]}`. A temporal one joins two of them, `{"first": {...}, "then": {...}}`, and asks for
two events of one film, the first over before the other begins; with `"same_actor": true` also for one and the
same member of the cast in both. Slots without a condition are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ral_core.world.scene import Event, Film
from ral_core.world.vocabulary import BALD, LEASHED, YES, garment, leashed_coat

Logic = Mapping[str, Any]
Reading = Mapping[str, frozenset[str]]
"""What an event shows, seen as something that one character does: the true values of each visible slot."""


def readings(film: Film, event: Event) -> tuple[Reading, ...]:
    """The ways to describe an event: by its actor, and by the dog on the leash where there is one."""
    who = film.cast[event.actor]
    company = set() if event.bystander is None else {film.cast[event.bystander].kind}
    values: dict[str, str | None] = {
        "kind": who.kind,
        "fur": who.fur,
        "hair": BALD if who.style == BALD else who.hair,
        "beard": YES,
        "glasses": YES,
        "hat": who.hat,
        "hat_color": who.hat_color,
        "top": who.top,
        "garment": garment(who.dress, who.sleeve),
        "action": event.action,
        "prop": event.prop,
        "setting": event.setting,
        "sky": event.sky,
    }
    main: dict[str, frozenset[str]] = {
        slot: frozenset({str(values[slot])}) for slot in event.visible if slot != "bystander"
    }
    leashed = event.action == "dogwalk"
    if company or leashed:
        main["bystander"] = frozenset(company | ({"dog"} if leashed else set()))
    if not leashed:
        return (main,)
    dog: dict[str, frozenset[str]] = {slot: main[slot] for slot in ("setting", "sky") if slot in main}
    dog |= {
        "kind": frozenset({"dog"}),
        "fur": frozenset({leashed_coat(who.phase)}),
        "action": frozenset({LEASHED}),
        "bystander": frozenset(company | {who.kind}),
    }
    return (main, dog)


def meets(reading: Reading, logic: Logic) -> bool:
    """Whether every slot of a (not temporal) logical form accepts a value of the reading."""
    return all(not reading.get(slot, frozenset()).isdisjoint(accepted) for slot, accepted in logic.items())


def satisfies(film: Film, event: Event, logic: Logic) -> bool:
    """Whether one event alone makes a (not temporal) logical form true."""
    return any(meets(reading, logic) for reading in readings(film, event))


def is_temporal(logic: Logic) -> bool:
    """Whether the form asks for two events in order."""
    return "first" in logic


def moments(film: Film, logic: Logic) -> Iterator[tuple[float, float]]:
    """Start and end, in seconds, of every moment of the film that makes the form true.

    An event's moment is the event; a pair's reaches from the first event's start to the second one's end.
    """
    if not is_temporal(logic):
        for event in film.events:
            if satisfies(film, event, logic):
                yield event.start, event.end
        return
    for one, first in enumerate(film.events):
        for then in film.events[one + 1 :]:
            if first.end <= then.start and pair_satisfies(film, first, then, logic):
                yield first.start, then.end


def pair_satisfies(film: Film, first: Event, then: Event, logic: Logic) -> bool:
    """Whether two events, in this order, make a temporal form true."""
    same_actor = bool(logic.get("same_actor"))
    for reading in readings(film, first):
        for other in readings(film, then):
            same = reading["kind"] == other["kind"] and _actor(first, reading) == _actor(then, other)
            if (same or not same_actor) and meets(reading, logic["first"]) and meets(other, logic["then"]):
                return True
    return False


def _actor(event: Event, reading: Reading) -> int:
    """Who a reading is about; the dog on a leash, which belongs to no cast, is nobody twice the same."""
    return event.actor if event.action in reading["action"] else -1 - int(event.start * 10)


def film_satisfies(film: Film, logic: Logic) -> bool:
    """Whether the film holds a moment that makes the form true."""
    return next(moments(film, logic), None) is not None


def relevant_films(films: Sequence[Film], logic: Logic) -> list[str]:
    """Ids of the films that satisfy the form, the plain way; `truth.Corpus` does it for many forms at once."""
    return [film.id for film in films if film_satisfies(film, logic)]
