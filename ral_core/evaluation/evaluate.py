"""A model over a split: one report, in per cent, with the ceiling that ambiguity imposes beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import DataError
from ral_core.evaluation.metrics import ranks_of, recall_report
from ral_core.evaluation.moments import Localise, moment_report, own_overlaps
from ral_core.evaluation.multipositive import ceiling_report, hit_report, recall_at, relevant_ranks
from ral_core.evaluation.scoring import Chunks, score_split
from ral_core.evaluation.slices import slices_of
from ral_core.evaluation.splits import Split
from ral_core.models import PRVRModel
from ral_core.tensors import Scores

Array = NDArray[np.floating]
Report = dict[str, Any]
Weights = tuple[float, float]
CUTOFFS = (1, 5, 10, 100)


@dataclass(frozen=True)
class Outcome:
    """What became of each of Q queries; the rows that all numbers are means of."""

    ranks: NDArray[np.int64]  # (Q,) rank of the own video
    hits: NDArray[np.int64]  # (Q,) rank of the best satisfying video
    ambiguity: NDArray[np.int64]  # (Q,) how many videos satisfy the query
    found: dict[int, Array]  # for each k the share of findable satisfying videos, (Q,)
    fits: Array | None = (
        None  # (Q,) overlap of the moment found in the own video with the true one, nan if unknown
    )

    def numbers(self, mask: NDArray[np.bool_] | None = None) -> dict[str, float]:
        """All numbers over the queries of `mask`, or over all."""
        which = np.arange(len(self.ranks)) if mask is None else np.flatnonzero(mask)
        ranks = self.ranks[which]
        report = {
            **recall_report(ranks),
            **hit_report(self.hits[which]),
            **{f"recall@{k}": 100.0 * float(shares[which].mean()) for k, shares in self.found.items()},
        }
        if self.fits is not None:
            fits = self.fits[which]
            first = {
                f"top {name}": value
                for name, value in moment_report(np.where(ranks == 1, fits, 0.0 * fits)).items()
            }
            report |= moment_report(fits) | first
        return report


def outcome_of(total: Array, split: Split, fits: Array | None = None) -> Outcome:
    """What scores (Q, V) mean for the queries of a split. Raises DataError for a score that is not a number."""
    if (broken := np.isnan(total)).any():
        row, video = np.argwhere(broken)[0]
        raise DataError(
            f"{int(broken.sum())} scores are not numbers, the first is that of {split.captions[row].id!r} (row {row}) "
            f"for {split.videos.ids[video]!r}; look at the features of that video."
        )
    relevant = split.relevant()
    return Outcome(
        ranks=ranks_of(total, split.owner),
        hits=relevant_ranks(total, relevant),
        ambiguity=relevant.sum(axis=1),
        found=recall_at(total, relevant),
        fits=fits,
    )


def evaluate(
    model: PRVRModel,
    split: Split,
    *,
    weights: Weights | None = None,
    localise: Localise | None = None,
    chunks: Chunks | None = None,
    scores: Scores | None = None,
) -> Report:
    """Every number of a model on a split.

    weights: of the clip and the frame score; by default the model's own. localise: how moments are read from score
    curves; without it there are no moment numbers. scores: computed before, by `score_split`.
    Top-level numbers are those of the fused score: strict R@k (only the caption's own video counts), hit@k (a
    satisfying video is among the first k), recall@k (share of the satisfying videos), moments
    in the own video (R1@IoU, mIoU) and the same where the own video is ranked first (`top ...`, else 0).
    """
    weights = weights or (model.config.clip_weight, model.config.frame_weight)
    scores = scores or score_split(model, split, chunks)
    fits = (
        None
        if localise is None or not split.timed.any()
        else own_overlaps(model, split, localise, chunks or Chunks())
    )
    outcome = outcome_of(scores.total(*weights).numpy(), split, fits)
    branches = {
        name: outcome_of(part.numpy(), split).numbers()
        for name, part in (("clip", scores.clip), ("frame", scores.frame))
    }
    return {
        "split": split.name,
        "videos": len(split.videos),
        "queries": len(split.captions),
        "clip_weight": weights[0],
        "frame_weight": weights[1],
        **outcome.numbers(),
        "ceiling": ceiling_report(outcome.ambiguity),
        "branches": branches,
        "slices": {
            family: {
                name: {
                    "queries": int(mask.sum()),
                    "ceiling R@1": ceiling_report(outcome.ambiguity[mask])["R@1"],
                    **outcome.numbers(mask),
                }
                for name, mask in masks.items()
            }
            for family, masks in slices_of(split).items()
        },
    }


def validate(model: PRVRModel, split: Split, chunks: Chunks | None = None) -> dict[str, float]:
    """The few numbers that are watched during training: strict recalls, SumR, hit@1."""
    total = model.fused(score_split(model, split, chunks)).numpy()
    recalls = recall_report(ranks_of(total, split.owner))
    hits = hit_report(relevant_ranks(total, split.relevant()), cutoffs=(1,))
    return {name: recalls[name] for name in ("R@1", "R@5", "R@10", "R@100", "SumR")} | hits


def best_weights(scores: Scores, owner: NDArray[np.int64], steps: int = 20) -> Weights:
    """The weights of clip and frame score, summing to 1, with the best SumR; choose them on validation only.

    Of several that are equally good it takes the middle one.
    """
    shares: Sequence[float] = [step / steps for step in range(steps + 1)]
    sums = [recall_report(ranks_of(scores.total(s, 1 - s).numpy(), owner))["SumR"] for s in shares]
    good = np.flatnonzero(np.array(sums) >= max(sums) - 1e-9)
    best = shares[int(good[len(good) // 2])]
    return best, 1.0 - best
