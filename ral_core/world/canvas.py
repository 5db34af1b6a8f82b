"""The one drawing layer of the world: flat shapes on a 320x180 stage, by pycairo.

Points are stage units with y downwards. A paint is a colour (name, `#rrggbb` or Color) or a Gradient.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType, TracebackType
from typing import Any

import numpy as np

from ral_core.errors import MissingDependency
from ral_core.world.palette import Color, rgba

STAGE = (320.0, 180.0)
TAU = 2 * math.pi

Point = tuple[float, float]
Command = tuple[Any, ...]
"""A step of a path: ("M", x, y), ("L", x, y), ("C", x1, y1, x2, y2, x, y), ("Q", x1, y1, x, y) or ("Z",)."""


def cairo_module() -> ModuleType:
    """pycairo, or MissingDependency in a sentence."""
    try:
        import cairo
    except ImportError:
        raise MissingDependency(
            "Drawing the animated world needs the package pycairo; install it with 'pip install pycairo'."
        ) from None
    return cairo


class Gradient:
    """A linear or radial blend of colours. Kept for a whole shot, so cairo's pattern is built once."""

    def __init__(self, pattern: Any, stops: Iterable[tuple[float, str | Color]]) -> None:
        self.pattern = pattern
        for offset, color in stops:
            pattern.add_color_stop_rgba(offset, *rgba(color))


def linear(x0: float, y0: float, x1: float, y1: float, *stops: tuple[float, str | Color]) -> Gradient:
    """A blend along the line from (x0, y0) to (x1, y1)."""
    return Gradient(cairo_module().LinearGradient(x0, y0, x1, y1), stops)


def radial(x: float, y: float, radius: float, *stops: tuple[float, str | Color]) -> Gradient:
    """A blend from the centre (x, y) outwards."""
    return Gradient(cairo_module().RadialGradient(x, y, 0, x, y, radius), stops)


Paint = str | Color | Gradient
Draw = Callable[["Canvas", float], None]
"""Something that draws itself as it is at a time in seconds."""


class _Placed:
    """Restores the canvas' transform when the block ends."""

    def __init__(self, context: Any) -> None:
        self.context = context

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.context.restore()


class Canvas:
    """Draws on pixels of its own; read them with `pixels()`. Raises MissingDependency without pycairo."""

    def __init__(self, width: int, height: int, context: Any = None) -> None:
        self.cairo = cairo_module()
        self.width, self.height = width, height
        if context is None:
            self._buffer = np.zeros((height, width, 4), np.uint8)
            surface = self.cairo.ImageSurface.create_for_data(
                self._buffer, self.cairo.FORMAT_RGB24, width, height
            )
            context = self.cairo.Context(surface)
            context.scale(width / STAGE[0], height / STAGE[1])
            context.set_tolerance(0.25)
        context.set_line_cap(self.cairo.LINE_CAP_ROUND)
        context.set_line_join(self.cairo.LINE_JOIN_ROUND)
        self.context = context

    def pixels(self) -> np.ndarray:
        """What is drawn, uint8 (height, width, 3) in RGB order; a copy."""
        return np.ascontiguousarray(self._buffer[..., 2::-1])

    def placed(
        self, x: float = 0, y: float = 0, *, scale: float = 1, mirror: float = 1, rotate: float = 0
    ) -> _Placed:
        """A `with` block drawn around (x, y), scaled, mirrored (a factor for x) and turned by degrees."""
        context = self.context
        context.save()
        context.translate(x, y)
        if rotate:
            context.rotate(math.radians(rotate))
        if scale != 1 or mirror != 1:
            context.scale(scale * mirror, scale)
        return _Placed(context)

    def record(self, draw: Callable[[Canvas], None]) -> Any:
        """The shapes `draw` makes, for `replay`: much faster than making them again in Python."""
        extents = self.cairo.Rectangle(-300, -200, 920, 600)
        surface = self.cairo.RecordingSurface(self.cairo.CONTENT_COLOR_ALPHA, extents)
        draw(Canvas(self.width, self.height, self.cairo.Context(surface)))
        return surface

    def replay(self, recording: Any) -> None:
        """Draw a recording, as sharp as the first time."""
        self.context.set_source_surface(recording, 0, 0)
        self.context.paint()

    def bake(self, draw: Callable[[Canvas], None]) -> Any:
        """The pixels `draw` makes at this canvas' size on nothing, for `stamp`."""
        surface = self.cairo.ImageSurface(self.cairo.FORMAT_ARGB32, self.width, self.height)
        context = self.cairo.Context(surface)
        context.scale(self.width / STAGE[0], self.height / STAGE[1])
        draw(Canvas(self.width, self.height, context))
        return surface

    def stamp(self, pixels: Any) -> None:
        """Lay baked pixels over everything, whatever the transform."""
        context = self.context
        context.save()
        context.identity_matrix()
        context.set_source_surface(pixels, 0, 0)
        context.paint()
        context.restore()

    def clip(self, x: float, y: float, width: float, height: float) -> None:
        """Draw only within the rectangle until the `placed` block around this ends."""
        self.context.rectangle(x, y, width, height)
        self.context.clip()

    def _use(self, paint: Paint) -> None:
        if isinstance(paint, Gradient):
            self.context.set_source(paint.pattern)
        else:
            self.context.set_source_rgba(*rgba(paint))

    def rect(self, x: float, y: float, width: float, height: float, paint: Paint, radius: float = 0) -> None:
        """A filled rectangle with its top left corner at (x, y), perhaps with round corners."""
        context = self.context
        self._use(paint)
        context.new_path()
        if radius:
            radius = min(radius, width / 2, height / 2)
            right, bottom, quarter = x + width - radius, y + height - radius, math.pi / 2
            context.arc(right, y + radius, radius, -quarter, 0)
            context.arc(right, bottom, radius, 0, quarter)
            context.arc(x + radius, bottom, radius, quarter, math.pi)
            context.arc(x + radius, y + radius, radius, math.pi, 3 * quarter)
            context.close_path()
        else:
            context.rectangle(x, y, width, height)
        context.fill()

    def ellipse(self, x: float, y: float, rx: float, ry: float, paint: Paint) -> None:
        """A filled ellipse around (x, y); nothing when a radius is not positive."""
        if rx <= 0 or ry <= 0:
            return
        context = self.context
        self._use(paint)
        context.new_path()
        if rx == ry:
            context.arc(x, y, rx, 0, TAU)
        else:
            context.save()
            context.translate(x, y)
            context.scale(rx, ry)
            context.arc(0, 0, 1, 0, TAU)
            context.restore()
        context.fill()

    def circle(self, x: float, y: float, radius: float, paint: Paint) -> None:
        """A filled circle."""
        self.ellipse(x, y, radius, radius, paint)

    def dots(self, dots: Iterable[tuple[float, float, float]], paint: Paint) -> None:
        """Many filled circles (x, y, radius) of one paint in one go."""
        context = self.context
        self._use(paint)
        context.new_path()
        for x, y, radius in dots:
            context.new_sub_path()
            context.arc(x, y, radius, 0, TAU)
        context.fill()

    def path(self, commands: Iterable[Command], paint: Paint, width: float = 0) -> None:
        """A path of commands, stroked when `width` is given and filled otherwise."""
        context = self.context
        context.new_path()
        at: Point = (0.0, 0.0)
        for kind, *numbers in commands:
            if kind == "M":
                context.move_to(*numbers)
            elif kind == "L":
                context.line_to(*numbers)
            elif kind == "C":
                context.curve_to(*numbers)
            elif kind == "Q":
                x1, y1, x, y = numbers
                context.curve_to(
                    at[0] + (x1 - at[0]) * 2 / 3,
                    at[1] + (y1 - at[1]) * 2 / 3,
                    x + (x1 - x) * 2 / 3,
                    y + (y1 - y) * 2 / 3,
                    x,
                    y,
                )
            else:
                context.close_path()
                continue
            at = (numbers[-2], numbers[-1])
        self._finish(paint, width)

    def _finish(self, paint: Paint, width: float) -> None:
        self._use(paint)
        if width:
            self.context.set_line_width(width)
            self.context.stroke()
        else:
            self.context.fill()

    def polygon(self, points: Sequence[Point], paint: Paint) -> None:
        """A filled polygon."""
        context = self.context
        context.new_path()
        for point in points:
            context.line_to(*point)
        context.close_path()
        self._finish(paint, 0)

    def line(self, points: Sequence[Point], paint: Paint, width: float) -> None:
        """A stroke with round ends through the points."""
        context = self.context
        context.new_path()
        for point in points:
            context.line_to(*point)
        self._finish(paint, width)

    def lines(
        self, segments: Iterable[tuple[float, float, float, float]], paint: Paint, width: float
    ) -> None:
        """Many separate strokes (x0, y0, x1, y1) of one paint in one go."""
        context = self.context
        context.new_path()
        for x0, y0, x1, y1 in segments:
            context.move_to(x0, y0)
            context.line_to(x1, y1)
        self._finish(paint, width)

    def curve(self, points: Sequence[Point], paint: Paint, width: float) -> None:
        """A smooth stroke (Catmull-Rom) through the points."""
        context, last = self.context, len(points) - 1
        context.new_path()
        context.move_to(*points[0])
        for i in range(last):
            self._bend(points[max(i - 1, 0)], points[i], points[i + 1], points[min(i + 2, last)])
        self._finish(paint, width)

    def blob(self, points: Sequence[Point], paint: Paint) -> None:
        """A smooth closed shape (Catmull-Rom) through the points."""
        context, count = self.context, len(points)
        context.new_path()
        context.move_to(*points[0])
        for i in range(count):
            self._bend(points[i - 1], points[i], points[(i + 1) % count], points[(i + 2) % count])
        context.close_path()
        self._finish(paint, 0)

    def _bend(self, before: Point, start: Point, end: Point, after: Point) -> None:
        self.context.curve_to(
            start[0] + (end[0] - before[0]) / 6,
            start[1] + (end[1] - before[1]) / 6,
            end[0] - (after[0] - start[0]) / 6,
            end[1] - (after[1] - start[1]) / 6,
            *end,
        )

    def _trace_arc(self, x: float, y: float, rx: float, ry: float, start: float, end: float) -> None:
        context = self.context
        context.new_path()
        context.save()
        context.translate(x, y)
        context.scale(rx, ry)
        context.arc(0, 0, 1, math.radians(start), math.radians(end))
        context.restore()

    def arc(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, paint: Paint, width: float
    ) -> None:
        """A stroke along an ellipse, clockwise from `start` to `end` degrees (0 is right, 90 is down)."""
        self._trace_arc(x, y, rx, ry, start, end)
        self._finish(paint, width)

    def segment(
        self, x: float, y: float, rx: float, ry: float, start: float, end: float, paint: Paint
    ) -> None:
        """The filled piece of an ellipse between an arc and its chord."""
        self._trace_arc(x, y, rx, ry, start, end)
        self._finish(paint, 0)

    def shadow(self, x: float, y: float, rx: float, ry: float = 4, opacity: float = 0.26) -> None:
        """A soft dark ellipse on the ground."""
        self.ellipse(x, y, rx, ry, (0.08, 0.08, 0.2, opacity))
