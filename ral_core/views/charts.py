"""Small drawings as SVG and HTML from plain numbers: fast, themed by CSS, readable without colour."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from ral_core.search.results import Moment
from ral_core.views.markup import attributes, clock, escape, join, number, share, stretch

STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
"""Distances between the ticks of a time axis, in seconds."""


def path(xs: Sequence[float], ys: Sequence[float]) -> str:
    """An SVG polyline through points."""
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in zip(xs, ys, strict=True))


def area(xs: Sequence[float], ys: Sequence[float], floor: float) -> str:
    """The same line, closed down to `floor`."""
    return f"{path(xs, ys)}L{xs[-1]:.1f} {floor:.1f}L{xs[0]:.1f} {floor:.1f}Z"


def spread(values: Sequence[float], top: float, bottom: float) -> list[float]:
    """Values as heights between `top` and `bottom`; SVG grows downwards, so the highest value is at `top`."""
    low, high = min(values), max(values)
    reach = (high - low) or 1.0
    return [bottom - (value - low) / reach * (bottom - top) for value in values]


def tick_step(duration: float, most: int = 8) -> int:
    """The smallest round distance that leaves at most `most` ticks."""
    return next((step for step in STEPS if duration / step <= most), STEPS[-1])


def time_axis(duration: float) -> str:
    """Labels at round seconds below a time line; decorative, since the player says the time."""
    step = tick_step(duration)
    ticks = range(0, int(duration) + 1, step)
    marks = join(
        f'<span{attributes(class_="end" if t > 0.95 * duration else None)} style="left:{share(t, duration)}">{clock(t)}</span>'
        for t in ticks
    )
    return f'<div class="axis" aria-hidden="true">{marks}</div>'


def sparkline(values: Sequence[float]) -> str:
    """A score curve (values 0-1, evenly spaced) as a small area without axes."""
    if len(values) < 2:
        return ""
    xs = [100 * i / (len(values) - 1) for i in range(len(values))]
    ys = [24 - 22 * min(1.0, max(0.0, value)) for value in values]
    return (
        '<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="spark-area" d="{area(xs, ys, 24)}"/><path class="spark-line" d="{path(xs, ys)}"/></svg>'
    )


def mini_timeline(
    values: Sequence[float], duration: float, moments: Sequence[Moment], title: str, verb: str = "Play"
) -> str:
    """A card's time line: the curve, and its moments as buttons that play them, or do what `verb` says."""
    marks = join(
        f'<button type="button" class="mark{" best" if place == 0 else ""}"'
        + attributes(
            data_seek=f"{moment.start:.3f}",
            data_end=f"{moment.end:.3f}",
            style=f"left:{share(moment.start, duration)};width:{share(moment.end - moment.start, duration)}",
            title=stretch(moment.start, moment.end),
            aria_label=f"{verb} {stretch(moment.start, moment.end)} of {title}",
        )
        + "></button>"
        for place, moment in enumerate(moments)
    )
    return f'<div class="mini">{sparkline(values)}{marks}</div>'


def split_bar(clip: float, frame: float, scale: float, label: str) -> str:
    """Two weighted parts of a score side by side on a 0-`scale` axis; a part below zero has no length."""
    return (
        f'<span class="split" role="img"{attributes(aria_label=label, title=label)}>'
        f'<i class="part clip" style="width:{share(clip, scale)}"></i>'
        f'<i class="part frame" style="width:{share(frame, scale)}"></i></span>'
    )


def decile_strip(deciles: Sequence[float], value: float, label: str) -> str:
    """Where a value lies in a distribution that is known by its deciles.

    Each of the ten bars holds a tenth of the distribution; the narrower it is, the higher it stands.
    """
    low, high = min(deciles[0], value), max(deciles[-1], value)
    reach = (high - low) or 1.0
    widths = [max(b - a, reach / 400) for a, b in pairwise(deciles)]
    tallest = max(1 / width for width in widths)
    bars = join(
        f'<rect x="{200 * (left - low) / reach:.1f}" width="{max(200 * width / reach - 0.6, 0.6):.1f}" '
        f'y="{36 - 32 / (width * tallest):.1f}" height="{32 / (width * tallest):.1f}"/>'
        for left, width in zip(deciles, widths, strict=False)
    )
    return (
        f'<div class="deciles" role="img"{attributes(aria_label=label)}>'
        f'<svg viewBox="0 0 200 36" preserveAspectRatio="none" aria-hidden="true">{bars}</svg>'
        f'<b class="here" style="left:{share(value - low, reach)}"></b>'
        f'<span class="low">{escape(number(low))}</span><span class="high">{escape(number(high))}</span></div>'
    )
