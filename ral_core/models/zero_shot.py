"""Search without training: videos and sentences are compared in the space of a joint image-text encoder.

The interface is a trained model's, so index, search and explanation take it as it is: clips and frames are the unit
features themselves, every word of a query counts the same, and there is nothing to learn.
"""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor, nn

from ral_core.errors import BadQuery, DataError
from ral_core.models.backbone import PRVRModel
from ral_core.models.config import ModelConfig
from ral_core.models.layers import unit
from ral_core.models.ral import words_of
from ral_core.models.scoring import TrainingScores, best_token, gated_sum, similarity, word_maxima
from ral_core.models.text import fitted
from ral_core.tensors import Curves, QueryBatch, QueryTokens, Scores, VideoBatch, VideoTokens


class ZeroShot(PRVRModel):
    """Clip score: the sentence's best clip. Frame score: each word's best frame, averaged over the words."""

    name: ClassVar[str] = "zero_shot"
    capabilities: ClassVar[frozenset[str]] = frozenset({"curves", "gate", "word_frame", "images"})

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        if not config.visual_width == config.text_width == config.width:
            raise DataError(
                f"A zero-shot model needs one space for pictures and words, but the widths are {config.visual_width}, "
                f"{config.text_width} and {config.width}; use a joint image-text encoder for both."
            )
        if config.ral is not None:
            raise DataError("A zero-shot model has nothing to train, so robust alignment cannot wrap it.")
        self.config = config
        # It holds nothing and knows the device, which callers ask of a model's first parameter.
        self.place = nn.Parameter(torch.empty(0), requires_grad=False)

    def encode_video(self, videos: VideoBatch) -> VideoTokens:
        """The features as they are, scaled to length 1."""
        config = self.config
        if videos.clips.shape[-1] != config.width or videos.frames.shape[-1] != config.width:
            raise DataError(
                f"These videos have features of width {videos.frames.shape[-1]}, but this model's space has "
                f"{config.width}; extract them with its encoder."
            )
        if not bool(videos.frame_mask.any(-1).all()):
            raise DataError("A video has no frames; leave it out of the batch.")
        frames, mask = fitted(videos.frames, videos.frame_mask, config.max_frames, "frames in a video")
        return VideoTokens(unit(videos.clips), unit(frames) * mask[..., None], mask)

    def encode_query(self, queries: QueryBatch) -> QueryTokens:
        """The sentence's own vector and the words', scaled to length 1."""
        if not bool(queries.word_mask.any(-1).all()):
            raise BadQuery("A query has no words to search with; write at least one.")
        words, mask = fitted(queries.words, queries.word_mask, self.config.max_words, "words in a query")
        return QueryTokens(self.encode_sentence(queries), mask, unit(words) * mask[..., None])

    def encode_sentence(self, queries: QueryBatch) -> Tensor:
        """The sentences' own vectors (Q, D). Raises DataError where their encoder made none."""
        if queries.sentence is None:
            raise DataError(
                "A zero-shot model needs the sentence as one vector; encode it with the text side of its joint encoder."
            )
        return unit(queries.sentence)

    def score(self, queries: QueryTokens, videos: VideoTokens) -> Scores:
        """Cosines of both branches (Q, V)."""
        words, mask = words_of(queries), queries.word_mask
        best, _ = word_maxima(words[mask], videos.frames, videos.frame_mask)
        return Scores(best_token(queries.sentence, videos.clips), gated_sum(best, self.gate(queries), mask))

    def training_scores(self, queries: QueryTokens, videos: VideoTokens, owner: Tensor) -> TrainingScores:
        """Raises DataError: there is nothing to train."""
        raise DataError("A zero-shot model has nothing to train; train one of the backbones on its features.")

    def curves(self, queries: QueryTokens, videos: VideoTokens) -> Curves:
        """Cosine of the sentence with every clip, and the mean cosine of the words with every frame."""
        blend = (self.gate(queries).unsqueeze(1) @ words_of(queries)).squeeze(1)
        frame = similarity(blend, videos.frames).masked_fill(~videos.frame_mask, -torch.inf)
        return Curves(similarity(queries.sentence, videos.clips), frame)

    def gate(self, queries: QueryTokens) -> Tensor:
        """Every real word counts the same (Q, W)."""
        mask = queries.word_mask
        return mask.to(queries.sentence.dtype) / mask.sum(-1, keepdim=True)

    def word_frame(self, queries: QueryTokens, videos: VideoTokens) -> Tensor:
        """Cosine of every word with every frame (Q, V, W, F): 0 for padded words, -inf on padded frames."""
        cosines = torch.einsum("qwd,vfd->qvwf", words_of(queries), videos.frames)
        return cosines.masked_fill(~videos.frame_mask[None, :, None], -torch.inf)


def picture_query(vectors: Tensor) -> QueryTokens:
    """Unit vectors (Q, D) of pictures as queries: each is its own sentence and its own only word."""
    mask = torch.ones(len(vectors), 1, dtype=torch.bool, device=vectors.device)
    return QueryTokens(unit(vectors), mask, unit(vectors)[:, None])


def zero_shot_config(
    width: int, *, clips: int = 32, max_frames: int = 128, max_words: int = 30
) -> ModelConfig:
    """The settings of a zero-shot model in a space of this width.

    The sentence counts more than its words one by one: that is what such encoders were trained on.
    """
    return ModelConfig(
        name=ZeroShot.name,
        visual_width=width,
        text_width=width,
        width=width,
        heads=1,
        clips=clips,
        max_frames=max_frames,
        max_words=max_words,
        clip_weight=0.7,
        frame_weight=0.3,
    )
