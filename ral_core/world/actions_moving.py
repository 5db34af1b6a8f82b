"""People on the move: walking, sports and what is carried along. Each action is a pose over time."""

from __future__ import annotations

import math

from ral_core.world import props
from ral_core.world.animals import draw_animal, leash_dog
from ral_core.world.canvas import Point
from ral_core.world.characters import Pose, draw_person
from ral_core.world.palette import INK, fade
from ral_core.world.performance import Performance, cycle, gait, hop, ramp

JUGGLED = ("#dc2f3a", "#f8c931", "#2a6fdb", "#2f9e57")


def stand(p: Performance) -> None:
    """Idle: shifts weight, looks around and does nothing that could be named."""
    p.canvas.shadow(0, 0, 13)
    shift, gaze = math.sin(p.time * 0.9), math.sin(p.time * 0.6 + 1)
    pose = Pose(
        pelvis=(shift * 2.4, -31.4),
        lean=shift * -2,
        head_tilt=gaze * 8,
        far_hand=(12 + shift * 2, -29),
        near_hand=(-11 + shift * 2, -29),
        far_bend=-1,
        far_shoulder=7,
        near_shoulder=-7,
        far_foot=(6, 0),
        near_foot=(-4, 0),
    )
    draw_person(p.canvas, p.look, p.time, pose)


def walk(p: Performance) -> None:
    """Long strides with arms that swing."""
    p.canvas.shadow(0, 0, 15)
    draw_person(p.canvas, p.look, p.time, _walking(p.time))


def _walking(time: float, near_hand: Point | None = None) -> Pose:
    step = gait(time, 4.8, 17, 8)
    return Pose(
        pelvis=(0, -28.2 - abs(math.cos(step.turn)) * 2.2),
        lean=5,
        far_hand=(-step.swing * 17 + 2, -37 - abs(step.swing) * 2),
        near_hand=near_hand or (step.swing * 17 + 2, -37 - abs(step.swing) * 2),
        far_foot=step.far_foot,
        near_foot=step.near_foot,
        far_bend=1,
        near_bend=1,
    )


def run(p: Performance) -> None:
    """Leans far forward, knees high, dust behind."""
    step = gait(p.time, 10.5, 20, 14)
    p.canvas.shadow(0, 0, 15)
    for i in range(3):
        age = (p.time * 2 + i / 3) % 1
        p.canvas.circle(-18 - age * 20, -3 - age * 5, 2.4 + age * 3.4, fade("#ffffff", 0.6 * (1 - age)))
    pose = Pose(
        pelvis=(-2, -30 - abs(math.cos(step.turn)) * 5),
        lean=20,
        head_tilt=-12,
        far_hand=(10 - step.swing * 16, -44 + step.swing * 5),
        near_hand=(10 + step.swing * 16, -44 - step.swing * 5),
        far_foot=step.far_foot,
        near_foot=step.near_foot,
        mood="open",
    )
    draw_person(p.canvas, p.look, p.time, pose)


def jump(p: Performance) -> None:
    """Crouches, then leaps with arms and legs flung wide."""
    height = hop(p.time, 1.0)
    up, crouch = -24 * height, 7 * (1 - height) ** 3
    p.canvas.shadow(0, 0, 15 - 6 * height, 4 - 1.6 * height)
    spread = 13 * height
    pose = Pose(
        pelvis=(0, -31 + up + crouch),
        far_foot=(-5 - spread, up + 3 * height),
        near_foot=(6 + spread, up + 3 * height),
        far_hand=(-21 - 2 * height, -34 - 44 * height + up + crouch),
        near_hand=(23 + 2 * height, -34 - 44 * height + up + crouch),
        far_bend=1,
        near_bend=-1,
        near_shoulder=4,
        mood="open",
    )
    draw_person(p.canvas, p.look, p.time, pose)


def kick(p: Performance) -> None:
    """Kicks a ball that flies off and rolls back."""
    share = cycle(p.time, 2.2)
    swing = math.sin(min(1.0, max(0.0, (share - 0.12) / 0.3)) * math.pi)
    back = (
        math.sin(min(1.0, share / 0.14) * math.pi / 2) if share < 0.14 else max(0.0, 1 - (share - 0.14) / 0.1)
    )
    flight = max(0.0, (share - 0.22) / 0.78)
    x = 18 + 88 * (flight if flight < 0.5 else 1 - flight)
    y = -9 - abs(math.sin(flight * 2 * math.pi)) * (34 if flight < 0.5 else 12)
    p.canvas.shadow(0, 0, 13)
    p.canvas.shadow(x, 0, 9, 2.6)
    pose = Pose(
        lean=-11 * swing + 7 * back,
        near_foot=(-16 * back + 30 * swing, -6 * back - 19 * swing),
        far_foot=(-3, 0),
        toe=-28 * swing,
        far_hand=(16 * swing - 10, -48),
        near_hand=(-17 * swing - 5, -50),
    )
    draw_person(p.canvas, p.look, p.time, pose)
    props.ball(p.canvas, x, y, 9.2, p.color, x * 8)


def juggle(p: Performance) -> None:
    """Keeps four balls of different colours in the air."""
    beat = math.sin(p.time * 7) * 4
    p.canvas.shadow(0, 0, 13)
    pose = Pose(
        far_hand=(-16, -44 + beat),
        near_hand=(19, -44 - beat),
        near_bend=-1,
        near_shoulder=3,
        head_tilt=-8,
        mood="open",
    )
    draw_person(p.canvas, p.look, p.time, pose)
    for i, color in enumerate(JUGGLED):
        share = (p.time * 0.8 + i / 4) % 1
        x, y = -20 + 42 * share, -48 - math.sin(share * math.pi) * 46
        p.canvas.circle(x, y, 6, color)
        p.canvas.circle(x - 1.8, y - 2, 1.5, fade("#ffffff", 0.7))


def bike(p: Performance) -> None:
    """Pedals a bicycle."""
    turn = p.time * 5.5
    near = (6.5 * math.cos(turn), -15 + 6.5 * math.sin(turn))
    far = (-6.5 * math.cos(turn), -15 - 6.5 * math.sin(turn))
    p.canvas.shadow(2, 0, 38, 4)
    props.bicycle(p.canvas, p.color, turn)
    pose = Pose(
        pelvis=(-6, -42),
        lean=20,
        head_tilt=-8,
        far_foot=(far[0] + 1, far[1] + 2),
        near_foot=(near[0] + 1, near[1] + 2),
        near_hand=(19, -48),
        far_hand=(22, -48),
    )
    draw_person(p.canvas, p.look, p.time, pose)
    p.canvas.line([(near[0] - 4, near[1]), (near[0] + 5, near[1])], INK, 2.2)


def dance(p: Performance) -> None:
    """Swings from side to side with arms that fly and legs that kick."""
    beat, side = math.sin(p.time * 5.2), math.sin(p.time * 2.6)
    p.canvas.shadow(0, 0, 15)
    pose = Pose(
        pelvis=(beat * 5, -29.5 - abs(beat) * 3),
        lean=-beat * 14,
        head_tilt=beat * 14,
        far_foot=(-9 - max(0.0, side) * 10, -max(0.0, side) * 12),
        near_foot=(10 + max(0.0, -side) * 10, -max(0.0, -side) * 12),
        far_hand=(-22 + beat * 5, -56 - beat * 20),
        near_hand=(23 + beat * 5, -56 + beat * 20),
        near_shoulder=4,
        near_bend=-1,
        mood="open",
    )
    draw_person(p.canvas, p.look, p.time, pose)
    props.notes(p.canvas, 26, -66, p.time, 2)
    props.notes(p.canvas, -38, -66, p.time + 0.5, 2)


def wave(p: Performance) -> None:
    """Waves with a big open hand beside the head."""
    swing = math.sin(p.time * 8)
    palm = (28 + swing * 8, -77 + abs(swing) * 2)
    p.canvas.shadow(0, 0, 13)

    def front() -> None:
        with p.canvas.placed(*palm, rotate=swing * 24):
            fingers = [(i * 2.6, -1.0, i * 3.9, -9.0 + abs(i)) for i in (-1, 0, 1)]
            p.canvas.lines([*fingers, (-3, 1, -6.5, -2)], p.look.skin, 3)
            p.canvas.circle(0, 0, 5, p.look.skin)
        p.canvas.arc(26, -80, 20, 14, 215, 245, fade("#ffffff", 0.8), 1.5)
        p.canvas.arc(26, -80, 20, 14, 295, 325, fade("#ffffff", 0.8), 1.5)

    pose = Pose(
        near_hand=palm,
        near_bend=1,
        near_shoulder=7,
        arm=15,
        far_hand=(-11, -35),
        mood="open",
        lean=-3,
        head_tilt=-5,
    )
    draw_person(p.canvas, p.look, p.time, pose, front=front)


def balloon(p: Performance) -> None:
    """Strolls with a balloon on a string."""
    hand = (16, -49.0)
    p.canvas.shadow(0, 0, 13)
    props.balloon(p.canvas, 25 + math.sin(p.time * 1.5) * 4, -83 + math.sin(p.time * 2) * 2, p.color, hand)
    draw_person(p.canvas, p.look, p.time, _walking(p.time * 0.75, near_hand=hand))


def kite(p: Performance) -> None:
    """Flies a kite on a string, looking up at it."""
    x, y = 56 + math.sin(p.time * 1.1) * 9, -76 + math.sin(p.time * 1.7) * 5
    hand = (16, -56 + math.sin(p.time * 1.7) * 3)
    p.canvas.shadow(0, 0, 13)
    p.canvas.curve([hand, ((hand[0] + x) / 2, -60), (x, y + 3)], fade("#ffffff", 0.95), 1.1)
    props.kite(p.canvas, x, y, p.color, 22 + math.sin(p.time * 1.4) * 12, p.time)
    pose = Pose(
        near_hand=hand,
        far_hand=(13, -48),
        lean=-8,
        head_tilt=-16,
        near_bend=-1,
        far_foot=(-9, 0),
        near_foot=(8, 0),
        mood="open",
    )
    draw_person(p.canvas, p.look, p.time, pose)


def dogwalk(p: Performance) -> None:
    """Walks a dog on a coloured leash."""
    hand = (15.0, -42.0)
    with p.canvas.placed(45, 0, scale=0.86):
        draw_animal(p.canvas, leash_dog(p.look.phase, p.color), p.time, "walk")
    p.canvas.shadow(0, 0, 13)
    draw_person(p.canvas, p.look, p.time, _walking(p.time, near_hand=hand))
    p.canvas.curve([hand, (36, -26), (56, -21)], p.color, 2.6)


def skateboard(p: Performance) -> None:
    """Rolls along on a skateboard, arms out for balance."""
    wobble, crouch = math.sin(p.time * 2.6), 3 + 3 * math.sin(p.time * 1.7)
    p.canvas.shadow(0, 0, 34, 4)
    props.skateboard(p.canvas, p.color, p.time * 9)
    pose = Pose(
        pelvis=(-1, -36 + crouch),
        lean=9 + wobble * 7,
        head_tilt=-8,
        far_foot=(15, -10),
        near_foot=(-15, -10),
        far_hand=(27, -58 - wobble * 9),
        near_hand=(-27, -58 + wobble * 9),
        far_bend=-1,
        mood="open",
    )
    draw_person(p.canvas, p.look, p.time, pose)
    for i in range(3):
        y = -58 + i * 16
        reach = 8 * ((p.time * 1.8 + i * 0.37) % 1)
        p.canvas.line([(-36 - reach, y), (-46 - reach, y)], fade("#ffffff", 0.7), 1.6)


def lift(p: Performance) -> None:
    """Pushes a heavy barbell up over the head."""
    share = cycle(p.time, 2.6)
    raised = ramp(share, 0.1, 0.35) - ramp(share, 0.75, 0.95)
    bar, tremble = -52 - 29 * raised, math.sin(p.time * 22) * 0.6 * raised
    p.canvas.shadow(0, 0, 16)
    pose = Pose(
        pelvis=(0, -27 - 2.5 * raised),
        far_foot=(-11, 0),
        near_foot=(12, 0),
        far_hand=(-15 + tremble, bar),
        near_hand=(17 + tremble, bar),
        near_bend=-1,
        far_bend=1,
        near_shoulder=6,
        arm=15.5,
        mood="open" if raised > 0.3 else "smile",
    )
    draw_person(p.canvas, p.look, p.time, pose, front=lambda: props.barbell(p.canvas, 1 + tremble, bar, 2.5))
