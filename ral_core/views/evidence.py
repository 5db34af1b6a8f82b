"""Why one film was found: score split, words, how sure, what is true."""

from __future__ import annotations

from collections.abc import Sequence

from ral_core.search.results import Explanation, Uncertainty
from ral_core.views import wording
from ral_core.views.charts import decile_strip, split_bar
from ral_core.views.markup import attributes, escape, icon, join, number, ordinal, stretch
from ral_core.views.words import word_panel


def evidence(explanation: Explanation) -> str:
    """The panels under the time line, for one film and one query."""
    notes = join(
        f'<p class="note">{icon("info")}<span>{escape(note)}</span></p>' for note in explanation.notes
    )
    return (
        f'<div class="evidence"{attributes(data_video=explanation.video)}>'
        f"{word_panel(explanation)}{score_panel(explanation)}{truth_panel(explanation)}"
        f'{width_panel(explanation.uncertainty)}{notes}<p class="disclaimer">{escape(wording.NOT_THIS)}</p></div>'
    )


def score_panel(explanation: Explanation) -> str:
    """The sum behind the score, drawn and written."""
    clip = explanation.clip_weight * explanation.clip
    frame = explanation.frame_weight * explanation.frame
    scale = max(clip, 0.0) + max(frame, 0.0)
    bar = split_bar(clip, frame, scale, f"clip part {number(clip, 3)}, frame part {number(frame, 3)}")
    place = f"{ordinal(explanation.rank)} of all films"
    calibrated = "" if explanation.z is None else f", z {number(explanation.z, 1)}"
    rows = join(
        f'<tr><th scope="row"><i class="dot {kind}"></i>{name}</th><td>{number(weight)}</td><td>× {number(value, 3)}</td>'
        f"<td>= {number(weight * value, 3)}</td></tr>"
        for kind, name, weight, value in (
            ("clip", "best clip", explanation.clip_weight, explanation.clip),
            ("frame", "frames by word", explanation.frame_weight, explanation.frame),
        )
    )
    return (
        f'<section class="panel score-split"><h3>Score</h3><p class="hint">{place}{calibrated}.</p>{bar}'
        '<table class="sum"><thead class="sr-only"><tr><th scope="col">branch</th><th scope="col">weight</th>'
        f'<th scope="col">score</th><th scope="col">part</th></tr></thead><tbody>{rows}</tbody>'
        f'<tfoot><tr><th scope="row" colspan="3">score</th><td>= {number(explanation.score, 3)}</td></tr></tfoot></table></section>'
    )


def width_panel(uncertainty: Uncertainty | None) -> str:
    """How wide the query's and the film's distributions are, among their kind."""
    if uncertainty is None:
        body = f'<p class="empty">{escape(wording.NO_GAUSSIAN)}</p>'
        return f'<section class="panel widths"><h3>Variance</h3>{body}</section>'
    query = width_row(
        "this query",
        "reference queries",
        uncertainty.query,
        uncertainty.query_percentile,
        uncertainty.queries,
    )
    film = width_row(
        "this film", "films", uncertainty.video, uncertainty.video_percentile, uncertainty.videos
    )
    hint = (
        "The model sees a sentence and a film as bell curves; left is narrow, right is wide. "
        "Held against the truth of the shipped films, the width does not tell how many films fit: "
        "the lead of the best film does (the verdict above the list)."
    )
    return f'<section class="panel widths"><h3>Variance</h3><p class="hint">{hint}</p>{query}{film}</section>'


def width_row(name: str, others: str, value: float, percentile: float, deciles: Sequence[float]) -> str:
    """One distribution with its marker and a sentence; only the sentence where there is nothing to compare with."""
    title = f'<h4>{name[0].upper()}{name[1:]} <small title="mean logarithm of the variance">log variance {number(value)}</small></h4>'
    if len(deciles) < 2:
        return f'<div class="width-row">{title}<p class="empty small">There are no {others} to compare it with.</p></div>'
    said = wording.width_phrase(percentile, others)
    strip = decile_strip(deciles, value, f"{name}: {said}")
    return f'<div class="width-row">{title}{strip}<p class="said">{said}</p></div>'


def truth_panel(explanation: Explanation) -> str:
    """What is known to be right, beside what was found."""
    truth = explanation.truth
    if truth is None:
        return f'<section class="panel truth-panel"><h3>Truth</h3><p class="empty">{escape(wording.NO_TRUTH)}</p></section>'
    right = explanation.video in truth.relevant
    count = "one film fits" if truth.ambiguity == 1 else f"{truth.ambiguity} films fit"
    lines = [
        "This film shows what the query says." if right else "This film does not show what the query says.",
        f"In this collection {count} the sentence ({escape(truth.level)}); it was written for {escape(truth.video)}.",
    ]
    if (true := truth.moments.get(explanation.video)) and explanation.moments:
        best = explanation.moments[0]
        overlap = max(iou((best.start, best.end), moment) for moment in true)
        lines.append(
            f"Found {stretch(best.start, best.end)}, true {', '.join(stretch(*moment) for moment in true)}: "
            f"overlap {number(overlap)} of 1."
        )
    mark = "right" if right else "wrong"
    drawing = icon("check" if right else "absent")
    body = join(f"<p>{line}</p>" for line in lines)
    return f'<section class="panel truth-panel"><h3>Truth <span class="badge {mark}">{drawing}{mark}</span></h3>{body}</section>'


def iou(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Overlap of two stretches over their union, 0-1."""
    overlap = max(0.0, min(one[1], other[1]) - max(one[0], other[0]))
    union = max(one[1], other[1]) - min(one[0], other[0])
    return overlap / union if union > 0 else 0.0
