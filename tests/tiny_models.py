"""Tiny models and random batches for tests of what every model must obey."""

from __future__ import annotations

import torch

from ral_core.models import BACKBONES, ModelConfig, PRVRModel, RALConfig, build_model
from ral_core.tensors import QueryBatch, QueryTokens, VideoBatch, VideoTokens
from ral_core.training.batches import TrainBatch

KINDS = [(name, wrapped) for name in BACKBONES for wrapped in (False, True)]
CLIPS, FRAMES, WORDS, VISUAL, TEXT = 6, 10, 7, 12, 9


def tiny_config(name: str, wrapped: bool, **settings: object) -> ModelConfig:
    """A config small enough for thousands of steps a second."""
    sizes = {"visual_width": VISUAL, "text_width": TEXT, "width": 16, "heads": 4, "clips": CLIPS}
    lengths = {"max_frames": FRAMES, "max_words": WORDS, "ral": RALConfig(proxies=3) if wrapped else None}
    return ModelConfig(name=name, **{**sizes, **lengths, **settings})  # type: ignore[arg-type]


def tiny_model(name: str, wrapped: bool, **settings: object) -> PRVRModel:
    """In evaluation mode, with parameters far enough from their start for every bias and gain to matter."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = build_model(tiny_config(name, wrapped, **settings)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.2 * torch.randn_like(parameter)
    return model


def random_videos(*lengths: int, padded_to: int | None = None) -> VideoBatch:
    """Videos of these many frames; the same numbers whatever they are padded to, and junk in the padding."""
    random = torch.Generator().manual_seed(1)
    longest = padded_to or max(lengths)
    clips = torch.randn(len(lengths), CLIPS, VISUAL, generator=random)
    frames = torch.randn(len(lengths), 3 * FRAMES, VISUAL, generator=random)[:, :longest]
    return VideoBatch(clips, frames, torch.arange(longest) < torch.tensor(lengths)[:, None])


def random_queries(*lengths: int, padded_to: int | None = None) -> QueryBatch:
    """Queries of these many words; see `random_videos`."""
    random = torch.Generator().manual_seed(2)
    longest = padded_to or max(lengths)
    words = torch.randn(len(lengths), 3 * WORDS, TEXT, generator=random)[:, :longest]
    return QueryBatch(words, torch.arange(longest) < torch.tensor(lengths)[:, None])


def random_batch(owner: list[int], videos: int | None = None) -> TrainBatch:
    """A training batch of queries that belong to these videos."""
    count = videos or max(owner) + 1
    return TrainBatch(
        random_videos(*[3 + 2 * row % 8 for row in range(count)]),
        random_queries(*[1 + row % WORDS for row in range(len(owner))]),
        torch.tensor(owner),
    )


def encode(model: PRVRModel, queries: QueryBatch, videos: VideoBatch) -> tuple[QueryTokens, VideoTokens]:
    """Both sides, without gradients."""
    with torch.no_grad():
        return model.encode_query(queries), model.encode_video(videos)
