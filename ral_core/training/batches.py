"""Training batches: videos with some of their captions, as tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
import torch
from torch import Tensor

from ral_core.errors import DataError
from ral_core.evaluation.splits import Split
from ral_core.features.packed import Videos, Words
from ral_core.tensors import QueryBatch, TensorRecord, VideoBatch

Part = TypeVar("Part")


@dataclass(frozen=True)
class TrainBatch(TensorRecord):
    """V videos with Q queries written for them; the queries of one video are contiguous."""

    videos: VideoBatch
    queries: QueryBatch
    owner: Tensor  # (Q,) int64, the row in `videos` of each query's video; never decreases

    def __len__(self) -> int:
        return len(self.videos)


@dataclass(frozen=True)
class CaptionedVideos:
    """A training split: every sample is one video with N of its captions.

    `captions_per_video` draws that many without replacement, anew each epoch; None takes all, as the papers do.
    """

    videos: Videos
    words: Words  # grouped by video, in the order of `videos`
    first: np.ndarray  # (V + 1,) int64: the captions of video v are first[v] to first[v + 1]
    batch_videos: int
    max_words: int
    captions_per_video: int | None = None

    @classmethod
    def of(cls, split: Split, batch_videos: int, max_words: int, captions_per_video: int | None) -> Self:
        """The training data of a split. Raises DataError when a video has no caption."""
        first = split.first
        bare = np.flatnonzero(np.diff(first) == 0)
        if len(bare):
            video_id = split.videos.ids[bare[0]]
            raise DataError(f"{split.name}: video {video_id!r} has no caption, so it cannot be trained on.")
        return cls(split.videos, split.words, first, batch_videos, max_words, captions_per_video)

    def __len__(self) -> int:
        """How many batches an epoch has; the last one may be smaller."""
        return -(-len(self.videos) // self.batch_videos)

    def to(self, device: torch.device | str) -> CaptionedVideos:
        """The same data with its features on `device`, so that no batch has to travel."""
        return replace(self, videos=self.videos.to(device), words=self.words.to(device))

    def epoch(self, seed: int, epoch: int, start: int = 0) -> Iterator[TrainBatch]:
        """The batches of one epoch from number `start` on; those read from disk are read one ahead.

        Order and captions depend on (seed, epoch) alone: whoever starts in the middle meets the same batches.
        """
        plan = self._plan(seed, epoch, start)
        if not self.videos.lazy:
            return (self.batch(*part) for part in plan)
        return one_ahead(lambda part: self.batch(*part), plan)

    def _plan(self, seed: int, epoch: int, start: int) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """What each batch is made of: videos, captions, and how many of them each video has."""
        random = np.random.default_rng((seed, epoch))
        order = random.permutation(len(self.videos))
        chosen, counts = self._choose(random)
        begins = np.concatenate([[0], np.cumsum(counts)])
        for at in range(start * self.batch_videos, len(order), self.batch_videos):
            which = order[at : at + self.batch_videos]
            captions = chosen[_ragged_ranges(begins[which], counts[which])]
            yield which, captions, counts[which]

    def batch(self, which: np.ndarray, captions: np.ndarray, counts: np.ndarray) -> TrainBatch:
        """The batch of videos `which` (V,) with `captions` (Q,), of which counts[v] belong to the v-th."""
        owner = torch.repeat_interleave(torch.arange(len(which)), torch.as_tensor(counts))
        return TrainBatch(
            videos=self.videos.rows(torch.as_tensor(which)),
            queries=self.words.rows(torch.as_tensor(captions), self.max_words),
            owner=owner.to(self.videos.device),
        )

    def _choose(self, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Caption positions grouped by video, and how many each video has: N drawn, or all of them in order."""
        counts = np.diff(self.first)
        if self.captions_per_video is None:
            return np.arange(self.first[-1]), counts
        video = np.repeat(np.arange(len(counts)), counts)
        shuffled = np.lexsort((random.random(len(video)), video))  # grouped by video, at random within one
        place = np.arange(len(video)) - self.first[video]
        return shuffled[place < self.captions_per_video], np.minimum(counts, self.captions_per_video)


def one_ahead(make: Callable[[Part], TrainBatch], parts: Iterable[Part]) -> Iterator[TrainBatch]:
    """make(part) of every part, in order, the next one made in a thread while the present one is used."""
    with ThreadPoolExecutor(1) as worker:
        waiting = None
        for part in parts:
            coming = worker.submit(make, part)
            if waiting is not None:
                yield waiting.result()
            waiting = coming
        if waiting is not None:
            yield waiting.result()


def _ragged_ranges(begins: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The numbers of several ranges, one after the other.

    >>> _ragged_ranges(np.array([5, 0]), np.array([2, 3])).tolist()
    [5, 6, 0, 1, 2]
    """
    before = np.cumsum(counts) - counts
    return np.repeat(begins - before, counts) + np.arange(counts.sum())
