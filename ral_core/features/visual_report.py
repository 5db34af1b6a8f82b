"""How well frames are understood: average precision where several labels can be true, top-1 where one is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.features.visual_data import UNKNOWN, LabelGroup, LabelledFrames
from ral_core.features.visual_learner import Learner

Array = NDArray[np.floating]
FEWEST = 3
"""A label seen in fewer frames is left out of the mean of average precisions."""


def average_precision(truth: NDArray[np.bool_], scores: Array) -> float:
    """The mean precision at each true item, items ordered by falling score; NaN when none is true.

    >>> average_precision(np.array([True, False, True]), np.array([0.9, 0.8, 0.7]))
    0.8333333333333333
    """
    hits = truth[np.argsort(-scores, kind="stable")]
    if not hits.any():
        return float("nan")
    ranks = np.flatnonzero(hits) + 1
    return float(np.mean(np.arange(1, len(ranks) + 1) / ranks))


@torch.inference_mode()
def predict(learner: Learner, frames: LabelledFrames, which: NDArray[np.int64]) -> dict[str, Array]:
    """The logits (N, values) of each group for the examples `which` (N,)."""
    learner.eval()
    rows: list[dict[str, torch.Tensor]] = []
    for start in range(0, len(which), 64):
        batch = frames.batch(which[start : start + 64])
        features, _ = learner.net(batch.pictures, batch.greys)
        rows.append(learner.heads(features))
    return {name: torch.cat([row[name] for row in rows]).numpy() for name in rows[0]}


def frame_report(
    learner: Learner, frames: LabelledFrames, *, at_most: int | None = None, heldout: bool | None = None
) -> dict[str, float]:
    """For each group, on examples evenly spread: `AP` where several labels can be true, else `top1`.

    heldout: only frames with (or without) a combination that training never sees.
    """
    which = np.arange(len(frames))
    if heldout is not None:
        which = np.flatnonzero(frames.heldout[frames.centres] == heldout)
    if at_most is not None and len(which) > at_most:
        which = which[np.linspace(0, len(which) - 1, at_most).round().astype(np.int64)]
    if len(which) == 0:
        return {"frames": 0.0}
    logits = predict(learner, frames, which)
    targets = {
        name: values[torch.from_numpy(frames.centres[which])].numpy()
        for name, values in frames.targets.items()
    }
    return {"frames": float(len(which)), **scores_of(learner.groups, logits, targets)}


def scores_of(
    groups: Sequence[LabelGroup], logits: dict[str, Array], targets: dict[str, NDArray[Any]]
) -> dict[str, float]:
    """`<group> AP` or `<group> top1` of each group that can be judged."""
    report: dict[str, float] = {}
    for group in groups:
        found, wanted = logits[group.name], targets[group.name]
        if group.many:
            common = [c for c in range(len(group.values)) if wanted[:, c].sum() >= FEWEST]
            if common:
                each = [average_precision(wanted[:, c] > 0, found[:, c]) for c in common]
                report[f"{group.name} AP"] = float(np.mean(each))
        elif (known := wanted != UNKNOWN).any():
            report[f"{group.name} top1"] = float((found[known].argmax(1) == wanted[known]).mean())
    return report
