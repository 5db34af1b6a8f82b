"""Where everybody is and where the camera looks: actors and their props always stay in the frame."""

from __future__ import annotations

from dataclasses import dataclass

from ral_core.world.performance import ramp
from ral_core.world.scene import Actor, Character, Shot
from ral_core.world.visibility import SPEEDS, travel

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in stage units."""

PERSON_EXTENT = (22.0, 24.0, 90.0)
PERSON_EXTENTS: dict[str, tuple[float, float, float]] = {  # behind, before, above; in body units
    "walk": (24, 26, 88),
    "run": (42, 32, 90),
    "jump": (30, 32, 114),
    "kick": (28, 74, 88),
    "juggle": (27, 32, 102),
    "read": (24, 44, 78),
    "water": (22, 64, 88),
    "umbrella": (34, 50, 100),
    "bike": (42, 44, 102),
    "guitar": (26, 52, 92),
    "cook": (22, 70, 98),
    "kite": (22, 86, 106),
    "sleep": (64, 64, 66),
    "dance": (48, 50, 102),
    "drink": (22, 36, 88),
    "paint": (22, 78, 88),
    "sweep": (24, 62, 88),
    "wave": (24, 46, 97),
    "balloon": (26, 48, 102),
    "photo": (22, 46, 94),
    "icecream": (22, 34, 88),
    "dogwalk": (26, 80, 88),
    "skateboard": (56, 38, 104),
    "drum": (22, 64, 88),
    "phone": (30, 30, 88),
    "lift": (44, 46, 98),
}
ANIMAL_EXTENT = (36.0, 40.0, 54.0)
ANIMAL_EXTENTS: dict[str, tuple[float, float, float]] = {
    "run": (46, 42, 58),
    "jump": (40, 44, 88),
    "play": (36, 62, 56),
    "eat": (36, 62, 52),
    "sit": (30, 24, 58),
    "sleep": (30, 36, 56),
}
MARGIN = 6.0
TURN_SECONDS = 0.18
ROOM_WITH_COMPANY = 300.0
"""What a mover may cover while somebody stands by, so that both stay in the frame."""
SMALLEST_ZOOM = 0.8


@dataclass(frozen=True, slots=True)
class Track:
    """One actor's way through a shot."""

    x: float
    y: float
    facing: int
    scale: float
    extent: tuple[float, float, float]
    closer: float
    """How much nearer the camera comes, so that small animals can be seen."""
    way: float
    """How far it goes before it turns; 0 stays."""
    speed: float

    def at(self, time: float) -> tuple[float, float]:
        """Position and heading (-1 to 1, passing 0 in a turn) `time` seconds into the shot."""
        if not self.way:
            return self.x, float(self.facing)
        laps = self.speed * time / self.way
        lap, done = int(laps), laps - int(laps)
        heading = self.facing * (1 - 2 * (lap % 2))
        x = self.x + heading * self.way * (done - 0.5)
        since_turn = done * self.way / self.speed
        if lap and since_turn < TURN_SECONDS:
            return x, heading * (2 * ramp(since_turn, 0, TURN_SECONDS) - 1)
        return x, float(heading)

    def box(self, time: float) -> Box:
        """What the actor and its prop cover at a time."""
        x, heading = self.at(time)
        behind, before, above = self.extent
        front = (1 + heading) / 2  # 1 faces right, 0 faces left
        left, right = behind * front + before * (1 - front), before * front + behind * (1 - front)
        return (x - left * self.scale, self.y - above * self.scale, x + right * self.scale, self.y + 6)


def track_of(actor: Actor, character: Character, scale: float, ground: float, shot: Shot) -> Track:
    """The way of one actor through its shot; `scale` is the character's own size."""
    animal = character.kind in ("dog", "cat")
    extents, usual = (ANIMAL_EXTENTS, ANIMAL_EXTENT) if animal else (PERSON_EXTENTS, PERSON_EXTENT)
    behind, before, above = extents.get(actor.action, usual)
    speed = SPEEDS.get(actor.action, 1.0)
    way = min(travel(character.kind, actor.action), speed * (shot.end - shot.start))
    if len(shot.actors) > 1:
        way = min(way, max(30.0, ROOM_WITH_COMPANY - 2 * max(behind, before) * scale * actor.scale))
    return Track(
        x=actor.x,
        y=ground - actor.depth,
        facing=actor.facing,
        scale=scale * actor.scale,
        extent=(behind, before, above + (5 if character.kind == "robot" else 0)),
        closer=1.18 if animal else 1.0,
        way=way,
        speed=speed,
    )


def make_room(main: Track, other: Track) -> float:
    """An x for `other` beside everything that `main` and its prop cover on their way."""
    left, _, right, _ = union(
        [main.box(0), main.box(main.way / main.speed), main.box(main.way / main.speed * 1.99)]
    )
    behind, _, ahead, _ = other.box(0)
    reach_left, reach_right = other.x - behind, ahead - other.x
    if ahead <= left or behind >= right:
        return other.x
    to_left, to_right = left - reach_right, right + reach_left
    nearer_left = abs(other.x - to_left) < abs(other.x - to_right)
    return to_left if nearer_left else to_right


def union(boxes: list[Box]) -> Box:
    """The smallest box around all."""
    lefts, tops, rights, bottoms = zip(*boxes)
    return (min(lefts), min(tops), max(rights), max(bottoms))


@dataclass(frozen=True, slots=True)
class View:
    """Which point is in the middle of the frame, and how much larger than life it is."""

    x: float
    y: float
    zoom: float


def view_at(shot: Shot, tracks: list[Track], company: bool, time: float) -> View:
    """The camera of a shot `time` seconds in. `tracks[0]` is the main actor; `company` keeps the others in too."""
    share = ramp(time, 0, max(0.1, shot.end - shot.start))
    if not tracks:
        return _empty_view(shot.camera, share)
    main = tracks[0].box(time)
    box = union([track.box(time) for track in tracks]) if company else main
    left, top, right, bottom = box
    largest = min((320 - 2 * MARGIN) / (right - left), (180 - MARGIN) / (bottom - top))
    if shot.camera == "close":
        zoom = 1.42 + 0.05 * share
    elif shot.camera == "zoom_in":
        zoom = min(1.0, largest / 1.3) + (min(1.38, largest) - min(1.0, largest / 1.3)) * share
    elif shot.camera == "zoom_out":
        zoom = min(1.38, largest) - (min(1.38, largest) - min(1.0, largest / 1.3)) * share
    else:
        zoom = {"wide": 0.86, "follow": 1.18, "pan_left": 1.06, "pan_right": 1.06}.get(shot.camera, 1.0)
    zoom = max(SMALLEST_ZOOM, min(zoom * tracks[0].closer, largest))
    half_width, half_height = 160 / zoom, 90 / zoom
    low, high = right + MARGIN - half_width, left - MARGIN + half_width
    if low > high:
        low = high = (low + high) / 2
    x = {"close": (left + right) / 2, "follow": (left + right) / 2}.get(shot.camera, 160.0)
    if shot.camera in ("zoom_in", "zoom_out"):
        x = 160 + ((left + right) / 2 - 160) * min(1.0, max(0.0, (zoom - 1) / 0.3))
    elif shot.camera in ("pan_left", "pan_right"):
        sweep = min(30.0, (high - low) / 2) * (2 * share - 1)
        x = (low + high) / 2 + (sweep if shot.camera == "pan_right" else -sweep)
    x = max(low, min(high, x))
    y = 90 + ((top + bottom) / 2 + 4 - 90) * min(1.0, max(0.0, (zoom - 1) / 0.3))
    y = min(y, 192 - half_height)
    y = max(bottom + 3 - half_height, min(top - 4 + half_height, y))
    return View(x, y, zoom)


def _empty_view(camera: str, share: float) -> View:
    if camera in ("pan_left", "pan_right"):
        sweep = 30 * (2 * share - 1)
        return View(160 + (sweep if camera == "pan_right" else -sweep), 90, 1.06)
    if camera == "zoom_in":
        return View(160, 94, 1 + 0.3 * share)
    if camera == "zoom_out":
        return View(160, 94, 1.3 - 0.3 * share)
    return View(160, 90, {"wide": 0.86, "close": 1.3, "follow": 1.1}.get(camera, 1.0))
