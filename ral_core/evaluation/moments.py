"""How well predicted moments fit the true ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.evaluation.scoring import Chunks, encode_queries
from ral_core.evaluation.splits import Split
from ral_core.models import PRVRModel

Array = NDArray[np.floating]
Numbers = dict[str, float]
Localise = Callable[[Array, Array, Array, Array, float, str], tuple[float, float]]
"""(clip curve (C,), frame curve (F,), clip times, frame times, duration, query) to (start, end), all in seconds."""


def overlaps(predicted: Array, truth: Array) -> Array:
    """Intersection over union of moments, row by row: (Q,). predicted, truth (Q, 2), start and end in seconds.

    >>> overlaps(np.array([[0.0, 4.0]]), np.array([[2.0, 6.0]]))
    array([0.33333333])
    """
    shared = np.minimum(predicted[:, 1], truth[:, 1]) - np.maximum(predicted[:, 0], truth[:, 0])
    union = np.maximum(predicted[:, 1], truth[:, 1]) - np.minimum(predicted[:, 0], truth[:, 0])
    return np.clip(shared, 0.0, None) / np.maximum(union, 1e-9)


def moment_report(fits: Array, levels: Sequence[float] = (0.3, 0.5, 0.7)) -> Numbers:
    """R1@IoU and mean IoU in per cent, from the overlap of each query's first moment with its true one (Q,).

    Queries whose moment is not known (nan) do not count; without any other there are no numbers.
    """
    fits = fits[np.isfinite(fits)]
    if not len(fits):
        return {}
    recall = {f"R1@{level:g}": 100.0 * float(np.mean(fits >= level)) for level in levels}
    return recall | {"mIoU": 100.0 * float(np.mean(fits))}


@torch.inference_mode()
def own_moments(model: PRVRModel, split: Split, localise: Localise, chunks: Chunks) -> Array:
    """The first moment that is found for each query in its own video, (Q, 2) in seconds; nan where none is known.

    Captions lie grouped by video, so a chunk of queries needs the curves of few videos.
    """
    device, timed = next(model.parameters()).device, split.timed
    found = np.full((len(split.captions), 2), np.nan)
    for rows, queries in encode_queries(model, split, chunks, device):
        columns, place = np.unique(split.owner[rows.start : rows.stop], return_inverse=True)
        videos = split.videos.rows(torch.as_tensor(columns)).to(device)
        curves = model.curves(queries, model.encode_video(videos)).to("cpu")
        counts = videos.frame_mask.sum(1).tolist()
        for query in np.flatnonzero(timed[rows.start : rows.stop]):
            video = int(place[query])
            clip, frame = curves.clip[query, video], curves.frame[query, video, : counts[video]]
            clock = split.clock(int(columns[video]), len(clip), len(frame))
            found[rows.start + query] = localise(
                clip.double().numpy(),
                frame.double().numpy(),
                clock.clips,
                clock.frames,
                clock.duration,
                split.captions[rows.start + query].text,
            )
    return found


def own_overlaps(model: PRVRModel, split: Split, localise: Localise, chunks: Chunks) -> Array:
    """How well the moments of `own_moments` fit the true ones, (Q,) intersection over union; nan where not known."""
    truth = np.array([(caption.start, caption.end) for caption in split.captions])
    return overlaps(own_moments(model, split, localise, chunks), truth)
