"""Every loss against a slow version that reads like its formula, and against numbers done by hand."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from torch import Tensor
from torch.distributions import Independent, Normal, kl_divergence
from torch.testing import assert_close

from ral_core.tensors import Gaussian
from ral_core.training import losses
from ral_core.training.draws import RandomDraws, RecordedDraws

OWNER = torch.tensor([2, 0, 1, 0, 2, 2, 3])
VIDEOS = 4


@pytest.fixture
def scores() -> Tensor:
    return torch.randn(len(OWNER), VIDEOS, generator=torch.Generator().manual_seed(0))


def captions_of(video: int) -> list[int]:
    return [row for row, owner in enumerate(OWNER.tolist()) if owner == video]


def places(**by_name: list[int]) -> RecordedDraws:
    return RecordedDraws({name: torch.tensor(values) for name, values in by_name.items()})


def test_contrastive_is_the_formula(scores: Tensor) -> None:
    by_query = sum(
        math.log(sum(math.exp(s) for s in row)) - row[own]
        for row, own in zip(scores.tolist(), OWNER.tolist(), strict=True)
    )
    by_video = sum(
        math.log(sum(math.exp(s) for s in column))
        - math.log(sum(math.exp(column[row]) for row in captions_of(video)))
        for video, column in enumerate(scores.T.tolist())
    )
    expected = torch.tensor(by_query / len(OWNER) + by_video / VIDEOS)
    assert_close(losses.contrastive(scores, OWNER), expected)


def test_contrastive_by_hand() -> None:
    assert losses.contrastive(torch.zeros(2, 2), torch.tensor([0, 1])).item() == pytest.approx(
        2 * math.log(2)
    )
    assert losses.contrastive(torch.zeros(1, 1), torch.tensor([0])).item() == 0


def test_contrastive_survives_large_scores() -> None:
    assert losses.contrastive(torch.full((2, 2), 1e4), torch.tensor([0, 1])).isfinite()


def slow_triplet(scores: Tensor, v2t: list[int], t2v: list[int], margin: float) -> float:
    rows, by_video, by_query = scores.tolist(), 0.0, 0.0
    for video in range(VIDEOS):
        own = captions_of(video)
        others = sorted((rows[i][video] for i in range(len(rows)) if i not in own), reverse=True)
        mean = sum(rows[i][video] for i in own) / len(own)
        by_video += max(0.0, margin + others[v2t[video]] - mean)
    for row, own, place in zip(rows, OWNER.tolist(), t2v, strict=True):
        others = sorted((s for video, s in enumerate(row) if video != own), reverse=True)
        by_query += max(0.0, margin + others[place] - row[own])
    return by_video / VIDEOS + by_query / len(rows)


def test_triplet_is_the_formula(scores: Tensor) -> None:
    easy = places(x_v2t=[3, 0, 2, 1], x_t2v=[2, 1, 0, 2, 1, 0, 1])
    expected = slow_triplet(scores, [3, 0, 2, 1], [2, 1, 0, 2, 1, 0, 1], 0.2)
    assert losses.triplet(scores, OWNER, 0.2, easy, name="x", pool=None).item() == pytest.approx(expected)
    hard = places(x_t2v=[0, 1, 0, 1, 1, 0, 0])
    expected = slow_triplet(scores, [0] * 4, [0, 1, 0, 1, 1, 0, 0], 0.2)
    assert losses.triplet(scores, OWNER, 0.2, hard, name="x", pool=2).item() == pytest.approx(expected)


def test_triplet_by_hand() -> None:
    scores = torch.tensor([[0.9, 0.5], [0.4, 0.8]])
    loss = losses.triplet(scores, torch.tensor([0, 1]), 0.5, RandomDraws(), name="x", pool=1)
    # videos: [0.5 + 0.4 - 0.9]+ = 0 and [0.5 + 0.5 - 0.8]+ = 0.2; queries: 0.1 and 0.1
    assert loss.item() == pytest.approx(0.1 + 0.1)


def test_triplet_is_zero_without_negatives() -> None:
    assert (
        losses.triplet(torch.rand(3, 1), torch.zeros(3).long(), 0.2, RandomDraws(), name="x", pool=None) == 0
    )
    one = torch.zeros(1, 1)
    assert losses.paired_triplet(one, torch.zeros(1).long(), 0.2, RandomDraws(), name="x", pool=5) == 0


def test_the_choice_of_negatives_has_no_gradient(scores: Tensor) -> None:
    scores.requires_grad_()
    losses.triplet(scores, OWNER, 5.0, RandomDraws(), name="x", pool=1).backward()
    assert scores.grad is not None
    assert_close(scores.grad.sum(), torch.tensor(0.0))  # what pushes up pulls down as much


@pytest.mark.parametrize("mask", [False, True])
def test_paired_losses_are_the_formulas(mask: bool) -> None:
    square = torch.randn(len(OWNER), len(OWNER), generator=torch.Generator().manual_seed(4))
    rows = square.tolist()
    count = len(rows)

    def alternatives(i: int) -> list[int]:
        return [j for j in range(count) if not (mask and j != i and OWNER[j] == OWNER[i])]

    nce = 0.0
    for i in range(count):
        total = sum(math.exp(rows[i][j]) + math.exp(rows[j][i]) for j in alternatives(i))
        nce += math.log(total) - rows[i][i]
    ours = losses.paired_contrastive(square, OWNER, mask_siblings=mask)
    assert ours.item() == pytest.approx(nce / count, rel=1e-5)

    margin, expected = 0.3, 0.0
    ctx, q = [0, 1, 0, 1, 0, 1, 0], [1, 0, 0, 0, 1, 1, 2]
    for i in range(count):
        across = sorted((rows[i][j] for j in alternatives(i) if j != i), reverse=True)
        down = sorted((rows[j][i] for j in alternatives(i) if j != i), reverse=True)
        expected += max(0.0, margin + across[ctx[i]] - rows[i][i])
        expected += max(0.0, margin + down[q[i]] - rows[i][i])
    draws = places(x_ctx=ctx, x_q=q)
    ours = losses.paired_triplet(square, OWNER, margin, draws, name="x", pool=3, mask_siblings=mask)
    assert ours.item() == pytest.approx(expected / count, rel=1e-5)


def test_diversity_is_the_formula() -> None:
    sentences = torch.randn(len(OWNER), 5, generator=torch.Generator().manual_seed(1))
    cosine = torch.nn.functional.cosine_similarity(sentences[:, None], sentences[None], dim=-1).tolist()
    pairs = [(i, j) for i, j in itertools.permutations(range(len(OWNER)), 2) if OWNER[i] == OWNER[j]]
    v2 = sum((1 + cosine[i][j]) ** 2 * math.log(1 + math.exp(8 * (cosine[i][j] + 0.2))) for i, j in pairs)
    ours = losses.diversity(sentences, OWNER, 0.2, 8.0, 2.0)
    assert ours.item() == pytest.approx(v2 / len(OWNER), rel=1e-5)
    v1 = sum(
        math.log(1 + sum(math.exp(8 * (cosine[i][j] + 0.2)) for k, j in pairs if k == i))
        for i in range(len(OWNER))
    )
    ours = losses.diversity(sentences, OWNER, 0.2, 8.0, 2.0, log_of_sum=True)
    assert ours.item() == pytest.approx(v1 / len(OWNER), rel=1e-5)
    assert losses.diversity(sentences[:2], torch.tensor([0, 1]), 0.2, 8.0, 2.0) == 0


def test_matching_finds_the_best_of_all_assignments() -> None:
    random = torch.Generator().manual_seed(2)
    sentences = torch.randn(len(OWNER), 5, generator=random)
    clips = torch.randn(VIDEOS, 4, 5, generator=random)
    cosine = torch.nn.functional.cosine_similarity(sentences[:, None, None], clips[None], dim=-1).tolist()
    matched = []
    for video in range(VIDEOS):
        own = captions_of(video)
        if len(own) > 1:
            choices = itertools.permutations(range(4), len(own))
            best = max(choices, key=lambda c: sum(cosine[i][video][k] for i, k in zip(own, c, strict=True)))
            matched += [cosine[i][video][k] for i, k in zip(own, best, strict=True)]
    expected = 1 - sum(matched) / len(matched)
    assert losses.matching(sentences, clips, OWNER).item() == pytest.approx(expected, rel=1e-5)


def test_matching_with_more_captions_than_clips_or_no_siblings() -> None:
    sentences = torch.randn(3, 5)
    assert losses.matching(sentences, sentences[None, :2], torch.zeros(3).long()).item() == pytest.approx(
        0, abs=1e-6
    )
    assert losses.matching(sentences, torch.randn(3, 2, 5), torch.arange(3)) == 0


def test_proxy_matching_is_the_formula() -> None:
    random = torch.Generator().manual_seed(3)
    videos, texts = torch.randn(3, 2, 4, generator=random), torch.randn(3, 2, 4, generator=random)

    def one_way(rows: Tensor, columns: Tensor) -> float:
        total = 0.0
        for video, k in itertools.product(range(3), range(2)):
            logits = [[float(rows[video, k] @ columns[w, n]) for n in range(2)] for w in range(3)]
            whole = math.log(sum(math.exp(x) for row in logits for x in row))
            total -= sum(x - whole for x in logits[video]) / 2
        return total / 6

    expected = (one_way(videos, texts) + one_way(texts, videos)) / 2
    assert losses.proxy_matching(videos, texts).item() == pytest.approx(expected, rel=1e-5)


def test_proxy_matching_takes_several_texts_of_a_video() -> None:
    random = torch.Generator().manual_seed(3)
    videos, texts = torch.randn(2, 3, 4, generator=random), torch.randn(5, 3, 4, generator=random)
    owner = torch.tensor([0, 1, 0, 1, 1])
    expected = []
    for rows, columns, right in (
        (videos, texts, owner == torch.arange(2)[:, None]),
        (texts, videos, owner[:, None] == torch.arange(2)),
    ):
        for row, mine in zip(rows, right, strict=True):
            logs = (row @ columns.flatten(0, 1).T).log_softmax(1).unflatten(1, (-1, 3))  # (K, columns, K)
            expected.append(-logs[:, mine].mean((1, 2)))
    by_video, by_text = torch.cat(expected[:2]).mean(), torch.cat(expected[2:]).mean()
    assert_close(losses.proxy_matching(videos, texts, owner), (by_video + by_text) / 2)


@pytest.mark.parametrize("size", [1e4, 1e6])
def test_extreme_scores_stay_finite(size: float) -> None:
    scores = (size * torch.randn(7, 4, generator=torch.Generator().manual_seed(0))).requires_grad_()
    square = (size * torch.randn(7, 7, generator=torch.Generator().manual_seed(1))).requires_grad_()
    total = losses.contrastive(scores, OWNER) + losses.paired_contrastive(square, OWNER, mask_siblings=True)
    total = (
        total
        + losses.diversity(square, OWNER, 0.2, size, 1.0)
        + losses.diversity(square, OWNER, 0.2, size, 1.0, log_of_sum=True)
    )
    total.backward()
    assert total.isfinite() and scores.grad is not None and scores.grad.isfinite().all()
    assert square.grad is not None and square.grad.isfinite().all()


def test_exact_alignment_is_three_divergences() -> None:
    random = torch.Generator().manual_seed(4)
    video, text = (
        Gaussian(torch.randn(3, 4, generator=random), torch.randn(3, 4, generator=random)) for _ in "ab"
    )
    normal = Independent(Normal(torch.zeros(3, 4), torch.ones(3, 4)), 1)
    v, t = (Independent(Normal(one.mean, one.std), 1) for one in (video, text))
    expected = kl_divergence(v, normal) + kl_divergence(t, normal) + kl_divergence(t, v)
    assert_close(losses.distribution_alignment(video, text), expected.mean())
    still = Gaussian(torch.zeros(2, 3), torch.zeros(2, 3))
    assert losses.distribution_alignment(still, still) == 0


def test_draws_stay_below_their_limits_and_cover_them() -> None:
    draws = RandomDraws(torch.Generator().manual_seed(0))
    limits = torch.tensor([1, 2, 5]).repeat(400)
    drawn = draws.below("x", limits).view(400, 3)
    assert [sorted(set(column.tolist())) for column in drawn.T] == [[0], [0, 1], [0, 1, 2, 3, 4]]
    assert draws.normal("x", torch.zeros(3, 2)).shape == (3, 2)
