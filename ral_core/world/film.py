"""Rendering films: scenery, actors, camera and transitions, frame by frame."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ral_core.world.actions_animals import ANIMAL_ACTIONS
from ral_core.world.actions_people import PERSON_ACTIONS
from ral_core.world.canvas import Canvas, Draw, radial
from ral_core.world.characters import Look, look_of
from ral_core.world.framing import Track, View, make_room, track_of, union, view_at
from ral_core.world.palette import Color, fade, rgba
from ral_core.world.performance import ActionDrawer, Performance, ramp
from ral_core.world.scene import Actor, Character, Film, Shot
from ral_core.world.settings_indoor import INDOOR_SETTINGS
from ral_core.world.settings_outdoor import OUTDOOR_SETTINGS
from ral_core.world.weather import Atmosphere, Conditions, Scenery, atmosphere

SETTINGS = {**OUTDOOR_SETTINGS, **INDOOR_SETTINGS}
FADE_SECONDS = 0.25
WIPE_SECONDS = 0.4
COMPANY_WIDTH = 385.0
"""Up to this width everybody is kept in the frame, beyond it only the main actor."""


@dataclass(frozen=True, slots=True)
class Part:
    """One actor of a shot, ready to draw."""

    actor: Actor
    look: Look
    track: Track
    draw: ActionDrawer
    color: Color


def action_drawer(kind: str, action: str) -> ActionDrawer:
    """What draws this action. Raises KeyError for an action that this kind cannot do."""
    return (ANIMAL_ACTIONS if kind in ("dog", "cat") else PERSON_ACTIONS)[action]


class Staging:
    """A shot with everything random decided, so that a frame costs drawing only."""

    def __init__(self, shot: Shot, cast: tuple[Character, ...], earlier: float = 0.0) -> None:
        """`earlier` seconds of the shot's event were shown in shots before."""
        self.shot, self.earlier = shot, earlier
        sleeper = any(
            actor.action == "sleep" and cast[actor.who].kind not in ("dog", "cat") for actor in shot.actors
        )
        conditions = Conditions(shot.sky, shot.season, shot.snowfall, bed_taken=sleeper)
        self.scenery: Scenery = SETTINGS[shot.setting](random.Random(shot.layout), conditions)
        self.weather: Atmosphere = atmosphere(random.Random(shot.layout + 1), shot.setting, conditions)
        self.parts = self._parts(shot, cast)
        self.tracks = [part.track for part in self.parts]
        self.company = self._fits_together()

    def _parts(self, shot: Shot, cast: tuple[Character, ...]) -> list[Part]:
        parts: list[Part] = []
        for actor in shot.actors:
            character = cast[actor.who]
            look = look_of(character)
            track = track_of(actor, character, look.scale, self.scenery.ground, shot)
            if parts:
                track = replace(track, x=make_room(parts[0].track, track))
            drawer = action_drawer(character.kind, actor.action)
            parts.append(Part(actor, look, track, drawer, rgba(actor.prop or "red")))
        return parts

    def _fits_together(self) -> bool:
        """Whether the widest moment of the main actor's way fits in a frame with everybody else."""
        if len(self.tracks) < 2:
            return False
        times = [i * (self.shot.end - self.shot.start) / 12 for i in range(13)]
        widths = [union([track.box(time) for track in self.tracks]) for time in times]
        return max(right - left for left, _, right, _ in widths) <= COMPANY_WIDTH

    def draw(self, canvas: Canvas, time: float) -> None:
        """Draw the shot `time` seconds after its start."""
        view = view_at(self.shot, self.tracks, self.company, time)
        self._layer(canvas, view, 0.25, self.scenery.far, time)
        self._layer(canvas, view, 0.6, self.scenery.middle, time)
        self._layer(canvas, view, 1.0, self.scenery.near, time)
        self.weather.light(canvas, time)
        self._layer(canvas, view, 1.0, self._draw_actors, time)
        self.weather.air(canvas, time)

    def _layer(self, canvas: Canvas, view: View, follows: float, draw: Draw, time: float) -> None:
        """Draw a layer that follows the camera by a share: far layers move and grow less."""
        x, y = 160 + (view.x - 160) * follows, 90 + (view.y - 90) * follows
        zoom = 1 + (view.zoom - 1) * follows
        with canvas.placed(160 - x * zoom, 90 - y * zoom, scale=zoom):
            draw(canvas, time)

    def _draw_actors(self, canvas: Canvas, time: float) -> None:
        """Draw from the back to the front; the main actor last, so that nobody covers what it does."""
        for part in (*sorted(self.parts[1:], key=lambda part: -part.actor.depth), *self.parts[:1]):
            self._draw_part(canvas, part, time)

    def _draw_part(self, canvas: Canvas, part: Part, time: float) -> None:
        x, heading = part.track.at(time)
        if abs(heading) < 0.3:
            heading = 0.3 if heading >= 0 else -0.3
        with canvas.placed(x, part.track.y, scale=part.track.scale, mirror=heading):
            clock = time + part.actor.phase
            since = time + self.earlier
            part.draw(Performance(canvas, part.look, clock, since, part.color, self.shot.setting))


class FilmRenderer:
    """Draws any frame of a film; the same film and time always give the same pixels.

    Raises MissingDependency without pycairo.
    """

    def __init__(self, film: Film, width: int, height: int) -> None:
        self.film = film
        self.canvas = Canvas(width, height)
        self._starts = [shot.start for shot in film.shots]
        self._staged: dict[int, Staging] = {}
        self._vignette = self.canvas.bake(_vignette)

    def frame(self, t: float) -> np.ndarray:
        """The picture at `t` seconds, uint8 (height, width, 3) RGB. Times outside the film show its ends."""
        number = max(0, bisect_right(self._starts, t + 1e-6) - 1)
        shot = self.film.shots[number]
        since = min(max(t, shot.start), shot.end) - shot.start
        if shot.transition == "wipe" and number and since < WIPE_SECONDS:
            self._wipe(number, since)
        else:
            self._staging(number).draw(self.canvas, since)
        self.canvas.stamp(self._vignette)
        dark = self._darkness(number, since)
        if dark > 0:
            self.canvas.rect(0, 0, 320, 180, fade("#100e1e", dark))
        return self.canvas.pixels()

    def frames(self, fps: float) -> Iterator[np.ndarray]:
        """All frames of the film at a rate, in order."""
        for i in range(round(self.film.duration * fps)):
            yield self.frame(i / fps)

    def _staging(self, number: int) -> Staging:
        if number not in self._staged:
            shot = self.film.shots[number]
            earlier = 0.0 if shot.event is None else shot.start - self.film.events[shot.event].start
            self._staged[number] = Staging(shot, self.film.cast, earlier)
        return self._staged[number]

    def _wipe(self, number: int, since: float) -> None:
        """The new shot pushes the old one out to the left."""
        edge = 320 * (1 - ramp(since, 0, WIPE_SECONDS))
        before = self.film.shots[number - 1]
        for shift, index, time in (
            (edge - 320, number - 1, before.end - before.start),
            (edge, number, since),
        ):
            with self.canvas.placed(shift, 0):
                self.canvas.clip(0, 0, 320, 180)
                self._staging(index).draw(self.canvas, time)
        self.canvas.rect(edge - 2, 0, 4, 180, "#fff8e8")

    def _darkness(self, number: int, since: float) -> float:
        """How dark a fade makes the picture: rising before its cut, falling after it."""
        shots = self.film.shots
        dark = 0.0
        if shots[number].transition == "fade" and since < FADE_SECONDS:
            dark = 1 - since / FADE_SECONDS
        left = shots[number].end - shots[number].start - since
        if number + 1 < len(shots) and shots[number + 1].transition == "fade" and left < FADE_SECONDS:
            dark = max(dark, 1 - left / FADE_SECONDS)
        return 0.9 * dark


def _vignette(canvas: Canvas) -> None:
    edge = radial(
        160, 90, 210, (0, fade("#1a1030", 0)), (0.72, fade("#1a1030", 0)), (1, fade("#1a1030", 0.2))
    )
    canvas.rect(0, 0, 320, 180, edge)
