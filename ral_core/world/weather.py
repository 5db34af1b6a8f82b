"""Skies, what falls from them, and the light they give."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from ral_core.world.canvas import Canvas, Draw, linear, radial
from ral_core.world.palette import SKIES, fade, mix

LEFT, TOP, WIDTH, HEIGHT = -220.0, -130.0, 760.0, 420.0
"""The part of the world that any camera can see."""
CLOUD_COLORS = {
    "day": "#ffffff",
    "sunset": "#ffc9a8",
    "night": "#3c4a80",
    "rain": "#6b7c8e",
    "overcast": "#f4f7f8",
}
LEAVES = ("#e08a3c", "#d9b13b", "#c1502e")
INDOOR = frozenset({"kitchen", "bedroom", "classroom", "stage"})


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a setting has to know about its shot."""

    sky: str = "day"
    season: str = "spring"
    snowfall: bool = False
    bed_taken: bool = False


@dataclass(frozen=True, slots=True)
class Scenery:
    """A place in three layers; the farther a layer, the less it follows the camera."""

    far: Draw
    middle: Draw
    near: Draw
    ground: float
    """Height of the line that actors stand on, in stage units from the top."""


def nothing(canvas: Canvas, time: float) -> None:
    """Draw nothing."""


def fixed(draw: Callable[[Canvas], None]) -> Draw:
    """A drawing that never changes: recorded the first time, replayed afterwards."""
    recordings: list[object] = []

    def replay(canvas: Canvas, time: float) -> None:
        if not recordings:
            recordings.append(canvas.record(draw))
        canvas.replay(recordings[0])

    return replay


def together(*draws: Draw) -> Draw:
    """Several drawings, the first at the back."""

    def draw(canvas: Canvas, time: float) -> None:
        for part in draws:
            part(canvas, time)

    return draw


def tint(color: str, opacity: float) -> Draw:
    """A veil of colour over everything drawn so far."""
    paint = fade(color, opacity)
    return lambda canvas, time: canvas.rect(LEFT, TOP, WIDTH, HEIGHT, paint)


def cloud(canvas: Canvas, x: float, y: float, size: float, opacity: float, color: str) -> None:
    """A cloud with a flat base."""
    puffs = [(-14, 0, 8), (-4, -5, 11), (9, -2, 9), (18, 2, 6)]
    with canvas.placed(x, y, scale=size):
        canvas.dots(
            [*puffs, (-20, 4, 4), (22, 4, 4), (-8, 4, 4), (4, 4, 4), (13, 4, 4)], fade(color, opacity)
        )


def sky(rng: random.Random, name: str) -> Draw:
    """The sky with sun, moon or stars, and clouds that drift."""
    top, middle, horizon = SKIES[name]
    blend = linear(0, -20, 0, 140, (0, top), (0.6, middle), (1, horizon))
    stars = [(rng.uniform(-100, 420), rng.uniform(-60, 90), rng.choice((0.6, 0.9, 1.3))) for _ in range(60)]
    sun_x = rng.uniform(215, 285)
    drift = [(rng.uniform(0, 560), rng.uniform(8, 58), rng.uniform(0.7, 1.3), 2 + i * 0.7) for i in range(5)]

    def still(canvas: Canvas) -> None:
        canvas.rect(LEFT, TOP, WIDTH, HEIGHT, blend)
        if name == "night":
            canvas.dots(stars, fade("#fff7d6", 0.9))
            canvas.circle(sun_x, 30, 15, "#fdf3cf")
            canvas.circle(sun_x - 6, 27, 13, mix(top, middle, 0.3))
        elif name == "day":
            glow = radial(sun_x, 28, 42, (0, fade("#fff3b0", 0.8)), (1, fade("#fff3b0", 0)))
            canvas.circle(sun_x, 28, 42, glow)
            canvas.circle(sun_x, 28, 14, "#ffe27a")
        elif name == "sunset":
            glow = radial(sun_x, 96, 75, (0, fade("#ffe7a8", 0.9)), (1, fade("#ffe7a8", 0)))
            canvas.circle(sun_x, 96, 75, glow)
            canvas.circle(sun_x, 96, 21, "#ffd166")

    def moving(canvas: Canvas, time: float) -> None:
        for x, y, size, speed in drift:
            cloud(canvas, (x + time * speed) % 560 - 120, y, size, 0.85, CLOUD_COLORS[name])

    return together(fixed(still), moving)


def rain(rng: random.Random) -> Draw:
    """Slanting streaks and rings where they land."""
    streaks = [(rng.uniform(0, 480), rng.uniform(0, 250)) for _ in range(110)]
    rings = [(rng.uniform(-40, 360), rng.uniform(150, 182), rng.random()) for _ in range(14)]

    def draw(canvas: Canvas, time: float) -> None:
        falling = [((x - time * 60) % 480 - 80, (y + time * 330) % 250 - 50) for x, y in streaks]
        canvas.lines([(x, y, x - 2.6, y + 11) for x, y in falling], fade("#e3eefc", 0.6), 1.1)
        for x, y, start in rings:
            age = (time * 2 + start) % 1
            canvas.arc(x, y, 1 + age * 5, 0.5 + age * 1.6, 0, 360, fade("#e3eefc", 0.6 * (1 - age)), 0.9)

    return draw


def falling_snow(rng: random.Random) -> Draw:
    """Snowflakes that sway."""
    flakes = [
        (rng.uniform(0, 480), rng.uniform(0, 250), rng.uniform(18, 34), rng.uniform(1, 2.2))
        for _ in range(90)
    ]

    def draw(canvas: Canvas, time: float) -> None:
        dots = [
            ((x + math.sin(time + y) * 8) % 480 - 80, (y + time * speed) % 250 - 50, size)
            for x, y, speed, size in flakes
        ]
        canvas.dots(dots, fade("#ffffff", 0.95))

    return draw


def falling_leaves(rng: random.Random) -> Draw:
    """Autumn leaves that turn as they fall."""
    leaves = [
        (rng.uniform(0, 460), rng.uniform(0, 240), rng.uniform(0, 360), rng.choice(LEAVES)) for _ in range(16)
    ]

    def draw(canvas: Canvas, time: float) -> None:
        for x, y, turn, color in leaves:
            with canvas.placed(
                (x + time * 14) % 460 - 70, (y + time * 16) % 240 - 40, rotate=turn + time * 90
            ):
                canvas.ellipse(0, 0, 3.6, 1.9, color)

    return draw


@dataclass(frozen=True, slots=True)
class Atmosphere:
    """The light behind the actors, and what is in the air before them."""

    light: Draw
    air: Draw


def atmosphere(rng: random.Random, setting: str, conditions: Conditions) -> Atmosphere:
    """Weather and light. Actors are tinted far less than the scenery, so that colours stay what they are."""
    night, sunset = conditions.sky == "night", conditions.sky == "sunset"
    if setting in INDOOR:
        dark = night and setting != "stage"
        return Atmosphere(
            tint("#101542", 0.27) if dark else nothing, tint("#101542", 0.07) if dark else nothing
        )
    if conditions.sky == "rain":
        return Atmosphere(tint("#3d4f66", 0.2), rain(rng))
    air: Draw = nothing
    if setting == "snow" and conditions.snowfall:
        air = falling_snow(rng)
    elif setting == "park" and conditions.season == "autumn":
        air = falling_leaves(rng)
    if night:
        return Atmosphere(tint("#0e1440", 0.3), together(air, tint("#0e1440", 0.09)))
    if sunset:
        return Atmosphere(tint("#ff7a3c", 0.13), together(air, tint("#ff7a3c", 0.04)))
    return Atmosphere(nothing, air)
