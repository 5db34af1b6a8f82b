"""MS-SL++: MS-SL that keeps a few representative runs of clips instead of all of them.

Source: MS-SL++ (arXiv 2208.12510v2), in the form of its released code.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ral_core.models.config import ModelConfig
from ral_core.models.layers import Dropout
from ral_core.models.medoids import medoids_of
from ral_core.models.ms_sl import MSSL, run_means
from ral_core.tensors import VideoBatch, VideoTokens

CODE_WIDTH = 256


def length_code(lengths: int, device: torch.device | None = None) -> Tensor:
    """A fixed code (lengths, 256) for run lengths 1, 2, ...: sines and cosines in turn."""
    steps = torch.arange(CODE_WIDTH // 2, device=device)
    angle = torch.arange(lengths, device=device)[:, None] * 10000.0 ** (-2 * steps / CODE_WIDTH)
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)


def run_bounds(clips: int, device: torch.device | None = None) -> Tensor:
    """First and last clip (P, 2) of every run, in the order of `run_means`."""
    inside = run_means(clips, device) > 0
    first = inside.int().argmax(1)
    return torch.stack([first, first + inside.sum(1) - 1], 1)


class MSSLPlus(MSSL):
    """The candidates are K medoids of all runs of clips, chosen per video."""

    name: ClassVar[str] = "ms_sl_plus"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.cluster_drop = Dropout(config.input_drop)

    def encode_video(self, videos: VideoBatch) -> VideoTokens:
        """K key clips (V, K, D) with the spans they cover, and frames (V, F, D).

        While training, dropout makes the choice of key clips random, as published. Gradients reach the
        chosen runs only.
        """
        tokens = super().encode_video(videos)
        segments = tokens.clips.shape[1]
        runs = run_means(segments, tokens.clips.device) @ tokens.clips  # (V, P, D)
        bounds = run_bounds(segments, runs.device)
        chosen = medoids_of(self.cluster_input(runs, bounds), min(self.config.clusters, runs.shape[1]))
        clips = runs.gather(1, chosen[..., None].expand(-1, -1, runs.shape[2]))
        spans = (bounds[chosen] + bounds.new_tensor([0, 1])) / segments
        return VideoTokens(clips, tokens.frames, tokens.frame_mask, spans)

    def cluster_input(self, runs: Tensor, bounds: Tensor) -> Tensor:
        """What is clustered: runs (V, P, D) beside the code of their length, (V, P, D + 256)."""
        code = length_code(int(bounds.amax()) + 1, runs.device)[bounds[:, 1] - bounds[:, 0]]
        joined = torch.cat([runs, code.to(runs.dtype).expand(len(runs), -1, -1)], -1)
        return self.cluster_drop(joined.detach())

    def candidates(self, videos: VideoTokens) -> Tensor:
        """The key clips as they are."""
        return torch.eye(videos.clips.shape[1], device=videos.clips.device, dtype=videos.clips.dtype)
