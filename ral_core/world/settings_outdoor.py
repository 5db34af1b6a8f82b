"""Park, beach, street and snow: each builds its scenery once from a seeded generator."""

from __future__ import annotations

import math
import random

from ral_core.world.canvas import Canvas, Command, Draw, linear, radial
from ral_core.world.palette import INK, SKIES, Color, darker, fade, lighter, mix
from ral_core.world.weather import LEFT, WIDTH, Conditions, Scenery, fixed, sky, together

RIGHT = LEFT + WIDTH
BRIGHT = ("#d9363e", "#2f74d0", "#f0832a", "#2f9e57")


def hills(rng: random.Random, y: float, height: float, color: Color | str) -> Draw:
    """A rolling outline from one side of the world to the other."""
    xs = [LEFT + i * WIDTH / 9 for i in range(10)]
    ys = [y - rng.uniform(0, height) for _ in xs]
    commands: list[Command] = [("M", LEFT, 300), ("L", xs[0], ys[0])]
    for i in range(9):
        half = (xs[i] + xs[i + 1]) / 2
        commands.append(("C", half, ys[i], half, ys[i + 1], xs[i + 1], ys[i + 1]))
    commands += [("L", RIGHT, 300), ("Z",)]
    return lambda canvas, time: canvas.path(commands, color)


def leafy_tree(x: float, y: float, size: float, color: Color | str) -> Draw:
    """A round tree that sways."""
    shade, light = darker(color, 0.12), lighter(color, 0.22)

    def draw(canvas: Canvas, time: float) -> None:
        sway = math.sin(time * 1.3 + x) * 1.4
        with canvas.placed(x, y, scale=size):
            canvas.shadow(0, 0, 16, 3.5)
            trunk = [("M", -4, 0), ("Q", -2, -20, -3, -38), ("L", 3, -38), ("Q", 2, -18, 5, 0), ("Z",)]
            canvas.path(trunk, "#7a5138")
            canvas.dots(
                [(-13 + sway, -42, 15), (12 + sway, -44, 15), (sway, -58, 18), (sway, -44, 15)], shade
            )
            canvas.dots([(-9 + sway, -49, 12), (10 + sway, -51, 11), (1 + sway, -64, 13)], color)
            canvas.circle(-3 + sway, -67, 6, light)

    return draw


def fir_tree(canvas: Canvas, x: float, y: float, size: float) -> None:
    """A fir with snow on its branches."""
    with canvas.placed(x, y, scale=size):
        canvas.shadow(0, 0, 16, 3.5)
        canvas.rect(-3, -14, 6, 14, "#6b4632")
        for i in range(3):
            green = mix(darker("#3f7d6b", 0.12), lighter("#3f7d6b", 0.15), i / 2)
            canvas.polygon(
                [(-20 + i * 4, -10 - i * 18), (0, -46 - i * 17), (20 - i * 4, -10 - i * 18)], green
            )
        for i in range(3):
            base, half = -28 - i * 17.5, 9 - i * 1.8
            canvas.polygon([(-half, base), (0, base - 18), (half, base)], fade("#ffffff", 0.92))


def park(rng: random.Random, conditions: Conditions) -> Scenery:
    """Grass, trees, a path, and a bench, fountain or pond."""
    autumn = conditions.season == "autumn"
    grass = "#c9b458" if autumn else rng.choice(("#7fc26b", "#8fcf74", "#74b86a"))
    leaf = "#e08a3c" if autumn else "#58ad5c"
    haze = SKIES[conditions.sky][1]
    far_hills = hills(rng, 112, 18, mix(grass, haze, 0.45))
    near_hills = hills(rng, 122, 10, mix(grass, haze, 0.2))
    trees = [
        leafy_tree(
            -60 + i * 100 + rng.uniform(-22, 22),
            rng.uniform(127, 133),
            rng.uniform(1.0, 1.5),
            leaf if i % 2 else mix(leaf, "#8fbf4f", 0.45),
        )
        for i in range(5)
    ]
    feature = rng.choice((_bench, _fountain, _pond))
    feature_x = rng.choice((rng.uniform(15, 75), rng.uniform(225, 285)))
    blossoms = [(rng.uniform(-90, 410), rng.uniform(136, 200), 1.5) for _ in range(36)]
    lawn = linear(0, 122, 0, 190, (0, lighter(grass, 0.12)), (1, darker(grass, 0.16)))
    path_y = rng.uniform(-4, 4)

    def ground(canvas: Canvas) -> None:
        canvas.rect(LEFT, 122, WIDTH, 190, lawn)
        upper: list[Command] = [
            ("M", -220, 166 + path_y),
            ("C", -50, 148 + path_y, 90, 178 + path_y, 200, 160 + path_y),
        ]
        upper += [("C", 280, 148 + path_y, 400, 170 + path_y, 540, 158 + path_y), ("L", 540, 178 + path_y)]
        lower: list[Command] = [("C", 400, 192 + path_y, 260, 172 + path_y, 190, 184 + path_y)]
        lower += [("C", 80, 200 + path_y, -60, 172 + path_y, -220, 188 + path_y), ("Z",)]
        canvas.path([*upper, *lower], "#e8d3a2")
        for i, color in enumerate(LEAF_LITTER if autumn else ("#ffffff", "#ffd166", "#f28fb1")):
            canvas.dots(blossoms[i::3], color)

    return Scenery(
        far=sky(rng, conditions.sky),
        middle=together(far_hills, near_hills),
        near=together(fixed(ground), *trees, feature(feature_x)),
        ground=160,
    )


LEAF_LITTER = ("#e08a3c", "#c1502e", "#d9b13b")


def _bench(x: float) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.shadow(x, 144, 32, 3)
        for y in (113, 120):
            canvas.rect(x - 28, y, 56, 5, "#a5673f", 1.5)
        canvas.rect(x - 31, 129, 62, 5, "#8f5533", 1.5)
        for leg in (x - 25, x + 21):
            canvas.rect(leg, 112, 2.6, 31, "#3b3f52", 1)

    return fixed(draw)


def _fountain(x: float) -> Draw:
    def draw(canvas: Canvas, time: float) -> None:
        canvas.shadow(x, 142, 40, 5)
        canvas.ellipse(x, 136, 38, 8, "#b7b4ac")
        canvas.ellipse(x, 134, 33, 6, "#6fc1e0")
        canvas.rect(x - 3, 104, 6, 30, "#b7b4ac", 2)
        canvas.ellipse(x, 106, 15, 4, "#c8c5bd")
        for side in (-1, 1):
            for i in range(2):
                reach = (12 + i * 10 + math.sin(time * 6 + i) * 1.2) * side
                arch = [(x, 100), (x + reach * 0.5, 90 - i * 4), (x + reach, 132)]
                canvas.curve(arch, fade("#d9f1fb", 0.85), 1.6)

    return draw


def _pond(x: float) -> Draw:
    def draw(canvas: Canvas, time: float) -> None:
        canvas.ellipse(x, 138, 52, 8, "#c9b98a")
        canvas.ellipse(x, 137.5, 48, 6.6, "#63b3d6")
        for i in range(3):
            drift = math.sin(time * 0.8 + i * 2) * 5
            canvas.line(
                [(x - 26 + i * 18 + drift, 136 + i), (x - 14 + i * 18 + drift, 136 + i)], "#c7e8f5", 1
            )
        for i in range(5):
            canvas.line([(x + 40 + i * 3, 140), (x + 41 + i * 4, 118 + i % 2 * 5)], "#5c8f45", 1.8)

    return draw


def beach(rng: random.Random, conditions: Conditions) -> Scenery:
    """Sea with a sailing boat, sand, and a parasol, palm or sandcastle."""
    seas = {
        "day": "#2fa7c7",
        "sunset": "#8c5f93",
        "night": "#1f3566",
        "rain": "#5b7d8e",
        "overcast": "#6fa9bc",
    }
    sea = seas[conditions.sky]
    water = linear(0, 92, 0, 132, (0, darker(sea, 0.15)), (1, lighter(sea, 0.25)))
    sand = linear(0, 130, 0, 190, (0, "#f1d9a0"), (1, "#dcb877"))
    boat_x, sail = rng.uniform(0, 300), rng.choice(BRIGHT)
    shells = [(rng.uniform(-60, 380), rng.uniform(168, 196)) for _ in range(7)]
    things = rng.sample((_parasol, _palm, _castle), 2)
    spots = [rng.uniform(20, 80), rng.uniform(235, 300)]
    rng.shuffle(spots)
    features = [thing(x, rng.choice(BRIGHT)) for thing, x in zip(things, spots)]

    def waves(canvas: Canvas, time: float) -> None:
        canvas.rect(LEFT, 92, WIDTH, 70, water)
        starts = [((i * 61 + time * 4 * (1 + i % 3)) % 760 - 220, 97 + i * 2.5, i) for i in range(12)]
        canvas.lines([(x, y, x + 14 + i, y) for x, y, i in starts], fade("#ffffff", 0.45), 1.1)
        x = (boat_x + time * 3) % 500 - 80
        canvas.polygon([(x - 18, 91), (x + 18, 91), (x + 12, 99), (x - 12, 99)], "#8a4b38")
        canvas.polygon([(x, 56), (x, 89), (x + 20, 89)], "#ffffff")
        canvas.polygon([(x - 2, 62), (x - 2, 89), (x - 15, 89)], sail)

    def shore(canvas: Canvas, time: float) -> None:
        swell = math.sin(time * 1.1) * 2
        for y, paint in ((127 + swell, fade("#ffffff", 0.85)), (131 + swell, sand)):
            edge: list[Command] = [("M", LEFT, y)]
            for i in range(19):
                x = LEFT + 20 + i * 40
                edge.append(("Q", x, y - 4 + (i % 2) * 6, x + 20, y))
            canvas.path([*edge, ("L", RIGHT, 320), ("L", LEFT, 320), ("Z",)], paint)

    def shell_bits(canvas: Canvas) -> None:
        for x, y in shells:
            canvas.blob([(x, y), (x + 3, y - 4), (x + 6, y), (x + 4, y + 3), (x + 1, y + 3)], "#f0a58a")

    return Scenery(
        far=sky(rng, conditions.sky),
        middle=waves,
        near=together(shore, fixed(shell_bits), *features),
        ground=162,
    )


def _parasol(x: float, color: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.shadow(x, 150, 30, 4)
        canvas.line([(x, 150), (x + 4, 92)], "#f4efe4", 2.8)
        top_x, top = x + 4, 80
        for i in range(6):
            left, right = top_x - 42 + i * 14, top_x - 42 + (i + 1) * 14
            panel = [("M", top_x, top), ("Q", left + 4, top + 6, left, top + 24), ("L", right, top + 24)]
            canvas.path(
                [*panel, ("Q", right - 4, top + 6, top_x, top), ("Z",)], color if i % 2 else "#fff6e6"
            )

    return fixed(draw)


def _palm(x: float, color: str) -> Draw:
    def draw(canvas: Canvas, time: float) -> None:
        canvas.shadow(x, 148, 24, 4)
        canvas.curve([(x, 148), (x + 3, 110), (x + 12, 66)], "#9a6a42", 6)
        sway = math.sin(time * 1.2) * 3
        for dx, dy in ((-38, -2), (-30, -22), (-6, -30), (22, -24), (36, -4), (28, 14), (-24, 16)):
            middle = (x + 12 + dx * 0.5, 64 + dy * 0.7 - 10)
            canvas.curve([(x + 12, 66), middle, (x + 12 + dx + sway, 66 + dy + 6)], "#3f9e57", 5.4)
        canvas.dots([(x + 9, 69, 3.4), (x + 15, 70, 3.4)], "#7a4b30")

    return draw


def _castle(x: float, color: str) -> Draw:
    def draw(canvas: Canvas) -> None:
        canvas.shadow(x, 148, 28, 4)
        for dx, height in ((-16, 18), (0, 28), (16, 18)):
            canvas.rect(x + dx - 8, 147 - height, 16, height, "#d6ab63", 1)
            for i in range(3):
                canvas.rect(x + dx - 8 + i * 6, 143 - height, 4, 5, "#d6ab63")
        canvas.segment(x, 147, 5, 8, 180, 360, "#9a7338")
        canvas.line([(x, 116), (x, 98)], INK, 1.2)
        canvas.polygon([(x, 98), (x + 12, 102), (x, 106)], color)

    return fixed(draw)


def street(rng: random.Random, conditions: Conditions) -> Scenery:
    """Shop fronts, pavement, lamps and a road."""
    night = conditions.sky == "night"
    skyline_color = mix("#8796b5", SKIES[conditions.sky][1], 0.25 if night else 0.45)
    skyline, x = [], LEFT
    while x < RIGHT:
        width, height = rng.uniform(22, 40), rng.uniform(60, 105)
        skyline.append((x, 124 - height, width, height))
        x += width
    shops, x = [], LEFT + rng.uniform(0, 40)
    while x < RIGHT:
        shop = _Shop(rng, x, night)
        shops.append(shop)
        x += shop.width
    lamps = [x + rng.uniform(-15, 15) for x in (-120, 20, 300, 440)]
    pavement = linear(0, 130, 0, 160, (0, "#c9c3bb"), (1, "#b3aca6"))

    def towers(canvas: Canvas) -> None:
        for tower in skyline:
            canvas.rect(*tower, skyline_color)

    def front(canvas: Canvas) -> None:
        for shop in shops:
            shop.draw(canvas)
        canvas.rect(LEFT, 130, WIDTH, 29, pavement)
        canvas.lines([(i * 38, 131, i * 38 - 7, 157) for i in range(-6, 16)], "#a8a19b", 0.9)
        canvas.rect(LEFT, 158, WIDTH, 5, "#8b8682")
        canvas.rect(LEFT, 163, WIDTH, 150, "#565b6b")
        for i in range(-6, 16):
            canvas.rect(i * 38, 176, 22, 3.6, "#f2e9c9", 1)
        for lamp in lamps:
            canvas.rect(lamp, 66, 3.4, 84, "#2f3447", 1)
            canvas.line([(lamp + 1.5, 67), (lamp + 15, 64)], "#2f3447", 2)
            canvas.circle(lamp + 16, 67, 5, "#fff1b8")
            if night or conditions.sky == "rain":
                glow = radial(lamp + 16, 67, 38, (0, fade("#ffe9a0", 0.6)), (1, fade("#ffe9a0", 0)))
                canvas.circle(lamp + 16, 67, 38, glow)

    return Scenery(far=sky(rng, conditions.sky), middle=fixed(towers), near=fixed(front), ground=154)


class _Shop:
    """A house with a shop window and an awning."""

    def __init__(self, rng: random.Random, x: float, night: bool) -> None:
        self.x, self.width, self.height = x, rng.uniform(58, 86), rng.uniform(78, 116)
        self.wall = rng.choice(("#e8a37c", "#c98a76", "#e9c98a", "#8fb3a3", "#b9a5c9", "#d9a0a0"))
        self.awning = rng.choice(("#c9434a", "#3f8f5d", "#3b6cb0", "#d98136"))
        self.night = night
        self.lit = [night and rng.random() < 0.6 for _ in range(18)]

    def draw(self, canvas: Canvas) -> None:
        x, width, top = self.x, self.width, 130 - self.height
        shade = linear(0, top, 0, 130, (0, self.wall), (1, darker(self.wall, 0.18)))
        canvas.rect(x, top, width, self.height, shade)
        canvas.rect(x - 2, top - 4, width + 4, 6, darker(self.wall, 0.3), 1.5)
        rows = int((82 - top) // 20)
        for i in range(rows * 3):
            left, y = x + 8 + (i % 3) * (width - 12) / 3, top + 10 + (i // 3) * 20
            canvas.rect(left - 1.2, y - 1.2, 13, 15, lighter(self.wall, 0.5), 1)
            canvas.rect(left, y, 10.6, 12.6, "#ffdf80" if self.lit[i % 18] else "#5d7fa3", 0.5)
        canvas.rect(x + 5, 102, width - 10, 28, "#46506b", 1)
        canvas.rect(x + 7, 104, width - 26, 24, "#ffe39a" if self.night else "#a8d0dc", 1)
        canvas.rect(x + width - 17, 104, 10, 26, darker(self.wall, 0.4), 1)
        for i in range(7):
            left, right = x + 1 + i * (width - 2) / 7, x + 1 + (i + 1) * (width - 2) / 7
            scallop = [
                ("M", left, 94),
                ("L", right, 94),
                ("L", right, 103),
                ("Q", (left + right) / 2, 108, left, 103),
            ]
            canvas.path([*scallop, ("Z",)], "#fff6e6" if i % 2 else self.awning)


def snow(rng: random.Random, conditions: Conditions) -> Scenery:
    """White fields, mountains, firs, and a snowman or a cabin."""
    white = {"night": "#b9c6e6", "sunset": "#fbe6df"}.get(conditions.sky, "#f3f8fd")
    peaks = [(-170 + i * 92 + rng.uniform(-25, 25), rng.uniform(42, 72)) for i in range(7)]
    rock = mix("#8ba3c4", SKIES[conditions.sky][1], 0.35)
    drifts = hills(rng, 124, 12, darker(white, 0.08))
    bank = hills(rng, 132, 6, white)
    field = linear(0, 132, 0, 190, (0, white), (1, mix(white, "#a9c3e6", 0.55)))
    firs = [
        (-70 + i * 88 + rng.uniform(-25, 25), rng.uniform(132, 138), rng.uniform(1.0, 1.6)) for i in range(6)
    ]
    feature, feature_x = (
        rng.choice((_snowman, _cabin)),
        rng.choice((rng.uniform(20, 60), rng.uniform(260, 300))),
    )
    humps = [(rng.uniform(-90, 410), rng.uniform(146, 200)) for _ in range(30)]

    def mountains(canvas: Canvas) -> None:
        for x, y in peaks:
            canvas.polygon([(x - 80, 140), (x, y), (x + 80, 140)], rock)
            cap = [
                (x, y),
                (x - 21, y + 17),
                (x - 9, y + 14),
                (x - 1, y + 22),
                (x + 9, y + 13),
                (x + 20, y + 16),
            ]
            canvas.polygon(cap, white)

    def ground(canvas: Canvas) -> None:
        bank(canvas, 0)
        canvas.rect(LEFT, 132, WIDTH, 190, field)
        for x, y, size in firs:
            fir_tree(canvas, x, y, size)
        feature(canvas, feature_x)
        for x, y in humps:
            canvas.ellipse(x, y, 6, 1.6, fade("#ffffff", 0.7))

    return Scenery(
        far=sky(rng, conditions.sky),
        middle=together(fixed(mountains), drifts),
        near=fixed(ground),
        ground=160,
    )


def _snowman(canvas: Canvas, x: float) -> None:
    with canvas.placed(x, 148, scale=1.5):
        canvas.shadow(0, 0, 14, 3)
        canvas.dots([(0, -9, 11), (0, -25, 8)], "#ffffff")
        canvas.polygon([(2, -26), (12, -24), (2, -23)], "#f0832a")
        canvas.dots([(1, -28, 1.1), (5, -28, 1.1), (1, -12, 1), (1, -7, 1)], INK)
        canvas.rect(-6, -40, 13, 8, INK, 1)
        canvas.rect(-9, -33.5, 19, 2.6, INK, 1)
        canvas.rect(-7, -20, 15, 4, "#c9434a", 1.8)


def _cabin(canvas: Canvas, x: float) -> None:
    canvas.rect(x - 34, 104, 68, 38, "#8a5a3c")
    canvas.lines([(x - 34, 110 + i * 8, x + 34, 110 + i * 8) for i in range(4)], "#6f472f", 1.2)
    canvas.polygon([(x - 44, 106), (x, 76), (x + 44, 106)], "#ffffff")
    canvas.polygon([(x - 40, 107), (x + 40, 107), (x, 98)], "#d5e0ee")
    canvas.rect(x + 16, 72, 9, 18, "#6f472f")
    canvas.rect(x - 8, 116, 15, 26, "#5b3a29", 1)
    canvas.rect(x + 14, 114, 13, 12, "#ffe39a", 1)


OUTDOOR_SETTINGS = {"park": park, "beach": beach, "street": street, "snow": snow}
