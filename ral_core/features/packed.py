"""A whole split as a few big arrays, pooled and normalised once, so that a batch is only a gather."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from ral_core.features.pooling import pool_rows, unit_rows
from ral_core.features.store import FeatureStore
from ral_core.files import replacing
from ral_core.tensors import QueryBatch, VideoBatch

Say = Callable[[str], None]
CHUNK = 2048
"""Sentences encoded before the next line of progress."""
PARTS, WHOLE = ("vectors", "offsets", "characters"), "sentences"


class EncodesText(Protocol):
    """What is needed of a text encoder here."""

    @property
    def id(self) -> str: ...
    @property
    def width(self) -> int: ...
    def encode(self, texts: list[str]) -> Sequence[HasVectors]: ...


class Videos(Protocol):
    """V videos that give batches of their features: kept in memory, or read when asked for."""

    @property
    def ids(self) -> tuple[str, ...]: ...
    @property
    def width(self) -> int: ...
    @property
    def device(self) -> torch.device: ...
    @property
    def lazy(self) -> bool: ...
    def __len__(self) -> int: ...
    def to(self, device: torch.device | str) -> Videos: ...
    def rows(self, which: Tensor) -> VideoBatch: ...


class Words(Protocol):
    """The words of Q sentences, given in batches."""

    @property
    def width(self) -> int: ...
    def __len__(self) -> int: ...
    def to(self, device: torch.device | str) -> Words: ...
    def pieces(self, row: int) -> list[tuple[int, int]]: ...
    def rows(self, which: Tensor, max_words: int) -> QueryBatch: ...
    def batches(self, size: int, max_words: int) -> Iterator[QueryBatch]: ...


class HasVectors(Protocol):
    """One encoded sentence: `vectors` (W, Dt) of pieces that cover the characters `offsets`."""

    @property
    def vectors(self) -> NDArray[np.float32]: ...
    @property
    def offsets(self) -> Sequence[tuple[int, int]]: ...


@dataclass(frozen=True)
class PackedVideos:
    """All videos of a split, in the order of `ids`."""

    ids: tuple[str, ...]
    batch: VideoBatch  # every video; clips (V, C, Dv), frames (V, F, Dv)
    frame_times: Tensor  # (V, F) seconds, 0 where padded
    clip_times: Tensor  # (V, C) seconds, the mean time of each clip's frames
    durations: Tensor  # (V,) seconds
    lazy = False

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def device(self) -> torch.device:
        """Where the features are."""
        return self.batch.frames.device

    def rows(self, which: Tensor) -> VideoBatch:
        """The videos at the positions `which` (V,)."""
        return self.batch.rows(which.to(self.device))

    @property
    def width(self) -> int:
        """Width of the visual features."""
        return self.batch.frames.shape[-1]

    def to(self, device: torch.device | str) -> PackedVideos:
        """The same videos with their features on `device`; times stay where they are."""
        return replace(self, batch=self.batch.to(device))


def pack_videos(
    store: FeatureStore,
    ids: Sequence[str] | None = None,
    *,
    clips: int,
    max_frames: int,
    legacy_bins: bool = False,
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
        frames, times = video.frames, video.times[:, None]
        batch.clips[row] = unit_rows(torch.from_numpy(pool_rows(frames, clips, legacy=legacy_bins)))
        clip_times[row] = torch.from_numpy(pool_rows(times, clips, legacy=legacy_bins))[:, 0]
        if len(frames) > max_frames:
            frames, times = (pool_rows(rows, max_frames, legacy=legacy_bins) for rows in (frames, times))
        batch.frames[row, : len(frames)] = unit_rows(torch.from_numpy(frames))
        batch.frame_mask[row, : len(frames)] = True
        frame_times[row, : len(frames)] = torch.from_numpy(times)[:, 0]
        durations[row] = video.duration
    return PackedVideos(ids, batch, frame_times, clip_times, durations)


@dataclass(frozen=True)
class PackedWords:
    """The word features of many sentences, end to end in one array."""

    vectors: Tensor  # (total words, Dt), normalised
    offsets: Tensor  # (Q + 1,) int64: sentence q is rows offsets[q] to offsets[q + 1]
    characters: Tensor  # (total words, 2) int64: start and end of each piece in its sentence
    sentences: Tensor | None = None  # (Q, Dt) each sentence as a whole, where the encoder makes one

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def width(self) -> int:
        """Width of the word features."""
        return self.vectors.shape[-1]

    def to(self, device: torch.device | str) -> PackedWords:
        """The same words on `device`."""
        whole = None if self.sentences is None else self.sentences.to(device)
        return replace(
            self, vectors=self.vectors.to(device), offsets=self.offsets.to(device), sentences=whole
        )

    def pieces(self, row: int) -> list[tuple[int, int]]:
        """The characters that each piece of one sentence covers."""
        spans = self.characters[int(self.offsets[row]) : int(self.offsets[row + 1])]
        return [(int(start), int(end)) for start, end in spans.tolist()]

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
        whole = None if self.sentences is None else self.sentences[which].float()
        return QueryBatch(self.vectors[places].float() * mask[..., None], mask, whole)

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
    spans: list[tuple[int, int]] = []
    wholes: list[Tensor] = []
    for start in range(0, len(texts), CHUNK):
        for item in encoder.encode(list(texts[start : start + CHUNK])):
            rows.append(unit_rows(torch.as_tensor(item.vectors)).half())
            spans += item.offsets
            if (whole := getattr(item, "sentence", None)) is not None:
                wholes.append(unit_rows(torch.as_tensor(whole)).half())
        if say is not None and len(texts) > CHUNK:
            say(f"encoded {len(rows)} of {len(texts)} captions")
    lengths = torch.tensor([0] + [len(row) for row in rows])
    sentences = torch.stack(wholes) if wholes else None
    packed = PackedWords(torch.cat(rows), lengths.cumsum(0), torch.tensor(spans).reshape(-1, 2), sentences)
    if file is not None:
        with replacing(file) as temporary:
            parts = {name: getattr(packed, name) for name in (*PARTS, WHOLE)}
            save_file({name: part for name, part in parts.items() if part is not None}, temporary)
    return packed


def _fingerprint(encoder: str, texts: Sequence[str]) -> str:
    return hashlib.sha256("\n".join([encoder, *texts]).encode()).hexdigest()[:16]


def _read(file: Path) -> PackedWords | None:
    """The cached words, or None when there are none or they cannot be read (they are then made again)."""
    try:
        with safe_open(file, framework="pt") as saved:
            names = (*PARTS, WHOLE) if WHOLE in saved.keys() else PARTS  # noqa: SIM118 - no dictionary
            return PackedWords(*(saved.get_tensor(name) for name in names))
    except (OSError, SafetensorError):
        return None
