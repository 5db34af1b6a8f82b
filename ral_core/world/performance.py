"""What an action drawer is given, and the rhythms that actions share."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ral_core.world.canvas import Canvas, Point
from ral_core.world.characters import Look
from ral_core.world.palette import Color


@dataclass(frozen=True, slots=True)
class Performance:
    """One actor at one instant. Drawn with the feet at the origin, facing right, about 80 units tall."""

    canvas: Canvas
    look: Look
    time: float
    """Seconds on the actor's own clock, which starts at its phase."""
    since: float
    """Seconds since the action began, which may have been in an earlier shot."""
    color: Color
    """Colour of the prop."""
    setting: str


ActionDrawer = Callable[[Performance], None]


@dataclass(frozen=True, slots=True)
class Gait:
    """Where the feet are in a step, and `swing` (-1 to 1) for arms and hips."""

    far_foot: Point
    near_foot: Point
    swing: float
    turn: float


def gait(time: float, pace: float, stride: float, lift: float) -> Gait:
    """Feet on the move: `pace` in radians a second, `stride` and `lift` in body units."""
    turn = time * pace
    far, near = (
        (math.sin(turn + offset) * stride, -max(0.0, math.cos(turn + offset)) * lift)
        for offset in (0.0, math.pi)
    )
    return Gait(far, near, math.sin(turn), turn)


def cycle(time: float, period: float) -> float:
    """How far (0 to 1) through its period something repeating is."""
    return (time % period) / period


def ramp(value: float, start: float, end: float) -> float:
    """0 before `start`, 1 after `end`, smooth between."""
    share = max(0.0, min(1.0, (value - start) / (end - start)))
    return share * share * (3 - 2 * share)


def hop(time: float, period: float) -> float:
    """Height (0 to 1) of repeated jumps with a rest on the ground between them."""
    share = (cycle(time, period) - 0.2) / 0.7
    return math.sin(share * math.pi) if 0 < share < 1 else 0.0
