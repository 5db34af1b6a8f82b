"""What a model promises, and what a backbone offers to whoever wraps it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import ClassVar

import torch
from torch import Tensor, nn

from ral_core.errors import DataError
from ral_core.models.config import ModelConfig
from ral_core.models.layers import unit
from ral_core.models.scoring import TrainingScores, best_token, similarity
from ral_core.models.text import SentenceBranch, checked_queries, fitted
from ral_core.tensors import Curves, QueryBatch, QueryTokens, Scores, VideoBatch, VideoTokens


class PRVRModel(nn.Module, ABC):
    """Encodes videos and queries apart, then scores every pair."""

    config: ModelConfig
    capabilities: ClassVar[frozenset[str]] = frozenset({"curves"})
    """What can be asked beyond scores: `curves`, `gate`, `word_frame`, `gaussian`, `images` (as queries)."""

    def planned(self, videos: VideoBatch) -> VideoBatch:
        """The batch with what depends on features alone, never on weights, so that training makes it once."""
        return videos

    @abstractmethod
    def encode_video(self, videos: VideoBatch) -> VideoTokens:
        """Tokens of V videos. Raises DataError when they do not fit the model."""

    @abstractmethod
    def encode_query(self, queries: QueryBatch) -> QueryTokens:
        """Tokens of Q queries. Raises BadQuery when one is empty."""

    @abstractmethod
    def encode_sentence(self, queries: QueryBatch) -> Tensor:
        """The sentence vectors (Q, D) alone."""

    @abstractmethod
    def score(self, queries: QueryTokens, videos: VideoTokens) -> Scores:
        """Cosine scores (Q, V) of both branches."""

    @abstractmethod
    def training_scores(self, queries: QueryTokens, videos: VideoTokens, owner: Tensor) -> TrainingScores:
        """Cosines and dot products for the losses; owner (Q,) is each query's own video."""

    @abstractmethod
    def curves(self, queries: QueryTokens, videos: VideoTokens) -> Curves:
        """What each clip (Q, V, C) and frame (Q, V, F) would score alone."""

    def gate(self, queries: QueryTokens) -> Tensor:
        """How much each word counts (Q, W); sums to 1. Raises DataError without the capability `gate`."""
        raise DataError(f"{self.config.name} has no word gates; ask a model with robust alignment.")

    def word_frame(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """Cosine of every word with every frame (Q, V, W, F): 0 for padded words, -inf on padded frames.

        Raises DataError without the capability `word_frame`.
        """
        raise DataError(f"{self.config.name} reads a query as one vector; ask a model with a word branch.")

    def prepared(self, videos: VideoTokens) -> VideoTokens:
        """The same tokens beside what scoring takes from them whatever the query, so that it is made once.

        For search and evaluation: the scores are the same, the tokens need more memory.
        """
        return videos

    def fused(self, scores: Scores) -> Tensor:
        """The one number per pair (Q, V) that videos are ranked by."""
        return scores.total(self.config.clip_weight, self.config.frame_weight)

    @property
    def parameter_count(self) -> int:
        """Trained numbers in this model."""
        return sum(parameter.numel() for parameter in self.parameters())


class Backbone(PRVRModel):
    """A model that RAL can wrap: it shows its word positions and can make one more text layer."""

    name: ClassVar[str]
    query: SentenceBranch

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    @classmethod
    @abstractmethod
    def text_layer(cls, config: ModelConfig) -> nn.Module:
        """A new text encoder of this backbone's kind: (Q, W, D), mask (Q, W) to (Q, W, D)."""

    def drop_frame_head(self) -> None:
        """Let go of parameters that only `frame_scores` uses, because another frame score takes its place."""

    @abstractmethod
    def frame_scores(self, queries: QueryTokens, videos: VideoTokens, *, cosine: bool = True) -> Tensor:
        """Frame branch (Q, V)."""

    @abstractmethod
    def frame_curve(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """Frame branch before the maximum (Q, V, F), -inf on padding."""

    def clip_scores(self, queries: QueryTokens, videos: VideoTokens, *, cosine: bool = True) -> Tensor:
        """The best clip (Q, V), by cosine or by dot product."""
        if not cosine:
            return best_token(queries.sentence, videos.clips)
        return best_token(unit(queries.sentence), unit(videos.clips))

    def clip_curve(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """The best cosine of the clips over each of C equal segments of time (Q, V, C)."""
        cosines = similarity(unit(queries.sentence), unit(videos.clips))
        return over_segments(cosines, videos.clip_spans, self.config.clips)

    def encode_query(self, queries: QueryBatch) -> QueryTokens:
        """Sentence vectors and nothing else."""
        queries = checked_queries(queries, self.config.max_words)
        return QueryTokens(self.query(queries), queries.word_mask)

    def encode_sentence(self, queries: QueryBatch) -> Tensor:
        """The sentence vectors (Q, D) alone."""
        return self.query(checked_queries(queries, self.config.max_words))

    def score(self, queries: QueryTokens, videos: VideoTokens) -> Scores:
        """Cosine scores (Q, V) of both branches."""
        return Scores(self.clip_scores(queries, videos), self.frame_scores(queries, videos))

    def training_scores(self, queries: QueryTokens, videos: VideoTokens, owner: Tensor) -> TrainingScores:
        """Both forms of both branches; most backbones need no owner."""
        clip, frame = (self.clip_scores, self.frame_scores)
        dot = Scores(clip(queries, videos, cosine=False), frame(queries, videos, cosine=False))
        return TrainingScores(self.score(queries, videos), dot)

    def curves(self, queries: QueryTokens, videos: VideoTokens) -> Curves:
        """Cosine of every clip and frame."""
        return Curves(self.clip_curve(queries, videos), self.frame_curve(queries, videos))

    def checked_videos(self, videos: VideoBatch) -> VideoBatch:
        """The batch without padding beyond `max_frames`; DataError when it does not fit the model."""
        config = self.config
        expected = (config.clips, config.visual_width)
        if tuple(videos.clips.shape[1:]) != expected or videos.frames.shape[-1] != config.visual_width:
            raise DataError(
                f"These videos have {tuple(videos.clips.shape[1:])} clips and frames of width "
                f"{videos.frames.shape[-1]}, but this model takes {expected} clips; extract them again."
            )
        if not bool(videos.frame_mask.any(-1).all()):
            raise DataError("A video has no frames; leave it out of the batch.")
        frames, mask = fitted(videos.frames, videos.frame_mask, config.max_frames, "frames in a video")
        return replace(videos, frames=frames, frame_mask=mask)


def over_segments(values: Tensor, spans: Tensor | None, segments: int) -> Tensor:
    """Values of clips (Q, V, K) as a curve over equal segments of time (Q, V, segments).

    spans (V, K, 2) are the clips' starts and ends in 0 .. 1; a segment gets the highest value of the clips over
    its middle, and 0 where there is none. Without spans the clips are the segments, or, in tokens that have
    lost theirs, stay one value per clip.
    """
    if spans is None:
        return values
    middle = (torch.arange(segments, device=values.device) + 0.5) / segments
    covers = (spans[..., :1] <= middle) & (middle < spans[..., 1:])  # (V, K, segments)
    best = torch.where(covers, values[..., None], -torch.inf).amax(2)
    return best.masked_fill(best.isinf(), 0)


def frame_cosines(queries: QueryTokens, videos: VideoTokens) -> Tensor:
    """Cosine of the sentence with every frame (Q, V, F), -inf on padding."""
    cosines = similarity(unit(queries.sentence), unit(videos.frames))
    return cosines.masked_fill(~videos.frame_mask, -torch.inf)
