"""What can be seen at a second of a film, as one vector of zeros and ones.

The visual encoder is trained on these vectors, and putting them in the place of its features tells how much of
a model's error is perception. A label is 1 when it is true of the main actor of the shot on screen and visible;
`stand` is a label although no caption names it, so that the encoder learns to tell idleness from deeds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ral_core.world.sampling import visible_slots
from ral_core.world.scene import Event, Film, Shot
from ral_core.world.vocabulary import (
    ACTIONS,
    ANIMAL_ACTIONS,
    ANIMALS,
    BALD,
    COLORS,
    FURS,
    GARMENTS,
    HAIR,
    HATS,
    HUMAN_ACTIONS,
    HUMANS,
    IDLE,
    KINDS,
    OUTDOOR,
    ROBOT_COLORS,
    SETTINGS,
    SKIES,
    garment,
)

_HOLDING = [name for name, action in (*HUMAN_ACTIONS.items(), *ANIMAL_ACTIONS.items()) if action.prop]

GROUPS: dict[str, tuple[str, ...]] = {
    "setting": SETTINGS,
    "sky": SKIES,
    "weather": ("autumn", "snowfall"),
    "action": (*ACTIONS, IDLE, "none"),
    "kind": (*KINDS, "none"),
    "top": COLORS,
    "kind_top": tuple(
        f"{kind} {color}" for kind in HUMANS for color in (ROBOT_COLORS if kind == "robot" else COLORS)
    ),
    "garment": GARMENTS,
    "fur": tuple(f"{kind} {fur}" for kind in ANIMALS for fur in FURS[kind]),
    "prop": COLORS,
    "action_prop": tuple(f"{action} {color}" for action in _HOLDING for color in COLORS),
    "bystander": KINDS,
    "hat": HATS,
    "hat_color": COLORS,
    "hair": (*HAIR, BALD),
    "face": ("glasses", "beard"),
}
"""The labels by group; exactly one of `setting`, `action` and `kind` is true at any second."""

LABELS: tuple[str, ...] = tuple(f"{group}: {name}" for group, names in GROUPS.items() for name in names)
_POSITIONS = {label: position for position, label in enumerate(LABELS)}


def group_slices() -> dict[str, slice]:
    """Where each group lies in the vector."""
    slices, start = {}, 0
    for group, names in GROUPS.items():
        slices[group] = slice(start, start + len(names))
        start += len(names)
    return slices


def frame_labels(film: Film, t: float) -> NDArray[np.float32]:
    """(len(LABELS),) the labels that are true of the film at `t` seconds."""
    vector = np.zeros(len(LABELS), np.float32)
    for group, name in _true_labels(film, film.shot_at(t)):
        vector[_POSITIONS[f"{group}: {name}"]] = 1.0
    return vector


def _true_labels(film: Film, shot: Shot) -> Iterator[tuple[str, str]]:
    yield "setting", shot.setting
    if shot.setting in OUTDOOR:
        yield "sky", shot.sky
    if shot.season == "autumn":
        yield "weather", "autumn"
    if shot.snowfall:
        yield "weather", "snowfall"
    if not shot.actors:
        yield from (("action", "none"), ("kind", "none"))
        return
    main, *others = shot.actors
    who = film.cast[main.who]
    seen = visible_slots(film.cast, _as_event(film, shot))
    yield from (("action", main.action), ("kind", who.kind))
    found = {
        "top": who.top,
        "kind_top": f"{who.kind} {who.top}",
        "garment": garment(who.dress, who.sleeve),
        "fur": f"{who.kind} {who.fur}",
        "prop": main.prop,
        "action_prop": f"{main.action} {main.prop}",
        "hat": who.hat,
        "hat_color": who.hat_color,
        "hair": BALD if who.style == BALD else who.hair,
    }
    slot_of = {"kind_top": "top", "action_prop": "prop"}
    yield from ((group, str(name)) for group, name in found.items() if slot_of.get(group, group) in seen)
    yield from (("face", slot) for slot in ("glasses", "beard") if slot in seen)
    kinds = {film.cast[other.who].kind for other in others} | ({"dog"} if main.action == "dogwalk" else set())
    yield from (("bystander", kind) for kind in sorted(kinds))


def _as_event(film: Film, shot: Shot) -> Event:
    """The shot's event, or what its first actor does as if it were one."""
    if shot.event is not None:
        return film.events[shot.event]
    main = shot.actors[0]
    return Event(shot.start, shot.end, main.who, main.action, main.prop, shot.setting, shot.sky, None, ())
