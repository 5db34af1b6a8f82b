"""Kitchen, bedroom, classroom and stage: each builds its scenery once from a seeded generator."""

from __future__ import annotations

import math
import random

from ral_core.world.canvas import Canvas, Draw, linear, radial
from ral_core.world.palette import CHALK, SKIES, darker, fade, lighter, mix
from ral_core.world.weather import LEFT, TOP, WIDTH, Conditions, Scenery, cloud, fixed, nothing, together

FLOOR = 136.0
BOOKS = ("#d9363e", "#f5c33b", "#3a9d5d", "#2f74d0", "#f08bb4", "#f6f3ea")


def window(rng: random.Random, x: float, y: float, width: float, height: float, name: str) -> Draw:
    """A window onto the sky outside."""
    top, _, horizon = SKIES[name]
    pane = linear(0, y, 0, y + height, (0, top), (1, horizon))
    stars = [(x + rng.random() * width, y + rng.random() * height * 0.6, 0.9) for _ in range(9)]
    drops = [(x + rng.random() * width, rng.random()) for _ in range(14)]

    def still(canvas: Canvas) -> None:
        canvas.rect(x - 4, y - 4, width + 8, height + 8, "#fbf4e6", 2)
        canvas.rect(x, y, width, height, pane)
        if name == "night":
            canvas.dots(stars, "#fff7d6")
            canvas.circle(x + width * 0.72, y + 11, 6, "#fdf3cf")
        elif name == "day":
            cloud(canvas, x + width * 0.4, y + height * 0.35, 0.45, 0.9, "#ffffff")
        elif name == "sunset":
            canvas.circle(x + width * 0.3, y + height * 0.62, 7, "#ffd166")
        hill = "#2c3f5c" if name == "night" else mix("#7fb77a", horizon, 0.0 if name == "day" else 0.3)
        ridge = [
            (x, y + height * 0.75),
            (x + width * 0.3, y + height * 0.62),
            (x + width * 0.7, y + height * 0.78),
        ]
        canvas.polygon(
            [(x, y + height), *ridge, (x + width, y + height * 0.66), (x + width, y + height)], hill
        )

    def frame(canvas: Canvas) -> None:
        canvas.rect(x + width / 2 - 1.2, y, 2.4, height, "#fbf4e6")
        canvas.rect(x, y + height / 2 - 1.2, width, 2.4, "#fbf4e6")
        canvas.rect(x - 7, y + height + 3, width + 14, 4, "#e9dcc3", 1.5)

    def pouring(canvas: Canvas, time: float) -> None:
        falling = [(left, y + (start + time * 1.7) % 1 * (height - 6)) for left, start in drops]
        canvas.lines([(left, top, left - 1, top + 5) for left, top in falling], fade("#f2f8ff", 0.9), 1)

    if name != "rain":
        return together(fixed(still), fixed(frame))
    return together(fixed(still), pouring, fixed(frame))


def _floor(canvas: Canvas, color: str) -> None:
    canvas.rect(LEFT, FLOOR, WIDTH, 180, linear(0, FLOOR, 0, 190, (0, color), (1, darker(color, 0.2))))


def _boards(canvas: Canvas) -> None:
    rows = [FLOOR + 5 + i * i * 2.4 + i * 3 for i in range(6)]
    canvas.lines([(LEFT, y, LEFT + WIDTH, y) for y in rows], fade("#3d2414", 0.18), 1)


def _light(sky: str, warm: float = 0.0) -> tuple[float, float, float, float]:
    """The daylight that comes in, as a veil over a wall."""
    colors = {"sunset": fade("#ff9a5c", 0.18), "rain": fade("#5d7186", 0.2), "overcast": fade("#8a9aaa", 0.1)}
    return colors.get(sky, fade("#ffffff", warm))


def kitchen(rng: random.Random, conditions: Conditions) -> Scenery:
    """Cupboards, tiles, a fridge, an oven and a window."""
    wall = rng.choice(("#f7dfb5", "#cfe3d4", "#f3c9b5"))
    wood = rng.choice(("#4f8f8b", "#d98556", "#5b7fa8"))
    oven_left = rng.random() < 0.5
    window_x = 128 + rng.uniform(-14, 14)
    view = window(rng, window_x, 20, 62, 46, conditions.sky)
    oven_x = (40 if oven_left else 232) + rng.uniform(-8, 8)
    fruit_x = 256 if oven_left else 74
    fruit = rng.sample(("#d9363e", "#f0832a", "#8fbf4f", "#f5c33b"), 3)

    def walls(canvas: Canvas) -> None:
        canvas.rect(LEFT, TOP, WIDTH, 280, wall)
        canvas.rect(LEFT, TOP, WIDTH, 280, _light(conditions.sky))

    def furniture(canvas: Canvas) -> None:
        for i in range(-14, 36):
            for j in range(3):
                canvas.rect(i * 15, 72 + j * 10, 14, 9, lighter(wall, 0.55), 1)
        _floor(canvas, "#d9b38c")
        for i in range(-9, 22):
            for j in range(4):
                if (i + j) % 2:
                    x, y = i * 26, FLOOR + j * 16
                    canvas.polygon(
                        [(x, y), (x + 26, y), (x + 22, y + 16), (x - 4, y + 16)], fade("#8c5a3c", 0.22)
                    )
        for x in (*range(-226, 100, 44), *range(214, 500, 44)):
            canvas.rect(x, 14, 42, 40, wood, 2)
            canvas.rect(x + 3, 17, 36, 34, lighter(wood, 0.14), 2)
            canvas.rect(x + 33, 40, 2.6, 8, "#f4e7c8", 1)
        for x in range(-238, 500, 44):
            canvas.rect(x, 106, 42, 31, wood, 1)
            canvas.rect(x + 3, 109, 36, 25, lighter(wood, 0.12), 2)
            canvas.rect(x + 15, 112, 12, 2.4, "#f4e7c8", 1)
        canvas.rect(LEFT, 100, WIDTH, 6, "#f4efe6", 1.5)
        _oven(canvas, oven_x)
        _fridge(canvas, 300 if oven_left else -32)
        canvas.ellipse(fruit_x, 97, 13, 4, "#c98f5c")
        for i, color in enumerate(fruit):
            canvas.circle(fruit_x - 7 + i * 7, 92 - (i % 2) * 2, 5, color)
        canvas.rect(108, 84, 8, 16, "#7fb0c0", 2)
        canvas.rect(118, 80, 7, 20, "#c9a06f", 2)

    return Scenery(far=nothing, middle=together(fixed(walls), view), near=fixed(furniture), ground=164)


def _oven(canvas: Canvas, x: float) -> None:
    canvas.rect(x, 98, 50, 40, "#e4e7ee", 2)
    canvas.rect(x + 5, 112, 40, 21, "#3b4258", 2)
    canvas.rect(x + 7, 114, 36, 17, linear(0, 114, 0, 131, (0, "#f0a04b"), (1, "#8a3b2a")), 2)
    canvas.dots([(x + 8 + i * 11, 105, 2.2) for i in range(4)], "#3b4258")


def _fridge(canvas: Canvas, x: float) -> None:
    canvas.rect(x, 30, 50, 108, "#e9eef2", 4)
    canvas.rect(x, 74, 50, 2, "#b9c4cc")
    canvas.rect(x + 40, 42, 3.4, 24, "#9aa7b2", 1.5)
    canvas.rect(x + 40, 84, 3.4, 28, "#9aa7b2", 1.5)
    canvas.rect(x + 8, 44, 11, 9, "#f5e3a3", 1)
    canvas.rect(x + 20, 51, 10, 10, "#cfe3d4", 1)


def bedroom(rng: random.Random, conditions: Conditions) -> Scenery:
    """A bed, a window with curtains, a book shelf, a lamp and a rug. A bed in use is left to its sleeper."""
    wall = rng.choice(("#b7c9e8", "#e8c4cf", "#c7dcc0"))
    blanket = rng.choice(("#5f7fb5", "#957aa6", "#5f9486"))
    curtain = rng.choice(("#e07a5f", "#7f9fc9", "#d9a441"))
    bed_left = rng.random() < 0.5
    view = window(rng, 150, 20, 56, 52, conditions.sky)
    shelves = [
        [(rng.uniform(3, 6), rng.uniform(12, 19), rng.choice(BOOKS)) for _ in range(9)] for _ in range(3)
    ]
    shelf_x, bed_x, table_x = (250, -52, 100) if bed_left else (8, 244, 214)

    def walls(canvas: Canvas) -> None:
        canvas.rect(LEFT, TOP, WIDTH, 280, wall)
        for i in range(-10, 26):
            canvas.rect(i * 22, TOP, 9, 280, fade("#ffffff", 0.16))
        canvas.rect(LEFT, TOP, WIDTH, 280, _light(conditions.sky))

    def drapes(canvas: Canvas) -> None:
        canvas.path([("M", 132, 12), ("L", 160, 12), ("Q", 154, 52, 134, 90), ("Z",)], curtain)
        canvas.path([("M", 224, 12), ("L", 196, 12), ("Q", 202, 52, 222, 90), ("Z",)], curtain)
        canvas.rect(126, 8, 104, 4.4, "#8a5a3c", 1.5)

    def furniture(canvas: Canvas) -> None:
        _floor(canvas, "#c08a5e")
        _boards(canvas)
        canvas.rect(LEFT, 132, WIDTH, 5, lighter(wall, 0.6))
        canvas.ellipse(160, 172, 110, 14, fade("#f4e6d0", 0.9))
        canvas.ellipse(160, 172, 92, 10.5, fade("#c99a8f", 0.55))
        if not conditions.bed_taken:
            _bed(canvas, bed_x, blanket)
        _bookshelf(canvas, shelf_x, shelves)
        canvas.rect(table_x, 112, 28, 26, "#8a5a3c", 2)
        canvas.rect(table_x + 3, 116, 22, 8, "#a06d49", 1)
        canvas.line([(table_x + 14, 112), (table_x + 14, 96)], "#5b4636", 2.2)
        lamp = [(table_x + 4, 97), (table_x + 24, 97), (table_x + 19, 80), (table_x + 9, 80)]
        canvas.polygon(lamp, "#ffe29a")
        if conditions.sky == "night":
            glow = radial(table_x + 14, 92, 70, (0, fade("#ffe29a", 0.75)), (1, fade("#ffe29a", 0)))
            canvas.circle(table_x + 14, 92, 70, glow)
        canvas.rect(92, 36, 28, 24, "#fbf4e6", 1)
        canvas.rect(94, 38, 24, 20, "#9fc9de")
        canvas.polygon([(94, 58), (102, 47), (108, 53), (113, 49), (118, 58)], "#5f9e6f")

    return Scenery(
        far=nothing,
        middle=together(fixed(walls), view, fixed(drapes)),
        near=fixed(furniture),
        ground=166,
    )


def _bed(canvas: Canvas, x: float, blanket: str) -> None:
    canvas.rect(x, 72, 8, 76, "#8a5a3c", 3)
    canvas.rect(x + 122, 100, 7, 48, "#8a5a3c", 3)
    canvas.rect(x + 4, 118, 120, 22, "#a06d49", 2)
    canvas.rect(x + 6, 103, 118, 19, "#f6f1e7", 6)
    canvas.rect(x + 48, 100, 76, 29, blanket, 6)
    canvas.rect(x + 48, 100, 76, 7, lighter(blanket, 0.3), 3)
    canvas.rect(x + 9, 92, 34, 14, "#ffffff", 6)


def _bookshelf(canvas: Canvas, x: float, shelves: list[list[tuple[float, float, str]]]) -> None:
    canvas.rect(x, 50, 60, 88, "#a06d49", 2)
    for j, books in enumerate(shelves):
        bottom = 77 + j * 27
        canvas.rect(x + 4, bottom - 22, 52, 22, "#6f472f", 1)
        left = x + 6
        for width, height, color in books:
            if left + width < x + 55:
                canvas.rect(left, bottom - height, width, height, color, 0.6)
            left += width + 0.6


def classroom(rng: random.Random, conditions: Conditions) -> Scenery:
    """A blackboard with chalk drawings, desks, a globe, a clock and windows."""
    wall = rng.choice(("#f2e3c6", "#dbe6ee", "#e9dbe8"))
    lesson = rng.choice((_sums, _shapes, _curve))
    views = [window(rng, x, 24, 46, 54, conditions.sky) for x in (-8, 288)]
    papers = [(x, rng.choice(BOOKS)) for x in (-116, -44, 22, 262, 330, 396)]
    clock_x, globe_left = rng.choice((58, 262)), rng.random() < 0.5

    def walls(canvas: Canvas) -> None:
        canvas.rect(LEFT, TOP, WIDTH, 280, wall)
        canvas.rect(LEFT, TOP, WIDTH, 280, _light(conditions.sky))

    def furniture(canvas: Canvas) -> None:
        _floor(canvas, "#cfa878")
        _boards(canvas)
        canvas.rect(LEFT, 130, WIDTH, 6, "#a9825a")
        canvas.rect(72, 14, 176, 82, "#a9744a", 3)
        canvas.rect(77, 19, 166, 72, linear(0, 19, 0, 91, (0, "#2f6b57"), (1, "#275a4a")), 1)
        lesson(canvas)
        canvas.rect(124, 96, 70, 4, "#c99a64", 1)
        canvas.rect(134, 94, 12, 2.8, "#ffffff", 1)
        canvas.circle(clock_x, 12, 10, "#fbf7ef")
        canvas.arc(clock_x, 12, 10, 10, 0, 360, "#46506b", 1.8)
        canvas.lines([(clock_x, 12, clock_x, 5), (clock_x, 12, clock_x + 5, 14)], "#46506b", 1.4)
        for x, color in papers:
            _desk(canvas, x, color)
        x = 46 if globe_left else 286
        canvas.line([(x + 3, 118), (x, 100)], "#a9744a", 2.4)
        canvas.circle(x, 96, 12, "#4f9bd9")
        canvas.blob([(x - 5, 92), (x, 87), (x + 4, 94), (x - 2, 100)], "#6cbf6c")

    return Scenery(far=nothing, middle=together(fixed(walls), *views), near=fixed(furniture), ground=164)


def _desk(canvas: Canvas, x: float, color: str) -> None:
    canvas.rect(x, 117, 52, 6, "#b87942", 1.5)
    canvas.rect(x + 4, 123, 3.4, 26, "#55607a")
    canvas.rect(x + 44, 123, 3.4, 26, "#55607a")
    canvas.rect(x + 15, 123, 22, 11, "#d9a066", 1)
    canvas.rect(x + 12, 113, 14, 4, color, 1)


def _sums(canvas: Canvas) -> None:
    canvas.lines([(90, 40, 104, 40), (97, 33, 97, 47), (140, 37, 152, 37), (140, 43, 152, 43)], CHALK, 2)
    canvas.arc(122, 40, 7, 7, 0, 360, CHALK, 2)
    canvas.line([(206, 70), (232, 70), (219, 40), (206, 70)], CHALK, 1.8)


def _shapes(canvas: Canvas) -> None:
    canvas.lines([(90, 34 + i * 11, 134 + (i * 17) % 30, 34 + i * 11) for i in range(5)], CHALK, 1.8)
    canvas.arc(212, 54, 20, 20, 0, 360, CHALK, 1.8)
    canvas.lines([(212, 34, 212, 74), (192, 54, 232, 54)], CHALK, 1.2)


def _curve(canvas: Canvas) -> None:
    canvas.curve([(88, 70), (108, 38), (132, 66), (158, 32)], CHALK, 2)
    canvas.lines([(84, 76, 164, 76), (84, 28, 84, 76)], CHALK, 1.6)
    canvas.dots([(188 + i * 18, 52, 5.5) for i in range(3)], CHALK)


def stage(rng: random.Random, conditions: Conditions) -> Scenery:
    """Curtains, footlights and moving spotlights on a wooden stage."""
    cloth = rng.choice(("#a3243b", "#5a2a82", "#1f4e8c"))
    backdrop = linear(0, 0, 0, 140, (0, "#241d40"), (1, "#4a3a6b"))
    boards = linear(0, 134, 0, 175, (0, "#b97a48"), (1, "#8a5633"))
    sparks = [(rng.uniform(-60, 380), rng.uniform(-20, 115), rng.random()) for _ in range(36)]
    beams = list(zip(rng.sample(("#ffd6e8", "#fff3c4", "#cfe8ff"), 3), (70, 160, 250)))

    def back(canvas: Canvas, time: float) -> None:
        canvas.rect(LEFT, TOP, WIDTH, 300, backdrop)
        for i in range(3):
            glimmer = fade("#ffe9a0", 0.55 + 0.4 * math.sin(time * 2 + i * 2))
            canvas.dots([(x, y, 1) for x, y, _ in sparks[i::3]], glimmer)

    def planks(canvas: Canvas) -> None:
        canvas.rect(LEFT, 134, WIDTH, 60, boards)
        seams = [(i * 20, 134, 160 + (i * 20 - 160) * 1.6, 190) for i in range(-18, 36)]
        canvas.lines(seams, fade("#3d2010", 0.28), 1)
        canvas.rect(LEFT, 176, WIDTH, 130, "#241a33")
        for i in range(-8, 20):
            x = 10 + i * 28
            canvas.circle(x, 173, 14, radial(x, 173, 14, (0, fade("#ffe29a", 0.6)), (1, fade("#ffe29a", 0))))
            canvas.circle(x, 177, 4, "#ffe29a")

    def lights(canvas: Canvas, time: float) -> None:
        for i, (color, x) in enumerate(beams):
            spot = x + math.sin(time * 0.8 + i * 2) * 22
            canvas.polygon(
                [(x - 5, -30), (x + 5, -30), (spot + 38, 158), (spot - 38, 158)], fade(color, 0.15)
            )
            canvas.ellipse(spot, 158, 38, 8, fade(color, 0.25))

    def curtains(canvas: Canvas) -> None:
        for side in (-1, 1):
            for i in range(10):
                x = 160 + side * (298 - i * 17)
                canvas.rect(x - 10, -60, 20, 206, mix(cloth, darker(cloth, 0.5), (i % 2) * 0.7))
        canvas.rect(LEFT, TOP, WIDTH, 128, darker(cloth, 0.15))
        for i in range(-7, 20):
            x = -30 + i * 34
            canvas.segment(x, -3, 19, 17, 0, 180, lighter(cloth, 0.12) if i % 2 else cloth)
            canvas.arc(x, -3, 19, 17, 0, 180, "#f5c33b", 1.6)

    return Scenery(
        far=nothing,
        middle=back,
        near=together(fixed(planks), lights, fixed(curtains)),
        ground=160,
    )


INDOOR_SETTINGS = {"kitchen": kitchen, "bedroom": bedroom, "classroom": classroom, "stage": stage}
