"""MS-SL++: MS-SL that keeps a few representative runs of clips instead of all of them.

Source: MS-SL++ (arXiv 2208.12510v2), in the form of its released code.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from ral_core.models.config import ModelConfig
from ral_core.models.layers import Dropout, unit
from ral_core.models.medoids import medoids_of
from ral_core.models.ms_sl import MSSL, GuidedTokens, run_means
from ral_core.models.scoring import similarity
from ral_core.tensors import QueryTokens, VideoBatch, VideoTokens

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

        While training, dropout makes the choice of key clips random, as published (option `cluster_drop`).
        Gradients reach the chosen runs only.
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
        joined = torch.cat([runs, code.to(runs.dtype).expand(len(runs), -1, -1)], -1).detach()
        return self.cluster_drop(joined) if self.config.choices.cluster_drop else joined

    def candidates(self, videos: VideoTokens) -> Tensor:
        """The key clips as they are."""
        return torch.eye(videos.clips.shape[1], device=videos.clips.device, dtype=videos.clips.dtype)

    def prepared(self, videos: VideoTokens) -> VideoTokens:
        """The tokens beside all vectors that attention to their frames can give.

        Such a vector depends on the query through its key clip only (section 2.6), so there are K a video.
        """
        kept = {"candidate_scale": self.candidate_scale(videos)}
        if hasattr(self, "guided"):
            weights = self.key_logits(videos).masked_fill(~videos.frame_mask[:, None], -1e9).softmax(-1)
            kept["guided"] = weights @ self.guided.value(videos.frames)
        return GuidedTokens(**vars(videos) | kept)

    def guided_scores(
        self, queries: QueryTokens, videos: VideoTokens, key_clips: Tensor, *, cosine: bool = True
    ) -> Tensor:
        """The sentence against the guided vector of each pair's key clip (Q, V)."""
        if not isinstance(videos, GuidedTokens) or videos.guided is None:
            return super().guided_scores(queries, videos, key_clips, cosine=cosine)
        sentence, guided = queries.sentence, videos.guided
        if cosine:
            sentence, guided = unit(sentence), unit(guided)
        return similarity(sentence, guided).gather(2, key_clips[..., None])[..., 0]
