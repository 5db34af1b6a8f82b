"""Robust alignment learning around any backbone, which never learns that it is wrapped.

Source: "Robust Alignment Learning for Partially Relevant Video Retrieval" (arXiv 2509.01383) and its code.
Two parts: a gate that says how much each word counts in the frame score (training and search), and
Gaussians of videos and captions whose samples are drawn together (training; here also shown to people).
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ral_core.errors import DataError
from ral_core.models.backbone import Backbone, PRVRModel
from ral_core.models.config import ModelConfig
from ral_core.models.gaussian import GaussianHead, mean_of_tokens, support_sets
from ral_core.models.layers import InputProjection, initialise, unit
from ral_core.models.scoring import TrainingScores, floored_videos, gated_sum, similarity, word_maxima
from ral_core.models.text import checked_queries
from ral_core.tensors import Curves, Gaussian, QueryBatch, QueryTokens, Scores, VideoBatch, VideoTokens


class Gate(nn.Module):
    """How much each token of a set counts."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer1 = nn.Linear(width, width)
        self.layer2 = nn.Linear(width, 1)

    def logits(self, x: Tensor) -> Tensor:
        """Before softmax and mask: (B, L, D) to (B, L)."""
        return self.layer2(self.layer1(x).relu()).squeeze(-1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Weights (B, L) that sum to 1 over the real tokens; padding gets 0."""
        return self.logits(x).masked_fill(~mask, -torch.inf).softmax(-1)


class Uniform(nn.Module):
    """The gate that is turned off: every real token counts the same."""

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """See `Gate.forward`."""
        return mask.to(x.dtype) / mask.sum(-1, keepdim=True)


class WordBranch(nn.Module):
    """A second text encoder of the backbone's kind that keeps its words apart."""

    def __init__(self, config: ModelConfig, encoder: nn.Module) -> None:
        super().__init__()
        self.projection = InputProjection(config.text_width, config.width, config.input_drop)
        self.encoder = encoder

    def forward(self, queries: QueryBatch, positions: nn.Module) -> Tensor:
        """Words (Q, W, D); `positions` is the backbone's own table, which both branches share."""
        return self.encoder(positions(self.projection(queries.words)), queries.word_mask)


class RAL(PRVRModel):
    """The backbone's clip score beside a frame score that is gated word by word."""

    capabilities: ClassVar[frozenset[str]] = frozenset({"curves", "gate", "word_frame", "gaussian"})

    def __init__(self, backbone: Backbone, config: ModelConfig) -> None:
        super().__init__()
        if config.ral is None:
            raise DataError("A robust-alignment model needs its [model.ral] settings.")
        self.config = config
        self.settings = config.ral
        self.words = WordBranch(config, backbone.text_layer(config))
        self.word_gate = Gate(config.width) if self.settings.gate else Uniform()
        self.frame_gate = Gate(config.width) if self.settings.frame_gate else Uniform()
        self.video_head = GaussianHead(config.width)
        self.text_head = GaussianHead(config.width)
        self.apply(initialise)
        if not self.settings.native_frame:
            backbone.drop_frame_head()
        self.backbone = backbone  # after `apply`: it has already initialised itself

    @property
    def proxies(self) -> int:
        """Samples drawn from each Gaussian in training (K)."""
        return self.settings.proxies

    def planned(self, videos: VideoBatch) -> VideoBatch:
        """What the backbone plans."""
        return self.backbone.planned(videos)

    def encode_video(self, videos: VideoBatch) -> VideoTokens:
        """The backbone's tokens, untouched."""
        return self.backbone.encode_video(videos)

    def prepared(self, videos: VideoTokens) -> VideoTokens:
        """What the backbone's scores need."""
        return self.backbone.prepared(videos)

    def encode_query(self, queries: QueryBatch) -> QueryTokens:
        """The backbone's sentence beside word tokens of our own."""
        queries = checked_queries(queries, self.config.max_words)
        words = self.words(queries, self.backbone.query.positions)
        return QueryTokens(self.backbone.encode_sentence(queries), queries.word_mask, words)

    def encode_sentence(self, queries: QueryBatch) -> Tensor:
        """The backbone's sentence vectors (Q, D)."""
        return self.backbone.encode_sentence(queries)

    def gate(self, queries: QueryTokens) -> Tensor:
        """How much each word counts in the score (Q, W); sums to 1 over the real words."""
        return self.word_gate(unit(words_of(queries)), queries.word_mask)

    def score(self, queries: QueryTokens, videos: VideoTokens) -> Scores:
        """The backbone's clip score and the gated frame score, both from cosines."""
        frame, _ = self.set_scores(queries, videos, dots=False)
        if self.settings.native_frame:
            native = self.backbone.frame_scores(queries, videos)
            frame = torch.lerp(frame, native, self.settings.native_frame)
        return Scores(self.backbone.clip_scores(queries, videos), frame)

    def training_scores(self, queries: QueryTokens, videos: VideoTokens, owner: Tensor) -> TrainingScores:
        """Both forms, and those of the backbone where its frame score is kept."""
        cosine, dot = self.set_scores(queries, videos, dots=True)
        assert dot is not None
        if self.settings.native_frame:
            native = self.backbone.training_scores(queries, videos, owner)
            return TrainingScores(
                Scores(native.cosine.clip, cosine), Scores(native.dot.clip, dot), native=native
            )
        clip_scores = self.backbone.clip_scores
        return TrainingScores(
            Scores(clip_scores(queries, videos), cosine),
            Scores(clip_scores(queries, videos, cosine=False), dot),
        )

    def set_scores(
        self, queries: QueryTokens, videos: VideoTokens, *, dots: bool
    ) -> tuple[Tensor, Tensor | None]:
        """A query's words against a video's frames (Q, V), by cosines and, when asked for, by dot products.

        Every word looks for its best frame and counts by its gate. UATVR, where the gates come from, averages
        this with the other direction (`video_to_text`), where every frame looks for its best word; RAL left it
        out. Only real tokens are compared: the others' gates are 0.
        """
        words, frames = words_of(queries), videos.frames
        word_mask, frame_mask = queries.word_mask, videos.frame_mask
        floor = self.config.choices.frame_zero_floor
        floored = floored_videos(frame_mask, self.config.max_frames) if floor else None
        best = word_maxima(words[word_mask], frames, frame_mask, floored, dots=dots)
        scores = self._gated(self.word_gate, best, words, word_mask)
        if not self.settings.video_to_text:
            return scores
        best = word_maxima(frames[frame_mask], words, word_mask, dots=dots)
        mirrored = self._gated(self.frame_gate, best, frames, frame_mask)
        cosine, dot = (
            (a + b.T) / 2 if a is not None and b is not None else None
            for a, b in zip(scores, mirrored, strict=True)
        )
        assert cosine is not None
        return cosine, dot

    def _gated(
        self, gate: nn.Module, best: tuple[Tensor, Tensor | None], x: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor | None]:
        """Maxima of the real tokens of x (B, L, D), summed with the gate's weights: (B, other) each.

        The gate reads what the score reads, so each form has a gate of its own. That is how the official code
        trains; the option `gate_input` = `unit` uses one gate for both.
        """
        cosines, dots = best
        weights = gate(unit(x), mask)
        cosine = gated_sum(cosines, weights, mask)
        if dots is None:
            return cosine, None
        one_gate = self.config.choices.gate_input == "unit"
        return cosine, gated_sum(dots, weights if one_gate else gate(x, mask), mask)

    def word_frame(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """Cosine of every word with every frame (Q, V, W, F): 0 for padded words, -inf on padded frames."""
        words = unit(words_of(queries)) * queries.word_mask[..., None]
        cosines = torch.einsum("qwd,vfd->qvwf", words, unit(videos.frames))
        return cosines.masked_fill(~videos.frame_mask[None, :, None], -torch.inf)

    def curves(self, queries: QueryTokens, videos: VideoTokens) -> Curves:
        """Cosine of every clip, and the gated sum of the words' cosines with every frame."""
        blend = (self.gate(queries).unsqueeze(1) @ unit(words_of(queries))).squeeze(1)  # the sum is linear
        frame = similarity(blend, unit(videos.frames)).masked_fill(~videos.frame_mask, -torch.inf)
        if self.settings.native_frame:
            share = self.settings.native_frame
            frame = (1 - share) * frame + share * self.backbone.frame_curve(queries, videos)
        return Curves(self.backbone.clip_curve(queries, videos), frame)

    def video_gaussian(self, videos: VideoTokens) -> Gaussian:
        """The distribution of each video's meaning (V, D)."""
        pooled = unit(mean_of_tokens(unit(videos.frames), videos.frame_mask))
        if self.config.choices.msra_mask:
            return self.video_head(pooled, videos.frames, videos.frame_mask)
        room = self.config.max_frames - videos.frames.shape[1]  # official: zero rows share the attention
        return self.video_head(pooled, F.pad(videos.frames, (0, 0, 0, room)), None)

    def text_gaussian(self, queries: QueryTokens, owner: Tensor, videos: int) -> Gaussian:
        """The distribution of all captions of each video together (V, D); owner (Q,)."""
        choices = self.config.choices
        words, mask = support_sets(words_of(queries), queries.word_mask, owner, videos, choices.support_slots)
        return self.text_head(mean_of_tokens(words, mask), words, mask if choices.msra_mask else None)

    def query_gaussian(self, queries: QueryTokens) -> Gaussian:
        """The distribution of each query alone (Q, D), as a support set of one caption."""
        words, mask = words_of(queries), queries.word_mask
        return self.text_head(mean_of_tokens(words, mask), words, mask)


def words_of(queries: QueryTokens) -> Tensor:
    """The word tokens (Q, W, D). Raises DataError when these queries come from a model without any."""
    if queries.words is None:
        raise DataError("These queries carry no words; encode them with the model that scores them.")
    return queries.words
