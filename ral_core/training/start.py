"""Where training starts from: random input maps, or maps that already bring sentences and clips together.

With a few hundred captions a model that starts at random learns little of how words and features relate. Canonical
correlation finds the directions in which the two vary together in closed form; the canonical start gives them to
the input projections, and training goes on from there. An addition of ours: no paper of these systems has it.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ral_core.evaluation.splits import Split
from ral_core.models import RAL, PRVRModel
from ral_core.models.layers import InputProjection

SHRINKAGE = 0.7
"""How far covariances are drawn to a multiple of the identity; chosen on real cooking videos (benchmarks)."""


def canonical_start(model: PRVRModel, data: Split, shrinkage: float = SHRINKAGE) -> None:
    """Set the input projections of `model` to the canonical directions of the captions and moments of `data`.

    A projection ends with a cut at zero, so each direction is given to two of its outputs, once with each sign.
    """
    text, visual = projections(model)
    moments = F.layer_norm(moment_means(data), (data.videos.width,))
    half = min(model.config.width // 2, len(moments))
    directions = canonical_directions(sentence_means(data), moments, half, shrinkage)
    for group, (axes, mean) in zip((text, visual), directions, strict=True):
        for projection in group:
            set_both_signs(projection.linear, axes, mean)


def projections(model: PRVRModel) -> tuple[list[InputProjection], list[InputProjection]]:
    """The input projections of words, and those of videos."""
    backbone = model.backbone if isinstance(model, RAL) else model
    branches = [backbone.get_submodule("query"), *([model.words] if isinstance(model, RAL) else [])]
    text = [part for branch in branches for part in branch.modules() if isinstance(part, InputProjection)]
    known = {id(part) for part in text}
    visual = [part for part in model.modules() if isinstance(part, InputProjection) and id(part) not in known]
    return text, visual


@torch.no_grad()
def set_both_signs(linear: torch.nn.Linear, axes: Tensor, mean: Tensor) -> None:
    """Let the outputs of `linear` be the coordinates of x - mean on `axes` (N, in), then their negatives."""
    signed = torch.cat([axes, -axes]).to(linear.weight)
    linear.weight[: len(signed)] = signed
    linear.bias[: len(signed)] = -(signed @ mean.to(linear.weight))


def canonical_directions(
    texts: Tensor, moments: Tensor, count: int, shrinkage: float
) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """For both kinds of pairs (N, Dt) and (N, Dv): `count` axes (count, D) and the mean (D,).

    Axes are scaled by the root of their correlation, so that dot products of coordinates weigh each direction by
    what it tells. Source: H. D. Vinod, "Canonical ridge and econometrics of joint production" (1976), with
    covariances shrunk as Ledoit and Wolf (2004) do.
    """
    means = texts.double().mean(0), moments.double().mean(0)
    centred = texts.double() - means[0], moments.double() - means[1]
    whitening = [inverse_root(x.T @ x / len(x), shrinkage) for x in centred]
    cross = whitening[0] @ (centred[0].T @ centred[1] / len(texts)) @ whitening[1]
    left, strength, right = torch.linalg.svd(cross, full_matrices=False)
    scale = strength[:count].sqrt()[:, None]
    axes = (scale * (whitening[0] @ left[:, :count]).T, scale * (whitening[1] @ right[:count].T).T)
    return (axes[0], means[0]), (axes[1], means[1])


def inverse_root(covariance: Tensor, shrinkage: float) -> Tensor:
    """The symmetric inverse square root of a covariance (D, D) drawn to a multiple of the identity."""
    spread, axes = torch.linalg.eigh(covariance)
    shrunk = (1 - shrinkage) * spread.clamp(min=0) + shrinkage * spread.mean()
    return (axes / shrunk.sqrt()) @ axes.T


def sentence_means(data: Split) -> Tensor:
    """The mean of each caption's normalised words (Q, Dt)."""
    means = []
    for batch in data.words.batches(2048, max_words=10_000):
        words = F.layer_norm(batch.words, (data.words.width,)) * batch.word_mask[..., None]
        means.append(words.sum(1) / batch.word_mask.sum(1, keepdim=True))
    return torch.cat(means)


def moment_means(data: Split) -> Tensor:
    """The mean of the frames of each caption's moment (Q, Dv); of the frame nearest to it where none is inside.

    A caption without times has the whole video for its moment.
    """
    batch, times = data.packed.batch, data.packed.frame_times
    owner = torch.from_numpy(np.asarray(data.owner))
    start = torch.tensor([caption.start for caption in data.captions])[:, None].nan_to_num(nan=0.0)
    end = torch.tensor([caption.end for caption in data.captions])[:, None].nan_to_num(nan=torch.inf)
    real, at = batch.frame_mask[owner], times[owner]
    away = (start - at).clamp(min=0) + (at - end).clamp(min=0)
    away = away.masked_fill(~real, torch.inf)
    inside = (away == away.amin(1, keepdim=True)).float()  # all frames inside, or the nearest
    means = torch.zeros(len(owner), batch.frames.shape[-1])
    for part in torch.arange(len(owner)).split(2048):  # a few captions at a time: their frames are many
        means[part] = torch.einsum("qf,qfd->qd", inside[part], batch.frames[owner[part]].float())
    return means / inside.sum(1, keepdim=True)
