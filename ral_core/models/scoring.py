"""Similarities between query tokens and video tokens, and their maxima over time."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ral_core.models.layers import unit
from ral_core.tensors import Scores, TensorRecord

CHUNK = 1 << 25
"""Similarities held at once by `word_maxima` (128 MiB of float32); more are computed in turns."""


@dataclass(frozen=True)
class TrainingScores(TensorRecord):
    """What the losses need: cosines for the margin terms, dot products for the contrastive ones."""

    cosine: Scores
    dot: Scores
    paired: bool = False
    """Frame scores are (Q, Q): column j is the own video of query j, seen with query j's key clip."""
    native: TrainingScores | None = None
    """The backbone's own scores, where a wrapper keeps them beside its own."""


def similarity(queries: Tensor, tokens: Tensor) -> Tensor:
    """Dot products (Q, V, L) of queries (Q, D) with tokens (V, L, D), as one matrix product."""
    return (queries @ tokens.flatten(0, 1).T).unflatten(-1, tokens.shape[:2])


def floored_videos(frame_mask: Tensor, max_frames: int) -> Tensor:
    """Videos (V,) with room for padding, whose maximum the official code lifts to at least 0."""
    return frame_mask.sum(-1) < max_frames


def best_token(
    queries: Tensor, tokens: Tensor, mask: Tensor | None = None, floored: Tensor | None = None
) -> Tensor:
    """The highest dot product over a video's tokens: (Q, V).

    queries (Q, D), tokens (V, L, D), mask (V, L) bool; `floored` (V,) bool marks videos held at 0 or above.

    >>> best_token(torch.ones(1, 1), torch.tensor([[[-1.0], [0.0]]]), torch.tensor([[True, False]]))
    tensor([[-1.]])
    """
    return reduced(similarity(queries, tokens), mask, floored)


def reduced(scores: Tensor, mask: Tensor | None, floored: Tensor | None) -> Tensor:
    """Maximum of scores (Q, V, L) over the real positions of mask (V, L): (Q, V)."""
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf)
    best = scores.max(-1).values  # its gradient is one scatter; amax would compare every element
    return best if floored is None else torch.where(floored, best.clamp(min=0), best)


def word_maxima(
    words: Tensor, frames: Tensor, mask: Tensor, floored: Tensor | None = None, *, dots: bool = False
) -> tuple[Tensor, Tensor | None]:
    """Each word's best frame in every video: cosines (N, V), and dot products (N, V) when asked for.

    words (N, D), frames (V, F, D), mask (V, F) bool, floored (V,) bool. Both forms come from one matrix
    product: a cosine is the dot product over two lengths, and a word's length does not move its maximum.
    The (N, V, F) similarities are never all in memory: videos go in turns of at most `CHUNK` values, and
    while training a turn is computed again on the way back instead of being kept.
    """
    step = max(1, CHUNK // max(1, len(words) * frames.shape[1]))
    if step >= len(frames):
        cosines, products = _chunk_maxima(words, frames, mask, floored, dots)
    else:
        turns = []
        for start in range(0, len(frames), step):
            part = slice(start, start + step)
            floor = None if floored is None else floored[part]
            if torch.is_grad_enabled():
                args = (words, frames[part], mask[part], floor, dots)
                turns.append(checkpoint(_chunk_maxima, *args, use_reentrant=False))
            else:
                turns.append(_chunk_maxima(words, frames[part], mask[part], floor, dots))
        cosines = torch.cat([turn[0] for turn in turns], -1)
        products = torch.cat([turn[1] for turn in turns], -1) if dots else None
    return cosines / lengths(words)[:, None], products


def _chunk_maxima(
    words: Tensor, frames: Tensor, mask: Tensor, floored: Tensor | None, dots: bool
) -> tuple[Tensor, Tensor | None]:
    """Maxima over frames of w.f/|f| and, when asked for, of w.f: (N, V) each."""
    if not dots:
        return best_token(words, unit(frames), mask, floored), None
    products = similarity(words, frames)
    return reduced(products * lengths(frames).reciprocal(), mask, floored), reduced(products, mask, floored)


def lengths(x: Tensor) -> Tensor:
    """Euclidean lengths along the last axis, never 0."""
    return x.norm(dim=-1).clamp(min=1e-12)


def gated_sum(maxima: Tensor, gate: Tensor, word_mask: Tensor) -> Tensor:
    """Sum over each query's words of gate times maximum: (Q, V).

    maxima (N, V) for the N real words in reading order, gate (Q, W), word_mask (Q, W) with N real words.
    """
    owner = word_mask.nonzero()[:, 0]
    weighted = maxima * gate[word_mask][:, None]
    return weighted.new_zeros(len(gate), maxima.shape[1]).index_add(0, owner, weighted)
