"""MSC's two losses: sentences keep the geometry of their features, and both branches agree on segments.

Source: MSC (arXiv 2510.27432), text correlation preservation and cross-branch video alignment.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from ral_core.models.layers import unit

ANGLES = 1 << 24
"""Angles held at once by `angle_loss`; more go in turns that are computed again on the way back."""


def relative_distances(x: Tensor) -> Tensor:
    """Euclidean distances (Q, Q) of the rows of x (Q, D), divided by their mean."""
    squares = (x * x).sum(1)
    gap = (squares[:, None] + squares - 2 * x @ x.T).clamp(min=1e-12)
    distance = gap.sqrt() * ~torch.eye(len(x), dtype=torch.bool, device=x.device)
    return distance / distance[distance > 0].mean()


def distance_loss(students: Tensor, teachers: Tensor) -> Tensor:
    """Sentences (Q, D) should be as far apart, relative to each other, as their features (Q, Dt)."""
    if len(students) < 2:
        return students.new_zeros(())
    return F.smooth_l1_loss(relative_distances(students), relative_distances(teachers.detach()))


def angles_at(x: Tensor, anchors: Tensor) -> Tensor:
    """Cosines (A, Q, Q) of the angles at each anchor between all pairs of rows of x (Q, D)."""
    sides = unit(x[None] - anchors[:, None])
    return sides @ sides.transpose(1, 2)


def angle_loss(students: Tensor, teachers: Tensor) -> Tensor:
    """The same for the angles of all triples of sentences (Q, D) and of their features (Q, Dt)."""
    teachers = teachers.detach()
    step = max(1, ANGLES // len(students) ** 2)

    def of(part: Tensor, part_of_teachers: Tensor) -> Tensor:
        expected = angles_at(teachers, part_of_teachers)
        return F.smooth_l1_loss(angles_at(students, part), expected, reduction="sum")

    turns = zip(students.split(step), teachers.split(step), strict=True)
    if step >= len(students):
        return of(students, teachers) / len(students) ** 3
    total = torch.stack([checkpoint(of, *turn, use_reentrant=False) for turn in turns]).sum()
    return total / len(students) ** 3


def segment_means(clips: Tensor, sizes: Tensor, segment: Tensor) -> Tensor:
    """Size-weighted means of the clips of each segment: (V, C, D), the first ones filled.

    clips (V, C, D), sizes (V, C), segment (V, C) the segment of each clip, counted without gaps.
    """
    weights = F.one_hot(segment, clips.shape[1]).transpose(1, 2) * sizes[:, None]  # (V, segment, clip)
    weights = weights.to(clips.dtype)
    return (weights / weights.sum(-1, keepdim=True).clamp(min=1)) @ clips


def segment_alignment(frames: Tensor, mask: Tensor, own: Tensor, segments: Tensor, counts: Tensor) -> Tensor:
    """Frames should be closest to their own segment, and segments to their own frames, within each video.

    frames (V, F, D), mask (V, F), own (V, F) the segment of each frame, segments (V, S, D) of which the first
    counts (V,) are real. Negatives are averaged, not summed; each direction holds the other side still. In
    log space throughout: the official exponentials of raw products overflow. Returns (V,), one loss per video.
    """
    real = torch.arange(segments.shape[1], device=own.device) < counts[:, None]  # (V, S)
    belongs = F.one_hot(own, segments.shape[1]).bool()  # (V, F, S)
    pairs = mask[..., None] & real[:, None]

    logits = frames @ segments.detach().transpose(1, 2)
    positive = logits.gather(2, own[..., None]).squeeze(2)
    others, any_other = log_mean_exp(logits, pairs & ~belongs, dim=2)
    by_frame = masked_mean(F.softplus(others - positive), mask & any_other, mask)

    logits = frames.detach() @ segments.transpose(1, 2)
    inside, any_inside = log_mean_exp(logits, pairs & belongs, dim=1)
    outside, any_outside = log_mean_exp(logits, pairs & ~belongs, dim=1)
    by_segment = masked_mean(F.softplus(outside - inside), any_inside & any_outside, any_inside)
    return by_frame + by_segment


def log_mean_exp(x: Tensor, mask: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Log of the mean of exp over the masked places along `dim`, and where there are any; 0 elsewhere."""
    count = mask.sum(dim, keepdim=True)
    present = count > 0
    held = torch.where(present, x.masked_fill(~mask, -torch.inf), 0)  # a row without places has no gradient
    mean = held.logsumexp(dim, keepdim=True) - count.clamp(min=1).log()
    return torch.where(present, mean, 0).squeeze(dim), present.squeeze(dim)


def masked_mean(x: Tensor, terms: Tensor, among: Tensor) -> Tensor:
    """Sum of x (V, n) over `terms`, divided by the number of `among`: (V,)."""
    return torch.where(terms, x, 0).sum(1) / among.sum(1).clamp(min=1)
