"""People and robots: how one looks, a pose, and drawing the pose."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from ral_core.world.canvas import Canvas, Point
from ral_core.world.palette import (
    FUR,
    HAIR,
    INK,
    SKIN,
    STEEL,
    STEEL_DARK,
    Color,
    darker,
    fade,
    lighter,
    rgba,
)
from ral_core.world.scene import Character

SCALES = {"man": 1.5, "woman": 1.46, "boy": 1.2, "girl": 1.2, "robot": 1.44, "dog": 1.5, "cat": 1.38}
LIP = "#8c2f39"
LIMB = 14.9
ARM = 12.8


@dataclass(frozen=True, slots=True)
class Look:
    """A character resolved to paints and sizes; animals use `top` as their coat."""

    kind: str
    scale: float
    phase: float
    top: Color
    trim: Color
    skin: Color = (0, 0, 0, 1)
    hair: Color = (0, 0, 0, 1)
    style: str = "short"
    bottom: Color = (0, 0, 0, 1)
    shoes: Color = (0, 0, 0, 1)
    skirt: bool = False
    short_sleeves: bool = False
    glasses: bool = False
    beard: bool = False
    hat: str | None = None
    hat_color: Color = (0, 0, 0, 1)
    head: float = 9.8
    apron: bool = False
    collar: Color | None = None
    spots: bool = False


@lru_cache(maxsize=1024)
def look_of(character: Character) -> Look:
    """The paints and sizes that draw this character."""
    kind, phase, scale = character.kind, character.phase, SCALES[character.kind]
    if kind in ("dog", "cat"):
        coat, light = FUR[character.fur or "brown"]
        collar = rgba(character.collar) if character.collar else None
        spots = character.fur == "white" and kind == "dog"
        return Look(kind, scale, phase, rgba(coat), rgba(light), collar=collar, spots=spots)
    top = rgba(character.top or "white")
    if kind == "robot":
        steel = rgba(STEEL_DARK)
        return Look(
            kind, scale, phase, top, top, rgba("#6b7688"), steel, "bald", steel, rgba("#55607a"), head=10.2
        )
    return Look(
        kind,
        scale,
        phase,
        top,
        trim=lighter(top, 0.5),
        skin=rgba(SKIN[character.skin]),
        hair=rgba(HAIR[character.hair or "brown"]),
        style=character.style or "short",
        bottom=top if character.dress else rgba(character.bottom or "#3c4a6b"),
        shoes=rgba(character.shoes or "#3b2f2f"),
        skirt=character.dress or character.bottom_kind == "skirt",
        short_sleeves=character.sleeve == "short",
        glasses=character.glasses,
        beard=character.beard,
        hat=character.hat,
        hat_color=rgba(character.hat_color or "red"),
        head=11.2 if kind in ("boy", "girl") else 9.8,
    )


@dataclass(frozen=True, slots=True)
class Pose:
    """Where the parts of a body are, in its own units: feet at y = 0, facing right, about 80 tall.

    The far arm and leg are behind the body, the near ones in front. `*_bend` is the side (+1 or -1) to
    which an elbow points. Angles in degrees.
    """

    pelvis: Point = (0, -31.4)
    lean: float = 0
    head_tilt: float = 0
    far_hand: Point = (-9, -33)
    near_hand: Point = (9, -33)
    far_foot: Point = (-5, 0)
    near_foot: Point = (6, 0)
    far_bend: int = 1
    near_bend: int = 1
    near_shoulder: float = -2
    far_shoulder: float = 2.5
    arm: float = ARM
    toe: float = 0
    far_toe: float = 0
    mood: str = "smile"


def bent_limb(start: Point, target: Point, upper: float, lower: float, side: float) -> tuple[Point, Point]:
    """The joint and the reached end of a two-part limb (two-bone inverse kinematics).

    A target out of reach is moved to the limb's full length.
    """
    dx, dy = target[0] - start[0], target[1] - start[1]
    distance = math.hypot(dx, dy) or 1e-6
    longest = upper + lower - 0.01
    if distance > longest:
        target = (start[0] + dx / distance * longest, start[1] + dy / distance * longest)
        distance = longest
    distance = max(distance, abs(upper - lower) + 0.01)
    cosine = (upper * upper + distance * distance - lower * lower) / (2 * upper * distance)
    angle = math.atan2(dy, dx) + side * math.acos(max(-1.0, min(1.0, cosine)))
    return (start[0] + upper * math.cos(angle), start[1] + upper * math.sin(angle)), target


def draw_person(
    canvas: Canvas,
    look: Look,
    time: float,
    pose: Pose,
    *,
    behind: Callable[[], None] | None = None,
    middle: Callable[[], None] | None = None,
    front: Callable[[], None] | None = None,
) -> None:
    """Draw a pose. `behind` draws a prop between far arm and body, `middle` before and `front` after the near arm."""
    angle = math.radians(pose.lean)
    breath = math.sin(time * 2.2 + look.phase) * 0.5
    hip_x, hip_y = pose.pelvis
    chest = (hip_x + math.sin(angle) * 24, hip_y - math.cos(angle) * 24 - breath)
    neck = (hip_x + math.sin(angle) * 38, hip_y - math.cos(angle) * 38 - breath)
    _arm(
        canvas,
        look,
        (chest[0] + pose.far_shoulder, chest[1] + 3),
        pose.far_hand,
        pose.far_bend,
        pose.arm,
        far=True,
    )
    if behind:
        behind()
    _leg(canvas, look, (hip_x + 2, hip_y), pose.far_foot, pose.far_toe, far=True)
    _leg(canvas, look, (hip_x - 1.5, hip_y), pose.near_foot, pose.toe, far=False)
    with canvas.placed(hip_x, hip_y, rotate=pose.lean):
        _torso(canvas, look, time)
    if middle:
        middle()
    with canvas.placed(*neck, rotate=pose.lean * 0.5 + pose.head_tilt):
        draw_head(canvas, look, time, pose.mood)
    shoulder = (chest[0] + pose.near_shoulder, chest[1] + 3)
    _arm(canvas, look, shoulder, pose.near_hand, pose.near_bend, pose.arm, far=False)
    if front:
        front()


def _leg(canvas: Canvas, look: Look, hip: Point, foot: Point, toe: float, far: bool) -> None:
    knee, end = bent_limb(hip, (foot[0], foot[1] - 2), LIMB, LIMB, -1)
    paint, width = look.bottom, 6.8
    if look.kind == "robot":
        paint = rgba(STEEL)
    elif look.skirt:
        paint, width = look.skin, 5.2
    canvas.curve([hip, knee, end], darker(paint, 0.22) if far else paint, width)
    shoes = darker(look.shoes, 0.25) if far else look.shoes
    with canvas.placed(*end, rotate=toe):
        canvas.rect(-3.6, -2.4, 10.6, 5, shoes, 2.3)
        canvas.rect(-3.6, 1.4, 10.6, 1.4, lighter(shoes, 0.6), 0.7)


def _arm(
    canvas: Canvas, look: Look, shoulder: Point, hand: Point, bend: int, length: float, far: bool
) -> None:
    elbow, end = bent_limb(shoulder, hand, length, length, bend)
    sleeve = darker(look.top, 0.22) if far else darker(look.top, 0.09)
    skin = darker(look.skin, 0.15) if far else look.skin
    if look.kind == "robot":
        sleeve = rgba(STEEL_DARK) if far else rgba(STEEL)
    if look.short_sleeves and look.kind != "robot":
        cuff = (shoulder[0] + (elbow[0] - shoulder[0]) * 0.6, shoulder[1] + (elbow[1] - shoulder[1]) * 0.6)
        canvas.line([shoulder, elbow, end], skin, 4.8)
        canvas.line([shoulder, cuff], sleeve, 6.6)
    else:
        canvas.line([shoulder, elbow, end], sleeve, 5.8)
    canvas.circle(*end, 3.2, skin)


def _torso(canvas: Canvas, look: Look, time: float) -> None:
    if look.kind == "robot":
        canvas.rect(-11, -27, 22, 29, "#b9c4d3", 5)
        canvas.rect(-8.5, -23.5, 17, 16, look.top, 3)
        canvas.circle(-3.5, -17, 2.2, "#fff4c2")
        canvas.circle(3.5, -17, 2.2, "#263248")
        canvas.rect(-8, -5, 16, 2.4, STEEL_DARK, 1)
    elif look.skirt:
        sway = math.sin(time * 5) * 0.8
        bodice = [("M", -8, -25), ("C", -9.5, -14, -8.5, -8, -7, -6), ("L", 7, -6)]
        canvas.path([*bodice, ("C", 8.5, -10, 9, -16, 8, -25), ("Q", 0, -29, -8, -25), ("Z",)], look.top)
        hem = [("L", -14 + sway, 11), ("Q", 0, 14.5, 14 + sway, 11)]
        canvas.path([("M", -7.2, -8), *hem, ("L", 7.2, -8), ("Z",)], look.bottom)
    else:
        side = [("M", -9.2, -25), ("C", -10.2, -12, -8.7, -4, -8.2, 1.5), ("L", 8.2, 1.5)]
        canvas.path([*side, ("C", 9.2, -6, 9.8, -14, 9.2, -25), ("Q", 0, -29.5, -9.2, -25), ("Z",)], look.top)
        canvas.rect(-8, -1, 16, 3.8, look.bottom, 1)
    if look.apron:
        canvas.polygon([(-9, -24), (9, -24), (10.5, -12), (10.5, 10), (-10, 10), (-10, -12)], "#fbf7ef")
        canvas.rect(-10, -9, 20.5, 2, "#d9cdb4")


def draw_head(canvas: Canvas, look: Look, time: float, mood: str) -> None:
    """A head around the origin, facing right, about `look.head` in radius."""
    if look.kind == "robot":
        _robot_head(canvas, look, mood)
        return
    r, skin = look.head, look.skin
    _hair_behind(canvas, look, time)
    canvas.rect(-2.8, r - 3, 5.6, 7, darker(skin, 0.12), 2)
    canvas.ellipse(0, 0, r, r * 1.02, skin)
    canvas.circle(-r * 0.5, r * 0.15, r * 0.2, darker(skin, 0.12))
    _hair_cap(canvas, look)
    _face(canvas, look, mood, time)
    if look.beard:
        chin = [(-r * 0.6, r * 0.2), (-r * 0.35, r * 1.15), (r * 0.35, r * 1.3), (r * 0.98, r * 0.75)]
        canvas.blob([*chin, (r * 0.85, r * 0.42), (r * 0.2, r * 0.62)], look.hair)
        canvas.arc(r * 0.3, r * 0.62, 2, 1.2, 20, 160, LIP, 1)
    if look.glasses:
        for x in (r * 0.42 + 1.2, r * 0.42 - 5):
            canvas.ellipse(x, -0.3, 3.2, 3.1, fade("#ffffff", 0.35))
            canvas.arc(x, -0.3, 3.2, 3.1, 0, 360, INK, 1.3)
    _hat(canvas, look)


def _robot_head(canvas: Canvas, look: Look, mood: str) -> None:
    r = look.head
    canvas.line([(0, -r), (0, -r - 6)], "#7c8798", 1.6)
    canvas.circle(0, -r - 7, 2.8, look.top)
    canvas.rect(-r, -r, 2 * r, 2 * r - 1, "#b9c4d3", 4)
    canvas.rect(-r + 1, -r + 1, 2 * r - 2, 6, fade("#ffffff", 0.35), 3)
    canvas.rect(-r + 3, -5, 2 * r - 4.5, 9, "#263248", 3)
    if mood == "sleep":
        canvas.lines([(-2, 0, 1, 0), (5, 0, 8, 0)], "#6ff2e4", 1.3)
    else:
        canvas.dots([(-0.5, -0.7, 2), (6, -0.7, 2)], "#6ff2e4")
    canvas.rect(-2, 5.2, 8, 2.6 if mood == "open" else 1.5, "#6b7688", 0.7)


def _face(canvas: Canvas, look: Look, mood: str, time: float) -> None:
    eye = look.head * 0.42
    blinking = (time + look.phase) % 3.1 < 0.12
    if mood == "sleep" or blinking:
        canvas.arc(eye + 1.2, -0.5, 1.8, 1.2, 0, 180, INK, 1)
        canvas.arc(eye - 4.6, -0.5, 1.8, 1.2, 0, 180, INK, 1)
    else:
        canvas.ellipse(eye + 1.2, -0.5, 1.35, 1.9, INK)
        canvas.ellipse(eye - 4.6, -0.5, 1.35, 1.9, INK)
        canvas.dots([(eye + 1.6, -1.2, 0.45), (eye - 4.2, -1.2, 0.45)], "#ffffff")
    blush = fade("#e8586a", 0.38)
    canvas.ellipse(eye + 2.6, 3, 1.7, 1.1, blush)
    canvas.ellipse(eye - 6, 3, 1.7, 1.1, blush)
    if mood == "open":
        canvas.ellipse(eye - 1.6, 4.2, 1.8, 2.1, LIP)
    elif mood == "sleep":
        canvas.ellipse(eye - 1.6, 4, 1, 0.8, LIP)
    else:
        canvas.arc(eye - 1.7, 2.4, 2.5, 2.1, 20, 160, LIP, 1.1)


def _hair_behind(canvas: Canvas, look: Look, time: float) -> None:
    r, shade = look.head, darker(look.hair, 0.2)
    if look.style == "long":
        back = [(-r * 1.05, -r * 0.4), (-r * 0.2, -r * 1.12), (r * 0.5, -r * 0.7), (r * 0.1, r * 0.4)]
        canvas.blob([*back, (-r * 0.2, r * 1.7), (-r * 1.25, r * 1.75), (-r * 1.15, r * 0.6)], shade)
    elif look.style == "bun":
        canvas.circle(-r * 0.75, -r * 0.95, r * 0.5, look.hair)
    elif look.style == "pony":
        swing = math.sin(time * 6) * 0.8
        tail = [(-r * 0.8, -r * 0.5), (-r * 1.7, -r * 0.3), (-r * 1.9, r * 0.9 + swing)]
        canvas.blob([*tail, (-r * 1.45, r * 1.2), (-r * 1.2, r * 0.3)], shade)
    elif look.style == "pig":
        for side in (-1, 1):
            canvas.ellipse(side * r * 1.1 - 1, r * 0.35, r * 0.38, r * 0.66, look.hair)


def _hair_cap(canvas: Canvas, look: Look) -> None:
    r, hair = look.head, look.hair
    if look.style == "bald":
        canvas.arc(-1, 1, r * 0.96, r * 0.9, 150, 215, hair, 3.5)
        return
    outer = [(-r * 1.04, r * 0.25), (-r * 1.08, -r * 0.5), (-r * 0.4, -r * 1.2), (r * 0.5, -r * 1.12)]
    inner = [(r * 1.04, -r * 0.35), (r * 0.55, -r * 0.42), (-r * 0.15, -r * 0.5), (-r * 0.55, -r * 0.15)]
    canvas.blob([*outer, *inner, (-r * 0.62, r * 0.35)], hair)
    if look.style == "curly":
        turns = [math.radians(165 + i * 29) for i in range(7)]
        canvas.dots([(r * math.cos(a) - 0.6, r * math.sin(a) - 1, r * 0.37) for a in turns], hair)
    elif look.style == "spiky":
        for i in range(4):
            x = r * 0.45 * i
            canvas.polygon([(x - r * 0.9, -r * 0.7), (x - r * 0.6, -r * 1.5), (x - r * 0.3, -r * 0.7)], hair)


def _hat(canvas: Canvas, look: Look) -> None:
    r, color = look.head, look.hat_color
    if look.hat == "cap":
        canvas.segment(0, -r * 0.25, r * 1.1, r * 1.05, 180, 360, color)
        canvas.rect(0, -r * 0.42, r * 1.85, 3.2, darker(color, 0.2), 1.5)
    elif look.hat == "sun":
        canvas.ellipse(0, -r * 0.5, r * 1.9, r * 0.4, "#efd28d")
        canvas.segment(0, -r * 0.5, r * 0.98, r * 0.98, 180, 360, "#efd28d")
        canvas.rect(-r * 0.98, -r * 0.86, r * 1.96, 4.4, color)
    elif look.hat == "beanie":
        canvas.segment(0, -r * 0.2, r * 1.12, r * 1.16, 180, 360, color)
        canvas.rect(-r * 1.12, -r * 0.42, r * 2.24, 4, lighter(color, 0.35), 2)
        canvas.circle(0, -r * 1.38, 3, "#ffffff")
    elif look.hat == "cook":
        canvas.rect(-r * 0.82, -r * 1.5, r * 1.64, r * 0.95, "#ffffff", 2)
        canvas.dots([(side * r * 0.62, -r * 1.6, r * 0.52) for side in (-1, 0, 1)], "#ffffff")
