"""Does a model know what it does not know? Its variances, gates and margins against the truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.evaluation.scoring import Chunks, encode_queries, encode_videos
from ral_core.evaluation.splits import Split
from ral_core.models import RAL, PRVRModel

NEAR = 0.03
"""Videos whose fused score is this near to the best one's fit a query about as well."""
Array = NDArray[np.floating]
Numbers = dict[str, float]
Report = dict[str, Any]


def average_ranks(values: Array) -> Array:
    """Ranks from 1, ties share their mean rank: (N,).

    >>> average_ranks(np.array([3.0, 1.0, 3.0])).tolist()
    [2.5, 1.0, 2.5]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]


def spearman(one: Array, other: Array) -> float:
    """Rank correlation of two arrays (N,); nan when one of them is constant or N is below 2."""
    if len(one) < 2:
        return float("nan")
    first, second = average_ranks(one), average_ranks(other)
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt((first**2).sum() * (second**2).sum()))
    return float((first * second).sum()) / scale if scale > 0 else float("nan")


def risk_coverage(confidence: Array, right: NDArray[np.bool_]) -> Array:
    """The share of wrong answers among the n most confident, for n = 1 to N: (N,). Ties keep their order."""
    order = np.argsort(-confidence, kind="stable")
    return np.cumsum(~right[order]) / np.arange(1, len(right) + 1)


def area_under_risk(confidence: Array, right: NDArray[np.bool_]) -> float:
    """Area under the risk-coverage curve (AURC), in per cent: lower is better.

    Answers at random order have the overall error rate; knowing every mistake beforehand has the least.
    """
    return 100.0 * float(risk_coverage(confidence, right).mean())


def abstention_report(confidences: Mapping[str, Array], right: NDArray[np.bool_]) -> dict[str, Numbers]:
    """AURC of every notion of confidence (N,), with random order and the perfect one for comparison.

    `share` says how far from random (0) to perfect (1) it gets.
    """
    random = 100.0 * float(np.mean(~right))
    perfect = area_under_risk(right.astype(float), right)
    report = {"random": {"AURC": random, "share": 0.0}, "perfect": {"AURC": perfect, "share": 1.0}}
    for name, confidence in confidences.items():
        area = area_under_risk(confidence, right)
        report[name] = {"AURC": area, "share": (random - area) / max(random - perfect, 1e-9)}
    return report


def margins(scores: Array) -> Array:
    """How far the first video is ahead of the second, (Q,). scores (Q, V); 0 where there is one video only."""
    if scores.shape[1] < 2:
        return np.zeros(len(scores))
    top = np.partition(scores, -2, axis=1)[:, -2:]
    return top[:, 1] - top[:, 0]


def entropies(scores: Array, temperature: float = 0.05) -> Array:
    """Entropy in bits of the softmax over videos, (Q,). scores (Q, V)."""
    logits = scores / temperature
    logits = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(logits)
    chance = weights / weights.sum(axis=1, keepdims=True)
    return -(chance * np.log2(np.maximum(chance, 1e-12))).sum(axis=1)


def near_best(scores: Array, within: float = NEAR) -> Array:
    """How many videos score within `within` of the best one, itself included, (Q,). scores (Q, V)."""
    return (scores >= scores.max(axis=1, keepdims=True) - within).sum(axis=1).astype(float)


@dataclass(frozen=True)
class Readout:
    """A linear reading of a Gaussian's log variances (D,), fitted so that it tells how ambiguous a query is."""

    mean: Array
    std: Array
    weights: Array

    def __call__(self, log_var: Array) -> Array:
        """Of log variances (Q, D): (Q,), higher for more ambiguous; no unit."""
        return ((log_var - self.mean) / self.std) @ self.weights


def fit_readout(log_var: Array, scores: Array, ridge: float = 100.0) -> Readout:
    """Ridge regression from queries' log variances (Q, D) to the log of `near_best` of their own scores (Q, V).

    No truth is used: the model's own ranking of any collection teaches what its variances mean. A calibration of
    ours; the paper takes the mean variance as it is.
    """
    mean, std = log_var.mean(axis=0), log_var.std(axis=0) + 1e-6
    inputs, target = (log_var - mean) / std, np.log(near_best(scores))
    gram = inputs.T @ inputs + ridge * np.eye(inputs.shape[1])
    return Readout(mean, std, np.linalg.solve(gram, inputs.T @ (target - target.mean())))


@torch.inference_mode()
def query_log_var(model: RAL, split: Split, chunks: Chunks | None = None) -> Array:
    """The log variances of all queries, (Q, D)."""
    chunks, device = chunks or Chunks(), next(model.parameters()).device
    parts = [model.query_gaussian(some).log_var for _, some in encode_queries(model, split, chunks, device)]
    return torch.cat(parts).double().cpu().numpy()


def calibration_report(
    model: RAL, taught: Split, taught_scores: Array, split: Split, right: NDArray[np.bool_]
) -> Report:
    """What variances are worth on `split` after `fit_readout` on another split and its fused scores (Q, V)."""
    reading = fit_readout(query_log_var(model, taught), taught_scores)(query_log_var(model, split))
    return {
        "taught on": taught.name,
        "ambiguity": spearman(reading, split.relevant().sum(axis=1)),
        "AURC": area_under_risk(-reading, right),
    }


def word_weights(gate: Array, pieces: Sequence[tuple[int, int]], words: Sequence[tuple[int, int]]) -> Array:
    """The gate of each word, (N,): the sum over the pieces that overlap its characters.

    gate (W,) for pieces at character offsets `pieces`; `words` are character ranges (start, end).
    """
    edges, ranges = np.array(pieces).reshape(-1, 2), np.array(words).reshape(-1, 2)
    meets = (edges[None, :, 0] < ranges[:, None, 1]) & (edges[None, :, 1] > ranges[:, None, 0])
    return meets.astype(float) @ gate


def gate_agreement(gates: Sequence[Array], bits: Sequence[Array]) -> float:
    """Mean over queries of the rank correlation between word gates and true word importance.

    Queries whose words are all equally important (or gated) say nothing and are left out.
    """
    values = [spearman(gate, importance) for gate, importance in zip(gates, bits, strict=True)]
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


@torch.inference_mode()
def uncertainty_report(model: PRVRModel, split: Split, total: Array, chunks: Chunks | None = None) -> Report:
    """What a model's own doubts are worth on a split; total (Q, V) are its fused scores.

    Rank correlations (-1 to 1) of the entropy of its ranking, of how many videos score near the best, and of the query's variance with the number of videos
    that satisfy the query, of the video's variance with the number of events told of it, of the gate with the true
    importance of words; and how well each notion of confidence finds the wrong answers (AURC, hit@1).
    A model without Gaussians or gate gets the numbers that do not need them; a correlation with what is the same for
    all, as on data where every query has one right video, is left out.
    """
    relevant = split.relevant()
    ambiguity = relevant.sum(axis=1)
    right = relevant[np.arange(len(total)), total.argmax(axis=1)]
    spread = entropies(total)
    near = near_best(total)
    confidences = {"margin": margins(total), "entropy": -spread, "near-best films": -near}
    report: Report = {
        "entropy ~ ambiguity": spearman(spread, ambiguity),
        "near-best films ~ ambiguity": spearman(near, ambiguity),
    }
    chunks, device = chunks or Chunks(), next(model.parameters()).device
    queries = [tokens for _, tokens in encode_queries(model, split, chunks, device)]
    if isinstance(model, RAL):
        query = torch.cat([model.query_gaussian(some).log_var.mean(-1) for some in queries]).cpu().numpy()
        tokens = encode_videos(model, split, chunks, device)
        video = torch.cat([model.video_gaussian(some).log_var.mean(-1) for some in tokens]).cpu().numpy()
        confidences["query variance"] = -query
        report["query variance ~ ambiguity"] = spearman(query, ambiguity)
        report["video variance ~ events"] = spearman(video, events_told(split))
        gates = [row for some in queries for row in model.gate(some).cpu().numpy()]
        report["gate ~ word importance"] = gate_agreement(*gates_and_bits(gates, split))
    known = {name: value for name, value in report.items() if not np.isnan(value)}
    return known | {"abstention": abstention_report(confidences, right)}


def events_told(split: Split) -> Array:
    """How many different events of each video some caption describes, (V,)."""
    pairs = {
        (int(row), event) for row, c in zip(split.owner, split.captions, strict=True) for event in c.event
    }
    return np.bincount([row for row, _ in pairs], minlength=len(split.videos)).astype(float)


def gates_and_bits(gates: Sequence[Array], split: Split) -> tuple[list[Array], list[Array]]:
    """The gate and the true importance of every word, query by query. gates: Q arrays (W,) over word pieces."""
    weights, bits = [], []
    for row, caption in enumerate(split.captions):
        words = [(start, end) for start, end, _ in caption.word_importance]
        pieces = split.words.pieces(row)[: len(gates[row])]
        if words:
            weights.append(word_weights(gates[row][: len(pieces)], pieces, words))
            bits.append(np.array([value for _, _, value in caption.word_importance]))
    return weights, bits
