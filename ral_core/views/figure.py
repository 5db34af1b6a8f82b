"""A retrieval case as a figure: SVG for papers, PNG for slides. Both show the same; text stays text in the SVG."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont, ImageOps

from ral_core.views.case import Case
from ral_core.views.charts import path, spread
from ral_core.views.heat import on_grid
from ral_core.views.markup import attributes, clock, escape, join, number, stretch
from ral_core.views.query_bar import model_title
from ral_core.views.theme import LIGHT
from ral_core.views.timeline import true_moments

WIDTH, LABEL, ROW, CURVE, TOP = 1000, 130, 22, 90, 250
"""Sizes of the figure in its own units: width, room for words, height of a word's row, of the curve, of the head."""
PAD = 20
"""White room around the figure."""
INK, SOFT, LINE, ACCENT = LIGHT["ink"], LIGHT["soft_ink"], LIGHT["line"], LIGHT["accent"]
FOUND, TRUE, HEAT = "#d5802a", "#3a56c5", (10, 90, 114)
FONT = 'font-family="Helvetica, Arial, sans-serif"'


def card_svg(case: Case) -> str:
    """The figure with fixed fonts and no outside files."""
    explanation = case.explanation
    rows = heat_rows(case)
    height = TOP + CURVE + 46 + ROW * len(rows) + 34
    cells = join(
        f'<text {FONT} font-size="13" text-anchor="end" x="{LABEL - 10}" y="{row_top(place) + 15}" fill="{INK}">{escape(said)}</text>'
        f'<image x="{LABEL}" y="{row_top(place)}" width="{WIDTH - LABEL}" height="{ROW - 2}" preserveAspectRatio="none" href="{strip_uri(levels)}"/>'
        for place, (said, levels) in enumerate(rows)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-{PAD} -{PAD} {WIDTH + 2 * PAD} {height + 2 * PAD}" width="{WIDTH + 2 * PAD}" height="{height + 2 * PAD}" role="img"'
        f"{attributes(aria_label=f'{explanation.query}: {explanation.title}')}>"
        f'<rect x="-{PAD}" y="-{PAD}" width="{WIDTH + 2 * PAD}" height="{height + 2 * PAD}" fill="#ffffff"/>{head_svg(case)}'
        f'<g transform="translate({LABEL} {TOP})">{curve_svg(case)}</g>{cells}'
        f'<text {FONT} font-size="11" x="0" y="{height - 8}" fill="{SOFT}">{escape(foot(case))}</text></svg>\n'
    )


def row_top(place: int) -> int:
    """Where a word's row begins."""
    return TOP + CURVE + 40 + ROW * place


def heat_rows(case: Case) -> list[tuple[str, NDArray[np.floating]]]:
    """Each word with its gate, and its cells as levels 0-1; nothing where the model keeps no words apart."""
    explanation = case.explanation
    if explanation.similarity is None:
        return []
    values = np.asarray(explanation.similarity)
    low, high = float(np.quantile(values, 0.25)), float(values.max())
    grid = on_grid(values, np.asarray(explanation.curve.times), explanation.duration)
    levels = np.clip((grid - low) / max(high - low, 1e-9), 0, 1)
    gates = [word.weight for word in explanation.words]
    return [
        (f"{word.text}  {number(gate)}" if gate is not None else word.text, row)
        for word, gate, row in zip(explanation.words, gates, levels, strict=True)
    ]


def strip_uri(levels: NDArray[np.floating]) -> str:
    """A row of cells as a picture inside the file."""
    colours = 255 - np.outer(levels.repeat(6), 255 - np.array(HEAT))
    target = BytesIO()
    Image.fromarray(colours.round().astype(np.uint8)[None]).save(target, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()


def lines(case: Case) -> list[tuple[str, int, str]]:
    """The head as (text, size, colour)."""
    explanation, best = case.explanation, case.explanation.moments[:1]
    z = "" if explanation.z is None else f", z {number(explanation.z, 1)}"
    said = [
        (f"“{explanation.query}”", 21, INK),
        (explanation.title, 17, INK),
        (f"rank {explanation.rank} of {case.result.films:,}{z}", 15, SOFT),
        (
            f"{number(explanation.clip_weight)} × clip {number(explanation.clip, 3)} + {number(explanation.frame_weight)} × frame {number(explanation.frame, 3)}"
            f" = {number(explanation.score, 3)}",
            15,
            SOFT,
        ),
    ]
    said += [(f"found {stretch(m.start, m.end)}", 15, "#8a4a0c") for m in best]
    if true := true_moments(explanation):
        said.append((f"true {', '.join(stretch(*moment) for moment in true)}", 15, "#2f48ad"))
    return said


def foot(case: Case) -> str:
    """With what the figure was made."""
    about = case.manifest
    return f"{model_title(about.model)} ({about.model_sha256[:12]}), index {about.name}, {about.visual_encoder}, {about.text_encoder}"


def head_svg(case: Case) -> str:
    """The still and what is said beside it."""
    still = (
        f'<image width="384" height="216" href="data:image/jpeg;base64,{base64.b64encode(case.still).decode()}"/>'
        if case.still
        else ""
    )
    left, y, parts = (404 if case.still else 0), 6, []
    for text, size, colour in lines(case):
        for piece in wrapped(text, int((WIDTH - left) / (0.53 * size))):
            y += round(1.35 * size)
            parts.append(
                f'<text {FONT} font-size="{size}" x="{left}" y="{y}" fill="{colour}">{escape(piece)}</text>'
            )
        y += 5
    return still + join(parts)


def wrapped(text: str, most: int) -> list[str]:
    """Lines of at most so many signs, broken at spaces.

    >>> wrapped("one two three", 8)
    ['one two', 'three']
    """
    found: list[str] = []
    for word in text.split():
        if found and len(found[-1]) + 1 + len(word) <= most:
            found[-1] += f" {word}"
        else:
            found.append(word[: 2 * most])
    return found


def curve_points(case: Case) -> tuple[list[float], list[float]]:
    """The score over time in the figure's units."""
    line, duration = case.explanation.curve, case.explanation.duration
    xs = [(WIDTH - LABEL) * time / duration for time in line.times]
    return xs, spread(line.score, 6.0, CURVE - 4.0)


def boxes(case: Case) -> list[tuple[float, float, str]]:
    """Found and true moments as (left, width, colour)."""
    scale = (WIDTH - LABEL) / case.explanation.duration
    found = [(m.start, m.end, FOUND) for m in case.explanation.moments[:1]]
    return [
        (a * scale, (b - a) * scale, c)
        for a, b, c in [*found, *((a, b, TRUE) for a, b in true_moments(case.explanation))]
    ]


def ticks(duration: float) -> Sequence[float]:
    """Six seconds to write below the curve."""
    return [duration * place / 5 for place in range(6)]


def curve_svg(case: Case) -> str:
    """The curve with its moments and seconds."""
    xs, ys = curve_points(case)
    wide, duration = WIDTH - LABEL, case.explanation.duration
    drawn = (
        f'<path d="{path(xs, ys)}" fill="none" stroke="{ACCENT}" stroke-width="2"/>' if len(xs) > 1 else ""
    )
    dashes = {TRUE: "5 3"}
    marks = join(
        f'<rect x="{left:.1f}" y="0" width="{max(width, 2):.1f}" height="{CURVE}" fill="{colour}" fill-opacity=".16" stroke="{colour}"'
        f"{attributes(stroke_dasharray=dashes.get(colour))}/>"
        for left, width, colour in boxes(case)
    )
    names = join(
        f'<text {FONT} font-size="12" x="{wide * second / duration:.1f}" y="{CURVE + 17}" text-anchor="{"start" if second == 0 else "end" if second == duration else "middle"}" fill="{SOFT}">{clock(second)}</text>'
        for second in ticks(duration)
    )
    return f'<rect width="{wide}" height="{CURVE}" fill="none" stroke="{LINE}"/>{marks}{drawn}{names}'


def card_png(case: Case, scale: int = 2) -> bytes:
    """The same figure as a picture, twice as fine as its units."""
    rows = heat_rows(case)
    height = TOP + CURVE + 46 + ROW * len(rows) + 34
    image = Image.new("RGB", (WIDTH * scale, height * scale), "white")
    pen = ImageDraw.Draw(image, "RGBA")

    def write(x: float, y: float, text: str, size: int, colour: str, anchor: str = "ls") -> None:
        pen.text(
            (x * scale, y * scale),
            text,
            fill=colour,
            font=ImageFont.load_default(size * scale),
            anchor=anchor,
        )

    left, y = 0, 6
    if case.still:
        left = 404
        image.paste(
            Image.open(BytesIO(case.still)).resize((384 * scale, 216 * scale), Image.Resampling.LANCZOS)
        )
    for text, size, colour in lines(case):
        for piece in wrapped(plain(text), int((WIDTH - left) / (0.53 * size))):
            y += round(1.35 * size)
            write(left, y, piece, size, colour)
        y += 5
    for start, width, colour in boxes(case):
        pen.rectangle(
            [
                (LABEL + start) * scale,
                TOP * scale,
                (LABEL + start + max(width, 2)) * scale,
                (TOP + CURVE) * scale,
            ],
            fill=(*bytes.fromhex(colour[1:]), 40),
            outline=colour,
            width=scale,
        )
    xs, ys = curve_points(case)
    if len(xs) > 1:
        pen.line(
            [((LABEL + x) * scale, (TOP + b) * scale) for x, b in zip(xs, ys, strict=True)],
            fill=ACCENT,
            width=2 * scale,
            joint="curve",
        )
    duration = case.explanation.duration
    for second in ticks(duration):
        anchor = "ls" if second == 0 else "rs" if second == duration else "ms"
        write(LABEL + (WIDTH - LABEL) * second / duration, TOP + CURVE + 17, clock(second), 12, SOFT, anchor)
    for place, (said, levels) in enumerate(rows):
        write(LABEL - 10, row_top(place) + 15, plain(said), 13, INK, "rs")
        colours = (255 - np.outer(levels, 255 - np.array(HEAT))).round().astype(np.uint8)[None]
        cells = Image.fromarray(colours).resize(
            ((WIDTH - LABEL) * scale, (ROW - 2) * scale), Image.Resampling.NEAREST
        )
        image.paste(cells, (LABEL * scale, row_top(place) * scale))
    write(0, height - 8, plain(foot(case)), 11, SOFT)
    target = BytesIO()
    ImageOps.expand(image, PAD * scale, "white").save(target, "PNG", optimize=True)
    return target.getvalue()


def plain(text: str) -> str:
    """Signs that the built-in font has; the others become a question mark."""
    swaps = {"“": '"', "”": '"', "−": "-", "–": "-", "·": "-", "×": "x", "’": "'"}
    return "".join(swaps.get(sign, sign) for sign in text).encode("latin-1", "replace").decode("latin-1")
