"""An explanation in a few thousand characters, for agents, who pay for every one they read."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from ral_core.search.results import Curve, Explanation, Moment, SearchResult, Truth, Uncertainty, WordEvidence

DIGITS, POINTS, MOMENTS = 3, 12, 3
WORD = ("text", "weight", "second", "similarity", "drop")
SAME = ("query", "video", "title", "model", "index", "rank")
ROUNDED = ("duration", "score", "clip", "frame", "clip_weight", "frame_weight", "z")


def brief_explanation(found: Explanation, answer: SearchResult) -> dict[str, Any]:
    """The explanation under the names it has in full, cut to what is said of it first.

    `answer` is the search for the same query, for its verdict. Numbers have three digits after the point; the curve
    keeps its highest point in each of a dozen stretches of time, the truth this film's moments.
    """
    return {
        **{name: getattr(found, name) for name in SAME},
        **{name: rounded(getattr(found, name)) for name in ROUNDED},
        "films": answer.films,
        "verdict": {"state": answer.state, "reason": answer.reason},
        "moments": [moment(one) for one in found.moments[:MOMENTS]],
        "words": [word(one) for one in found.words],
        "curve": curve(found.curve),
        "uncertainty": None if found.uncertainty is None else percentiles(found.uncertainty),
        "truth": None if found.truth is None else truth(found.truth, found.video),
        "notes": list(found.notes),
    }


def rounded(value: float | None) -> float | None:
    """Three digits after the point; None stays None."""
    return None if value is None else round(value, DIGITS)


def moment(one: Moment) -> dict[str, float | None]:
    """A moment with rounded seconds and score."""
    return {name: rounded(value) for name, value in one.to_json().items()}


def word(one: WordEvidence) -> dict[str, Any]:
    """A word's gate, its best second with the cosine there, and what the score loses without it."""
    values = {name: getattr(one, name) for name in WORD}
    return {name: value if isinstance(value, str) else rounded(value) for name, value in values.items()}


def curve(whole: Curve) -> dict[str, Any]:
    """The highest point (second, score) of each of at most a dozen stretches of equal length."""
    count = min(POINTS, len(whole.times))
    edges = [len(whole.times) * part // count for part in range(count + 1)]
    best = [max(range(start, end), key=whole.score.__getitem__) for start, end in pairwise(edges)]
    return {
        "times": [rounded(whole.times[place]) for place in best],
        "score": [rounded(whole.score[place]) for place in best],
        "baseline": rounded(whole.baseline),
    }


def percentiles(wide: Uncertainty) -> dict[str, float]:
    """How many of the reference queries and of the films are narrower, in per cent."""
    return {name: round(getattr(wide, name), 1) for name in ("query_percentile", "video_percentile")}


def truth(known: Truth, video: str) -> dict[str, Any]:
    """Which film the caption was written for, whether this one satisfies it, and its true moments here."""
    moments = [[rounded(start), rounded(end)] for start, end in known.moments.get(video, ())]
    return {
        "caption": known.caption,
        "video": known.video,
        "satisfied": video in known.relevant,
        "ambiguity": known.ambiguity,
        "moments": moments,
    }
