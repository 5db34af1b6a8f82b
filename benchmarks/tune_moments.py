"""Choose the settings that read moments from score curves, on a validation split only.

    python benchmarks/tune_moments.py build/models/ral build/world/val

Every caption's own film gives one curve; all settings are tried on the recorded curves, one family after the
other, and the mean overlap with the true moments decides. Prints the best settings and what each number became.
"""

from __future__ import annotations

import argparse
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.evaluation.moments import moment_report, overlaps, own_moments
from ral_core.evaluation.scoring import Chunks
from ral_core.evaluation.splits import load_split
from ral_core.features.encoders import open_text_encoder
from ral_core.models.checkpoint import load_model
from ral_core.search.moments import MomentConfig, first_moment
from ral_core.search.reading import events_in

Array = NDArray[np.floating]
Recorded = tuple[Array, Array, Array, Array, float, str]
"""Clip curve, frame curve, their times, the film's duration, and the query."""

CURVES = {"clip_share": (0.0, 0.2, 0.35, 0.5, 0.65, 1.0), "smoothing": (0.0, 0.3, 0.5, 1.0)}
EXTENTS = {
    "threshold": (0.5, 0.6, 0.65, 0.7, 0.75, 0.8),
    "baseline": (0.0, 0.1, 0.25, 0.5),
    "shortest": (0.0, 2.0, 3.0, 4.0),
}


def main() -> None:
    """Record, search, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("split", type=Path, help="a split that nothing is reported on")
    args = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(args.model)
    split = load_split(args.split, model.config, open_text_encoder(), cache=Path("build/text"))
    curves: list[Recorded] = []

    def record(*seen: object) -> tuple[float, float]:
        curves.append(seen)  # type: ignore[arg-type]
        return 0.0, 1.0

    own_moments(model, split, record, Chunks())
    truth = np.array([(caption.start, caption.end) for caption in split.captions])
    print("before", MomentConfig(), show(found(curves, MomentConfig()), truth))
    best = MomentConfig()
    for _ in range(2):  # the families depend on each other a little
        best = search(curves, truth, best, CURVES)
        best = search(curves, truth, best, EXTENTS)
    moments = found(curves, best)
    print("after", best, show(moments, truth))
    levels = np.array([caption.level for caption in split.captions])
    for level in sorted(set(levels)):
        print(
            f"  {level}: {(levels == level).sum()} captions,",
            show(moments[levels == level], truth[levels == level]),
        )


def search(
    curves: list[Recorded], truth: Array, start: MomentConfig, grid: dict[str, tuple[float, ...]]
) -> MomentConfig:
    """The settings of the grid with the best mean overlap, the others as in `start`."""
    tried = [replace(start, **dict(zip(grid, values))) for values in itertools.product(*grid.values())]
    return max(tried, key=lambda config: float(overlaps(found(curves, config), truth).mean()))


def found(curves: list[Recorded], config: MomentConfig) -> Array:
    """The first moment in each curve, (Q, 2) seconds."""
    return np.array([first_moment(*parts, config, events=events_in(query)) for *parts, query in curves])


def show(moments: Array, truth: Array) -> str:
    """The report in one line."""
    return ", ".join(f"{name} {value:.1f}" for name, value in moment_report(overlaps(moments, truth)).items())


if __name__ == "__main__":
    main()
