"""MSC: GMMFormer v2 whose clips follow the content of a video instead of the clock.

Source: MSC (arXiv 2510.27432) and its released code.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from ral_core.models.config import ModelConfig
from ral_core.models.gmmformer_v2 import GMMFormerV2
from ral_core.models.layers import initialise, unit
from ral_core.models.merging import linked_share, merge_alike, merge_neighbours, segment_counts, share_of
from ral_core.tensors import VideoBatch, VideoTokens

PLANNED = 256
"""Videos whose clips are planned at once."""


class MSC(GMMFormerV2):
    """Clips are runs of alike frames; each counts in attention by how many frames it stands for."""

    name: ClassVar[str] = "msc"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.align = nn.Linear(config.width, config.width)  # used by the cross-branch loss only
        self.align.apply(initialise)

    def encode_video(self, videos: VideoBatch) -> VideoTokens:
        """Clips (V, C, D) with the spans they cover, and frames (V, F, D), zero on padding."""
        videos = self.with_runs(self.checked_videos(videos))
        assert videos.clip_sizes is not None
        sizes = videos.clip_sizes
        clips = self.clip(videos.clips, self.weight_token, key_bias=sizes.log().to(videos.clips.dtype))
        frames = self.frame(videos.frames, self.weight_token, videos.frame_mask)
        ends = (sizes.cumsum(1) / sizes.sum(1, keepdim=True)).float()
        spans = torch.stack([ends - (sizes / sizes.sum(1, keepdim=True)).float(), ends], -1)
        return VideoTokens(clips, frames * videos.frame_mask[..., None], videos.frame_mask, spans)

    @torch.no_grad()
    def with_runs(self, videos: VideoBatch) -> VideoBatch:
        """The batch with clips that follow the content; a batch that brings its own is left alone.

        Frames are first stretched to `max_frames` rows by repetition, as the official loader does, so that
        short videos too have enough of them to merge. Official clips are merged from frame vectors of any
        length by dot product (`merge_by`); ours come normalised, which makes that a cosine.
        """
        if videos.clip_sizes is not None and videos.clip_labels is not None:
            return videos
        span, real = max(self.config.max_frames, self.config.clips), videos.frame_mask.sum(1, keepdim=True)
        places = torch.arange(span, device=real.device)
        source = places * real // span  # (V, span): the frame that each row repeats
        rows = videos.frames.gather(1, source[..., None].expand(-1, -1, videos.frames.shape[2]))
        cosine = self.config.choices.merge_by == "cosine"
        merged = merge_neighbours(rows, self.config.clips, cosine=cosine)[-1]
        frame = torch.arange(videos.frames.shape[1], device=real.device)
        middle = ((2 * frame + 1) * span // (2 * real)).clamp(max=span - 1)  # (V, F): a row of each frame
        labels = merged.labels.gather(1, middle)
        return replace(videos, clips=unit(merged.tokens), clip_sizes=merged.sizes, clip_labels=labels)

    def planned(self, videos: VideoBatch) -> VideoBatch:
        """Clips and segments of all videos, chosen once instead of in every step."""
        parts = []
        for some in torch.arange(len(videos), device=videos.frames.device).split(PLANNED):
            runs = self.with_runs(self.checked_videos(videos.rows(some)))
            parts.append(replace(runs, segments=self.segments(runs)))
        names = [item.name for item in fields(VideoBatch)]
        return VideoBatch(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})

    def segments(self, videos: VideoBatch) -> Tensor:
        """The segment (V, C) of each clip of a batch with runs: more alike videos have fewer segments."""
        if videos.segments is not None:
            return videos.segments
        assert videos.clip_sizes is not None
        linked, close, _ = linked_share(videos.clips, self.config.similar)
        share = linked if self.config.choices.share_alike == "linked" else share_of(close)
        counts = segment_counts(share, videos.clips.shape[1])
        return merge_alike(videos.clips, videos.clip_sizes, counts)
