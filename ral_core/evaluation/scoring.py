"""Every query of a split against every video, in pieces that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from ral_core.evaluation.splits import Split
from ral_core.models import PRVRModel
from ral_core.tensors import QueryTokens, Scores, VideoTokens


@dataclass(frozen=True, kw_only=True)
class Chunks:
    """How many items are worked on at once."""

    videos: int = 64
    queries: int = 64


@torch.inference_mode()
def encode_videos(model: PRVRModel, split: Split, chunks: Chunks, device: torch.device) -> list[VideoTokens]:
    """The tokens of all videos, in order, one record for each chunk."""
    parts = torch.arange(len(split.videos)).split(chunks.videos)
    return [model.encode_video(split.videos.rows(part).to(device)) for part in parts]


@torch.inference_mode()
def encode_queries(
    model: PRVRModel, split: Split, chunks: Chunks, device: torch.device
) -> Iterator[tuple[range, QueryTokens]]:
    """The tokens of all queries, chunk by chunk, with the rows they are."""
    at = 0
    for batch in split.words.batches(chunks.queries, model.config.max_words):
        yield range(at, at + len(batch)), model.encode_query(batch.to(device))
        at += len(batch)


@torch.inference_mode()
def score_split(
    model: PRVRModel,
    split: Split,
    chunks: Chunks | None = None,
    videos: Sequence[VideoTokens] | None = None,
) -> Scores:
    """Both branches' scores of all queries and videos, (Q, V) each, float32 on the CPU.

    videos: the split's videos, encoded before (by an index, for example), in order.
    """
    chunks, device = chunks or Chunks(), next(model.parameters()).device
    videos = videos or encode_videos(model, split, chunks, device)
    ready = [model.prepared(some.to(device)) for some in videos]
    rows = [
        [model.score(queries, some) for some in ready]
        for _, queries in encode_queries(model, split, chunks, device)
    ]
    return Scores(
        clip=_joined([[scores.clip for scores in row] for row in rows]),
        frame=_joined([[scores.frame for scores in row] for row in rows]),
    )


def _joined(blocks: list[list[Tensor]]) -> Tensor:
    return torch.cat([torch.cat(row, dim=1) for row in blocks]).float().cpu()
