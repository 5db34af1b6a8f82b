"""What people and robots do on the spot, and the table of all their actions. Each is a pose over time."""

from __future__ import annotations

import math
from dataclasses import replace

from ral_core.world import props
from ral_core.world.actions_moving import (
    JUGGLED,
    balloon,
    bike,
    dance,
    dogwalk,
    juggle,
    jump,
    kick,
    kite,
    lift,
    run,
    skateboard,
    stand,
    walk,
    wave,
)
from ral_core.world.canvas import Point
from ral_core.world.characters import Pose, draw_head, draw_person
from ral_core.world.palette import darker, fade, lighter
from ral_core.world.performance import ActionDrawer, Performance, cycle, ramp


def read(p: Performance) -> None:
    """Sits on a stool with a big open book."""
    p.canvas.shadow(0, 0, 18)
    p.canvas.rect(-12, -15, 21, 4, "#8a5a3c", 2)
    p.canvas.lines([(-9, -11, -10, 0), (6, -11, 8, 0)], "#6f472f", 2.6)

    def front() -> None:
        props.book(p.canvas, 22, -37, p.color, min(1.0, (p.time % 3) / 0.7))
        p.canvas.dots([(9, -32, 3.2)], darker(p.look.skin, 0.05))

    pose = Pose(
        pelvis=(0, -17),
        far_foot=(18, 0),
        near_foot=(13, 0),
        near_hand=(20, -34),
        far_hand=(30, -34),
        head_tilt=15 + 2 * math.sin(p.time * 1.3),
        lean=3,
    )
    draw_person(p.canvas, p.look, p.time, pose, front=front)


def water(p: Performance) -> None:
    """Waters a pot of flowers that grow."""
    p.canvas.shadow(0, 0, 13)
    p.canvas.shadow(46, 0, 14, 3)
    props.flower_pot(p.canvas, 46, min(1.0, p.since / 6))

    def front() -> None:
        props.watering_can(p.canvas, 17, -46, p.color, 22 + math.sin(p.time * 2) * 4)
        falls = [((p.time * 1.6 + i / 12) % 1, i % 3) for i in range(12)]
        drops = [
            (40 + f * 5 + k * 2.4, -44 + f * f * 18, 40.6 + f * 5 + k * 2.4, -40.5 + f * f * 18)
            for f, k in falls
        ]
        p.canvas.lines(drops, "#2f93e0", 2.3)

    pose = Pose(near_hand=(15, -53), far_hand=(10, -45), lean=9, head_tilt=9)
    draw_person(p.canvas, p.look, p.time, pose, front=front)


def umbrella(p: Performance) -> None:
    """Puts up an umbrella and stands under it."""
    p.canvas.shadow(0, 0, 13)
    props.umbrella(p.canvas, 11, -50, p.color, ramp(p.since, 0.3, 1.1), math.sin(p.time * 1.4) * 2.5)
    pose = Pose(near_hand=(11.5, -45), far_hand=(-9, -34), head_tilt=math.sin(p.time) * 4)
    draw_person(p.canvas, p.look, p.time, pose)


def guitar(p: Performance) -> None:
    """Strums a guitar while notes rise."""
    strum, beat = math.sin(p.time * 11) * 7, math.sin(p.time * 5.5)
    p.canvas.shadow(0, 0, 13)
    pose = Pose(
        near_hand=(-1, -38 + strum),
        far_hand=(29, -50 + math.sin(p.time * 2) * 2),
        head_tilt=beat * 7,
        far_foot=(-7, 0),
        near_foot=(8, -max(0.0, beat) * 3),
        mood="open" if math.sin(p.time * 2) > 0 else "smile",
    )
    draw_person(p.canvas, p.look, p.time, pose, middle=lambda: props.guitar(p.canvas, 2, -39, p.color))
    props.notes(p.canvas, 30, -60, p.time)


def cook(p: Performance) -> None:
    """Stirs a pot on a cooking table, in apron and cook's hat."""
    stir = math.cos(p.time * 4) * 6
    look = p.look if p.look.kind == "robot" else replace(p.look, apron=True, hat="cook")
    p.canvas.shadow(0, 0, 13)
    pose = Pose(near_hand=(27 + stir * 0.6, -62), far_hand=(20, -48), lean=5, head_tilt=9)
    draw_person(p.canvas, look, p.time, pose)
    p.canvas.line([(27 + stir * 0.6, -64), (40 + stir, -54)], "#8a5a3c", 3)
    props.stove_with_pot(p.canvas, p.color, p.time)


def sleep(p: Performance) -> None:
    """Sleeps under a blanket: in a bed, on a mattress, or outdoors on a picnic mat."""
    canvas, breath = p.canvas, math.sin(p.time * 1.8) * 1.6
    canvas.shadow(0, 1, 50, 4)
    bed = _sleeping_place(p)
    with canvas.placed(0, bed):
        canvas.rect(-47, -10, 27, 10, "#ffffff", 4.5)
        canvas.rect(-47, -3, 27, 3, "#dfe4ee", 1.5)
        with canvas.placed(-28, -15, rotate=-72):
            draw_head(canvas, p.look, p.time, "sleep")
        edge = [("M", -20, -1), ("C", -20, -18 - breath, -6, -23 - breath, 6, -20 - breath)]
        feet = [("C", 22, -17, 34, -16, 43, -12), ("Q", 48, -6, 45, 1), ("L", -20, 1), ("Z",)]
        canvas.path([*edge, *feet], p.color)
        fold = [
            ("C", -20, -17 - breath, -16, -20 - breath, -8, -21 - breath),
            ("C", -12, -15, -11, -7, -10, 1),
        ]
        canvas.path([("M", -20, -1), *fold, ("L", -20, 1), ("Z",)], lighter(p.color, 0.4))
        folds = [(4 + i * 13, -17 + i * 1.4, 6 + i * 13, -1) for i in range(3)]
        canvas.lines(folds, fade("#ffffff", 0.4) if p.color[1] < 0.9 else fade("#8f95a6", 0.4), 2)
        props.snores(canvas, -18, -32, p.time)


def _sleeping_place(p: Performance) -> float:
    """Draw what is slept on; the height of its top."""
    canvas = p.canvas
    if p.setting == "bedroom":
        canvas.rect(-53, -40, 6, 40, "#8a5a3c", 2.5)
        canvas.rect(47, -27, 5, 27, "#8a5a3c", 2.5)
        canvas.rect(-50, -16, 99, 9, "#a06d49", 2)
        canvas.rect(-47, -23, 94, 9, "#f6f1e7", 3.5)
        return -21.0
    if p.setting in ("kitchen", "classroom", "stage"):
        canvas.rect(-50, -9, 100, 9, "#eef0f4", 3.5)
        canvas.lines([(-44 + i * 11, -8, -44 + i * 11, -1) for i in range(9)], "#9db2d6", 1.6)
        return -8.0
    canvas.polygon([(-52, -3), (52, -3), (60, 5), (-60, 5)], "#fbf3e4")
    for i in range(6):
        canvas.polygon(
            [(-50 + i * 18, -3), (-42 + i * 18, -3), (-46 + i * 20, 5), (-56 + i * 20, 5)], "#e58a7c"
        )
    return 0.0


def drink(p: Performance) -> None:
    """Lifts a big mug to the mouth and tips it."""
    share = cycle(p.time, 2.8)
    lift = ramp(share, 0.12, 0.34) - ramp(share, 0.7, 0.92)
    x, y = 20 - 6 * lift, -44 - 14 * lift
    p.canvas.shadow(0, 0, 13)
    pose = Pose(near_hand=(x, y), far_hand=(-10, -34), head_tilt=-15 * lift, near_shoulder=2)
    draw_person(
        p.canvas,
        p.look,
        p.time,
        pose,
        front=lambda: props.mug(p.canvas, x + 1, y - 3, p.color, -48 * lift, p.time),
    )


def paint(p: Performance) -> None:
    """Paints a picture on an easel."""
    hand = (25 + math.sin(p.time * 3.2) * 7, -52 + math.cos(p.time * 2.3) * 9)
    p.canvas.shadow(0, 0, 13)
    p.canvas.shadow(50, 0, 16, 3)
    props.easel(p.canvas, 50, p.since * 0.9)

    def behind() -> None:
        p.canvas.ellipse(15, -36, 11, 6.5, "#d9a66c")
        for i, color in enumerate(JUGGLED):
            p.canvas.circle(9 + i * 4.4, -37 - (i % 2) * 2.4, 2, color)

    def front() -> None:
        p.canvas.line([(hand[0] - 2, hand[1] + 2), (hand[0] + 10, hand[1] - 6)], "#8a5a3c", 2.2)
        p.canvas.circle(hand[0] + 11, hand[1] - 6.5, 2.8, "#dc2f3a")

    pose = Pose(near_hand=hand, far_hand=(12, -37), head_tilt=3, near_shoulder=3)
    draw_person(p.canvas, p.look, p.time, pose, behind=behind, front=front)


def sweep(p: Performance) -> None:
    """Sweeps the floor with a broom, raising dust."""
    stroke = math.sin(p.time * 4)
    tip = (28 + stroke * 13, -3.0)

    def front() -> None:
        props.broom(p.canvas, (6 - stroke * 3, -58), tip, -20 + stroke * 14)
        for i in range(4):
            age = (p.time * 1.4 + i / 4) % 1
            dust = fade("#cdb88e", 0.8 * (1 - age))
            p.canvas.circle(tip[0] + 12 + age * 16, -2 - age * 8 - i % 2 * 3, 1.6 + age * 3.4, dust)

    pose = Pose(near_hand=(14 + stroke * 4, -38), far_hand=(9 - stroke * 2, -51), lean=12, head_tilt=9)
    draw_person(p.canvas, p.look, p.time, pose, front=front)


def photo(p: Performance) -> None:
    """Takes pictures; the camera flashes."""
    flash = max(0.0, 1 - (p.time % 1.5) / 0.4)
    p.canvas.shadow(0, 0, 13)
    pose = Pose(near_hand=(17, -58), far_hand=(25, -58), lean=7, far_foot=(-9, 0), near_foot=(9, 0))
    draw_person(p.canvas, p.look, p.time, pose, front=lambda: props.camera(p.canvas, 20, -66, flash))


def icecream(p: Performance) -> None:
    """Licks a large ice cream."""
    lick = 0.5 + 0.5 * math.sin(p.time * 3)
    x, y = 18 - 2 * lick, -47 - 3 * lick
    p.canvas.shadow(0, 0, 13)
    pose = Pose(
        near_hand=(x, y + 5),
        far_hand=(-9, -34),
        head_tilt=2 + 9 * lick,
        near_shoulder=2,
        mood="open" if lick > 0.5 else "smile",
    )
    draw_person(
        p.canvas, p.look, p.time, pose, front=lambda: props.ice_cream(p.canvas, x + 1, y - 2, p.color)
    )


def drum(p: Performance) -> None:
    """Beats a big drum with two sticks."""
    beat = math.sin(p.time * 8)
    near, far = (19.0, -53 - 9 * beat), (27.0, -53 + 9 * beat)
    p.canvas.shadow(0, 0, 13)
    p.canvas.shadow(35, 0, 22, 4)

    def stick(hand: Point, x: float) -> None:
        tip = (x, -46 - max(0.0, -48 - hand[1]) * 1.6)
        p.canvas.line([hand, tip], "#e3c28d", 2.4)
        p.canvas.circle(*tip, 2.8, "#f7efdf")

    def behind() -> None:
        props.drum(p.canvas, 36, p.color, abs(beat) * -0.8)
        stick(far, 43)

    pose = Pose(near_hand=near, far_hand=far, lean=6, head_tilt=beat * 7, mood="open", near_shoulder=1)
    draw_person(p.canvas, p.look, p.time, pose, behind=behind, front=lambda: stick(near, 31))


def phone(p: Performance) -> None:
    """Talks into a telephone at the ear while the other hand explains."""
    talk = math.sin(p.time * 9)
    p.canvas.shadow(0, 0, 13)
    ear = (-9.5, -65.0)

    def front() -> None:
        props.phone(p.canvas, ear[0] + 0.5, ear[1] - 2, 14)
        p.canvas.circle(ear[0] - 1, ear[1] + 3, 3.2, p.look.skin)
        for i in range(2):
            p.canvas.arc(
                -17,
                -70,
                4 + i * 5,
                5 + i * 5,
                150,
                215,
                fade("#ffffff", 0.95 if talk > i - 0.6 else 0.2),
                1.7,
            )

    pose = Pose(
        near_hand=(ear[0], ear[1] + 4),
        near_shoulder=-5,
        near_bend=1,
        far_hand=(21, -46 + math.sin(p.time * 3.4) * 9),
        far_bend=-1,
        head_tilt=-4 + math.sin(p.time * 2) * 4,
        lean=math.sin(p.time * 1.1) * 3,
        mood="open" if talk > 0 else "smile",
    )
    draw_person(p.canvas, p.look, p.time, pose, front=front)


PERSON_ACTIONS: dict[str, ActionDrawer] = {
    action.__name__: action
    for action in (
        stand, walk, run, jump, kick, juggle, read, water, umbrella, bike, guitar, cook, kite, sleep, dance,
        drink, paint, sweep, wave, balloon, photo, icecream, dogwalk, skateboard, drum, phone, lift,
    )
}  # fmt: skip
"""Every action of people and robots by name; `stand` is idle."""
