"""GMMFormer: two blocks of four Gaussian-windowed layers per branch, averaged; one vector for all frames.

Source: "GMMFormer: Gaussian-Mixture-Model Based Transformer for Efficient Partially Relevant Video
Retrieval" (AAAI 2024).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ral_core.models.backbone import Backbone, frame_cosines
from ral_core.models.config import ModelConfig
from ral_core.models.layers import AttentionPool, Branch, ShortLayer, gaussian_windows, initialise, unit
from ral_core.models.text import SentenceBranch
from ral_core.tensors import QueryTokens, VideoBatch, VideoTokens

WINDOWS = (0.0, 0.5, 1.0, 5.0)


class MeanBlock(nn.Module):
    """The mean of parallel windowed layers."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.windows = config.windows or WINDOWS
        self.branches = nn.ModuleList(
            ShortLayer(config.width, config.heads, config.drop) for _ in self.windows
        )

    def forward(self, x: Tensor, span: int, mask: Tensor | None = None) -> Tensor:
        """(N, L, D) to (N, L, D); windows of `span` positions, mask (N, L) bool."""
        windows = gaussian_windows(self.windows, span, x.shape[1], x.device)
        layers = zip(self.branches, windows, strict=True)
        return torch.stack([layer(x, mask, window) for layer, window in layers]).mean(0)


class VideoBranch(Branch):
    """Projection, positions and two blocks."""

    def __init__(self, config: ModelConfig) -> None:
        length = max(config.max_frames, config.clips)
        super().__init__(config.visual_width, config.width, length, config.input_drop)
        self.encoder = MeanBlock(config)
        self.encoder2 = MeanBlock(config)

    def forward(self, x: Tensor, span: int, mask: Tensor | None = None) -> Tensor:
        """Features (V, L, Dv) to tokens (V, L, D)."""
        return self.encoder2(self.encoder(self.embed(x), span, mask), span, mask)


class FrameBranch(VideoBranch):
    """A video branch that can pool its tokens into one vector."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.pooling = AttentionPool(config.width)


@dataclass(frozen=True)
class PooledTokens(VideoTokens):
    """Encoded videos beside the one vector of each one's frames."""

    pooled: Tensor | None = None  # (V, D)


class GMMFormer(Backbone):
    """One vector for a video's frames, beside its clips."""

    name: ClassVar[str] = "gmmformer"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.query = SentenceBranch(
            config.text_width, config.width, config.max_words, config.input_drop, self.text_layer(config)
        )
        self.clip = VideoBranch(config)
        self.frame = FrameBranch(config)
        self.apply(initialise)

    @classmethod
    def text_layer(cls, config: ModelConfig) -> nn.Module:
        """A layer without feed-forward."""
        return ShortLayer(config.width, config.heads, config.drop)

    def drop_frame_head(self) -> None:
        """The pooling of frames into one vector."""
        del self.frame.pooling

    def encode_video(self, videos: VideoBatch) -> VideoTokens:
        """Clips (V, C, D) and frames (V, F, D) before they are pooled; rows of padding are zero.

        The windows over frames span `max_frames`. The official ones span the longest video of the batch
        (`gmm_pad` = `batch`), so a video's encoding depends on its company.
        """
        videos = self.checked_videos(videos)
        length = videos.frames.shape[1]
        span = length if self.config.choices.gmm_pad == "batch" else self.config.max_frames
        clips = self.clip(videos.clips, videos.clips.shape[1])
        frames = self.frame(videos.frames, span, videos.frame_mask)
        return VideoTokens(clips, frames * videos.frame_mask[..., None], videos.frame_mask)

    def pooled(self, videos: VideoTokens) -> Tensor:
        """One vector for all frames of a video (V, D)."""
        if isinstance(videos, PooledTokens) and videos.pooled is not None:
            return videos.pooled
        return self.frame.pooling(videos.frames, videos.frame_mask)

    def prepared(self, videos: VideoTokens) -> VideoTokens:
        """The tokens beside their pooled frames, where the model still pools them."""
        if not hasattr(self.frame, "pooling"):
            return videos
        return PooledTokens(**vars(videos) | {"pooled": self.pooled(videos)})

    def frame_scores(self, queries: QueryTokens, videos: VideoTokens, *, cosine: bool = True) -> Tensor:
        """The sentence against one attention-pooled vector per video (Q, V)."""
        sentence, video = queries.sentence, self.pooled(videos)
        return unit(sentence) @ unit(video).T if cosine else sentence @ video.T

    def frame_curve(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """Cosine of every frame (Q, V, F), -inf on padding: the score of a video with that frame alone."""
        return frame_cosines(queries, videos)
