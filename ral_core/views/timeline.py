"""The time line under the player: score over time, found and true moments, filmstrip, playhead."""

from __future__ import annotations

from ral_core.search.results import Explanation, Moment
from ral_core.views import wording
from ral_core.views.charts import area, path, spread, time_axis
from ral_core.views.markup import attributes, clock, escape, join, share, stretch
from ral_core.views.media import Shelf

WIDTH, HEIGHT = 1000.0, 100.0
"""The drawing's own units; CSS stretches it over the player's width."""


def time_line(explanation: Explanation, shelf: Shelf) -> str:
    """Everything about one film that runs from left to right in seconds."""
    duration = explanation.duration
    data = attributes(
        class_="timeline",
        data_video=explanation.video,
        aria_label="Score over time",
    )
    return (
        f"<section{data}>{legend(explanation)}"
        f'<div class="seek" role="slider" tabindex="0" data-duration="{duration:.3f}" aria-label="Position in the film" aria-valuemin="0" '
        f'aria-valuemax="{duration:.1f}" aria-valuenow="0" aria-valuetext="0:00 of {clock(duration)}">'
        f"{curve(explanation)}{found(explanation.moments, duration)}{true_lane(explanation)}"
        f'{filmstrip(explanation, shelf)}<i class="ghost" hidden><b></b></i><i class="playhead"></i></div>'
        f"{time_axis(duration)}</section>"
    )


def curve(explanation: Explanation) -> str:
    """The score at each moment of the film, and the film's usual height."""
    line = explanation.curve
    if len(line.times) < 2:
        return f'<p class="empty">{escape(wording.NO_CURVE)}</p>'
    xs = [WIDTH * time / explanation.duration for time in line.times]
    xs, scores = [0.0, *xs, WIDTH], [line.score[0], *line.score, line.score[-1]]
    *ys, usual = spread([*scores, line.baseline], 8.0, HEIGHT - 4.0)
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="curve-area" d="{area(xs, ys, HEIGHT)}"/>'
        f'<path class="curve-usual" d="M0 {usual:.1f}H{WIDTH:.0f}"/>'
        f'<path class="curve-line" d="{path(xs, ys)}"/></svg>'
    )


def found(moments: tuple[Moment, ...], duration: float) -> str:
    """The found moments as shaded stretches; the best one is named."""
    return join(
        f'<i class="found{" best" if place == 0 else ""}"'
        + attributes(
            style=f"left:{share(moment.start, duration)};width:{share(moment.end - moment.start, duration)}",
            data_seek=f"{moment.start:.3f}",
            data_end=f"{moment.end:.3f}",
        )
        + "></i>"
        for place, moment in enumerate(moments)
    )


def true_lane(explanation: Explanation) -> str:
    """The true moments in a lane of their own, hatched; nothing where the truth is not known."""
    if not (moments := true_moments(explanation)):
        return ""
    marks = join(
        f'<i style="left:{share(start, explanation.duration)};width:{share(end - start, explanation.duration)}"'
        f"{attributes(title=f'true: {stretch(start, end)}')}></i>"
        for start, end in moments
    )
    return f'<div class="truth">{marks}</div>'


def true_moments(explanation: Explanation) -> tuple[tuple[float, float], ...]:
    """Where this film really shows what the query says; empty where unknown."""
    return explanation.truth.moments.get(explanation.video, ()) if explanation.truth else ()


def filmstrip(explanation: Explanation, shelf: Shelf) -> str:
    """Pictures of the whole film, on the same scale as the curve."""
    source = shelf.url(explanation.index, "strip", explanation.video)
    if source is None:
        return f'<p class="empty small">{escape(wording.NO_STRIP)}</p>'
    pictures = max(1, shelf.strip_pictures(explanation.index, explanation.video))
    return (
        f'<img class="strip" alt="" draggable="false" decoding="async"'
        f"{attributes(src=source, style=f'aspect-ratio:{16 * pictures}/9')}>"
    )


def legend(explanation: Explanation) -> str:
    """What the marks mean; the true moment is named or its absence explained."""
    true = true_moments(explanation)
    best = explanation.moments[0] if explanation.moments else None
    items = [
        '<span class="key line">score over time</span>',
        '<span class="key usual">usual for this film</span>',
    ]
    if best:
        items.append(f'<span class="key found-key">found {stretch(best.start, best.end)}</span>')
    if true:
        when = ", ".join(stretch(start, end) for start, end in true)
        items.append(f'<span class="key truth-key">true {when}</span>')
    elif explanation.truth is not None:
        items.append('<span class="key none">this film does not show it</span>')
    return f'<p class="legend">{join(items)}</p>'
