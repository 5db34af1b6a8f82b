"""Stored runs: what a model answered to every caption of a collection, small enough to compare at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ral_core.analysis.asked import ask
from ral_core.analysis.rerank import ranks
from ral_core.errors import DataError
from ral_core.evaluation.uncertainty import area_under_risk, margins, risk_coverage
from ral_core.files import replacing
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.results import Answer

Array = NDArray[np.floating]

TOP = 10
"""Films kept of each answer."""


@dataclass(frozen=True)
class Run:
    """Answers to Q captions, in the order of the collection's caption file."""

    model: str
    index: str
    model_sha256: str
    rank: NDArray[np.int64]  # (Q,) of the film the caption was written for, 1 is best
    right: NDArray[np.bool_]  # (Q,) whether the first film satisfies the caption
    top: NDArray[np.int64]  # (Q, TOP) the films found by their first rows, -1 where there are fewer
    margin: Array  # (Q,) lead of the first film over the second
    z: Array  # (Q,) of the first film, nan without calibration
    variance: Array  # (Q,) mean log variance of the query, nan without Gaussians


@dataclass(frozen=True)
class Risk(Answer):
    """How often the answers are wrong when only the surest are given."""

    name: str
    coverage: tuple[float, ...]  # per cent of the queries that are answered
    risk: tuple[float, ...]  # per cent of these that are wrong
    area: float  # AURC, per cent


@dataclass(frozen=True)
class Duel(Answer):
    """Two runs on the same captions: a sign test on the ranks of the right film."""

    better: int
    worse: int
    ties: int
    p: float  # two-sided: the chance of such a difference if both were equally good


@dataclass(frozen=True)
class Failure(Answer):
    """A caption whose film was not found first."""

    query: str
    caption: str
    level: str
    video: str  # the film it was written for
    rank: int
    winner: str  # the film that came first
    winner_fits: bool  # whether the winner satisfies the caption, too: then it is no failure


@dataclass(frozen=True)
class Disagreement(Answer):
    """A caption that two models answer differently."""

    query: str
    caption: str
    video: str
    first: int  # rank of its film in the first model
    second: int


def run_file(root: Path, index: str) -> Path:
    """Where the run of an index is kept."""
    return root / "runs" / f"{index}.safetensors"


def make_run(explorer: Explorer, entry: IndexEntry) -> Run:
    """Ask every caption of the index's collection, as `ask` does. Raises DataError as it does."""
    gallery, asked = explorer.gallery(entry), ask(explorer, entry)
    total, queries = asked.total, np.arange(len(asked.total))
    order = np.argsort(-total, axis=1, kind="stable")
    top = np.full((len(total), TOP), -1)
    top[:, : min(TOP, total.shape[1])] = gallery.first[order[:, :TOP]]
    z = np.full(len(total), np.nan)
    if "null_mean" in gallery.folder:
        row = asked.rows[queries, order[:, 0]]
        z = (total[queries, order[:, 0]] - gallery.folder["null_mean"][row]) / gallery.folder["null_std"][row]
    return Run(
        model=entry.manifest.model,
        index=entry.name,
        model_sha256=entry.manifest.model_sha256,
        rank=np.array([ranks(row)[place] for row, place in zip(total, asked.own, strict=True)]),
        right=asked.right,
        top=top,
        margin=margins(total),
        z=z,
        variance=np.full(len(total), np.nan) if asked.log_var is None else asked.log_var.mean(axis=1),
    )


def save_run(root: Path, run: Run) -> Path:
    """Keep a run; returns its file."""
    path = run_file(root, run.index)
    arrays = {
        "rank": run.rank.astype(np.int32),
        "right": run.right,
        "top": run.top.astype(np.int32),
        "margin": run.margin.astype(np.float32),
        "z": run.z.astype(np.float32),
        "variance": run.variance.astype(np.float32),
    }
    about = {"model": run.model, "index": run.index, "model_sha256": run.model_sha256}
    with replacing(path) as target:
        save_file(arrays, target, metadata=about)
    return path


def open_runs(
    explorer: Explorer, collection: str, entries: Sequence[IndexEntry] | None = None
) -> dict[str, Run]:
    """The stored runs of a collection's indexes by model; those made with other weights are left out.

    `entries` are the indexes to look at, by default all that are open by name. Raises DataError for a damaged file.
    """
    found = {}
    for entry in explorer.entries.values() if entries is None else entries:
        path = run_file(entry.root or explorer.root, entry.name)
        if entry.manifest.collection != collection or not path.is_file():
            continue
        try:
            with safe_open(path, framework="numpy") as file:
                about = file.metadata() or {}
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (OSError, SafetensorError) as problem:
            raise DataError(f"{path} cannot be read ({problem}); make it again with `runs`.") from None
        if about.get("model_sha256") == entry.manifest.model_sha256:
            found[about["model"]] = Run(**about, **arrays)
    return found


def risks(run: Run) -> tuple[Risk, ...]:
    """Risk over coverage for every notion of confidence the run knows, and for perfect foresight."""
    kinds = {
        "lead over the second film": run.margin,
        "z of the first film": run.z,
        "narrow query": -run.variance,
    }
    kinds["perfect foresight"] = run.right.astype(float)
    found = []
    for name, confidence in kinds.items():
        if np.isnan(confidence).any():
            continue
        curve = risk_coverage(confidence, run.right)
        places = np.unique(np.linspace(0, len(curve) - 1, 41).round().astype(int))[1:]
        coverage = 100.0 * (places + 1) / len(curve)
        found.append(
            Risk(
                name,
                tuple(float(v) for v in coverage),
                tuple(float(v) for v in 100 * curve[places]),
                area_under_risk(confidence, run.right),
            )
        )
    return tuple(found)


def versus(ours: Run, theirs: Run) -> Duel:
    """How often one run ranks the right film better than the other, and how likely that is by chance."""
    if len(ours.rank) != len(theirs.rank):
        raise DataError(
            f"The runs of {ours.model} and {theirs.model} are about different captions; make them again."
        )
    better, worse = int((ours.rank < theirs.rank).sum()), int((ours.rank > theirs.rank).sum())
    from scipy.stats import binomtest  # imported late: slow to load and only needed where runs meet

    chance = float(binomtest(better, better + worse).pvalue) if better + worse else 1.0
    return Duel(better, worse, len(ours.rank) - better - worse, chance)


def failures(explorer: Explorer, run: Run, most: int = 12, start: int = 0) -> tuple[Failure, ...]:
    """The captions whose own film ranks worst and whose first film does not satisfy them."""
    entry = explorer.resolve(None, run.index)
    gallery = explorer.gallery(entry)
    captions = list(explorer.collection(entry).captions.values())
    wrong = np.flatnonzero(~run.right)
    order = wrong[np.argsort(-run.rank[wrong], kind="stable")][start : start + most]
    found = []
    for place in order:
        caption, winner = captions[place], gallery.videos[int(run.top[place, 0])].video
        found.append(
            Failure(
                caption.text,
                caption.id,
                caption.level,
                caption.film,
                int(run.rank[place]),
                winner,
                winner in caption.relevant,
            )
        )
    return tuple(found)


def disagreements(explorer: Explorer, ours: Run, theirs: Run, most: int = 12) -> tuple[Disagreement, ...]:
    """The captions on which two runs differ most, by the ratio of the ranks, the largest first."""
    captions = list(explorer.collection(explorer.resolve(None, ours.index)).captions.values())
    gap = np.abs(np.log(ours.rank) - np.log(theirs.rank))
    return tuple(
        Disagreement(
            captions[p].text, captions[p].id, captions[p].film, int(ours.rank[p]), int(theirs.rank[p])
        )
        for p in np.argsort(-gap, kind="stable")[:most]
        if gap[p] > 0
    )


def agreement(lists: Sequence[Sequence[str]]) -> list[list[float]]:
    """For each pair of ranked lists, the share of films they have in common (0-1)."""
    return [[len(set(a) & set(b)) / max(len(a), len(b), 1) for b in lists] for a in lists]


def kendall(one: Sequence[str], other: Sequence[str]) -> float | None:
    """Kendall's tau of two ranked lists over the films they share, -1 to 1; None for fewer than two."""
    place = {video: rank for rank, video in enumerate(other)}
    shared = [place[video] for video in one if video in place]
    if len(shared) < 2:
        return None
    pairs = [np.sign(b - a) for i, a in enumerate(shared) for b in shared[i + 1 :]]
    return float(np.mean(pairs))
