"""Things that people and animals use, each drawn around a point of its own."""

from __future__ import annotations

import math

from ral_core.world.canvas import Canvas, Point
from ral_core.world.palette import INK, Color, darker, fade, lighter, mix

PETALS = ("#f08bb4", "#f5c33b", "#d9363e", "#7d4fb8")
WOOD, WOOD_DARK = "#a5673f", "#7d4c2e"


def ball(canvas: Canvas, x: float, y: float, radius: float, color: Color, turn: float) -> None:
    """A ball with light seams, turned by degrees."""
    with canvas.placed(x, y, rotate=turn):
        canvas.circle(0, 0, radius, color)
        seam = mix(color, "#fff8e8", 0.75) if color[1] < 0.9 else darker(color, 0.45)
        canvas.path([("M", -radius, 0), ("Q", 0, -radius * 0.7, radius, 0)], seam, 1.6)
        down = ("Q", radius * 0.5, 0, -radius * 0.3, radius * 0.9)
        canvas.path([("M", -radius * 0.3, -radius * 0.9), down], seam, 1.6)
        canvas.circle(-radius * 0.35, -radius * 0.4, radius * 0.2, fade("#ffffff", 0.7))


def wheel(canvas: Canvas, x: float, y: float, radius: float, turn: float) -> None:
    """A bicycle wheel with turning spokes (radians)."""
    canvas.arc(x, y, radius, radius, 0, 360, INK, 2.6)
    spokes = [
        (radius * math.cos(turn + i * math.pi / 4), radius * math.sin(turn + i * math.pi / 4))
        for i in range(4)
    ]
    canvas.lines([(x - dx, y - dy, x + dx, y + dy) for dx, dy in spokes], fade("#c5cad6", 0.9), 0.6)
    canvas.circle(x, y, 2, "#8e95a8")


def flower_pot(canvas: Canvas, x: float, growth: float) -> None:
    """Three flowers in a clay pot; `growth` 0 to 1 makes them taller."""
    canvas.polygon([(x - 13, -11), (x + 13, -11), (x + 9, 0), (x - 9, 0)], "#c96f4a")
    canvas.rect(x - 14.5, -13.5, 29, 4, "#d98560", 1.5)
    for i in range(3):
        root, height = x - 8 + i * 8, 15 + growth * 9 + (i % 2) * 5
        top_x, top_y = root + (i - 1) * 2.4, -12 - height
        canvas.curve([(root, -12), (root + i - 1, -12 - height / 2), (top_x, top_y)], "#3a8f4d", 1.9)
        canvas.ellipse(root + 3, -12 - height * 0.45, 3.6, 1.7, "#4caf5f")
        turns = [k * 1.257 + 0.3 for k in range(5)]
        petals = [(top_x + 3.3 * math.cos(a), top_y + 3.3 * math.sin(a), 2.6) for a in turns]
        canvas.dots(petals, PETALS[i])
        canvas.circle(top_x, top_y, 2.1, "#ffe9a0")


def book(canvas: Canvas, x: float, y: float, color: Color, page: float) -> None:
    """A big open book seen over its cover; `page` from 0 to 1 turns a leaf."""
    with canvas.placed(x, y, rotate=-8):
        canvas.polygon([(-17, -11), (0, -7), (0, 14), (-17, 10)], color)
        canvas.polygon([(17, -11), (0, -7), (0, 14), (17, 10)], darker(color, 0.15))
        canvas.polygon([(-14.5, -13), (0, -9), (0, 7), (-14.5, 3.5)], "#fffaf0")
        canvas.polygon([(14.5, -13), (0, -9), (0, 7), (14.5, 3.5)], "#f2e8d5")
        rows = [(-12, -9 + i * 3.6, -3, -6.6 + i * 3.6) for i in range(3)]
        rows += [(3, -6.6 + i * 3.6, 12, -9 + i * 3.6) for i in range(3)]
        canvas.lines(rows, "#b3a890", 0.9)
        if 0.02 < page < 0.98:
            tip, rise = 14.5 - 29 * page, 7 * math.sin(page * math.pi)
            canvas.polygon([(0, -9), (tip, -13 - rise), (tip, 3.5 - rise), (0, 7)], "#ffffff")


def watering_can(canvas: Canvas, x: float, y: float, color: Color, tilt: float) -> None:
    """A watering can with its spout to the right."""
    with canvas.placed(x, y, rotate=tilt):
        canvas.arc(-2, -6, 8, 9, 180, 360, darker(color, 0.25), 2.6)
        canvas.line([(6, 3), (21, -7)], color, 3.8)
        canvas.polygon([(17.5, -11.5), (25, -9.5), (21.5, -2)], darker(color, 0.15))
        canvas.rect(-11, -8, 19, 18, color, 3)
        canvas.rect(-11, -3, 19, 3, lighter(color, 0.4))


def umbrella(canvas: Canvas, x: float, y: float, color: Color, opened: float, sway: float) -> None:
    """An umbrella held at (x, y); `opened` 0 to 1."""
    with canvas.placed(x, y, rotate=sway):
        canvas.line([(0, 7), (0, -46)], "#4b3a2e", 2)
        half, height = 4 + 33 * opened, 30 - 9 * opened
        brim = -47 + height
        for i in range(4):
            left, right = -half + half * i / 2, -half + half * (i + 1) / 2
            rib = ("C", left * 0.55, -47, left, -47 + height * 0.4, left, brim)
            edge = ("Q", (left + right) / 2, brim - 5 * opened, right, brim)
            back = ("C", right, -47 + height * 0.4, right * 0.55, -47, 0, -47)
            canvas.path([("M", 0, -47), rib, edge, back, ("Z",)], color if i % 2 else lighter(color, 0.28))


def bicycle(canvas: Canvas, color: Color, turn: float) -> None:
    """A bicycle standing on y = 0 with the pedals around (0, -15)."""
    radius = 14
    wheel(canvas, -22, -radius, radius, turn * 1.4)
    wheel(canvas, 25, -radius, radius, turn * 1.4)
    canvas.line([(-22, -radius), (-8, -36), (0, -15), (-22, -radius)], color, 3.8)
    canvas.line([(0, -15), (19, -37), (-8, -36)], color, 3.8)
    canvas.line([(25, -radius), (18, -42)], darker(color, 0.15), 3.4)
    canvas.line([(18, -42), (15, -46), (22, -47)], INK, 2.5)
    canvas.rect(-15, -40, 14, 3.6, INK, 1.8)
    canvas.circle(0, -15, 4, "#8e95a8")


def guitar(canvas: Canvas, x: float, y: float, color: Color) -> None:
    """An acoustic guitar held across the body."""
    with canvas.placed(x, y, rotate=-22):
        canvas.rect(8, -2.6, 33, 5.2, "#5b3a29", 1)
        canvas.rect(39, -5, 10, 10, "#3d271b", 2)
        canvas.dots([(5, 0, 10.5), (-10, 0, 13.5)], darker(color, 0.12))
        canvas.dots([(5, 0, 8.6), (-10, 0, 11.4)], color)
        canvas.circle(1, 0, 4.4, "#3a2418")
        canvas.rect(-17, -3.5, 2.6, 7, "#3a2418")
        canvas.lines([(-16, i * 1.3, 43, i * 1.3) for i in (-1, 0, 1)], fade("#fff6dd", 0.8), 0.5)


def stove_with_pot(canvas: Canvas, color: Color, time: float) -> None:
    """A cooking table in front of the cook with a steaming pot on it."""
    canvas.rect(14, -29, 52, 4, WOOD, 1.5)
    canvas.rect(18, -25, 4, 25, WOOD_DARK)
    canvas.rect(58, -25, 4, 25, WOOD_DARK)
    canvas.rect(22, -33, 36, 4, "#3b4258", 1)
    canvas.ellipse(40, -32, 14, 2, "#f0832a")
    canvas.rect(19, -49, 6, 3.4, darker(color, 0.3), 1)
    canvas.rect(55, -49, 6, 3.4, darker(color, 0.3), 1)
    canvas.rect(24, -54, 32, 21.5, color, 3.5)
    canvas.rect(22, -56, 36, 4.6, darker(color, 0.2), 2)
    canvas.ellipse(40, -55, 14, 2.2, "#e9b872")
    for i in range(4):
        rise = (time * 0.5 + i / 4) % 1
        x = 33 + i * 4.5 + math.sin(rise * 6 + i) * 3
        canvas.circle(x, -59 - rise * 28, 3 + rise * 5, fade("#ffffff", 0.65 * (1 - rise)))


def kite(canvas: Canvas, x: float, y: float, color: Color, tilt: float, time: float) -> None:
    """A big kite with a tail that flutters."""
    with canvas.placed(x, y, rotate=tilt):
        canvas.polygon([(0, -20), (15, 0), (0, 22), (-15, 0)], color)
        canvas.polygon([(0, -20), (15, 0), (0, 0)], lighter(color, 0.3))
        canvas.polygon([(0, 22), (-15, 0), (0, 0)], darker(color, 0.18))
        canvas.lines([(0, -20, 0, 22), (-15, 0, 15, 0)], "#fff6e6", 1)
        tail: list[Point] = [(math.sin(time * 5 + i) * i * 1.1, 22 + i * 5.5) for i in range(5)]
        canvas.curve(tail, "#fff6e6", 1.2)
        for x_bow, y_bow in tail[2::2]:
            for side in (-5, 5):
                bow = [(x_bow + side, y_bow - 2.6), (x_bow, y_bow), (x_bow + side, y_bow + 2.6)]
                canvas.polygon(bow, color)


def mug(canvas: Canvas, x: float, y: float, color: Color, tilt: float, time: float) -> None:
    """A large steaming mug."""
    with canvas.placed(x, y, rotate=tilt):
        canvas.arc(10, -2, 4.4, 5, -90, 90, darker(color, 0.12), 2.6)
        canvas.rect(-6.5, -9, 16, 17, color, 3)
        canvas.rect(-6.5, -9, 16, 3.4, lighter(color, 0.55), 1.5)
        for i in range(2):
            rise = (time * 0.7 + i * 0.5) % 1
            left, top = -1 + i * 6, -11 - rise * 8
            steam = [(left, top), (left + 2, top - 4), (left, top - 8)]
            canvas.curve(steam, fade("#ffffff", 0.85 * (1 - rise)), 1.4)


def easel(canvas: Canvas, x: float, strokes: float) -> None:
    """An easel whose picture gains a part at every whole number of `strokes`."""
    canvas.lines([(x - 14, 0, x - 3, -78), (x + 14, 0, x + 3, -78), (x, -76, x + 5, -4)], WOOD, 2.6)
    canvas.rect(x - 22, -74, 44, 44, "#d8c9ad", 1.5)
    canvas.rect(x - 20.5, -72.5, 41, 41, "#fbfcff", 1)
    canvas.rect(x - 20.5, -72.5, 41, 26, "#cfe9f7")
    if strokes > 0.5:
        canvas.rect(x - 20.5, -47, 41, 15.5, "#7fc26b")
    if strokes > 1.5:
        canvas.polygon([(x - 17, -47), (x - 4, -65), (x + 9, -47)], "#7d9cc9")
    if strokes > 2.5:
        canvas.circle(x + 11, -63, 6, "#f5c33b")
    if strokes > 3.5:
        canvas.dots([(x - 10, -40, 4), (x + 9, -38, 4)], "#d9363e")
    canvas.rect(x - 24, -31, 48, 3.4, WOOD_DARK, 1)


def broom(canvas: Canvas, top: Point, tip: Point, tilt: float) -> None:
    """A broom from the upper end of its stick to its bristles."""
    canvas.line([top, (tip[0], tip[1] - 9)], WOOD, 3)
    with canvas.placed(tip[0], tip[1] - 10, rotate=tilt):
        canvas.polygon([(-6, 0), (7, 0), (14, 13), (-12, 13)], "#e9b949")
        canvas.lines([(-3, 3, -6, 12), (1, 3, 1, 12), (4, 3, 8, 12)], "#b98a2b", 0.9)
        canvas.rect(-6.5, -3, 14, 5, "#c0453f", 1)


def balloon(canvas: Canvas, x: float, y: float, color: Color, hand: Point) -> None:
    """A balloon on a string from the hand."""
    canvas.curve(
        [hand, ((hand[0] + x) / 2 + 2, (hand[1] + y + 16) / 2), (x, y + 15)], fade("#f5f0e6", 0.95), 1
    )
    canvas.ellipse(x, y, 13, 15.5, color)
    canvas.polygon([(x - 3, y + 18.5), (x + 3, y + 18.5), (x, y + 14)], darker(color, 0.15))
    canvas.ellipse(x - 4.4, y - 5.4, 2.8, 4.6, fade("#ffffff", 0.55))


def camera(canvas: Canvas, x: float, y: float, flash: float) -> None:
    """A photo camera with its lens to the right; `flash` above 0 lights it."""
    canvas.rect(x - 10, y - 7, 21, 15, INK, 2.5)
    canvas.rect(x - 6, y - 10.5, 8, 5, INK, 1.2)
    canvas.rect(x - 10, y - 2.4, 21, 3, "#d9363e")
    canvas.circle(x + 10, y, 6, "#6b7688")
    canvas.circle(x + 11.4, y, 3.6, "#9fd3ea")
    if flash > 0:
        turns = [i * math.pi / 4 for i in range(8)]
        rays = [(math.cos(a), math.sin(a)) for a in turns]
        fan = [(x + 18 + 8 * c, y - 6 + 8 * s, x + 18 + 17 * c, y - 6 + 17 * s) for c, s in rays]
        canvas.lines(fan, fade("#fff6c4", flash), 2.2)
        canvas.circle(x + 18, y - 6, 7, fade("#ffffff", flash))


def ice_cream(canvas: Canvas, x: float, y: float, color: Color) -> None:
    """A cone with two big scoops, held at (x, y)."""
    canvas.polygon([(x - 6, y - 7), (x + 6, y - 7), (x, y + 11)], "#dba25c")
    canvas.lines([(x - 4, y - 5, x + 2, y + 4), (x + 4, y - 5, x - 2, y + 4)], "#b07a3c", 0.8)
    canvas.circle(x, y - 10, 8, color)
    canvas.circle(x, y - 19, 6.4, lighter(color, 0.22))
    canvas.circle(x + 0.8, y - 25.5, 2.2, "#d9363e")


def skateboard(canvas: Canvas, color: Color, turn: float) -> None:
    """A big skateboard on y = 0 with its deck at y = -8."""
    for height, paint, width in ((0.0, darker(color, 0.2), 5.4), (-0.8, color, 4.2)):
        nose = [("M", -31, height - 13), ("Q", -26, height - 8, -20, height - 8)]
        tail = [("L", 20, height - 8), ("Q", 26, height - 8, 31, height - 13)]
        canvas.path([*nose, *tail], paint, width)
    for x in (-17, 17):
        canvas.circle(x, -3.6, 4.2, INK)
        canvas.circle(x + 1.4 * math.cos(turn), -3.6 + 1.4 * math.sin(turn), 1.4, "#f6f3ea")


def drum(canvas: Canvas, x: float, color: Color, shake: float) -> None:
    """A big drum on a stand, its skin at y = -44."""
    canvas.lines([(x - 8, -14, x - 17, 0), (x + 8, -14, x + 17, 0)], "#6b7688", 2.6)
    top = -42 + shake
    body = [("M", x - 21, top), ("L", x - 21, -17), ("Q", x, -9, x + 21, -17), ("L", x + 21, top), ("Z",)]
    canvas.path(body, color)
    zigzag = [(x - 21 + i * 7, top + (9 if i % 2 else 21)) for i in range(7)]
    canvas.line(zigzag, fade("#ffffff", 0.85), 1.7)
    canvas.path([("M", x - 21, -19), ("Q", x, -11, x + 21, -19)], darker(color, 0.35), 3.4)
    canvas.ellipse(x, top, 22, 5.4, darker(color, 0.35))
    canvas.ellipse(x, top - 1, 20, 4.2, "#f7f0e0")


def phone(canvas: Canvas, x: float, y: float, tilt: float) -> None:
    """A telephone held to an ear, bigger than life."""
    with canvas.placed(x, y, rotate=tilt):
        canvas.rect(-4.4, -10.5, 9, 21, "#20222f", 2.4)
        canvas.rect(-2.8, -8.4, 5.8, 15.5, "#5fd0f0", 1)
        canvas.circle(0, 8.6, 0.9, "#f6f3ea")


def barbell(canvas: Canvas, x: float, y: float, bend: float) -> None:
    """A heavy barbell; `bend` lowers its ends."""
    canvas.curve([(x - 38, y + bend), (x, y), (x + 38, y + bend)], "#aab2c0", 2.8)
    for side in (-1, 1):
        for offset, half, color in ((25, 14, "#3b4258"), (30.5, 11, "#d9363e"), (35, 8, "#3b4258")):
            canvas.rect(x + side * offset - 2.4, y + bend * 0.8 - half, 4.8, 2 * half, color, 1.8)


def bowl(canvas: Canvas, x: float, color: Color) -> None:
    """An animal's bowl of food on the ground."""
    canvas.ellipse(x, -12, 13, 4, "#8a5a3c")
    canvas.dots([(x - 6, -13, 3), (x, -14, 3.4), (x + 6, -13, 3)], "#a9744a")
    canvas.path([("M", x - 15, -12), ("L", x + 15, -12), ("L", x + 19, 0), ("L", x - 19, 0), ("Z",)], color)
    canvas.ellipse(x, -5.5, 4.6, 2.4, lighter(color, 0.6))


def notes(canvas: Canvas, x: float, y: float, time: float, count: int = 3) -> None:
    """Music notes that rise from (x, y) and fade."""
    for i in range(count):
        rise = (time * 0.45 + i / count) % 1
        left, top = x + rise * 12 + math.sin(rise * 8 + i) * 4, y - rise * 26
        color = fade(("#f5c33b", "#f08bb4", "#ffffff")[i % 3], 1 - rise)
        canvas.ellipse(left, top, 3.3, 2.5, color)
        canvas.line([(left + 2.8, top), (left + 2.8, top - 10), (left + 7, top - 8)], color, 1.6)


def snores(canvas: Canvas, x: float, y: float, time: float) -> None:
    """The letters Z of somebody asleep."""
    for i in range(3):
        rise = (time * 0.35 + i / 3) % 1
        size = 3 + rise * 5
        left, top = x + rise * 14 + math.sin(rise * 9) * 2, y - rise * 26
        letter = [(left, top), (left + size, top), (left, top + size), (left + size, top + size)]
        canvas.line(letter, fade("#3a3f66", 0.8 * (1 - rise * 0.75)), 2.9)
        canvas.line(letter, fade("#ffffff", 1 - rise * 0.75), 1.7)
