"""How well predicted moments fit the true ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from ral_core.features.packed import PackedVideos
from ral_core.tensors import Curves

Array = NDArray[np.floating]
Numbers = dict[str, float]
Localise = Callable[[Array, Array, Array, Array, float], tuple[float, float]]
"""(clip curve (C,), frame curve (F,), clip times, frame times, duration) to (start, end), all in seconds."""


def overlaps(predicted: Array, truth: Array) -> Array:
    """Intersection over union of moments, row by row: (Q,). predicted, truth (Q, 2), start and end in seconds.

    >>> overlaps(np.array([[0.0, 4.0]]), np.array([[2.0, 6.0]]))
    array([0.33333333])
    """
    shared = np.minimum(predicted[:, 1], truth[:, 1]) - np.maximum(predicted[:, 0], truth[:, 0])
    union = np.maximum(predicted[:, 1], truth[:, 1]) - np.minimum(predicted[:, 0], truth[:, 0])
    return np.clip(shared, 0.0, None) / np.maximum(union, 1e-9)


def moment_report(fits: Array, levels: Sequence[float] = (0.3, 0.5, 0.7)) -> Numbers:
    """R1@IoU and mean IoU in per cent, from the overlap of each query's first moment with its true one (Q,)."""
    recall = {f"R1@{level:g}": 100.0 * float(np.mean(fits >= level)) for level in levels}
    return recall | {"mIoU": 100.0 * float(np.mean(fits))}


def localise_row(
    curves: Curves, row: int, columns: Sequence[int], videos: PackedVideos, how: Localise
) -> Array:
    """The first moment of query `row` in each of the videos `columns` of `curves`: (len(columns), 2) in seconds.

    curves are those of all videos in `videos`, on the CPU.
    """
    found = []
    for column in columns:
        real = videos.batch.frame_mask[column].cpu()
        found.append(
            how(
                curves.clip[row, column].double().numpy(),
                curves.frame[row, column][real].double().numpy(),
                videos.clip_times[column].double().numpy(),
                videos.frame_times[column][real].double().numpy(),
                float(videos.durations[column]),
            )
        )
    return np.array(found)
