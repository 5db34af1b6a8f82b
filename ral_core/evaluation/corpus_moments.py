"""Moments over a whole corpus (VCMR) and within the right video (SVMR), in two stages.

First the ranking of videos, then in each of the best videos its moments, read from the score curve. An answer is a
video with a moment; it scores what its video scores less what its moment's peak lies below the video's best peak, so
a video's first moment stands where the video does, and a weaker moment of a good video can stand behind the best
moment of the next. The two stages are those of MS-SL++ (TPAMI 2025), which puts a moment model behind PRVR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.errors import DataError
from ral_core.evaluation.moments import overlaps
from ral_core.evaluation.scoring import Chunks, encode_queries, encode_videos
from ral_core.evaluation.splits import Split
from ral_core.models import PRVRModel
from ral_core.tensors import VideoTokens

Array = NDArray[np.floating]
Moments = Array
"""(M, 3): start and end in seconds, and the peak, of M moments of one video, best first."""
Locate = Callable[[Array, Array, Array, Array, float, str], Moments]
"""(clip curve, frame curve, clip times, frame times, duration, query) to moments."""
CUTOFFS = (1, 5, 10, 100)
LEVELS = (0.5, 0.7)
VIDEOS = 10
"""Videos whose moments are looked at, as in the paper's two-stage use."""


@torch.inference_mode()
def corpus_moment_report(
    model: PRVRModel, split: Split, total: Array, locate: Locate, chunks: Chunks | None = None
) -> dict[str, Any]:
    """R@k at IoU 0.5 and 0.7 in per cent: `VCMR` over the corpus, `SVMR` within each query's own video.

    total (Q, V): fused scores. An answer is right when it is a moment of the query's own video that overlaps the
    true one enough. Queries whose moment is not known do not count. Raises DataError when there is no other.
    """
    timed = split.timed
    if not timed.any():
        raise DataError(
            f"When the moments of {split.name} are is not known; give their annotations (--moments)."
        )
    chunks, device = chunks or Chunks(), next(model.parameters()).device
    videos = _joined(encode_videos(model, split, chunks, device))
    order = np.argsort(-total, axis=1, kind="stable")[:, :VIDEOS]
    corpus = np.full((len(split.captions), len(LEVELS)), np.inf)
    single = np.full_like(corpus, np.inf)
    for rows, queries in encode_queries(model, split, chunks, device):
        for place, row in enumerate(rows):
            if not timed[row]:
                continue
            own = int(split.owner[row])
            wanted = np.unique([*order[row], own])
            one = queries.rows(slice(place, place + 1))
            some = videos.rows(torch.as_tensor(wanted, device=device))
            curves, counts = model.curves(one, some).to("cpu"), some.frame_mask.sum(1).tolist()
            found = {
                int(video): _located(
                    curves.clip[0, at], curves.frame[0, at, : counts[at]], split, int(video), row, locate
                )
                for at, video in enumerate(wanted)
            }
            corpus[row] = first_right(split, row, {int(v): found[int(v)] for v in order[row]}, total[row])
            single[row] = first_right(split, row, {own: found[own]}, total[row])
    return {"VCMR": _recalls(corpus[timed]), "SVMR": _recalls(single[timed])}


def _joined(parts: Sequence[VideoTokens]) -> VideoTokens:
    """All videos in one record, padded to the longest."""
    longest = max(part.frames.shape[1] for part in parts)
    pad = torch.nn.functional.pad
    spans = [part.clip_spans for part in parts]
    return VideoTokens(
        torch.cat([part.clips for part in parts]),
        torch.cat([pad(part.frames, (0, 0, 0, longest - part.frames.shape[1])) for part in parts]),
        torch.cat([pad(part.frame_mask, (0, longest - part.frame_mask.shape[1])) for part in parts]),
        None if spans[0] is None else torch.cat([span for span in spans if span is not None]),
    )


def _located(
    clip: torch.Tensor, frame: torch.Tensor, split: Split, video: int, row: int, locate: Locate
) -> Moments:
    clock = split.clock(video, len(clip), len(frame))
    return locate(
        clip.double().numpy(),
        frame.double().numpy(),
        clock.clips,
        clock.frames,
        clock.duration,
        split.captions[row].text,
    )


def first_right(split: Split, row: int, found: dict[int, Moments], scores: Array) -> Array:
    """The rank (2,) of the first answer that is right at each overlap, inf where none is."""
    answers = [
        (scores[video] - (moments[0, 2] - peak), video, start, end)
        for video, moments in found.items()
        for start, end, peak in moments
    ]
    answers.sort(key=lambda answer: -answer[0])
    caption, own = split.captions[row], int(split.owner[row])
    windows = np.array([[start, end] for _, _, start, end in answers])
    truth = np.repeat([[caption.start, caption.end]], len(answers), axis=0)
    fits = np.where([video == own for _, video, _, _ in answers], overlaps(windows, truth), 0.0)
    right = fits[:, None] >= np.array(LEVELS)
    return np.where(right.any(0), 1 + right.argmax(0), np.inf)


def _recalls(ranks: Array) -> dict[str, float]:
    return {
        f"R@{k}, IoU {level:g}": 100.0 * float(np.mean(ranks[:, column] <= k))
        for column, level in enumerate(LEVELS)
        for k in CUTOFFS
    }
