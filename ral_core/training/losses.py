"""One function per loss: tensors in, one number out, unweighted.

Score matrices are (Q, V) with owner (Q,), the column of each query's own video, in any order of rows.
Source: MS-SL (triplet, contrastive), GMMFormer (query diversity), GMMFormer v2 (optimal matching),
RAL (proxy matching, distribution alignment). Everything is vectorised but the assignment problem.
"""

from __future__ import annotations

import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from ral_core.models.layers import unit
from ral_core.tensors import Gaussian
from ral_core.training.draws import Draws


def belonging(owner: Tensor, videos: int) -> Tensor:
    """Which query belongs to which video: (Q, V) bool."""
    return owner[:, None] == torch.arange(videos, device=owner.device)


def siblings(owner: Tensor) -> Tensor:
    """Which other queries describe the same video: (Q, Q) bool.

    By equality of owners, where the official code takes the rows around the diagonal and therefore crashes
    unless captions are grouped by video.
    """
    same = owner[:, None] == owner[None]
    return same & ~torch.eye(len(owner), dtype=torch.bool, device=owner.device)


def contrastive(scores: Tensor, owner: Tensor) -> Tensor:
    """Softmax over videos for each query, and over queries for each video with captions.

    scores (Q, V) are dot products without temperature. A video's captions share the numerator.
    """
    belongs = belonging(owner, scores.shape[1])
    by_query = scores.logsumexp(1) - scores[belongs]
    present = belongs.any(0)
    columns = scores[:, present]
    own = columns.masked_fill(~belongs[:, present], -torch.inf)
    return by_query.mean() + (columns.logsumexp(0) - own.logsumexp(0)).mean()


def triplet(
    scores: Tensor, owner: Tensor, margin: float, draws: Draws, *, name: str, pool: int | None
) -> Tensor:
    """Own pairs must beat one other pair by `margin`, for each video and for each query.

    scores (Q, V) are cosines. With `pool` set negatives are hard: a video meets the best query of other
    videos, a query one of the `pool` best other videos; without it both are drawn from all. Draws are called
    `{name}_v2t` and `{name}_t2v` and count places below the best negative. A batch of one video has no
    negative; the official code crashes there, here the loss is 0.
    """
    queries, videos = scores.shape
    if videos < 2:
        return scores.new_zeros(())
    belongs = belonging(owner, videos)
    others = scores.detach().masked_fill(belongs, -torch.inf)  # only choosing, so without gradients

    present = belongs.any(0) & ~belongs.all(0)
    own = torch.where(belongs, scores, 0).sum(0) / belongs.sum(0).clamp(min=1)
    if pool is None:
        places = draws.below(f"{name}_v2t", (queries - belongs.sum(0)).clamp(min=1))
        chosen = others.argsort(0, descending=True).gather(0, places[None]).squeeze(0)
    else:
        chosen = others.argmax(0)
    rival = scores.gather(0, chosen[None]).squeeze(0)
    by_video = torch.where(present, (margin + rival - own).clamp(min=0), 0).sum() / present.sum().clamp(min=1)

    count = videos - 1 if pool is None else min(pool, videos - 1)
    places = draws.below(f"{name}_t2v", owner.new_full((queries,), count))
    rival = _nth_best(scores, others, places, count)
    by_query = (margin + rival - scores[belongs]).clamp(min=0).mean()
    return by_video + by_query


def _nth_best(scores: Tensor, others: Tensor, places: Tensor, count: int) -> Tensor:
    """The live score (N,) at the place (N,) in each row's ranking of `others`."""
    chosen = others.topk(count, dim=1).indices.gather(1, places[:, None])
    return scores.gather(1, chosen).squeeze(1)


def paired_contrastive(
    scores: Tensor, owner: Tensor, *, two_sided: bool = False, mask_siblings: bool = False
) -> Tensor:
    """One softmax over a query's row and column together (MS-SL's frame loss).

    scores (Q, Q): query i against the video of query j. The diagonal is the positive and occurs twice among
    the alternatives. `two_sided` adds a softmax over the row and one over the column instead (MS-SL++).
    `mask_siblings` leaves other captions of the same video out.
    """
    own = scores.diagonal()
    if mask_siblings:
        scores = scores.masked_fill(siblings(owner), -torch.inf)
    if two_sided:
        return (scores.logsumexp(1) + scores.logsumexp(0) - 2 * own).mean()
    return (torch.cat([scores, scores.T], 1).logsumexp(1) - own).mean()


def paired_triplet(
    scores: Tensor,
    owner: Tensor,
    margin: float,
    draws: Draws,
    *,
    name: str,
    pool: int | None,
    mask_siblings: bool = False,
) -> Tensor:
    """Each diagonal score must beat one of its row and one of its column by `margin` (MS-SL's frame loss).

    scores (Q, Q) are cosines. Negatives are drawn from the `pool` best, or from all; draws are called
    `{name}_ctx` (rows) and `{name}_q` (columns). Officially captions of the same video are negatives, and two
    that choose the same key clip can never be told apart; `mask_siblings` leaves them out. A query without
    any negative adds 0.
    """
    excluded = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
    if mask_siblings:
        excluded = excluded | siblings(owner)
    negatives = (~excluded).sum(1)
    if not bool(negatives.any()):
        return scores.new_zeros(())
    limits = negatives.clamp(min=1) if pool is None else negatives.clamp(min=1, max=pool)
    loss = scores.new_zeros(())
    for side, matrix in (("ctx", scores), ("q", scores.T)):
        others = matrix.detach().masked_fill(excluded, -torch.inf)
        rival = _nth_best(matrix, others, draws.below(f"{name}_{side}", limits), int(limits.max()))
        hinge = (margin + rival - scores.diagonal()).clamp(min=0)
        loss = loss + torch.where(negatives > 0, hinge, 0).mean()
    return loss


def diversity(
    sentences: Tensor, owner: Tensor, shift: float, scale: float, power: float, *, log_of_sum: bool = False
) -> Tensor:
    """Captions of one video should differ: a soft hinge on the cosine c of each pair of siblings.

    sentences (Q, D). GMMFormer v2: the sum of (1 + c)^power log(1 + exp(scale (c + shift))); GMMFormer
    (`log_of_sum`): log(1 + the sum of exp(scale (c + shift))). Mean over queries; 0 without siblings.
    """
    pairs = siblings(owner)
    cosines = unit(sentences) @ unit(sentences).T
    logits = scale * (cosines + shift)
    if log_of_sum:
        nothing = logits.new_zeros(len(logits), 1)  # the 1 in log(1 + ...)
        return torch.cat([nothing, logits.masked_fill(~pairs, -torch.inf)], 1).logsumexp(1).mean()
    return torch.where(pairs, (1 + cosines) ** power * F.softplus(logits), 0).sum() / len(sentences)


def matching(sentences: Tensor, clips: Tensor, owner: Tensor) -> Tensor:
    """Captions of one video should each find a clip of their own: 1 minus the mean matched cosine.

    sentences (Q, D), clips (V, C, D). The cheapest one-to-one assignment is found without gradients, for each
    video with two or more captions; without such a video the loss is 0, where the official code crashes.
    """
    cosines = (unit(clips)[owner] @ unit(sentences)[:, :, None]).squeeze(-1)  # (Q, C)
    costs = -cosines.detach().cpu()
    groups = [rows for rows in _groups(owner) if len(rows) > 1]
    if not groups:
        return cosines.new_zeros(())
    rows, columns = [], []
    for group in groups:  # the assignment problem has no batched form: on the CPU, video by video
        captions, matched = linear_sum_assignment(costs[group].numpy())
        rows.append(group[torch.from_numpy(captions)])
        columns.append(torch.from_numpy(matched))
    return 1 - cosines[torch.cat(rows).to(owner.device), torch.cat(columns).to(owner.device)].mean()


def _groups(owner: Tensor) -> tuple[Tensor, ...]:
    """Row numbers of each video's queries, on the CPU."""
    order = owner.cpu().argsort(stable=True)
    counts = torch.bincount(owner.cpu())
    return order.split(counts[counts > 0].tolist())


def proxy_matching(videos: Tensor, texts: Tensor, owner: Tensor | None = None) -> Tensor:
    """Draw each video's samples to all samples of its own captions, and back.

    videos (V, K, D), texts (N, K, D); owner (N,) is the video of each text, by default row v of one belongs to
    row v of the other. Log probabilities are averaged over the right answers. Dot products of raw samples
    without temperature, as in the official code.
    """
    proxies = videos.shape[1]
    scores = videos.flatten(0, 1) @ texts.flatten(0, 1).T  # (V * K, N * K)
    rows = torch.arange(len(videos), device=scores.device)
    columns = rows if owner is None else owner
    right = belonging(columns, len(videos)).T.repeat_interleave(proxies, 0).repeat_interleave(proxies, 1)

    def one_way(scores: Tensor, right: Tensor) -> Tensor:
        return -(torch.where(right, scores.log_softmax(1), 0).sum(1) / right.sum(1)).mean()

    return (one_way(scores, right) + one_way(scores.T, right.T)) / 2


def distribution_alignment(videos: Gaussian, texts: Gaussian) -> Tensor:
    """Divergence of both Gaussians from the standard one, and of the texts' from the videos'.

    Exact for diagonal Gaussians: KL(video, N(0, I)) + KL(text, N(0, I)) + KL(text, video), mean over pairs.
    The official terms differ: see `distribution_alignment_reference`.
    """
    return to_standard(videos) + to_standard(texts) + _divergence(texts, videos)


def distribution_alignment_reference(
    video_proxies: Tensor, text_proxies: Tensor, videos: Gaussian, texts: Gaussian
) -> Tensor:
    """The official form: means of the sampled proxies (V, K, D) stand for the Gaussians' means.

    It reads the spread as a log variance in the two terms towards the standard normal, though it samples
    with it as a log deviation; the third term reads it as a log deviation.
    """
    video = Gaussian(video_proxies.mean(1), videos.log_var)
    text = Gaussian(text_proxies.mean(1), texts.log_var)

    def misread(one: Gaussian) -> Tensor:
        return to_standard(Gaussian(one.mean, one.log_var / 2))

    return misread(video) + misread(text) + _divergence(text, video)


def to_standard(one: Gaussian) -> Tensor:
    """Mean KL divergence from the standard normal."""
    return -0.5 * (1 + one.log_var - one.mean**2 - one.var).sum(-1).mean()


def _divergence(one: Gaussian, other: Gaussian) -> Tensor:
    """Mean KL divergence of `one` from `other`, row by row."""
    gap = (one.var + (one.mean - other.mean) ** 2) / other.var
    return 0.5 * (other.log_var - one.log_var + gap - 1).sum(-1).mean()
