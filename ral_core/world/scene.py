"""Scene graphs: what happens in a rendered film, as frozen values that go to JSON and back.

Everything here is plain data (strings, numbers, tuples), so that a film hashes the same on any machine.
Times are seconds from the start of the film; a shot or event covers start <= t < end.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ral_core.errors import DataError

Value = TypeVar("Value")


@dataclass(frozen=True)
class Character:
    """Somebody of the cast: how they look in the whole film."""

    kind: str  # man, woman, boy, girl, robot, dog, cat
    top: str | None  # colour of shirt, dress or robot panel; None for animals
    dress: bool
    skin: int  # 0-3
    hair: str | None  # black, brown, blonde, red, grey
    style: str | None  # long, bun, pony, curly, pig, short, spiky, bald
    hat: str | None  # cap, beanie, sun
    hat_color: str | None
    glasses: bool
    beard: bool
    bottom: str | None  # colour of trousers or skirt, hex
    bottom_kind: str | None  # pants, skirt
    shoes: str | None  # hex
    sleeve: str | None  # short, long
    fur: str | None  # brown, black, white, orange, grey; animals only
    collar: str | None  # colour; animals only
    phase: float  # 0-6, so that characters do not move in step


@dataclass(frozen=True)
class Actor:
    """Somebody in a shot."""

    who: int  # index into the film's cast
    action: str  # "stand" is idle and never named by captions
    x: float  # 0-320 stage units
    facing: int  # +1 right, -1 left
    depth: float  # 0 is the front line; larger is further back (higher up in the picture)
    scale: float
    prop: str | None  # colour of what the action holds
    phase: float


@dataclass(frozen=True)
class Shot:
    """A stretch of film between two transitions. The event's actor comes first in `actors`."""

    start: float
    end: float
    event: int | None  # index into the film's events; None for filler
    camera: str  # still, zoom_in, zoom_out, pan_left, pan_right, close, follow, wide
    transition: str  # how it begins: cut, fade, wipe
    setting: str
    sky: str
    season: str  # spring, autumn
    snowfall: bool
    layout: int  # seed of the scenery
    actors: tuple[Actor, ...]


@dataclass(frozen=True)
class Event:
    """Something that captions may describe."""

    start: float
    end: float
    actor: int  # index into the film's cast
    action: str
    prop: str | None
    setting: str
    sky: str
    bystander: int | None  # index into the film's cast
    visible: tuple[str, ...]  # slots that can be seen, in the order of `vocabulary.SLOTS`


@dataclass(frozen=True)
class Film:
    """One rendered video."""

    id: str
    split: str
    profile: str  # short, long
    seed: int
    duration: float
    cast: tuple[Character, ...]
    shots: tuple[Shot, ...]
    events: tuple[Event, ...]

    def shot_at(self, time: float) -> Shot:
        """The shot on screen at `time`; times outside the film give the first or last shot."""
        for shot in self.shots:
            if time < shot.end:
                return shot
        return self.shots[-1]

    def to_json(self) -> dict[str, Any]:
        """The film as JSON-ready dictionaries and lists."""
        return _to_json(self)

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Film:
        """The film that `to_json` wrote. Raises DataError for missing or unknown fields."""
        nested = {
            "cast": tuple(_from_json(Character, character) for character in row.get("cast", ())),
            "shots": tuple(_shot_from_json(shot) for shot in row.get("shots", ())),
            "events": tuple(_event_from_json(event) for event in row.get("events", ())),
        }
        return _from_json(cls, {**row, **nested})


def film_hash(films: Iterable[Film]) -> str:
    """SHA-256 of the films' canonical JSON, in the given order."""
    digest = hashlib.sha256()
    for film in films:
        digest.update(json.dumps(film.to_json(), sort_keys=True, separators=(",", ":")).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {field.name: _to_json(getattr(value, field.name)) for field in fields(value)}
    return value


def _from_json(kind: type[Value], row: Mapping[str, Any]) -> Value:
    try:
        return kind(**row)
    except TypeError as problem:
        raise DataError(f"This is no {kind.__name__} of a scene graph ({problem}).") from None


def _shot_from_json(row: Mapping[str, Any]) -> Shot:
    actors = tuple(_from_json(Actor, actor) for actor in row.get("actors", ()))
    return _from_json(Shot, {**row, "actors": actors})


def _event_from_json(row: Mapping[str, Any]) -> Event:
    return _from_json(Event, {**row, "visible": tuple(row.get("visible", ()))})
