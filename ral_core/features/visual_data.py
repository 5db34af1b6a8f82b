"""Labelled frames to train the visual encoder on: decoded once, kept in memory, gathered by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ral_core.data.videos import read_frames
from ral_core.errors import DataError
from ral_core.features.visual import grey

UNKNOWN = -100
"""The class of a frame that has none; cross-entropy leaves it out."""

Labels = Mapping[str, str | Sequence[str] | None]
"""What one frame shows, by group: one value, several (in groups with `many`), or None where there is no telling."""


@dataclass(frozen=True)
class LabelGroup:
    """A question about a frame and its possible answers."""

    name: str
    values: tuple[str, ...]
    many: bool = False
    """Whether several answers can be true at once."""
    weight: float = 1.0
    """How much it counts in training."""


@dataclass(frozen=True)
class LabelledVideo:
    """A video made of runs of frames, with what each frame shows."""

    path: Path
    fps: float
    run: int
    """Frames in one run; the first and last of a run only serve as neighbours."""
    labels: tuple[Labels | None, ...]  # one for each frame; None makes it no example
    places: tuple[tuple[float, float] | None, ...] = ()
    """Where the main actor is, as shares of width and height; may be left out."""
    heldout: tuple[bool, ...] = ()
    """Whether a frame shows a combination that training never sees; may be left out."""

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Batch:
    """B frames with their neighbours and labels."""

    pictures: Tensor  # (B, 3, H, W) from 0 to 1
    greys: Tensor  # (B, 3, H, W) from 0 to 1: before, now, after
    targets: dict[str, Tensor]  # (B,) int64, or (B, values) float where several can be true
    places: Tensor  # (B, 2), NaN where unknown

    def __len__(self) -> int:
        return len(self.pictures)


@dataclass(frozen=True)
class LabelledFrames:
    """N decoded frames; `centres` are those with both neighbours, which can be examples."""

    pictures: NDArray[np.uint8]  # (N, H, W, 3)
    greys: NDArray[np.uint8]  # (N, H, W)
    targets: dict[str, Tensor]
    places: Tensor  # (N, 2)
    heldout: NDArray[np.bool_]  # (N,)
    centres: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.centres)

    def batch(self, which: NDArray[np.int64]) -> Batch:
        """The examples with these numbers, from 0 to len(self)."""
        frames = self.centres[which]
        around = frames[:, None] + np.array([-1, 0, 1])
        rows = torch.from_numpy(frames)
        return Batch(
            pictures=torch.from_numpy(self.pictures[frames]).permute(0, 3, 1, 2).float() / 255,
            greys=torch.from_numpy(self.greys[around]).float() / 255,
            targets={name: values[rows] for name, values in self.targets.items()},
            places=self.places[rows],
        )


def load_frames(
    videos: Sequence[LabelledVideo], groups: Sequence[LabelGroup], size: tuple[int, int], jobs: int = 2
) -> LabelledFrames:
    """Decode all videos to `size` (width, height). Raises DataError where frames and labels do not match."""
    starts = np.cumsum([0] + [len(video) for video in videos])
    pictures = np.empty((starts[-1], size[1], size[0], 3), np.uint8)
    greys = np.empty((starts[-1], size[1], size[0]), np.uint8)

    def decode(number: int) -> None:
        video = videos[number]
        images = read_frames(video.path, fps=video.fps, size=size).images
        if len(images) != len(video):
            raise DataError(
                f"{video.path} holds {len(images)} frames, but labels for {len(video)}; make it again."
            )
        pictures[starts[number] : starts[number + 1]] = images
        greys[starts[number] : starts[number + 1]] = grey(images)

    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(decode, range(len(videos))))
    inner = [np.arange(len(video)) % video.run for video in videos]
    ends = [(place > 0) & (place < video.run - 1) for place, video in zip(inner, videos, strict=True)]
    labels = [row for video in videos for row in video.labels]
    usable = np.array([row is not None for row in labels])
    places = [place for video in videos for place in (video.places or [None] * len(video))]
    heldout = [flag for video in videos for flag in (video.heldout or [False] * len(video))]
    return LabelledFrames(
        pictures=pictures,
        greys=greys,
        targets={group.name: encode_labels([row or {} for row in labels], group) for group in groups},
        places=torch.tensor([place or (torch.nan, torch.nan) for place in places]),
        heldout=np.array(heldout),
        centres=np.flatnonzero(np.concatenate(ends) & usable),
    )


def encode_labels(labels: Sequence[Labels], group: LabelGroup) -> Tensor:
    """One group's answers for N frames: classes (N,) int64 with UNKNOWN, or (N, values) of zeros and ones.

    Raises DataError for a value that the group does not have.
    """
    number = {value: column for column, value in enumerate(group.values)}
    answers = [_answers(row.get(group.name)) for row in labels]
    try:
        if not group.many:
            return torch.tensor([number[answer[0]] if answer else UNKNOWN for answer in answers])
        table = torch.zeros(len(labels), len(group.values))
        for line, answer in enumerate(answers):
            table[line, [number[value] for value in answer]] = 1.0
        return table
    except KeyError as value:
        raise DataError(f"The label group {group.name!r} has no value {value}.") from None


def _answers(answer: str | Sequence[str] | None) -> Sequence[str]:
    if answer is None:
        return ()
    return (answer,) if isinstance(answer, str) else answer


def augment(batch: Batch, random: torch.Generator) -> Batch:
    """The batch as another camera and codec might have shown it: cut, mirrored, lit, blurred and noisy.

    All pictures of a batch are cut alike, which is cheap and varied enough over many batches.
    """
    size = batch.pictures.shape[-2:]
    zoom, across, down = torch.rand(3, generator=random).tolist()
    height, width = round(size[0] * (1 - 0.2 * zoom)), round(size[1] * (1 - 0.2 * zoom))
    top, left = round(down * (size[0] - height)), round(across * (size[1] - width))

    def cut(images: Tensor) -> Tensor:
        part = images[..., top : top + height, left : left + width]
        return F.interpolate(part, size, mode="bilinear", align_corners=False)

    count = len(batch)
    mirrored = torch.rand(count, generator=random) < 0.5
    gain = 0.8 + 0.4 * torch.rand(count, 1, 1, 1, generator=random)
    shift = 0.16 * torch.rand(count, 1, 1, 1, generator=random) - 0.08
    blur = float(torch.rand(1, generator=random)) * 0.7
    noise = 0.03 * float(torch.rand(1, generator=random))

    greys = cut_across(batch.greys, random)

    def film(images: Tensor) -> Tensor:
        images = cut(images)
        images = torch.where(mirrored[:, None, None, None], images.flip(-1), images)
        images = torch.lerp(images, F.avg_pool2d(images, 3, 1, 1, count_include_pad=False), blur)
        grain = noise * torch.randn(
            images.shape[1:], generator=random
        )  # the same for all: drawing it is slow
        return images * gain + shift + grain

    frame = torch.tensor([left / size[1], top / size[0]])
    places = (batch.places - frame) * torch.tensor([size[1] / width, size[0] / height])
    places[:, 0] = torch.where(mirrored, 1 - places[:, 0], places[:, 0])
    return Batch(film(batch.pictures), film(greys), batch.targets, places)


def cut_across(greys: Tensor, random: torch.Generator, share: float = 0.08) -> Tensor:
    """Put a picture of another example before or after some moments, as where films are cut. (B, 3, H, W)."""
    greys = greys.clone()
    for side in (0, 2):
        rows = torch.rand(len(greys), generator=random) < share / 2
        greys[rows, side] = greys.roll(1, 0)[rows, 1]
    return greys
