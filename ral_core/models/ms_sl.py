"""MS-SL: every run of clips is a candidate, and the best one says where to look among the frames.

Source: "Partially Relevant Video Retrieval" (ACM MM 2022), in the form of its released code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from ral_core.models.backbone import Backbone, frame_cosines
from ral_core.models.config import ModelConfig
from ral_core.models.layers import Branch, ShortLayer, initialise, unit
from ral_core.models.scoring import TrainingScores, lengths, similarity
from ral_core.models.text import SentenceBranch
from ral_core.tensors import QueryTokens, Scores, VideoBatch, VideoTokens


def run_means(clips: int, device: torch.device | None = None) -> Tensor:
    """The (P, C) matrix that averages every run of neighbouring clips, P = C (C + 1) / 2.

    Short runs come first, and runs of one length in order of their start.
    """
    start, width = torch.arange(clips, device=device), torch.arange(1, clips + 1, device=device)
    inside = (start >= start[:, None]) & (start < start[:, None] + width[:, None, None])  # (width, start, C)
    fits = start + width[:, None] <= clips
    return inside[fits] / width[:, None].expand(-1, clips)[fits][:, None]


class VideoBranch(Branch):
    """Projection, positions and one layer."""

    def __init__(self, config: ModelConfig) -> None:
        length = max(config.max_frames, config.clips)
        super().__init__(config.visual_width, config.width, length, config.input_drop)
        self.encoder = ShortLayer(config.width, config.heads, config.drop)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Features (V, L, Dv) to tokens (V, L, D)."""
        return self.encoder(self.embed(x), mask)


class KeyClipAttention(nn.Module):
    """Frames as the key clip sees them. One head, no scaling, as in the official code."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)


@dataclass(frozen=True)
class GuidedTokens(VideoTokens):
    """Encoded videos beside what their scores take from them whatever the query."""

    candidate_scale: Tensor | None = None  # (V, P) one over the length of each candidate
    key_logits: Tensor | None = None  # (V, C, F)
    values: Tensor | None = None  # (V, F, D)
    products: Tensor | None = None  # (V, F, F) of the values
    guided: Tensor | None = None  # (V, C, D) frames as each clip sees them, where clips are the candidates


class MSSL(Backbone):
    """Clip score: the best of all runs of clips. Frame score: frames attended to by that run."""

    name: ClassVar[str] = "ms_sl"

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.query = SentenceBranch(
            config.text_width, config.width, config.max_words, config.input_drop, self.text_layer(config)
        )
        self.clip = VideoBranch(config)
        self.frame = VideoBranch(config)
        self.guided = KeyClipAttention(config.width)
        self.apply(initialise)

    @classmethod
    def text_layer(cls, config: ModelConfig) -> nn.Module:
        """A layer without feed-forward."""
        return ShortLayer(config.width, config.heads, config.drop)

    def drop_frame_head(self) -> None:
        """The attention of key clips to frames."""
        del self.guided

    def encode_video(self, videos: VideoBatch) -> VideoTokens:
        """Clips (V, C, D), from which scores make the candidates, and frames (V, F, D), zero on padding."""
        videos = self.checked_videos(videos)
        frames = self.frame(videos.frames, videos.frame_mask)
        frames = frames * videos.frame_mask[..., None]
        return VideoTokens(self.clip(videos.clips), frames, videos.frame_mask)

    def candidates(self, videos: VideoTokens) -> Tensor:
        """How the tokens of `videos.clips` (V, C, D) mix into candidates: (P, C) or (V, P, C)."""
        return run_means(videos.clips.shape[1], videos.clips.device)

    def candidate_scores(self, queries: QueryTokens, videos: VideoTokens, *, cosine: bool = True) -> Tensor:
        """The sentence against every candidate (Q, V, P).

        A candidate is a mean of clips, so its dot product is the mean of theirs and its length follows from
        the clips' products: the candidates themselves, 16 times as many as clips, are never made.
        """
        mix, clips = self.candidates(videos), videos.clips
        sentence = unit(queries.sentence) if cosine else queries.sentence
        scores = torch.einsum("qvc,vpc->qvp", similarity(sentence, clips), mix.expand(len(clips), -1, -1))
        return scores * self.candidate_scale(videos) if cosine else scores

    def candidate_scale(self, videos: VideoTokens) -> Tensor:
        """One over the length of every candidate (V, P)."""
        if isinstance(videos, GuidedTokens) and videos.candidate_scale is not None:
            return videos.candidate_scale
        mix, clips = self.candidates(videos), videos.clips
        gram = clips @ clips.transpose(1, 2)
        return ((mix @ gram) * mix).sum(-1).clamp(min=1e-24).rsqrt()

    def clip_scores(self, queries: QueryTokens, videos: VideoTokens, *, cosine: bool = True) -> Tensor:
        """The best candidate (Q, V), by cosine or by dot product."""
        return self.candidate_scores(queries, videos, cosine=cosine).max(-1).values

    def key_clips(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """Position (Q, V) of the candidate with the best cosine."""
        return self.candidate_scores(queries, videos).argmax(-1)

    def score(self, queries: QueryTokens, videos: VideoTokens) -> Scores:
        """Cosine scores (Q, V) of both branches; the best candidate is also the key clip."""
        best = self.candidate_scores(queries, videos).max(-1)
        return Scores(best.values, self.guided_scores(queries, videos, best.indices))

    def key_logits(self, videos: VideoTokens) -> Tensor:
        """How much each clip as a key clip wants each frame, before softmax and mask (V, C, F)."""
        if isinstance(videos, GuidedTokens) and videos.key_logits is not None:
            return videos.key_logits
        return videos.clips @ self.guided.key(videos.frames).transpose(1, 2)

    def values(self, videos: VideoTokens) -> tuple[Tensor, Tensor]:
        """What frames give to an attended vector (V, F, D), and their products (V, F, F)."""
        if isinstance(videos, GuidedTokens) and videos.values is not None and videos.products is not None:
            return videos.values, videos.products
        values = self.guided.value(videos.frames)
        return values, values @ values.transpose(1, 2)

    def prepared(self, videos: VideoTokens) -> VideoTokens:
        """The tokens beside candidate lengths and, where frames are attended to, keys and values."""
        kept = {"candidate_scale": self.candidate_scale(videos)}
        if hasattr(self, "guided"):
            values, products = self.values(videos)
            kept |= {"key_logits": self.key_logits(videos), "values": values, "products": products}
        return GuidedTokens(**vars(videos) | kept)

    def attention(self, key_clips: Tensor, videos: VideoTokens) -> Tensor:
        """Softmax weights (Q, V, F) of the frames under each pair's key clip (Q, V)."""
        mix = self.candidates(videos).expand(len(videos), -1, -1)
        chosen = mix[torch.arange(len(videos), device=mix.device), key_clips]  # (Q, V, C)
        guided = torch.einsum("qvc,vcf->qvf", chosen, self.key_logits(videos))
        return guided.masked_fill(~videos.frame_mask, -1e9).softmax(-1)

    def frame_scores(self, queries: QueryTokens, videos: VideoTokens, *, cosine: bool = True) -> Tensor:
        """The sentence against every video's frames, as its own key clip there sees them (Q, V)."""
        return self.guided_scores(queries, videos, self.key_clips(queries, videos), cosine=cosine)

    def guided_scores(
        self, queries: QueryTokens, videos: VideoTokens, key_clips: Tensor, *, cosine: bool = True
    ) -> Tensor:
        """The same for key clips (Q, V) that are known.

        The attended vector is a weighted sum of frames; as for candidates, its product with the sentence and
        its length come from products of frames, so that no (Q, V, D) tensor is made.
        """
        weights = self.attention(key_clips, videos)
        values, gram = self.values(videos)
        products = (weights * similarity(queries.sentence, values)).sum(-1)
        if not cosine:
            return products
        squares = (torch.einsum("qvf,vfg->qvg", weights, gram) * weights).sum(-1)
        return products * squares.clamp(min=1e-24).rsqrt() / lengths(queries.sentence)[:, None]

    def own_guided(self, queries: QueryTokens, videos: VideoTokens, owner: Tensor) -> Tensor:
        """Each query's own video as its key clip there sees it (Q, D)."""
        key_clips = self.key_clips(queries, videos).gather(1, owner[:, None])[:, 0]
        mix = self.candidates(videos).expand(len(videos), -1, -1)[owner, key_clips]  # (Q, C)
        guided = (mix.unsqueeze(1) @ self.key_logits(videos)[owner]).squeeze(1)
        weights = guided.masked_fill(~videos.frame_mask[owner], -1e9).softmax(-1)
        values = self.guided.value(videos.frames)[owner]
        return (weights.unsqueeze(1) @ values).squeeze(1)

    def training_scores(self, queries: QueryTokens, videos: VideoTokens, owner: Tensor) -> TrainingScores:
        """Clip scores (Q, V); frame scores (Q, Q) of every query with every query's own guided video.

        Training never sees a video guided by a foreign query, while search does: as published. The option
        `paired_frames` off trains on what search does, at the cost of guiding every pair.
        """
        if not self.config.choices.paired_frames:
            return super().training_scores(queries, videos, owner)
        guided, sentence = self.own_guided(queries, videos, owner), queries.sentence
        return TrainingScores(
            Scores(self.clip_scores(queries, videos), unit(sentence) @ unit(guided).T),
            Scores(self.clip_scores(queries, videos, cosine=False), sentence @ guided.T),
            paired=True,
        )

    def frame_curve(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """Cosine of every frame's value (Q, V, F), -inf on padding: the score with that frame alone."""
        return frame_cosines(
            queries, VideoTokens(videos.clips, self.guided.value(videos.frames), videos.frame_mask)
        )
