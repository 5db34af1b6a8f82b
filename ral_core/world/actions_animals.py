"""What dogs and cats do."""

from __future__ import annotations

import math

from ral_core.world import props
from ral_core.world.animals import draw_animal, draw_asleep, draw_sitting
from ral_core.world.palette import fade
from ral_core.world.performance import ActionDrawer, Performance, cycle, hop


def stand(p: Performance) -> None:
    """Idle on four legs, looking about."""
    draw_animal(p.canvas, p.look, p.time, "stand")


def walk(p: Performance) -> None:
    """Trots along."""
    draw_animal(p.canvas, p.look, p.time, "walk")


def run(p: Performance) -> None:
    """Gallops, stretched out, with dust behind."""
    for i in range(3):
        age = (p.time * 2.2 + i / 3) % 1
        p.canvas.circle(-26 - age * 16, -3 - age * 5, 2.2 + age * 3, fade("#ffffff", 0.6 * (1 - age)))
    with p.canvas.placed(rotate=math.sin(p.time * 13.5) * 5):
        draw_animal(p.canvas, p.look, p.time, "run")


def sleep(p: Performance) -> None:
    """Curled up asleep."""
    draw_asleep(p.canvas, p.look, p.time)
    props.snores(p.canvas, 22, -24, p.time)


def jump(p: Performance) -> None:
    """Leaps up again and again."""
    height, share = hop(p.time, 0.95), cycle(p.time, 0.95)
    p.canvas.shadow(0, 0, 24 - 9 * height, 4 - 1.5 * height)
    tilt = -22 * math.cos((share - 0.2) / 0.7 * math.pi) * min(1.0, height * 1.5)
    with p.canvas.placed(0, -30 * height, rotate=tilt):
        draw_animal(p.canvas, p.look, p.time, "leap" if height > 0.05 else "stand")


def sit(p: Performance) -> None:
    """Sits upright."""
    draw_sitting(p.canvas, p.look, p.time)


def play(p: Performance) -> None:
    """A dog hops after a bouncing ball; a cat paws at one."""
    if p.look.kind == "dog":
        x, y = 44 + math.sin(p.time * 2) * 5, -9.5 - abs(math.sin(p.time * 4.5)) * 22
        p.canvas.shadow(x, 0, 8, 2.4)
        with p.canvas.placed(rotate=math.sin(p.time * 9) * 4):
            draw_animal(p.canvas, p.look, p.time, "play")
        props.ball(p.canvas, x, y, 9.5, p.color, p.time * 260)
    else:
        x = 42 + math.sin(p.time * 5) * 4
        p.canvas.shadow(x, 0, 9, 2.4)
        draw_animal(p.canvas, p.look, p.time, "play", head=(21, -28))
        props.ball(p.canvas, x, -9.8, 9.8, p.color, x * 14)
        paw = 24 + 5 * math.sin(p.time * 5)
        p.canvas.curve([(12, -15), (20, -20), (paw + 7, -14)], p.look.top, 5.4)
        p.canvas.circle(paw + 8, -13.5, 3.4, p.look.trim)


def eat(p: Performance) -> None:
    """Eats from a bowl, head down."""
    chew = math.sin(p.time * 9)
    draw_animal(p.canvas, p.look, p.time, "eat", head=(28, -21 + chew * 1.2))
    p.canvas.shadow(38, 0, 19, 3)
    props.bowl(p.canvas, 38, p.color)
    for i in range(2):
        fly = (p.time * 1.6 + i * 0.5) % 1
        p.canvas.circle(42 + fly * 9, -16 - math.sin(fly * math.pi) * 9, 1.6, fade("#a9744a", 1 - fly))


ANIMAL_ACTIONS: dict[str, ActionDrawer] = {
    action.__name__: action for action in (stand, walk, run, sleep, jump, sit, play, eat)
}
"""Every action of dogs and cats by name; `stand` is idle."""
