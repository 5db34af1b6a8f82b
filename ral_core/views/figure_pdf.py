"""The figure of a retrieval case as a PDF for papers: lines and text stay vectors, the fonts are inside the file."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from ral_core.errors import MissingDependency
from ral_core.views.case import Case
from ral_core.views.figure import (
    ACCENT,
    CURVE,
    HEAT,
    INK,
    LABEL,
    LINE,
    PAD,
    ROW,
    SOFT,
    TOP,
    TRUE,
    WIDTH,
    boxes,
    curve_points,
    foot,
    heat_rows,
    lines,
    row_top,
    ticks,
    wrapped,
)
from ral_core.views.markup import clock

POINTS = 0.5
"""PDF points of one unit of the figure: 520 points wide, a little more than a page's text."""
FONT = "sans-serif"


def card_pdf(case: Case) -> bytes:
    """The figure. Raises MissingDependency without pycairo."""
    try:
        import cairo  # only this export needs it
    except ImportError:
        raise MissingDependency(
            "A PDF needs the package pycairo (`pip install pycairo`); the SVG needs nothing."
        ) from None
    rows = heat_rows(case)
    height = TOP + CURVE + 46 + ROW * len(rows) + 34
    target = BytesIO()
    surface = cairo.PDFSurface(target, (WIDTH + 2 * PAD) * POINTS, (height + 2 * PAD) * POINTS)
    surface.set_metadata(cairo.PDFMetadata.TITLE, f"{case.explanation.query}: {case.explanation.title}")
    pen = cairo.Context(surface)
    pen.scale(POINTS, POINTS)
    pen.translate(PAD, PAD)
    pen.select_font_face(FONT)
    head(pen, cairo, case)
    curve(pen, case)
    for place, (said, levels) in enumerate(rows):
        write(pen, LABEL - 10, row_top(place) + 15, said, 13, INK, 1.0)
        cells(pen, levels, row_top(place))
    write(pen, 0, height - 8, foot(case), 11, SOFT)
    surface.finish()
    return target.getvalue()


def colour(pen: Any, code: str, alpha: float = 1.0) -> None:
    """Draw with a colour written `#rrggbb` from now on."""
    pen.set_source_rgba(*(part / 255 for part in bytes.fromhex(code[1:])), alpha)


def write(pen: Any, x: float, y: float, text: str, size: int, code: str, anchor: float = 0.0) -> None:
    """Text at a baseline; `anchor` 0 puts its start at x, 0.5 its middle, 1 its end."""
    pen.set_font_size(size)
    colour(pen, code)
    pen.move_to(x - anchor * pen.text_extents(text).x_advance, y)
    pen.show_text(text)


def head(pen: Any, cairo: Any, case: Case) -> None:
    """The still and what is said beside it."""
    left, y = 0, 6
    if case.still:
        left = 404
        picture = cairo.ImageSurface.create_from_png(png(case.still))
        pen.save()
        pen.scale(384 / picture.get_width(), 216 / picture.get_height())
        pen.set_source_surface(picture)
        pen.paint()
        pen.restore()
    for text, size, code in lines(case):
        for piece in wrapped(text, int((WIDTH - left) / (0.53 * size))):
            y += round(1.35 * size)
            write(pen, left, y, piece, size, code)
        y += 5


def png(still: bytes) -> BytesIO:
    """A JPEG as a PNG, the only form that cairo reads."""
    target = BytesIO()
    Image.open(BytesIO(still)).save(target, "PNG")
    target.seek(0)
    return target


def curve(pen: Any, case: Case) -> None:
    """The score over time with the found and the true moments, and seconds below."""
    wide, duration = WIDTH - LABEL, case.explanation.duration
    pen.save()
    pen.translate(LABEL, TOP)
    pen.set_line_width(1)
    pen.rectangle(0, 0, wide, CURVE)
    colour(pen, LINE)
    pen.stroke()
    for start, width, code in boxes(case):
        pen.rectangle(start, 0, max(width, 2), CURVE)
        colour(pen, code, 0.16)
        pen.fill_preserve()
        colour(pen, code)
        pen.set_dash([5, 3] if code == TRUE else [])
        pen.stroke()
    pen.set_dash([])
    pen.set_line_width(2)
    colour(pen, ACCENT)
    for x, y in zip(*curve_points(case), strict=True):
        pen.line_to(x, y)
    pen.stroke()
    for second in ticks(duration):
        anchor = 0.0 if second == 0 else 1.0 if second == duration else 0.5
        write(pen, wide * second / duration, CURVE + 17, clock(second), 12, SOFT, anchor)
    pen.restore()


def cells(pen: Any, levels: np.ndarray, top: float) -> None:
    """One word over time, a rectangle for each step; darker is nearer."""
    step = (WIDTH - LABEL) / len(levels)
    for place, level in enumerate(levels):
        pen.set_source_rgb(*(1 - float(level) * (1 - part / 255) for part in HEAT))
        pen.rectangle(LABEL + place * step, top, step + 0.3, ROW - 2)
        pen.fill()
