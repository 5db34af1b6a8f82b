"""A whole split as a few big arrays, pooled and normalised once, so that a batch is only a gather."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ral_core.features.pooling import pool_rows, unit_rows
from ral_core.features.store import FeatureStore
from ral_core.files import replacing
from ral_core.tensors import QueryBatch, VideoBatch

Say = Callable[[str], None]


class EncodesText(Protocol):
    """What is needed of a text encoder here."""

    @property
    def id(self) -> str: ...
    @property
    def width(self) -> int: ...
    def encode(self, texts: list[str]) -> Sequence[HasVectors]: ...


class HasVectors(Protocol):
    """One encoded sentence: `vectors` (W, Dt)."""

    @property
    def vectors(self) -> np.ndarray: ...


@dataclass(frozen=True)
class PackedVideos:
    """All videos of a split, in the order of `ids`."""

    ids: tuple[str, ...]
    batch: VideoBatch  # every video; clips (V, C, Dv), frames (V, F, Dv)
    frame_times: Tensor  # (V, F) seconds, 0 where padded
    clip_times: Tensor  # (V, C) seconds, the mean time of each clip's frames
    durations: Tensor  # (V,) seconds

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def width(self) -> int:
        """Width of the visual features."""
        return self.batch.frames.shape[-1]

    def to(self, device: torch.device | str) -> PackedVideos:
        """The same videos with their features on `device`; times stay where they are."""
        return replace(self, batch=self.batch.to(device))


def pack_videos(
    store: FeatureStore, ids: Sequence[str] | None = None, *, clips: int, max_frames: int
) -> PackedVideos:
    """Pool every video once to `clips` clips and at most `max_frames` frames, normalised (spec 1.4).

    A video with more frames than `max_frames` is pooled to that many; its frame times are pooled alike.
    """
    ids = tuple(store.ids if ids is None else ids)
    batch = VideoBatch(
        clips=torch.zeros(len(ids), clips, store.width),
        frames=torch.zeros(len(ids), max_frames, store.width),
        frame_mask=torch.zeros(len(ids), max_frames, dtype=torch.bool),
    )
    frame_times, clip_times = torch.zeros(len(ids), max_frames), torch.zeros(len(ids), clips)
    durations = torch.zeros(len(ids))
    for row, video_id in enumerate(ids):
        video = store.video(video_id)
        count = min(len(video.frames), max_frames)
        fits = len(video.frames) <= max_frames
        frames = video.frames if fits else pool_rows(video.frames, max_frames)
        times = video.times[:, None]
        batch.clips[row] = torch.as_tensor(unit_rows(pool_rows(video.frames, clips)))
        batch.frames[row, :count] = torch.as_tensor(unit_rows(frames))
        batch.frame_mask[row, :count] = True
        frame_times[row, :count] = torch.as_tensor(times if fits else pool_rows(times, max_frames))[:, 0]
        clip_times[row] = torch.as_tensor(pool_rows(times, clips))[:, 0]
        durations[row] = video.duration
    return PackedVideos(ids, batch, frame_times, clip_times, durations)


@dataclass(frozen=True)
class PackedWords:
    """The word features of many sentences, end to end in one array."""

    vectors: Tensor  # (total words, Dt), normalised
    offsets: Tensor  # (Q + 1,) int64: sentence q is rows offsets[q] to offsets[q + 1]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def width(self) -> int:
        """Width of the word features."""
        return self.vectors.shape[-1]

    def to(self, device: torch.device | str) -> PackedWords:
        """The same words on `device`."""
        return PackedWords(self.vectors.to(device), self.offsets.to(device))

    def rows(self, which: Tensor, max_words: int) -> QueryBatch:
        """The sentences at the positions `which` (Q,), padded to the longest of them: words (Q, W, Dt) float32.

        Each is cut to its first `max_words` words.
        """
        which = which.to(self.offsets.device)
        starts = self.offsets[which]
        lengths = (self.offsets[which + 1] - starts).clamp(max=max_words)
        steps = torch.arange(int(lengths.max()), device=starts.device)
        mask = steps < lengths[:, None]
        places = torch.where(mask, starts[:, None] + steps, 0)
        return QueryBatch(words=self.vectors[places].float() * mask[..., None], word_mask=mask)

    def batches(self, size: int, max_words: int) -> Iterator[QueryBatch]:
        """All sentences in order, `size` at a time."""
        for start in range(0, len(self), size):
            yield self.rows(torch.arange(start, min(start + size, len(self))), max_words)


def pack_words(
    encoder: EncodesText, texts: Sequence[str], *, cache: Path | None = None, say: Say | None = None
) -> PackedWords:
    """Encode sentences and keep their normalised word vectors in half precision.

    With `cache`, a folder, the result is kept there under a name made of the encoder and the sentences,
    and read from there the next time.
    """
    file = None if cache is None else cache / f"{_fingerprint(encoder.id, texts)}.safetensors"
    if file is not None and (known := _read(file)) is not None:
        return known
    rows: list[Tensor] = []
    for start in range(0, len(texts), 256):
        encoded = encoder.encode(list(texts[start : start + 256]))
        rows += [torch.as_tensor(unit_rows(item.vectors)).half() for item in encoded]
        if say is not None and (start // 256) % 20 == 19:
            say(f"encoded {len(rows)} of {len(texts)} captions")
    lengths = torch.tensor([0] + [len(row) for row in rows])
    packed = PackedWords(torch.cat(rows), lengths.cumsum(0))
    if file is not None:
        with replacing(file) as temporary:
            save_file({"vectors": packed.vectors, "offsets": packed.offsets}, temporary)
    return packed


def _fingerprint(encoder: str, texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([encoder, *texts]).encode()).hexdigest()[:16]


def _read(file: Path) -> PackedWords | None:
    """The cached words, or None when there are none or they cannot be read (they are then made again)."""
    try:
        with safe_open(file, framework="pt") as saved:
            return PackedWords(saved.get_tensor("vectors"), saved.get_tensor("offsets"))
    except (OSError, SafetensorError, KeyError):
        return None
