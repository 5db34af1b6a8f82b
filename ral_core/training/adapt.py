"""A system of the zoo on features and captions of one's own, and what that was worth on videos it never saw."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.data.captions import Caption
from ral_core.errors import DataError
from ral_core.evaluation.metrics import bootstrap_interval, ranks_of, recall_report
from ral_core.evaluation.scoring import score_split
from ral_core.evaluation.splits import Split
from ral_core.features.packed import EncodesText
from ral_core.features.store import FeatureStore
from ral_core.features.windows import source_of
from ral_core.files import read_json, read_text, write_json, write_text
from ral_core.models import PRVRModel
from ral_core.models.checkpoint import load_model
from ral_core.training.config import RunConfig
from ral_core.training.own import PARTS, PARTS_FILE, divided, part_split, placed
from ral_core.training.ridge import Ridge
from ral_core.training.run import train_on

Array = NDArray[np.floating]
Say = Callable[[str], None]
COMPARISON = "before_after.json"
CUTOFFS = (1, 5, 10)
ENOUGH_QUERIES, ENOUGH_VIDEOS = 100, 30
"""Fewer held-out ones make figures that mean little."""


@dataclass(frozen=True)
class Adapted:
    """A trained model's folder and the figures before and after."""

    folder: Path
    comparison: dict[str, Any]


@dataclass(frozen=True)
class Before:
    """What answered before the training: a model and the text encoder that it reads sentences with."""

    name: str
    model: PRVRModel
    text: EncodesText


def adapt(
    config: RunConfig,
    store: FeatureStore,
    captions: Sequence[Caption],
    text: EncodesText,
    out: Path,
    *,
    device: torch.device,
    before: Before | None = None,
    cache: Path | None = None,
    resume: bool = True,
    half: bool = False,
    command: Sequence[str] = (),
    say: Say = print,
) -> Adapted:
    """Train on some of the captioned videos, choose the epoch on others, and compare on the rest.

    The videos are divided by `own.divided`; `before` is the model that answered so far, such as a zero-shot one.
    Raises DataError for too few videos and when `out` holds a run on other videos.
    """
    found = placed(captions, store)
    if found.unknown:
        name, count = next(iter(found.unknown.items()))
        say(
            f"left out: {sum(found.unknown.values())} captions of {len(found.unknown)} videos without features, "
            f"for example {count} of {name!r}"
        )
    if found.untimed:
        say(f"left out: {found.untimed} captions without times of videos that are in several windows")
    parts = divided(source_of(caption.film) for caption in found.captions)
    keep_parts(out, parts, resume)
    pooling = config.model_config(1, 1)
    splits = {
        name: part_split(
            name,
            parts[name],
            found.captions,
            store,
            pooling,
            text,
            captioned_only=name == "train",
            cache=cache,
            say=say,
        )
        for name in PARTS
    }
    counts = {name: f"{len(parts[name])} videos, {len(splits[name].captions)} captions" for name in PARTS}
    say("divided by the hash of their names: " + "; ".join(f"{name} {counts[name]}" for name in PARTS))
    train_on(
        config,
        splits["train"],
        splits["val"],
        out,
        device=device,
        resume=resume,
        half=half,
        command=command,
        extra={"parts": {name: len(parts[name]) for name in PARTS}},
        say=say,
    )
    held = splits["heldout"]
    systems = {"ridge on words": Ridge.fit(splits["train"]).scores(held)}
    if before is not None:
        model_config = before.model.config
        asked = part_split("heldout", parts["heldout"], found.captions, store, model_config, before.text)
        systems[before.name] = scores_of(before.model, asked)
    systems[config.name] = scores_of(load_model(out, device), held)
    result = comparison(held, systems, before.name if before else "ridge on words", config.name)
    write_json(out / COMPARISON, result)
    write_text(out / "README.md", carded(read_text(out / "README.md"), result))
    return Adapted(out, result)


def keep_parts(out: Path, parts: Mapping[str, Sequence[str]], resume: bool) -> None:
    """Write down which videos are in which part, and refuse to go on with a run that divided them otherwise."""
    plain = {name: list(ids) for name, ids in parts.items()}
    file = out / PARTS_FILE
    if resume and file.is_file() and read_json(file) != plain:
        raise DataError(
            f"{out} was trained on other videos; train afresh with --resume never, or under another --name."
        )
    write_json(file, plain)


def scores_of(model: PRVRModel, split: Split) -> Array:
    """The fused scores (Q, V) of a model on a split."""
    return np.asarray(model.fused(score_split(model, split)))


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
        said.append(
            "The trained model answers worse than what there was before: choose the other one to search with."
        )
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
