"""The bodies of dogs and cats, facing right with their feet at y = 0."""

from __future__ import annotations

import math

from ral_core.world.canvas import Canvas, Point
from ral_core.world.characters import Look, bent_limb
from ral_core.world.palette import FUR, INK, Color, darker, fade, rgba

LEGS = ((-11, True, 0.0), (12, True, math.pi), (-14, False, 0.9 * math.pi), (9, False, 1.9 * math.pi))
"""Where a leg starts, whether it is on the far side, and its share of the step."""


def leash_dog(phase: float, leash: Color) -> Look:
    """A dog of one of three coats, by its owner's phase, with a collar of the leash's colour."""
    coat, light = FUR[("brown", "black", "white")[int(phase * 10) % 3]]
    return Look("dog", 1.0, phase, rgba(coat), rgba(light), collar=leash, spots=coat == FUR["white"][0])


def draw_animal(canvas: Canvas, look: Look, time: float, manner: str, head: Point | None = None) -> None:
    """Draw a dog or cat that goes (`walk`, `run`, `play`), `stand`s, `leap`s or `eat`s.

    `head` moves the head from its usual place.
    """
    pace, stride = {"walk": (7.5, 7.0), "run": (13.5, 12.0), "play": (11.0, 8.0)}.get(manner, (0.0, 0.0))
    turn = time * pace
    lift = 0.0 if not pace else abs(math.sin(turn)) * (-3.4 if manner != "walk" else -1.2)
    if manner != "leap":  # who leaps leaves the shadow on the ground
        canvas.shadow(0, 0, 24)
    _tail(canvas, look, time, lift, calm=manner in ("stand", "eat"))
    spread = 9 if manner == "leap" else 0
    _legs(canvas, look, turn, stride, lift, spread)
    body = [(-18, -20), (-10, -26), (6, -26), (16, -28), (18, -16), (8, -11), (-12, -11)]
    canvas.blob([(x, y + lift) for x, y in body], look.top)
    if look.spots:
        canvas.ellipse(-6, -20 + lift, 6, 4.4, look.trim)
        canvas.ellipse(5, -17 + lift, 3.6, 2.8, look.trim)
    x, y = head or (22, -33 + lift)
    neck: list[Point] = [(14, -23 + lift), ((14 + x) / 2, (y - 20 + lift) / 2)]
    canvas.line([*neck, (x - 2, y + 2)], look.top, 11)
    if look.collar:
        canvas.line([(x - 9, y + 6), (x + 1, y + 9.5)], look.collar, 4.4)
    nod = {"stand": math.sin(time * 0.7) * 5, "eat": 38 + math.sin(time * 9) * 5}.get(
        manner, math.sin(time * 2.1) * 4
    )
    with canvas.placed(x, y, rotate=nod):
        draw_animal_head(canvas, look, time, panting=manner in ("run", "play", "leap"))


def _tail(canvas: Canvas, look: Look, time: float, lift: float, calm: bool) -> None:
    if look.kind == "cat":
        wag = math.sin(time * 2.4) * 5
        tail = [(-17, -19 + lift), (-26, -20 + lift), (-29, -32 + lift), (-25 + wag * 0.5, -40 + lift)]
        canvas.curve(tail, darker(look.top, 0.1), 4.2)
    else:
        wag = math.sin(time * (4 if calm else 14)) * (3 if calm else 8)
        tail = [(-17, -20 + lift), (-25, -26 + lift), (-28 + wag * 0.4, -36 + lift)]
        canvas.curve(tail, darker(look.top, 0.1), 4.8)


def _legs(canvas: Canvas, look: Look, turn: float, stride: float, lift: float, spread: float) -> None:
    for start, far, offset in LEGS:
        swing = math.sin(turn + offset) * stride + math.copysign(spread, start)
        raised = max(0.0, math.cos(turn + offset)) * stride * 0.55 if stride else spread * 0.5
        coat = darker(look.top, 0.25) if far else darker(look.top, 0.06)
        knee, foot = bent_limb((start, -15 + lift), (start + swing, -2 - raised), 8, 8, 1)
        canvas.curve([(start, -15 + lift), knee, foot], coat, 5.8)
        canvas.rect(foot[0] - 2.8, foot[1] - 0.8, 7.6, 4, darker(look.trim, 0.25) if far else look.trim, 1.8)


def draw_animal_head(
    canvas: Canvas, look: Look, time: float, panting: bool = False, asleep: bool = False
) -> None:
    """A head around the origin, facing right."""
    if look.kind == "cat":
        _cat_head(canvas, look, asleep)
    else:
        _dog_head(canvas, look, time, panting, asleep)


def _cat_head(canvas: Canvas, look: Look, asleep: bool) -> None:
    for x, tip in ((-5.5, -7), (5, 7)):
        canvas.polygon([(x - 5, -4), (tip, -16), (x + 4.5, -5)], look.top)
        canvas.polygon([(x - 2.6, -6), (tip * 0.96, -12.4), (x + 2.2, -6.6)], "#f2a6a6")
    canvas.ellipse(0, 0, 10.8, 9, look.top)
    canvas.ellipse(4, 3, 5.6, 4, look.trim)
    if asleep:
        canvas.arc(-1, -1, 1.8, 1.2, 0, 180, INK, 1)
        canvas.arc(7, -1, 1.8, 1.2, 0, 180, INK, 1)
    else:
        for x in (-1, 7):
            canvas.ellipse(x, -1.2, 2, 2.6, "#cfe36b")
            canvas.ellipse(x + 0.2, -1.2, 1, 2.3, INK)
    canvas.polygon([(2.6, 1.2), (5.2, 1.2), (3.9, 3)], "#d9707a")
    canvas.arc(2.5, 3, 1.5, 1.4, 0, 160, INK, 0.8)
    canvas.arc(5.4, 3, 1.5, 1.4, 20, 180, INK, 0.8)
    whiskers = [(8, 3 + side, 15, 2 + 2.4 * side) for side in (-1, 1)]
    whiskers += [(0, 3 + side, -7, 2 + 2.4 * side) for side in (-1, 1)]
    canvas.lines(whiskers, fade("#ffffff", 0.85), 0.7)


def _dog_head(canvas: Canvas, look: Look, time: float, panting: bool, asleep: bool) -> None:
    canvas.ellipse(0, 0, 9.8, 9, look.top)
    if panting:
        canvas.blob([(6, 5), (11, 5), (10, 12 + math.sin(time * 12)), (7, 12)], "#ef6f7c")
    canvas.ellipse(8, 3, 6.8, 5, look.trim)
    canvas.ellipse(13.2, 0.8, 2.5, 2.1, INK)
    if asleep:
        canvas.arc(3, -2, 2, 1.3, 0, 180, INK, 1.1)
    else:
        if look.top[0] < 0.3:
            canvas.circle(3.2, -2.4, 2.4, look.trim)
        canvas.circle(3.2, -2.2, 1.7, INK)
        canvas.circle(3.8, -2.8, 0.6, "#ffffff")
    ear = darker(look.top, 0.32) if look.top[0] > 0.3 else fade("#17161d", 1)
    canvas.blob([(-3, -7.5), (-9, -5), (-10.5, 6.5), (-5, 7.5), (-2, -1)], look.trim if look.spots else ear)


def draw_sitting(canvas: Canvas, look: Look, time: float) -> None:
    """A dog or cat that sits upright."""
    coat = look.top
    canvas.shadow(-2, 0, 18)
    if look.kind == "cat":
        wag = math.sin(time * 2.4) * 5
        canvas.curve([(-11, -3), (-21, -2), (-24, -9 + wag * 0.4)], darker(coat, 0.1), 4.4)
    else:
        canvas.curve([(-12, -4), (-20, -5), (-23, -13 - math.sin(time * 9) * 4)], darker(coat, 0.1), 4.8)
    canvas.blob([(-15, -2), (-13, -16), (-3, -28), (8, -27), (10, -12), (8, 0), (-6, 1)], coat)
    canvas.line([(7, -18), (8, -1)], darker(coat, 0.1), 5.4)
    canvas.rect(4, -3, 9.5, 4.2, look.trim, 2)
    canvas.ellipse(-8, -5, 9, 7, darker(coat, 0.09))
    canvas.rect(-8, -2.6, 11, 3.8, look.trim, 1.8)
    if look.collar:
        canvas.line([(0, -27), (10, -25)], look.collar, 4.4)
    with canvas.placed(8, -35, rotate=math.sin(time * 0.9) * 6):
        draw_animal_head(canvas, look, time)


def draw_asleep(canvas: Canvas, look: Look, time: float) -> None:
    """A dog or cat curled up on the ground."""
    breath = math.sin(time * 2) * 1.2
    canvas.shadow(0, 0, 25)
    canvas.ellipse(0, -9 - breath * 0.4, 21, 10 + breath * 0.5, look.top)
    canvas.ellipse(-9, -6, 9, 6, darker(look.top, 0.1))
    if look.spots:
        canvas.ellipse(-2, -13, 6, 4, look.trim)
    canvas.curve([(-17, -6), (-23, -2), (-10, 1), (4, 0)], darker(look.top, 0.16), 5)
    if look.collar:
        canvas.line([(8, -14), (7, -3)], look.collar, 4)
    with canvas.placed(15, -8, rotate=14):
        draw_animal_head(canvas, look, time, asleep=True)
