"""Moments and highlights as detections: average precision over windows, and over the clips of a video.

Source: the evaluation of QVHighlights (Lei et al., "Detecting Moments and Highlights in Videos via Natural Language
Queries", NeurIPS 2021), whose published numbers these functions reproduce.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import DataError
from ral_core.files import read_jsonl

Array = NDArray[np.floating]
Report = dict[str, Any]
LEVELS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
"""Overlaps at which a window counts as found."""
RANGES = {"short": (0, 10), "middle": (10, 30), "long": (30, 150), "full": (0, 150)}
"""Lengths of true windows in seconds, (above, up to)."""
SALIENT = {"Fair": 2, "Good": 3, "VeryGood": 4}
"""From which rating on a clip counts as a highlight."""
MOST_WINDOWS = 10
CLIP_SECONDS = 2


@dataclass(frozen=True)
class Detections:
    """One query: what was predicted and what is true."""

    query: str
    windows: Array  # (N, 3) start, end in seconds, score
    true_windows: Array  # (M, 2)
    saliency: Array | None = None  # (L,) predicted, one a clip of 2 s
    ratings: Array | None = None  # (L, 3) of three people, 0 where none


def read_detections(predictions: Path, truth: Path) -> list[Detections]:
    """Pair predictions with annotations by `qid`, both jsonl as QVHighlights publishes them.

    Raises DataError when there is none, a query of one is missing from the other, or a row lacks a field.
    """
    found, known = (_by_query(path) for path in (predictions, truth))
    for missing, where in ((known.keys() - found.keys(), predictions), (found.keys() - known.keys(), truth)):
        if missing:
            first = sorted(map(str, missing))[0]
            raise DataError(
                f"{where} lacks {len(missing)} queries of the other file, for example qid {first}."
            )
    return [_paired(found[qid], row, predictions, truth) for qid, row in known.items()]


def _by_query(path: Path) -> dict[Any, Mapping[str, Any]]:
    rows: dict[Any, Mapping[str, Any]] = {}
    for number, row in enumerate(read_jsonl(path), start=1):
        if not isinstance(qid := row.get("qid"), int | str):
            raise DataError(f"{path}, row {number}: it has no qid.")
        rows[qid] = row
    if not rows:
        raise DataError(f"{path} holds no query.")
    return rows


def _paired(guess: Mapping[str, Any], row: Mapping[str, Any], predictions: Path, truth: Path) -> Detections:
    try:
        windows = np.array(guess["pred_relevant_windows"], dtype=float).reshape(-1, 3)
        true = np.array(row["relevant_windows"], dtype=float).reshape(-1, 2)
        saliency, ratings = guess.get("pred_saliency_scores"), None
        if saliency is not None and "saliency_scores" in row:
            ratings = np.zeros((int(row["duration"] / CLIP_SECONDS), 3))
            ratings[row["relevant_clip_ids"]] = row["saliency_scores"]
            saliency = np.array(saliency, dtype=float)
    except (KeyError, ValueError, TypeError, IndexError) as problem:
        raise DataError(
            f"qid {row['qid']} of {predictions} or {truth} has no usable windows or ratings ({problem})."
        ) from None
    return Detections(str(row["qid"]), windows, true, saliency, ratings)


def detection_report(items: Sequence[Detections]) -> Report:
    """mAP and R1 at every overlap for each range of lengths, and highlight mAP and Hit1, in per cent."""
    report: Report = {name: moment_numbers(within(items, *limits)) for name, limits in RANGES.items()}
    rated = [
        (item.saliency, item.ratings)
        for item in items
        if item.saliency is not None and item.ratings is not None
    ]
    for name, least in SALIENT.items() if rated else ():
        report[f"HL-min-{name}"] = highlight_numbers(rated, least)
    return report


def within(items: Iterable[Detections], above: float, up_to: float) -> list[Detections]:
    """The queries with true windows of such lengths, and only those windows."""
    kept = []
    for item in items:
        length = item.true_windows[:, 1] - item.true_windows[:, 0]
        inside = (length > above) & (length <= up_to)
        if inside.any():
            kept.append(
                Detections(item.query, item.windows, item.true_windows[inside], item.saliency, item.ratings)
            )
    return kept


def moment_numbers(items: Sequence[Detections]) -> Report:
    """MR-mAP and MR-R1 over some queries."""
    if not items:
        return {"queries": 0}
    precision = np.mean([average_precisions(item.windows, item.true_windows) for item in items], axis=0)
    first = np.array([first_overlap(item) for item in items])
    by_level = {f"{level:g}": 100.0 * float(value) for level, value in zip(LEVELS, precision, strict=True)}
    return {
        "queries": len(items),
        "MR-mAP": by_level | {"average": 100.0 * float(precision.mean())},
        "MR-R1": {f"{level:g}": 100.0 * float(np.mean(first >= level)) for level in LEVELS},
        "mIoU": 100.0 * float(first.mean()),
    }


def first_overlap(item: Detections) -> float:
    """The best overlap of the highest-scored window with a true one; 0 when nothing was predicted."""
    if not len(item.windows):
        return 0.0
    return float(window_overlaps(item.windows[:1], item.true_windows).max())


def window_overlaps(windows: Array, true: Array) -> Array:
    """Intersection over union of windows (N, 2 or more) with true windows (M, 2): (N, M)."""
    low = np.maximum(windows[:, None, 0], true[None, :, 0])
    high = np.minimum(windows[:, None, 1], true[None, :, 1])
    shared = np.clip(high - low, 0, None)
    lengths = (windows[:, 1] - windows[:, 0])[:, None] + (true[:, 1] - true[:, 0])[None]
    return shared / np.maximum(lengths - shared, 1e-12)


def average_precisions(windows: Array, true: Array) -> Array:
    """Average precision at every overlap of `LEVELS`, (10,), of the first ten windows by score.

    Windows are taken by falling score; each claims the free true window that it overlaps most, if enough.
    """
    windows = windows[:MOST_WINDOWS]
    windows = windows[np.argsort(-windows[:, 2], kind="stable")]
    overlap = window_overlaps(windows, true)
    right = np.zeros((len(LEVELS), len(windows)), dtype=bool)
    free = np.ones((len(LEVELS), len(true)), dtype=bool)
    levels = np.array(LEVELS)
    for place, row in enumerate(overlap):
        usable = free & (row[None] >= levels[:, None])
        best = np.where(usable, row[None], -1.0).argmax(1)
        right[:, place] = usable.any(1)
        free[right[:, place], best[right[:, place]]] = False
    return np.array([interpolated_precision(one, len(true)) for one in right])


def interpolated_precision(right: NDArray[np.bool_], positives: int) -> float:
    """Area under the interpolated precision-recall curve of answers in order (N,)."""
    found = np.cumsum(right)
    precision = found / np.arange(1, len(right) + 1)
    best_from = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from[right].sum()) / positives


def highlight_numbers(rated: Sequence[tuple[Array, Array]], least: int) -> Report:
    """Whether the most salient clip is one, and mean average precision over clips and people.

    rated: predicted saliency (L,) and the ratings (L, 3) of each query.
    """
    hits, areas = [], []
    for saliency, ratings in rated:
        salient = ratings >= least
        hits.append(bool(salient[np.argmax(saliency[: len(salient)])].any()))
        areas += [clip_precision(salient[:, person], saliency) for person in range(salient.shape[1])]
    return {"HL-mAP": 100.0 * float(np.mean(areas)), "HL-Hit1": 100.0 * float(np.mean(hits))}


def clip_precision(salient: NDArray[np.bool_], scores: Array) -> float:
    """Average interpolated precision of a ranking of clips; 0 where none is salient, 1 where all are.

    Clips of one score are one step of the ranking, and every step that finds a salient clip counts once, as in the
    published evaluation.
    """
    count = min(len(salient), len(scores))
    salient, scores = salient[:count], scores[:count]
    if salient.all() or not salient.any():
        return float(salient.all())
    _, step = np.unique(-scores, return_inverse=True)
    found = np.bincount(step, weights=salient)
    precision = np.cumsum(found) / np.cumsum(np.bincount(step))
    best_from = np.maximum.accumulate(precision[::-1])[::-1]
    return float(best_from[found > 0].mean())
