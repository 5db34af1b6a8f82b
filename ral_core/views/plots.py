"""Charts with axes, units and a legend, as plain SVG that is themed by CSS and can be saved as a figure.

Series differ by colour, by dash and by the shape of their marks, so none of these carries meaning alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ral_core.views.markup import attributes, escape, heads, join, number

LEFT, RIGHT, TOP, BOTTOM = 52.0, 14.0, 12.0, 44.0
"""Room around the drawing for labels, in its own units."""
WIDE = 700
"""Charts wider than this are scrolled on a phone, so that their labels stay readable."""
SHAPES = (
    '<circle r="3.4"/>',
    '<rect x="-3" y="-3" width="6" height="6"/>',
    '<path d="M0 -4.2L4 3H-4z"/>',
    '<path d="M0 -4.4L4.4 0L0 4.4L-4.4 0z"/>',
    '<path d="M-3.4 -3.4L3.4 3.4M3.4 -3.4L-3.4 3.4" fill="none"/>',
    '<path d="M0 4.2L4 -3H-4z"/>',
)
"""Marks of the series, in order; they repeat after six."""


@dataclass(frozen=True)
class Series:
    """One line of a chart: points from left to right."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    marks: bool = True
    lines: bool = True


@dataclass(frozen=True)
class Axis:
    """What an axis shows: its title with the unit, and its ends if they are fixed."""

    title: str
    low: float | None = None
    high: float | None = None
    digits: int | None = None


def plot(
    series: Sequence[Series], x: Axis, y: Axis, label: str, *, width: int = 560, height: int = 300
) -> str:
    """Lines over two linear axes, with a legend below; nothing is drawn of an empty list."""
    drawn = [one for one in series if len(one.xs)]
    if not drawn:
        return ""
    xs, ys = extent([v for s in drawn for v in s.xs], x), extent([v for s in drawn for v in s.ys], y)

    def at(a: float, b: float) -> tuple[float, float]:
        return (
            LEFT + (a - xs[0]) / (xs[1] - xs[0]) * (width - LEFT - RIGHT),
            height - BOTTOM - (b - ys[0]) / (ys[1] - ys[0]) * (height - TOP - BOTTOM),
        )

    lines = join(
        line(place, one, [at(a, b) for a, b in zip(one.xs, one.ys)]) for place, one in enumerate(drawn)
    )
    grid = join(
        f'<path class="grid" d="M{LEFT:.1f} {at(xs[0], t)[1]:.1f}H{width - RIGHT:.1f}"/>'
        f'<text class="tick" text-anchor="end" x="{LEFT - 7:.1f}" y="{at(xs[0], t)[1] + 4:.1f}">{shown(t, ys, y)}</text>'
        for t in ticks(*ys)
    ) + join(
        f'<text class="tick" text-anchor="middle" x="{at(t, ys[0])[0]:.1f}" y="{height - BOTTOM + 18:.1f}">{shown(t, xs, x)}</text>'
        for t in ticks(*xs, most=7)
    )
    titles = (
        f'<text class="axis-title" text-anchor="middle" x="{(LEFT + width - RIGHT) / 2:.1f}" y="{height - 6}">{escape(x.title)}</text>'
        f'<text class="axis-title" text-anchor="middle" transform="translate(13 {(TOP + height - BOTTOM) / 2:.1f}) rotate(-90)">{escape(y.title)}</text>'
    )
    wide = " wide-plot" if width > WIDE else ""
    return (
        f'<figure class="plot{wide}"><svg viewBox="0 0 {width} {height}" role="img"{attributes(aria_label=label)}>{grid}'
        f'<path class="frame-line" d="M{LEFT:.1f} {TOP:.1f}V{height - BOTTOM:.1f}H{width - RIGHT:.1f}"/>{titles}{lines}</svg>{legend(drawn)}</figure>'
    )


def line(place: int, one: Series, points: Sequence[tuple[float, float]]) -> str:
    """One series: its line and its marks; a few marks are enough on a long line."""
    path = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in points)
    drawn = f'<path class="line" d="{path}"/>' if one.lines and len(points) > 1 else ""
    step = max(1, len(points) // 12) if one.lines else 1
    shape = SHAPES[place % len(SHAPES)]
    marks = join(
        f'<g class="mark-shape" transform="translate({a:.1f} {b:.1f})">{shape}</g>' for a, b in points[::step]
    )
    return f'<g class="series s{place % 6}">{drawn}{marks if one.marks else ""}</g>'


def legend(series: Sequence[Series]) -> str:
    """Which line is which; a single one needs no legend."""
    if len(series) < 2:
        return ""
    return (
        '<figcaption class="series-legend">'
        + join(
            f'<span class="s{place % 6}"><svg viewBox="-14 -6 28 12" width="28" height="12" aria-hidden="true"><g class="series s{place % 6}">'
            f'<path class="line" d="M-14 0H14"/><g class="mark-shape">{SHAPES[place % len(SHAPES)]}</g></g></svg>{escape(one.name)}</span>'
            for place, one in enumerate(series)
        )
        + "</figcaption>"
    )


def extent(values: Sequence[float], axis: Axis) -> tuple[float, float]:
    """The ends of an axis: the fixed ones, else those of the data, never empty."""
    low = min(values) if axis.low is None else axis.low
    high = max(values) if axis.high is None else axis.high
    if high <= low:
        low, high = low - 0.5, low + 0.5
    room = 0.04 * (high - low)
    return (low - room if axis.low is None else low, high + room if axis.high is None else high)


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers between two ends, at most `most`.

    >>> ticks(0, 1), ticks(3, 47)
    ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [10.0, 20.0, 30.0, 40.0])
    """
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * unit for unit in (1, 2, 5, 10) if power * unit >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [round(place * step, 10) for place in range(first, math.floor(high / step + 1e-9) + 1)]


def shown(value: float, ends: tuple[float, float], axis: Axis) -> str:
    """A tick's label with as many digits as the axis needs."""
    reach = ends[1] - ends[0]
    digits = axis.digits if axis.digits is not None else 0 if reach > 5 else 1 if reach > 0.5 else 2
    return number(value, digits)


def twin(names: Sequence[str], rows: Sequence[Sequence[object]], label: str) -> str:
    """A chart's numbers as a table that can be opened."""
    body = join(
        f'<tr><th scope="row">{escape(row[0])}</th>{join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    )
    return (
        '<details class="twin"><summary>As a table</summary>'
        f'<div class="scroll" tabindex="0" role="region"{attributes(aria_label=label)}><table>{heads(names)}<tbody>{body}</tbody></table></div></details>'
    )
