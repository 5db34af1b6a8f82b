"""From a score over time to moments: pure functions on arrays, nothing of models or files.

Every frame owns the stretch of time that is nearer to it than to any other frame (its cell), so moments end
between frames, lie inside the film and can never overlap.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ral_core.search.results import Moment

Array = NDArray[np.floating]

FLAT = 1e-6
"""Curves that vary by less than this have no peak."""


@dataclass(frozen=True, kw_only=True)
class MomentConfig:
    """How moments are read from a score curve.

    The defaults are the best of `benchmarks/tune_moments.py` on the rendered world's validation films.
    """

    smoothing: float = 0.0
    """Standard deviation (s) of the Gaussian that smooths the curve; 0 turns it off."""
    clip_share: float = 0.35
    """Weight of the clip curve against the frame curve in the combined curve, from 0 to 1."""
    baseline: float = 0.25
    """Quantile of the curve that counts as the film's usual height."""
    threshold: float = 0.7
    """A moment reaches as far as the curve stays this share of the way from baseline to peak."""
    shortest: float = 2.0
    """Moments are widened to this length (s) where the film has room."""
    count: int = 4
    """At most so many moments a film."""
    least: float = 0.5
    """Further moments must peak at this share of the first one's height over the baseline."""

    def __post_init__(self) -> None:
        for name in ("clip_share", "baseline", "threshold", "least"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}")
        if self.count < 1 or self.smoothing < 0 or self.shortest < 0:
            raise ValueError("count must be at least 1, smoothing and shortest not below 0")


def cell_bounds(times: Array, duration: float, start: float = 0.0) -> Array:
    """The F+1 bounds (s) of the cells of F frames: 0, the midpoints, the end of the film.

    times (F,) must rise. A film can end before its last frame's time by rounding: the last cell is then
    as wide as the one before it, or 1 ms. For a window of a film, `start` and `duration` are where it begins and
    ends.
    """
    middles = (times[1:] + times[:-1]) / 2
    least_end = times[-1] + (times[-1] - middles[-1] if len(middles) else 1e-3)
    end = duration if duration > times[-1] else least_end
    return np.concatenate([[min(start, times[0])], middles, [end]])


def smoothed(curve: Array, times: Array, std: float) -> Array:
    """`curve` (F,) averaged with Gaussian weights over `times` (F,), in seconds; edges see fewer frames."""
    if std <= 0 or len(curve) < 2:
        return curve
    weights = np.exp(-0.5 * ((times[:, None] - times[None]) / std) ** 2)
    return (weights @ curve) / weights.sum(axis=1)


def combined_curve(
    clip: Array, frame: Array, clip_times: Array, frame_times: Array, config: MomentConfig
) -> tuple[Array, Array]:
    """The curve moments are read from, and the clip curve on the frames' grid: two (F,) arrays.

    clip (C,) scores at `clip_times` (C,), frame (F,) scores at `frame_times` (F,), all real (no padding).
    """
    on_frames = np.interp(frame_times, clip_times, clip)
    mixed = config.clip_share * on_frames + (1 - config.clip_share) * frame
    return smoothed(mixed, frame_times, config.smoothing), on_frames


def moments_of(
    curve: Array,
    times: Array,
    duration: float,
    config: MomentConfig | None = None,
    *,
    events: int = 1,
    start: float = 0.0,
) -> tuple[Moment, ...]:
    """The best moments of one film, best first: at least one, never overlapping, inside [start, duration].

    curve (F,) and times (F,) in seconds, rising. A flat curve, like a film of one frame, gives the whole
    film. Each further moment is the highest point left outside the moments before it. For a query of two
    `events` in order, the first moment reaches over the two best ones. `start`: see `cell_bounds`.

    >>> moments_of(np.array([0.0, 0, 1, 0, 0]), np.arange(5) + 0.5, 5.0, MomentConfig(shortest=0))
    (Moment(start=2.0, end=3.0, peak=2.5, score=1.0),)
    """
    config = config or MomentConfig()
    bounds = cell_bounds(times, duration, start)
    base, top = float(np.quantile(curve, config.baseline)), float(curve.max())
    if len(curve) == 1 or top - float(curve.min()) < FLAT:
        best = int(curve.argmax())
        return (Moment(float(bounds[0]), float(bounds[-1]), float(times[best]), top),)
    base = min(base, top - FLAT)
    free = np.ones(len(curve), dtype=bool)
    found: list[Moment] = []
    while len(found) < config.count + events - 1 and free.any():
        peak = int(np.where(free, curve, -np.inf).argmax())
        height = float(curve[peak])
        if found and height < base + config.least * (top - base):
            break
        first, last = grown(curve, free, peak, base + config.threshold * (height - base))
        first, last = widened(curve, free, bounds, first, last, config.shortest)
        if not found or is_peak(curve, first, last, height):
            found.append(Moment(float(bounds[first]), float(bounds[last + 1]), float(times[peak]), height))
        free[first : last + 1] = False
    return tuple(found if events == 1 else joined(found, events))[: config.count]


def joined(found: list[Moment], events: int) -> list[Moment]:
    """The first `events` moments as one, which reaches over all of them, and those after that stay outside it."""
    start, end = min(m.start for m in found[:events]), max(m.end for m in found[:events])
    outside = [m for m in found[events:] if m.end <= start or end <= m.start]
    return [replace(found[0], start=start, end=end), *outside]


def moments_in_windows(
    curve: Array,
    times: Array,
    duration: float,
    window: slice,
    stretch: tuple[float, float],
    config: MomentConfig | None = None,
    *,
    events: int = 1,
) -> tuple[Moment, ...]:
    """The best moments of a long film: the best one of its best window, then those of the whole outside it.

    `window` are the best window's frames, `stretch` its start and end (s); everything else as in `moments_of`.
    """
    config = config or MomentConfig()
    start, end = stretch
    first = moments_of(curve[window], times[window], end, config, events=events, start=start)[0]
    others = moments_of(curve, times, duration, config)
    outside = [one for one in others if one.end <= first.start or first.end <= one.start]
    return (first, *outside)[: config.count]


def first_moment(
    clip: Array,
    frame: Array,
    clip_times: Array,
    frame_times: Array,
    duration: float,
    config: MomentConfig | None = None,
    *,
    events: int = 1,
) -> tuple[float, float]:
    """Start and end (s) of the best moment, straight from the two curves: what evaluation measures."""
    config = config or MomentConfig()
    curve, _ = combined_curve(clip, frame, clip_times, frame_times, config)
    best = moments_of(curve, frame_times, duration, replace(config, count=1), events=events)[0]
    return best.start, best.end


def grown(curve: Array, free: NDArray[np.bool_], peak: int, level: float) -> tuple[int, int]:
    """The first and last frame of the free run around `peak` in which the curve stays at `level` or above."""
    inside = free & (curve >= level)
    inside[peak] = True
    outside = np.flatnonzero(~inside)
    before, after = outside[outside < peak], outside[outside > peak]
    return (int(before[-1]) + 1 if len(before) else 0), (int(after[0]) - 1 if len(after) else len(curve) - 1)


def widened(
    curve: Array, free: NDArray[np.bool_], bounds: Array, first: int, last: int, shortest: float
) -> tuple[int, int]:
    """Add free neighbours, the higher one first, until the moment lasts `shortest` seconds or is hemmed in."""
    while bounds[last + 1] - bounds[first] < shortest:
        left = curve[first - 1] if first > 0 and free[first - 1] else -np.inf
        right = curve[last + 1] if last + 1 < len(curve) and free[last + 1] else -np.inf
        if left == right == -np.inf:
            break
        first, last = (first - 1, last) if left >= right else (first, last + 1)
    return first, last


def is_peak(curve: Array, first: int, last: int, height: float) -> bool:
    """Whether the curve falls on both sides of a moment: the shoulder of an earlier one is no moment."""
    left = curve[first - 1] if first > 0 else -np.inf
    right = curve[last + 1] if last + 1 < len(curve) else -np.inf
    return bool(max(left, right) < height)


def timeline(curve: Array, times: Array, duration: float, points: int = 64) -> tuple[float, ...]:
    """`curve` resampled to evenly spread `points` over the film and scaled to 0-1; a flat one is all 0."""
    even = np.interp(np.linspace(0.0, max(duration, float(times[-1])), points), times, curve)
    spread = float(even.max() - even.min())
    scaled = (even - even.min()) / spread if spread > FLAT else np.zeros(points)
    return tuple(float(value) for value in scaled.round(4))
