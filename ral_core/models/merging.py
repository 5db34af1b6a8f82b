"""Merging neighbouring frames into clips, and alike clips into segments, for a whole batch at once.

Source: MSC (arXiv 2510.27432): order-preserving token merging, and the adaptive merging of its cross-branch
loss. Nothing here carries a gradient.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ral_core.models.layers import unit

OFFICIAL_STAGES = {(128, 32): (80, 52, 32)}
"""Lengths after each stage, where the official code fixes them."""
SEGMENT_STEPS = (20, 12, 8, 5)
LINKED_SHARES = (0.2, 0.4, 0.6, 0.8)
"""From this share of linked clips on a video is merged one step further."""


@dataclass(frozen=True)
class Merged:
    """Tokens that stand for runs or sets of rows."""

    tokens: Tensor  # (V, n, D) mean of the rows of each token
    sizes: Tensor  # (V, n) how many rows
    labels: Tensor  # (V, L) int64 the token of each row


def stages(rows: int, clips: int) -> tuple[int, ...]:
    """Lengths on the way from `rows` to `clips`: three quarters of all pairs of neighbours merge each time."""
    if (rows, clips) in OFFICIAL_STAGES:
        return OFFICIAL_STAGES[rows, clips]
    lengths = []
    while rows > clips:
        rows = max(clips, rows - max(1, 3 * rows // 8))
        lengths.append(rows)
    return tuple(lengths)


@torch.no_grad()
def merge_neighbours(x: Tensor, clips: int, *, cosine: bool) -> list[Merged]:
    """Rows (V, L, D) merged into `clips` tokens that keep their order: the result after every stage.

    In each stage the most similar of the pairs (0, 1), (2, 3), ... become one.
    """
    rows = torch.arange(x.shape[1], device=x.device).expand(len(x), -1)
    merged = [Merged(x, torch.ones_like(x[..., 0]), rows)]
    for target in stages(x.shape[1], clips):
        merged.append(_merge_pairs(merged[-1], target, cosine))
    return merged


def _merge_pairs(before: Merged, target: int, cosine: bool) -> Merged:
    """One stage: as many neighbouring pairs become one as it takes to reach `target`."""
    count = before.tokens.shape[1]
    pairs = before.tokens[:, : count // 2 * 2].unflatten(1, (-1, 2))
    if cosine:
        pairs = unit(pairs)
    similar = (pairs[:, :, 0] * pairs[:, :, 1]).sum(-1)
    chosen = similar.argsort(dim=1, descending=True, stable=True)[:, : count - target]
    stays = torch.ones_like(before.sizes, dtype=torch.bool)
    stays.scatter_(1, 2 * chosen + 1, False)
    return _regroup(before, stays.cumsum(1) - 1, target)


def _regroup(before: Merged, place: Tensor, count: int) -> Merged:
    """Tokens of equal `place` (V, n) become their size-weighted mean."""
    sizes = before.sizes.new_zeros(len(place), count).scatter_add(1, place, before.sizes)
    where = place[..., None].expand_as(before.tokens)
    total = torch.zeros_like(before.tokens[:, :count])
    total = total.scatter_add(1, where, before.tokens * before.sizes[..., None])
    return Merged(total / sizes[..., None], sizes, place.gather(1, before.labels))


@torch.no_grad()
def linked_share(clips: Tensor, similar: float) -> tuple[Tensor, Tensor, Tensor]:
    """How much of a video looks alike: the share (V,) of clip pairs that a chain of similar clips joins.

    clips (V, C, D); also returns which pairs are similar and which are linked, (V, C, C) bool each. The paper
    counts similar pairs only (option `share_alike`); its code takes the chains, which made the published numbers.
    """
    count = clips.shape[1]
    close = unit(clips) @ unit(clips).transpose(1, 2) > similar
    linked, reached = close, 1
    while reached < count:
        linked = linked | ((linked.float() @ linked.float()) > 0)
        reached *= 2
    return share_of(linked), close, linked


def share_of(pairs: Tensor) -> Tensor:
    """The share (V,) of pairs of different clips for which pairs (V, C, C) holds."""
    count = pairs.shape[1]
    apart = ~torch.eye(count, dtype=torch.bool, device=pairs.device)
    return (pairs & apart).sum((1, 2)).float() / max(count * (count - 1), 1)


def segment_counts(share: Tensor, clips: int) -> Tensor:
    """How many segments (V,) videos with these linked shares are merged into, at most `clips`."""
    steps = torch.tensor([clips, *SEGMENT_STEPS], device=share.device).clamp(max=clips)
    return steps[torch.bucketize(share, torch.tensor(LINKED_SHARES, device=share.device), right=True)]


@torch.no_grad()
def merge_alike(clips: Tensor, sizes: Tensor, counts: Tensor) -> Tensor:
    """The segment (V, C) of each clip, after merging alike clips until `counts` (V,) are left.

    clips (V, C, D), sizes (V, C). In each step tokens at even places are matched with tokens at odd places,
    best pairs first, and join them; segments need not be contiguous in time.
    """
    labels = torch.arange(clips.shape[1], device=clips.device).expand(len(clips), -1).clone()
    state = Merged(clips, sizes.to(clips.dtype), labels)
    rows = torch.arange(len(clips), device=clips.device)
    for target in SEGMENT_STEPS:
        if target >= state.tokens.shape[1]:
            continue
        going = (counts[rows] <= target).nonzero()[:, 0]
        rows = rows[going]
        if not len(rows):
            break
        state = Merged(state.tokens[going], state.sizes[going], state.labels[going])
        state = match_halves(state, target)
        labels[rows] = state.labels
    return labels


def match_halves(before: Merged, target: int) -> Merged:
    """One step of `merge_alike`: greedy one-to-one matching of even with odd places down to `target`."""
    tokens = unit(before.tokens)
    count = tokens.shape[1]
    alike = tokens[:, ::2] @ tokens[:, 1::2].transpose(1, 2)  # (V, even, odd)
    rows = torch.arange(len(tokens), device=tokens.device)
    joins = torch.arange(count, device=tokens.device).repeat(len(tokens), 1)
    for _ in range(count - target):  # each round accepts the best free pair of every video
        best = alike.flatten(1).argmax(1)
        even, odd = best // alike.shape[2], best % alike.shape[2]
        joins[rows, 2 * odd + 1] = 2 * even
        alike[rows, even] = -torch.inf
        alike[rows, :, odd] = -torch.inf
    stays = joins == torch.arange(count, device=tokens.device)
    place = (stays.cumsum(1) - 1).gather(1, joins)
    return _regroup(before, place, target)
