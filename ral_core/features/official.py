"""A published data set as what training and evaluation take: batches are read from its files when they are needed.

The features of TVR alone fill tens of gigabytes, so nothing but names is kept in memory: a batch of videos is one
gather from the mapped file and a pass of pooling, a few videos at a time, in float64 until the end as in the
official loader. No packed copy is made: pooled to 32 clips and 128 frames TVR would still take 34 GB, and what the
system keeps of the mapped file serves every later epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ral_core.data.hdf5 import ArrayFile
from ral_core.data.official import FrameFeatures
from ral_core.errors import DataError
from ral_core.features.pooling import pool_ragged, unit_rows
from ral_core.tensors import QueryBatch, VideoBatch, pad_stack

CPU = torch.device("cpu")
GROUP = 16
"""Videos pooled together: their float64 frames are what a batch needs beside itself."""


@dataclass(frozen=True)
class OfficialVideos:
    """V videos whose frames stay on disk."""

    ids: tuple[str, ...]
    frames: FrameFeatures
    clips: int
    max_frames: int
    legacy_bins: bool = False
    stretch: bool = False
    """Pool every video to `max_frames` frames, repeating those of short ones, as MSC's loader does."""
    device: torch.device = CPU
    lazy = True

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def width(self) -> int:
        """Width of the visual features."""
        return self.frames.width

    def to(self, device: torch.device | str) -> OfficialVideos:
        """The same videos, whose batches come on `device`."""
        return replace(self, device=torch.device(device))

    def rows(self, which: Tensor) -> VideoBatch:
        """The videos at the positions `which` (V,), read and pooled now (spec 1.4).

        Raises DataError, naming video and frame, for features that are not finite.
        """
        ids = [self.ids[row] for row in which.tolist()]
        groups = [self._pooled(ids[at : at + GROUP]) for at in range(0, len(ids), GROUP)]
        longest = max(group.frames.shape[1] for group in groups)
        frames = torch.zeros(len(ids), longest, self.width)
        mask = torch.zeros(len(ids), longest, dtype=torch.bool)
        for number, group in enumerate(groups):
            rows = slice(number * GROUP, number * GROUP + len(group.frames))
            frames[rows, : group.frames.shape[1]] = group.frames
            mask[rows, : group.frames.shape[1]] = group.frame_mask
        return VideoBatch(torch.cat([group.clips for group in groups]), frames, mask).to(self.device)

    def _pooled(self, ids: list[str]) -> VideoBatch:
        raw, lengths = self.frames.read(ids)
        self._check(raw, lengths, ids)
        clips = unit_rows(pool_ragged(raw, lengths, self.clips, legacy=self.legacy_bins))
        frames, mask = self._frames(raw, lengths)
        return VideoBatch(
            torch.from_numpy(clips.astype(np.float32)), torch.from_numpy(frames), torch.from_numpy(mask)
        )

    def _frames(
        self, raw: np.ndarray, lengths: np.ndarray
    ) -> tuple[np.ndarray[tuple[int, int, int], np.dtype[np.float32]], np.ndarray]:
        """Frames (V, F, Dv), normalised, and their mask (V, F): F is the most that a video of these has."""
        pooled = np.full(len(lengths), self.stretch) | (lengths > self.max_frames)
        kept = np.where(pooled, self.max_frames, lengths)
        mask = np.arange(kept.max()) < kept[:, None]
        frames = np.zeros((*mask.shape, self.width), dtype=np.float32)
        own = np.repeat(np.arange(len(lengths)), lengths)
        if pooled.any():
            long = pool_ragged(raw[pooled[own]], lengths[pooled], self.max_frames, legacy=self.legacy_bins)
            frames[pooled, : self.max_frames] = unit_rows(long)
        short = raw[~pooled[own]].astype(np.float64)
        frames[mask & ~pooled[:, None]] = unit_rows(short)
        return frames, mask

    def _check(self, raw: np.ndarray, lengths: np.ndarray, ids: list[str]) -> None:
        bad = np.flatnonzero(~np.isfinite(raw).all(1))
        if len(bad):
            video = int(np.searchsorted(np.cumsum(lengths), bad[0], side="right"))
            frame = int(bad[0] - np.cumsum(lengths)[video] + lengths[video])
            raise DataError(
                f"{self.frames.name}: frame {frame} of video {ids[video]!r} holds a number that is not finite; "
                "extract the video again or leave it out."
            )


@dataclass(frozen=True)
class OfficialWords:
    """The words of Q captions, which stay on disk."""

    ids: tuple[str, ...]
    file: ArrayFile
    device: torch.device = CPU
    keep_last: bool = False
    """Of too long captions keep the last row, which in CLIP sums up the sentence."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def width(self) -> int:
        """Width of the word features."""
        return self.file.width

    def to(self, device: torch.device | str) -> OfficialWords:
        """The same captions, whose batches come on `device`."""
        return replace(self, device=torch.device(device))

    def pieces(self, row: int) -> list[tuple[int, int]]:
        """Nothing: which characters a word stands for is not published."""
        return []

    def rows(self, which: Tensor, max_words: int) -> QueryBatch:
        """The captions at the positions `which` (Q,), normalised and cut to `max_words` words.

        Raises DataError, naming the caption, for features that are not finite.
        """
        rows = [self._read(self.ids[row], max_words) for row in which.tolist()]
        words, mask = pad_stack(rows)
        return QueryBatch(words, mask).to(self.device)

    def _read(self, name: str, max_words: int) -> Tensor:
        raw = self.file.read(name, None if self.keep_last else max_words)
        if raw.shape[1] != self.width:
            raise DataError(
                f"{self.file.path}: the words of {name!r} are {raw.shape[1]} wide, others {self.width}."
            )
        bad = np.flatnonzero(~np.isfinite(raw).all(1))
        if len(bad):
            raise DataError(
                f"{self.file.path}: the words of {name!r} hold a number that is not finite, in row {bad[0]}."
            )
        if len(raw) > max_words:
            raw = np.concatenate([raw[: max_words - 1], raw[-1:]])
        return torch.from_numpy(unit_rows(raw.astype(np.float64)).astype(np.float32))

    def batches(self, size: int, max_words: int) -> Iterator[QueryBatch]:
        """All captions in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.rows(torch.arange(start, min(start + size, len(self))), max_words)
