"""The small types that travel between the rooms: batches in, tokens between, scores out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence


class TensorRecord:
    """What every record of tensors can do: move to a device, take rows."""

    def to(self, device: torch.device | str) -> Self:
        """The same record with every tensor on `device`."""
        return self._map(lambda value: value.to(device))

    def rows(self, which: Tensor | slice) -> Self:
        """The record of the given rows only."""
        return self._map(lambda value: value[which])

    def _map(self, change) -> Self:  # type: ignore[no-untyped-def]
        tensors = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        changed = {k: change(v) for k, v in tensors.items() if isinstance(v, Tensor)}
        return replace(self, **changed)  # type: ignore[type-var]


@dataclass(frozen=True)
class VideoBatch(TensorRecord):
    """V videos as features."""

    clips: Tensor  # (V, C, Dv) equal segments, pooled and normalised
    frames: Tensor  # (V, F, Dv) normalised, zero where padded
    frame_mask: Tensor  # (V, F) bool
    clip_sizes: Tensor | None = (
        None  # (V, C) frames merged into each clip, where clips are not equal segments
    )
    clip_labels: Tensor | None = None  # (V, F) int64 the clip of each frame, given with `clip_sizes`
    segments: Tensor | None = None  # (V, C) int64 the set of alike clips that each belongs to, where planned

    def __len__(self) -> int:
        return len(self.clips)


@dataclass(frozen=True)
class QueryBatch(TensorRecord):
    """Q sentences as word features."""

    words: Tensor  # (Q, W, Dt) normalised, zero where padded
    word_mask: Tensor  # (Q, W) bool
    sentence: Tensor | None = None  # (Q, Dt) each sentence as a whole, where the encoder makes one

    def __len__(self) -> int:
        return len(self.words)


@dataclass(frozen=True)
class VideoTokens(TensorRecord):
    """V encoded videos."""

    clips: Tensor  # (V, C, D)
    frames: Tensor  # (V, F, D)
    frame_mask: Tensor  # (V, F) bool
    clip_spans: Tensor | None = None  # (V, C, 2) start and end of each clip in 0..1, unless equal segments

    def __len__(self) -> int:
        return len(self.clips)


@dataclass(frozen=True)
class QueryTokens(TensorRecord):
    """Q encoded sentences; `words` only where the model has a word branch."""

    sentence: Tensor  # (Q, D)
    word_mask: Tensor  # (Q, W) bool
    words: Tensor | None = None  # (Q, W, D)

    def __len__(self) -> int:
        return len(self.sentence)


@dataclass(frozen=True)
class Scores(TensorRecord):
    """How well each query fits each video, by branch; higher is better."""

    clip: Tensor  # (Q, V)
    frame: Tensor  # (Q, V)

    def total(self, clip_weight: float, frame_weight: float) -> Tensor:
        """The fused score (Q, V)."""
        return clip_weight * self.clip + frame_weight * self.frame


@dataclass(frozen=True)
class Curves(TensorRecord):
    """The scores before the maximum over time."""

    clip: Tensor  # (Q, V, C)
    frame: Tensor  # (Q, V, F), -inf where the frame is padding


@dataclass(frozen=True)
class Gaussian(TensorRecord):
    """Diagonal normal distributions, one per row."""

    mean: Tensor  # (B, D)
    log_var: Tensor  # (B, D), the log of the variance, not of the deviation

    @property
    def std(self) -> Tensor:
        """Standard deviations (B, D)."""
        return (0.5 * self.log_var).exp()

    @property
    def var(self) -> Tensor:
        """Variances (B, D)."""
        return self.log_var.exp()

    def proxies(self, noise: Tensor) -> Tensor:
        """Samples (B, K, D) made from standard-normal `noise` (B, K, D); gradients reach both parameters."""
        return self.mean[:, None] + self.std[:, None] * noise


def pad_stack(rows: Sequence[Tensor], length: int | None = None) -> tuple[Tensor, Tensor]:
    """Stack B tensors (L_i, D) into (B, L, D), zero padded, and say what is real: (B, L) bool.

    `length` sets L; by default it is the longest row's.
    """
    lengths = torch.tensor([len(row) for row in rows])
    longest = int(lengths.max()) if length is None else length
    padded = pad_sequence(list(rows), batch_first=True)
    if padded.shape[1] > longest:
        raise ValueError(f"a row of {padded.shape[1]} items does not fit into length {longest}")
    padded = torch.nn.functional.pad(padded, (0, 0, 0, longest - padded.shape[1]))
    return padded, torch.arange(longest) < lengths[:, None]
