"""From a seed to a film: cast, locations, events, filler and camera work.

Only `random.Random(seed)` is used and every number is rounded to at most two decimals, so a seed means the same
film on any machine.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from ral_core.world.scene import Actor, Character, Event, Film, Shot
from ral_core.world.visibility import hidden_slots, travel
from ral_core.world.vocabulary import (
    ANIMALS,
    BALD,
    COLORS,
    FURS,
    HAIR,
    IDLE,
    KINDS,
    OUTDOOR,
    ROBOT_COLORS,
    SETTINGS,
    SKIES,
    SLOTS,
    STYLES,
    actions_of,
)

Refuse = Callable[[str, str, str], bool]
"""Says of (kind, action, setting) whether the split must not show it."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """How long films and their events are."""

    name: str
    events: tuple[int, ...]
    """Possible numbers of events; a number that comes twice is twice as likely."""
    shortest: float
    """Seconds of the shortest film."""
    longest: float
    log_mean: float
    """Mean of the logarithm of an event's seconds."""
    log_std: float
    event_limits: tuple[float, float]
    filler: float
    """Chance of filler before each event and after the last."""
    filler_limits: tuple[float, float]
    shot_length: float
    """Events longer than this are shown in several shots."""


PROFILES = {
    "short": Profile(
        name="short",
        events=(4, 4, 5, 5, 5, 6, 6, 6, 6, 7, 7, 7, 8, 8, 9),
        shortest=30.0,
        longest=90.0,
        log_mean=1.56,
        log_std=0.45,
        event_limits=(2.5, 14.0),
        filler=0.55,
        filler_limits=(1.5, 4.5),
        shot_length=15.0,
    ),
    "long": Profile(
        name="long",
        events=(2, 2, 3, 3, 3, 4, 4, 5),
        shortest=60.0,
        longest=120.0,
        log_mean=3.2,
        log_std=0.35,
        event_limits=(10.0, 40.0),
        filler=0.8,
        filler_limits=(2.0, 7.0),
        shot_length=12.0,
    ),
}


@dataclass(frozen=True)
class Location:
    """A place and its weather, as the shots taken there share it."""

    setting: str
    sky: str
    season: str
    snowfall: bool
    layout: int


def sample_film(
    identity: str, split: str, seed: int, profile: Profile, refuse: Refuse = lambda kind, action, place: False
) -> Film:
    """The film of a seed; `refuse` keeps combinations out of it."""
    rng = random.Random(seed)
    while True:
        cast = sample_cast(rng)
        locations = sample_locations(rng, min(rng.choice((2, 2, 3, 3, 4)), max(profile.events)))
        events, shots = _sample_timeline(rng, cast, locations, profile, refuse)
        duration = shots[-1].end
        if profile.shortest <= duration <= profile.longest:
            return Film(identity, split, profile.name, seed, duration, cast, shots, events)


def sample_cast(rng: random.Random) -> tuple[Character, ...]:
    """Two to four characters, at least one of whom is no animal."""
    cast = [sample_character(rng, rng.choices(KINDS, (20, 20, 17, 17, 10, 12, 10))[0]) for _ in range(4)]
    cast = cast[: rng.choice((2, 3, 3, 3, 4))]
    if all(character.kind in ANIMALS for character in cast):
        cast[0] = sample_character(rng, rng.choice(("man", "woman", "boy", "girl")))
    return tuple(cast)


def sample_character(rng: random.Random, kind: str) -> Character:
    """Somebody of this kind."""
    phase = round(rng.uniform(0, 6), 2)
    nobody = Character(
        **dict.fromkeys(
            ("top", "hair", "style", "hat", "hat_color", "bottom", "bottom_kind", "shoes", "sleeve", "fur", "collar")
        ),
        kind=kind, dress=False, skin=0, glasses=False, beard=False, phase=phase,
    )  # fmt: skip
    if kind in ANIMALS:
        return replace(nobody, fur=rng.choice(FURS[kind]), collar=rng.choice(("red", "blue", "green")))
    if kind == "robot":
        return replace(
            nobody, top=rng.choice(ROBOT_COLORS), bottom="#8593a6", bottom_kind="pants", shoes="#55607a"
        )
    female, adult = kind in ("woman", "girl"), kind in ("man", "woman")
    hat = (
        rng.choice({"girl": ("sun", "beanie")}.get(kind, ("cap", "beanie", "sun")))
        if rng.random() < 0.3
        else None
    )
    return replace(
        nobody,
        top=rng.choice(COLORS),
        dress=female and rng.random() < 0.5,
        skin=rng.randrange(4),
        hair=rng.choices(HAIR, (3, 3, 3, 2, 1 if adult else 0))[0],
        style=rng.choice(STYLES[kind]),
        hat=hat,
        hat_color=rng.choice(COLORS) if hat else None,
        glasses=rng.random() < 0.2,
        beard=kind == "man" and rng.random() < 0.35,
        bottom=rng.choice(("#3c4a6b", "#4a4038", "#5b6a7d", "#2f3b52")),
        bottom_kind="skirt" if female and rng.random() < 0.5 else "pants",
        shoes=rng.choice(("#3b2f2f", "#f4efe6", "#d9363e")),
        sleeve=rng.choice(("short", "long")),
    )


def sample_locations(rng: random.Random, count: int) -> list[Location]:
    """`count` locations in different settings."""
    return [sample_location(rng, setting) for setting in rng.sample(SETTINGS, count)]


def sample_location(rng: random.Random, setting: str) -> Location:
    """A place of this setting with a weather that suits it."""
    sky = rng.choices(SKIES, (5, 2, 2, 2, 1))[0]
    season = rng.choice(("spring", "spring", "autumn"))
    snowfall = rng.random() < 0.5
    if setting == "stage":
        sky = "day"
    if setting == "snow" and sky == "rain":
        sky = "overcast"
    return Location(
        setting,
        sky,
        season if setting == "park" else "spring",
        snowfall and setting == "snow",
        rng.randrange(1 << 30),
    )


def possible_actions(kind: str, setting: str, sky: str) -> list[str]:
    """What a character of this kind can sensibly do there, in the order of the vocabulary."""
    wet = sky == "rain" and setting in OUTDOOR
    return [
        name
        for name, action in actions_of(kind).items()
        if setting in action.settings and not (wet and action.dry)
    ]


def visible_slots(cast: Sequence[Character], event: Event) -> tuple[str, ...]:
    """The slots of an event that a viewer can see, whatever their value; absent things count as not visible."""
    who = cast[event.actor]
    present = {
        "kind": True,
        "fur": who.fur,
        "hair": who.hair and hair_seen(who),
        "beard": who.beard,
        "glasses": who.glasses,
        "hat": who.hat,
        "hat_color": who.hat in ("cap", "beanie"),  # a sun hat is straw with a narrow ribbon
        "top": who.top,
        "garment": who.top and who.kind != "robot",
        "action": True,
        "prop": event.prop,
        "setting": True,
        "sky": event.setting in OUTDOOR,
        "bystander": event.bystander is not None,
    }
    hidden = set(hidden_slots(who.kind, event.action))
    hidden |= {"garment"} if "top" in hidden else set()
    return tuple(slot for slot in SLOTS if present[slot] and slot not in hidden)


def hair_seen(who: Character) -> bool:
    """Whether a hat leaves enough hair to name its colour (or its absence)."""
    if who.style == BALD:
        return who.hat is None
    return who.hat != "beanie" or who.style in ("long", "pony", "pig")


def event_actors(rng: random.Random, cast: Sequence[Character], event: Event) -> tuple[Actor, ...]:
    """Where the actor and the bystander of an event stand; the actor comes first."""
    mover = travel(cast[event.actor].kind, event.action) > 0
    facing = rng.choice((1, -1))
    x = 160.0 if mover or event.action in ("kick", "kite") else round(rng.uniform(115, 205), 1)
    phase = round(rng.uniform(0, 6), 2)
    actors = [Actor(event.actor, event.action, x, facing, 0.0, 1.0, event.prop, phase)]
    if event.bystander is not None:
        side = -facing if not mover else rng.choice((1, -1))
        beside = round(x + side * rng.uniform(62, 82), 1)
        actors.append(_idle(rng, event.bystander, beside, 1 if beside < x else -1, depth=5.0, scale=0.95))
    return tuple(actors)


def _idle(
    rng: random.Random, who: int, x: float, facing: int, depth: float = 0.0, scale: float = 1.0
) -> Actor:
    return Actor(who, IDLE, x, facing, depth, scale, None, round(rng.uniform(0, 6), 2))


def sample_event(
    rng: random.Random,
    cast: Sequence[Character],
    place: Location,
    start: float,
    end: float,
    before: str | None,
    refuse: Refuse,
) -> Event:
    """Something that somebody of the cast can do in this place, other than the action `before`."""
    while True:
        actor = rng.randrange(len(cast))
        kind = cast[actor].kind
        actions = [a for a in possible_actions(kind, place.setting, place.sky) if a != before]
        weights = [16 // len(actions_of(kind)[a].settings) for a in actions]  # rarer places, likelier there
        weights = [20 if a == "umbrella" and place.sky == "rain" else w for a, w in zip(actions, weights)]
        action = rng.choices(actions, weights)[0]
        prop = rng.choice(COLORS) if actions_of(kind)[action].prop else None
        others = [index for index in range(len(cast)) if index != actor]
        bystander = rng.choice(others) if rng.random() < 0.35 else None
        if not refuse(kind, action, place.setting):
            event = Event(start, end, actor, action, prop, place.setting, place.sky, bystander, ())
            return replace(event, visible=visible_slots(cast, event))


def log_normal(rng: random.Random, mean: float, std: float) -> float:
    """A log-normal number (nearly: of twelve uniform ones), computed without the machine's own mathematics.

    `random.lognormvariate` calls logarithms whose last digit depends on the C library; integers and
    `Decimal.exp` do not.
    """
    thousandths = sum(rng.randrange(1000) for _ in range(12)) - 5994
    return float((Decimal(str(mean)) + Decimal(str(std)) * thousandths / 1000).exp())


def _sample_timeline(
    rng: random.Random,
    cast: Sequence[Character],
    locations: Sequence[Location],
    profile: Profile,
    refuse: Refuse,
) -> tuple[tuple[Event, ...], tuple[Shot, ...]]:
    count = rng.choice(profile.events)
    order = sorted(rng.randrange(len(locations)) for _ in range(count))
    for index in range(min(count, len(locations))):  # no location goes unused while there are events for it
        if index not in order:
            order[rng.randrange(count)] = index
    order.sort()
    if count > 4 and rng.random() < 0.3:
        order[-1] = order[0]  # the film returns to where it began
    events: list[Event] = []
    shots: list[Shot] = []
    time, before = 0.0, None
    for place in (locations[index] for index in order):
        if rng.random() < profile.filler:
            shots.append(_filler(rng, cast, place, time, profile))
            time = shots[-1].end
        low, high = profile.event_limits
        end = round(time + min(high, max(low, log_normal(rng, profile.log_mean, profile.log_std))), 1)
        event = sample_event(rng, cast, place, time, end, before, refuse)
        shots.extend(event_shots(rng, cast, place, event, len(events), profile.shot_length))
        events.append(event)
        time, before = end, event.action
    while rng.random() < profile.filler or time < profile.shortest:
        shots.append(_filler(rng, cast, locations[order[-1]], time, profile))
        time = shots[-1].end
        if time >= profile.shortest:
            break
    shots[0] = replace(shots[0], transition="cut")
    return tuple(events), tuple(shots)


def event_shots(
    rng: random.Random, cast: Sequence[Character], place: Location, event: Event, index: int, longest: float
) -> list[Shot]:
    """One shot of an event, or several with cuts between where it is longer than `longest` seconds."""
    parts = max(1, round((event.end - event.start) / longest)) if event.end - event.start > longest else 1
    edges = [round(event.start + (event.end - event.start) * part / parts, 1) for part in range(parts)]
    edges.append(event.end)
    actors = event_actors(rng, cast, event)
    shots: list[Shot] = []
    for start, end in pairwise(edges):
        transition = "cut" if shots else rng.choice(("cut", "cut", "cut", "fade", "wipe"))
        shots.append(_shot(start, end, index, event_camera(rng, cast, event), transition, place, actors))
    return shots


def event_camera(rng: random.Random, cast: Sequence[Character], event: Event) -> str:
    """A camera move that keeps everything captions may name in the picture."""
    cameras = ["still", "still", "zoom_in", "zoom_out", "pan_left", "pan_right", "wide"]
    action = actions_of(cast[event.actor].kind)[event.action]
    if event.bystander is None:
        cameras += ["follow", "follow"] if travel(cast[event.actor].kind, event.action) else []
        cameras += [] if action.tall else ["close"]
    return rng.choice(cameras)


def _filler(
    rng: random.Random, cast: Sequence[Character], place: Location, start: float, profile: Profile
) -> Shot:
    """The empty place, or one or two characters who stand there."""
    end = round(start + rng.uniform(*profile.filler_limits), 1)
    actors: list[Actor] = []
    if rng.random() < 0.55:
        people = rng.sample(range(len(cast)), 2 if rng.random() < 0.4 else 1)
        x = round(rng.uniform(115, 205), 1)
        for who in people:
            actors.append(_idle(rng, who, x, rng.choice((1, -1))))
            x = round(x + (66 if x < 160 else -66), 1)
    camera = rng.choice(("still", "still", "pan_left", "pan_right", "wide", "zoom_in"))
    transition = rng.choice(("cut", "cut", "fade", "wipe"))
    return _shot(start, end, None, camera, transition, place, tuple(actors))


def _shot(
    start: float,
    end: float,
    event: int | None,
    camera: str,
    transition: str,
    place: Location,
    actors: tuple[Actor, ...],
) -> Shot:
    return Shot(
        start,
        end,
        event,
        camera,
        transition,
        place.setting,
        place.sky,
        place.season,
        place.snowfall,
        place.layout,
        actors,
    )
