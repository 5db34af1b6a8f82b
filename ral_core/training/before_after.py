"""Systems on the same held-out captions, before and after a training, and how far the figures can be believed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.evaluation.metrics import bootstrap_interval, ranks_of, recall_report
from ral_core.evaluation.splits import Split
from ral_core.features.windows import source_of

Array = NDArray[np.floating]
CUTOFFS = (1, 5, 10)
ENOUGH_QUERIES, ENOUGH_VIDEOS = 100, 30
"""Fewer held-out ones make figures that mean little."""


def comparison(held: Split, systems: Mapping[str, Array], before: str, after: str) -> dict[str, Any]:
    """The figures of some systems on the same queries; scores (Q, V) by name.

    A file in several windows counts once, by its best window. Intervals are 95 %, drawing videos with replacement.
    """
    names, column = np.unique([source_of(row) for row in held.videos.ids], return_inverse=True)
    owner = column[held.owner]
    ranks = {name: ranks_of(by_source(scores, column), owner) for name, scores in systems.items()}
    rows: dict[str, Any] = {"chance": chance(len(names))}
    for name, its in ranks.items():
        report = recall_report(its, CUTOFFS)
        rows[name] = {key: report[key] for key in ("R@1", "R@5", "R@10", "MRR", "MedR")}
        rows[name]["R@5 interval"] = [100 * end for end in bootstrap_interval((its <= 5) * 1.0, owner)]
    gain = 1 / ranks[after] - 1 / ranks[before]
    low, high = bootstrap_interval(gain, owner)
    queries = len(held.captions)
    return {
        "videos": len(names),
        "queries": queries,
        "before": before,
        "after": after,
        "systems": rows,
        "MRR gain": {"mean": float(gain.mean()), "interval": [low, high]},
        "warnings": warnings(queries, len(names), rows[after], rows[before], low, high),
    }


def by_source(scores: Array, column: NDArray[np.integer]) -> Array:
    """The best score of each file's rows: (Q, V) to (Q, S); column (V,) is each row's file."""
    best = np.full((len(scores), int(column.max()) + 1), -np.inf, dtype=scores.dtype)
    np.maximum.at(best.T, column, scores.T)
    return best


def chance(videos: int) -> dict[str, float]:
    """What guessing gives among so many videos."""
    recalls = {f"R@{k}": 100.0 * min(k, videos) / videos for k in CUTOFFS}
    harmonic = float((1 / np.arange(1, videos + 1)).mean())
    return recalls | {"MRR": harmonic, "MedR": (videos + 1) / 2}


def warnings(
    queries: int,
    videos: int,
    after: Mapping[str, float],
    before: Mapping[str, float],
    low: float,
    high: float,
) -> list[str]:
    """Why the figures should not be believed too much, as sentences."""
    said = []
    if queries < ENOUGH_QUERIES or videos < ENOUGH_VIDEOS:
        said.append(
            f"Only {queries} queries over {videos} held-out videos: too few to mean much; with more captioned videos "
            f"({ENOUGH_VIDEOS} or more held out) the figures would."
        )
    if after["MRR"] < before["MRR"]:
        said.append("The training was worth nothing here: what there was before answers better.")
    if low <= 0 <= high:
        said.append("The difference between before and after may be chance: its interval holds 0.")
    return said


def told(result: Mapping[str, Any]) -> str:
    """The comparison as a Markdown table with its warnings."""
    lines = [
        f"{result['queries']} captions over {result['videos']} held-out videos",
        "",
        "| | R@1 | R@5 (95 % interval) | R@10 | MRR | median rank |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in result["systems"].items():
        low, high = row.get("R@5 interval", (None, None))
        interval = "" if low is None else f" ({low:.0f}-{high:.0f})"
        role = {result["before"]: " (before)", result["after"]: " (after)"}.get(name, "")
        cells = (
            f"{row['R@1']:.1f}",
            f"{row['R@5']:.1f}{interval}",
            f"{row['R@10']:.1f}",
            f"{row['MRR']:.3f}",
            f"{row['MedR']:g}",
        )
        lines.append(f"| {name}{role} | {' | '.join(cells)} |")
    gain = result["MRR gain"]
    low, high = gain["interval"]
    lines += ["", f"After minus before, MRR: {gain['mean']:+.3f} (95 % interval {low:+.3f} to {high:+.3f})."]
    return "\n".join([*lines, *result["warnings"]])


HEADING = "\n## Before and after\n\n"


def carded(card: str, result: Mapping[str, Any]) -> str:
    """The model card with the comparison at its end, in place of an older one."""
    return card.partition(HEADING)[0].rstrip("\n") + "\n" + HEADING + told(result) + "\n"
