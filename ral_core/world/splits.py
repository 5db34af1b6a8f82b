"""The splits of the corpus: which seeds, how many films, what training never sees, and the twins."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ral_core.errors import UnknownName
from ral_core.world.logic import Reading, readings
from ral_core.world.sampling import (
    PROFILES,
    Location,
    event_shots,
    possible_actions,
    sample_film,
    visible_slots,
)
from ral_core.world.scene import Character, Event, Film
from ral_core.world.vocabulary import COLORS, FURS, HAIR, OUTDOOR, ROBOT_COLORS, actions_of


@dataclass(frozen=True, kw_only=True)
class Split:
    """A set of films with consecutive seeds, and a few chosen ones."""

    name: str
    first_seed: int
    films: int
    profile: str = "short"
    captions: float = 0.0
    """Captions of one event, on average; every event has at least one if this is above 0."""
    open: bool = False
    """Whether held-out synonyms and combinations occur."""
    twins: float = 0.0
    """Share of events of which another film holds a copy with one slot changed."""
    shipped: bool = False
    """Whether its features and captions are part of the repository."""
    truth: bool = True
    """Whether captions list all relevant films and the importance of words."""
    chosen_seeds: tuple[int, ...] = ()
    """Seeds of films that follow the others, chosen because they show what an example sentence says."""


SPLITS = {
    split.name: split
    for split in (
        Split(name="encoder", first_seed=1_000_000, films=1600),
        Split(name="train", first_seed=3_000_000, films=2000, captions=3.0, truth=False),
        Split(name="val", first_seed=5_000_000, films=200, captions=1.4),
        Split(
            name="test",
            first_seed=6_000_000,
            films=200,
            captions=1.4,
            open=True,
            twins=0.2,
            shipped=True,
            chosen_seeds=(6_028_254,),  # a girl in a red dress flies a kite on the beach
        ),
        Split(
            name="test-long",
            first_seed=7_000_000,
            films=60,
            profile="long",
            captions=2.0,
            open=True,
            shipped=True,
        ),
    )
}


def split_named(name: str) -> Split:
    """The split with this name, or UnknownName with the names there are."""
    if name not in SPLITS:
        raise UnknownName(f"There is no split called {name!r}. Known: {', '.join(SPLITS)}.")
    return SPLITS[name]


def chance(*parts: str) -> float:
    """A number from 0 to 1 that depends on the words only, the same on every machine."""
    return int.from_bytes(hashlib.sha256("|".join(parts).encode()).digest()[:6], "big") / 2**48


def held_out(kind: str, action: str, setting: str) -> bool:
    """Whether this combination never occurs outside test films (about one in ten)."""
    return chance("triple", kind, action, setting) < 0.1


@dataclass(frozen=True)
class Twin:
    """Two events in different films that differ in one slot."""

    film: str
    event: int
    twin_film: str
    twin_event: int
    slot: str


def split_films(split: Split) -> tuple[list[Film], list[Twin]]:
    """All films of a split, in order, and the twins among them."""
    refuse = (lambda kind, action, place: False) if split.open else held_out
    seeds = (*range(split.first_seed, split.first_seed + split.films), *split.chosen_seeds)
    films = [
        sample_film(
            f"{split.name}-{number:04d}",
            split.name,
            seed,
            PROFILES[split.profile],
            refuse,
        )
        for number, seed in enumerate(seeds)
    ]
    consecutive, chosen = films[: split.films], films[split.films :]
    if not split.twins:
        return films, []
    twinned, twins = add_twins(consecutive, split.twins, split.first_seed)
    return [*twinned, *chosen], twins


def add_twins(films: list[Film], share: float, seed: int) -> tuple[list[Film], list[Twin]]:
    """Put a twin of `share` of the events in place of an event of another film that has the same surroundings.

    Films keep their length and their times; the twin's actor (and bystander) join the other film's cast.
    """
    rng = random.Random(seed)
    films = list(films)
    positions = [(f, e) for f, film in enumerate(films) for e in range(len(film.events))]
    free = rng.sample(positions, len(positions))
    wanted = round(share * len(positions))
    sources, free = free[:wanted], free[wanted:]
    twins: list[Twin] = []
    for f, e in sources:
        for slot, cast, event in _variants(rng, films[f], films[f].events[e]):
            place = next((p for p in free if p[0] != f and _fits(films[p[0]], p[1], event)), None)
            if place is not None:
                free.remove(place)
                films[place[0]] = _replace_event(rng, films[place[0]], place[1], cast, event)
                twins.append(Twin(films[f].id, e, films[place[0]].id, place[1], slot))
                break
    return films, twins


def differences(one: Reading, other: Reading) -> list[str]:
    """The slots in which two readings differ, in alphabetical order."""
    return sorted(slot for slot in {*one, *other} if one.get(slot) != other.get(slot))


def _variants(rng: random.Random, film: Film, event: Event) -> Iterator[tuple[str, list[Character], Event]]:
    """Copies of an event that differ in exactly one slot: the slot, its two or one characters, the event."""
    who = film.cast[event.actor]
    others = [] if event.bystander is None else [film.cast[event.bystander]]
    base = replace(event, actor=0, bystander=1 if others else None)
    held = bool(actions_of(who.kind)[event.action].prop)
    actions = [
        name
        for name in possible_actions(who.kind, event.setting, event.sky)
        if name != event.action and bool(actions_of(who.kind)[name].prop) == held
    ]
    kinds = {"man": "woman", "woman": "man", "boy": "girl", "girl": "boy", "dog": "cat", "cat": "dog"}
    styles = {"man": "short", "woman": "long", "boy": "short", "girl": "long"}
    twin_kind = kinds.get(who.kind, who.kind)
    trousers = "pants" if twin_kind in ("man", "boy") else who.bottom_kind
    other_kind = replace(who, kind=twin_kind, style=styles.get(twin_kind), bottom_kind=trousers)
    bystander_kinds = [c for c in film.cast if others and c.kind != others[0].kind]
    changes: list[tuple[str, Character, list[Character], Event]] = [
        ("action", who, others, replace(base, action=rng.choice(actions or [event.action]))),
        ("prop", who, others, replace(base, prop=rng.choice(COLORS))),
        ("top", replace(who, top=rng.choice(ROBOT_COLORS if who.kind == "robot" else COLORS)), others, base),
        ("fur", replace(who, fur=rng.choice(FURS.get(who.kind, ("brown",)))), others, base),
        ("hair", replace(who, hair=rng.choice(HAIR[:4])), others, base),
        (
            "setting",
            who,
            others,
            replace(base, setting=rng.choice(actions_of(who.kind)[event.action].settings)),
        ),
        ("sky", who, others, replace(base, sky=rng.choice(("day", "sunset", "night")))),
        ("kind", other_kind, others, base),
        ("bystander", who, bystander_kinds[:1], base),
        ("hat_color", replace(who, hat_color=rng.choice(COLORS)), others, base),
    ]
    weights = {"action": 4, "prop": 4, "top": 4, "kind": 3, "setting": 3}
    changes = [change for change in changes if change[0] in event.visible]
    order = sorted(changes, key=lambda change: rng.random() / weights.get(change[0], 2))
    (original, *_) = readings(film, event)
    for slot, actor, bystanders, changed in order:
        cast = [actor, *bystanders]
        male, furs = actor.kind in ("man", "boy"), FURS.get(actor.kind, (None,))
        strange = (male and actor.dress) or (actor.beard and actor.kind != "man") or actor.fur not in furs
        if len(cast) != 1 + len(others) or strange:
            continue
        if actor.fur and actor.fur not in FURS[actor.kind]:
            continue
        changed = replace(changed, visible=visible_slots(cast, changed))
        (reading, *_) = readings(replace(film, cast=tuple(cast)), changed)
        if differences(original, reading) == [slot]:
            yield slot, cast, changed


def _fits(film: Film, index: int, event: Event) -> bool:
    """Whether an event of the film can make room: same surroundings, and no neighbour with the same action."""
    old = film.events[index]
    near = {film.events[i].action for i in (index - 1, index + 1) if 0 <= i < len(film.events)}
    same_sky = old.sky == event.sky or event.setting not in OUTDOOR
    return old.setting == event.setting and same_sky and event.action not in near


def _replace_event(
    rng: random.Random, film: Film, index: int, newcomers: list[Character], event: Event
) -> Film:
    """The film with another event, done by newcomers, at the place and time of the old one."""
    old = film.events[index]
    first = len(film.cast)
    new = replace(
        event,
        start=old.start,
        end=old.end,
        sky=old.sky,
        actor=first,
        bystander=None if event.bystander is None else first + 1,
    )
    before = [shot for shot in film.shots if shot.end <= old.start]
    after = [shot for shot in film.shots if shot.start >= old.end]
    shot = film.shot_at(old.start)
    place = Location(shot.setting, shot.sky, shot.season, shot.snowfall, shot.layout)
    cast = (*film.cast, *newcomers)
    shots = event_shots(rng, cast, place, new, index, PROFILES[film.profile].shot_length)
    shots[0] = replace(shots[0], transition=shot.transition)
    events = (*film.events[:index], new, *film.events[index + 1 :])
    return replace(film, cast=cast, shots=(*before, *shots, *after), events=events)
