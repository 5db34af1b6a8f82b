"""GMMFormer v2: eight Gaussian-windowed encoders per branch, mixed anew at every position.

Source: "GMMFormer v2: An Uncertainty-aware Framework for Partially Relevant Video Retrieval" (2024).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ral_core.models.backbone import Backbone, frame_cosines
from ral_core.models.config import ModelConfig
from ral_core.models.layers import Branch, Dropout, FullLayer, TokenLayer, gaussian_windows, initialise, unit
from ral_core.models.scoring import best_token, floored_videos
from ral_core.models.text import SentenceBranch
from ral_core.tensors import QueryTokens, VideoBatch, VideoTokens

WINDOWS = (0.0, 0.5, 1.0, 5.0, 10.0, 3.0, 0.1, 8.0)


class MixtureBlock(nn.Module):
    """Parallel windowed layers and a learned, position-wise mixture of their outputs."""

    def __init__(self, config: ModelConfig, span: int) -> None:
        super().__init__()
        self.windows = config.windows or WINDOWS
        self.span = span
        self.sft_factor = config.sft_factor
        width, heads, drop = config.width, config.heads, config.drop
        self.branches = nn.ModuleList(FullLayer(width, heads, drop) for _ in self.windows)
        self.summary = TokenLayer(width, heads, drop)
        self.layer1 = nn.Linear(width, width)
        self.layer2 = nn.Linear(width, span)
        self.drop = Dropout(drop)

    def forward(
        self, x: Tensor, token: Tensor, mask: Tensor | None = None, key_bias: Tensor | None = None
    ) -> Tensor:
        """(N, L, D) to (N, L, D), L at most `span`; mask (N, L) bool, key_bias (N, L) for the branches."""
        outputs = self.branch_outputs(x, mask, key_bias)
        logits = self.mixture_logits(outputs, token, mask)
        mixture = (logits / self.sft_factor).softmax(1)
        return torch.einsum("nbl,nbld->nld", mixture, outputs)

    def branch_outputs(self, x: Tensor, mask: Tensor | None, key_bias: Tensor | None = None) -> Tensor:
        """What each branch makes of x: (N, branches, L, D). Nothing is computed for padding beyond L."""
        windows = gaussian_windows(self.windows, self.span, x.shape[1], x.device)
        layers = zip(self.branches, windows, strict=True)
        return torch.stack([layer(x, mask, window, key_bias) for layer, window in layers], 1)

    def mixture_logits(self, outputs: Tensor, token: Tensor, mask: Tensor | None) -> Tensor:
        """How much each branch is wanted at each position, before temperature: (N, branches, L)."""
        summary = self.summary(token.view(-1), outputs, mask)  # (N, branches, D)
        return self.layer2(self.drop(self.layer1(summary).relu()))[..., : outputs.shape[2]]


class VideoBranch(Branch):
    """Projection, positions and a mixture block."""

    def __init__(self, config: ModelConfig, span: int) -> None:
        length = max(config.max_frames, config.clips)
        super().__init__(config.visual_width, config.width, length, config.input_drop)
        self.encoder = MixtureBlock(config, span)

    def forward(
        self, x: Tensor, token: Tensor, mask: Tensor | None = None, key_bias: Tensor | None = None
    ) -> Tensor:
        """Features (V, L, Dv) to tokens (V, L, D)."""
        return self.encoder(self.embed(x), token, mask, key_bias)


class GMMFormerV2(Backbone):
    """The backbone RAL was published on."""

    name: ClassVar[str] = "gmmformer_v2"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.query = SentenceBranch(
            config.text_width, config.width, config.max_words, config.input_drop, self.text_layer(config)
        )
        self.clip = VideoBranch(config, config.clips)
        self.frame = VideoBranch(config, config.max_frames)
        self.apply(initialise)
        self.weight_token = nn.Parameter(torch.randn(1, 1, config.width))  # official: not re-initialised

    @classmethod
    def text_layer(cls, config: ModelConfig) -> nn.Module:
        """A layer with feed-forward."""
        return FullLayer(config.width, config.heads, config.drop)

    def encode_video(self, videos: VideoBatch) -> VideoTokens:
        """Clips (V, C, D) and frames (V, F, D); rows of padding are zero."""
        videos = self.checked_videos(videos)
        clips = self.clip(videos.clips, self.weight_token)
        frames = self.frame(videos.frames, self.weight_token, videos.frame_mask)
        return VideoTokens(clips, frames * videos.frame_mask[..., None], videos.frame_mask)

    def frame_scores(self, queries: QueryTokens, videos: VideoTokens, *, cosine: bool = True) -> Tensor:
        """The best frame (Q, V).

        Padding never wins here. In the official code its zero rows take part in the maximum, which
        floors the score of every video with room for padding at 0: the option `frame_zero_floor`.
        """
        floor = self.config.choices.frame_zero_floor
        floored = floored_videos(videos.frame_mask, self.config.max_frames) if floor else None
        sentence, frames = queries.sentence, videos.frames
        if cosine:
            sentence, frames = unit(sentence), unit(frames)
        return best_token(sentence, frames, videos.frame_mask, floored)

    def frame_curve(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """Cosine of every frame (Q, V, F), -inf on padding."""
        return frame_cosines(queries, videos)
