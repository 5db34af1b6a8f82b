"""Medoids of MS-SL++, merging and the two extra losses of MSC, against slow versions."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest
import torch
from tiny_models import CLIPS, FRAMES, encode, random_batch, random_videos, tiny_model
from torch import Tensor
from torch.nn import functional as F

from ral_core.models.backbone import over_segments
from ral_core.models.medoids import distances, first_largest, medoids_of
from ral_core.models.merging import (
    Merged,
    linked_share,
    match_halves,
    merge_alike,
    merge_neighbours,
    segment_counts,
    stages,
)
from ral_core.models.ms_sl_plus import MSSLPlus, length_code, run_bounds
from ral_core.models.msc import MSC
from ral_core.training import correlation
from ral_core.training.objectives import ObjectiveConfig, objective, teacher_vectors


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def slow_medoids(x: Tensor, count: int) -> list[int]:
    """One video's medoids, as the method is told in words."""
    gap = torch.cdist(x.double(), x.double(), compute_mode="donot_use_mm_for_euclid_dist").float().tolist()
    items = range(len(x))
    medoids = [max(items, key=lambda a: (float(x[a].norm()), -a))]
    while len(medoids) < count:
        free = [a for a in items if a not in medoids]
        medoids.append(max(free, key=lambda a: (min(gap[m][a] for m in medoids), -a)))
    for _ in range(60):
        groups: list[list[int]] = [[] for _ in medoids]
        for a in items:
            own = (
                medoids.index(a) if a in medoids else min(range(count), key=lambda k: (gap[medoids[k]][a], k))
            )
            groups[own].append(a)
        moved = [min(group, key=lambda a: (sum(gap[a][b] for b in group), a)) for group in groups]
        if moved == medoids:
            break
        medoids = moved
    return sorted(medoids)


@pytest.mark.parametrize("count", [1, 3, 8])
def test_medoids_are_those_of_the_method(count: int) -> None:
    x = random(4, 20, 5)
    assert medoids_of(x, count).tolist() == [slow_medoids(video, count) for video in x]


def test_medoids_of_equal_points_and_of_all_points() -> None:
    assert medoids_of(torch.ones(2, 5, 3), 2).tolist() == [[0, 1], [0, 1]]
    assert medoids_of(random(1, 4, 3), 4).tolist() == [[0, 1, 2, 3]]


def test_distances_are_symmetric_with_a_zero_diagonal() -> None:
    gap = distances(1000 * random(2, 9, 4))
    assert torch.equal(gap, gap.transpose(1, 2)) and (gap.diagonal(dim1=1, dim2=2) == 0).all()


def test_first_largest_takes_the_first_of_equals() -> None:
    assert first_largest(torch.tensor([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0]])).tolist() == [1, 0]


def test_key_clips_are_runs_of_the_video() -> None:
    model = tiny_model("ms_sl_plus", False, clusters=4)
    assert isinstance(model, MSSLPlus)
    with torch.no_grad():
        tokens = model.encode_video(random_videos(4, 7))
        segments = model.clip(random_videos(4, 7).clips)
    assert tokens.clips.shape[1] == 4 and tokens.clip_spans is not None
    bounds = (tokens.clip_spans * CLIPS).round().long()
    for video, k in itertools.product(range(2), range(4)):
        first, end = bounds[video, k].tolist()
        torch.testing.assert_close(tokens.clips[video, k], segments[video, first:end].mean(0))


def test_length_code_and_bounds() -> None:
    code = length_code(32)
    assert code.shape == (32, 256)
    torch.testing.assert_close(code.norm(dim=1), torch.full((32,), math.sqrt(128)))
    assert run_bounds(3).tolist() == [[0, 0], [1, 1], [2, 2], [0, 1], [1, 2], [0, 2]]


def slow_neighbours(x: Tensor, target: int) -> list[list[int]]:
    """Groups of rows after one stage: the most similar disjoint pairs of neighbours become one."""
    pairs = [(2 * i, 2 * i + 1) for i in range(len(x) // 2)]
    best = sorted(pairs, key=lambda pair: -float(x[pair[0]] @ x[pair[1]]))[: len(x) - target]
    joined = [list(pair) for pair in best] + [[i] for i in range(len(x)) if not any(i in p for p in best)]
    return sorted(joined)


@pytest.mark.parametrize(("rows", "target"), [(10, 7), (9, 6), (8, 8)])
def test_neighbours_merge_in_order(rows: int, target: int) -> None:
    x = random(3, rows, 4)
    if rows == target:
        assert torch.equal(merge_neighbours(x, target, cosine=False)[-1].tokens, x)
        return
    merged = merge_neighbours(x, target, cosine=False)[1]
    for video in range(3):
        groups = slow_neighbours(x[video], merged.tokens.shape[1])
        assert merged.sizes[video].tolist() == [len(group) for group in groups]
        for place, group in enumerate(groups):
            assert (merged.labels[video] == place).nonzero()[:, 0].tolist() == group
            torch.testing.assert_close(merged.tokens[video, place], x[video, group].mean(0))


def test_stages_reach_their_goal() -> None:
    assert stages(128, 32) == (80, 52, 32)
    for rows, clips in itertools.product((5, 33, 64, 100), (2, 5, 32)):
        lengths = (rows, *stages(rows, clips))
        assert lengths[-1] == min(rows, clips)
        assert all(a > b >= -(-a // 2) for a, b in itertools.pairwise(lengths))


def test_linked_share_follows_chains() -> None:
    angles = torch.tensor([0.0, 0.5, 1.0, 3.0])  # neighbours alike, ends of the chain not
    clips = torch.stack([angles.cos(), angles.sin()], 1)[None]
    share, close, linked = linked_share(clips, 0.8)
    assert close[0, 0].tolist() == [True, True, False, False]
    assert linked[0, 0].tolist() == [True, True, True, False]
    assert share.item() == pytest.approx(6 / 12)


def test_alike_videos_have_fewer_segments() -> None:
    share = torch.tensor([0.0, 0.19, 0.2, 0.5, 0.6, 0.79, 0.8, 1.0])
    assert segment_counts(share, 32).tolist() == [32, 32, 20, 12, 8, 8, 5, 5]
    assert segment_counts(share, 6).tolist() == [6, 6, 6, 6, 6, 6, 5, 5]


def test_halves_are_matched_greedily() -> None:
    x = random(2, 8, 3)
    merged = match_halves(Merged(x, torch.ones(2, 8), torch.arange(8).repeat(2, 1)), 5)
    for video in range(2):
        pairs = itertools.product(range(0, 8, 2), range(1, 8, 2))
        order = sorted(
            pairs, key=lambda p: -float(F.cosine_similarity(x[video, p[0]], x[video, p[1]], dim=0))
        )
        joined: list[tuple[int, int]] = []
        for even, odd in order:
            if len(joined) < 3 and not any(even == a or odd == b for a, b in joined):
                joined.append((even, odd))
        gone = {odd for _, odd in joined}
        for place, even in enumerate(i for i in range(8) if i not in gone):
            group = sorted([even, *(b for a, b in joined if a == even)])
            assert (merged.labels[video] == place).nonzero()[:, 0].tolist() == group


def test_every_clip_ends_in_a_segment() -> None:
    clips, sizes = random(5, 32, 6), torch.ones(5, 32)
    counts = torch.tensor([32, 20, 12, 8, 5])
    labels = merge_alike(clips, sizes, counts)
    assert [sorted(set(row.tolist())) for row in labels] == [list(range(n)) for n in counts.tolist()]


def test_content_clips_cover_the_film_in_order() -> None:
    model = tiny_model("msc", False)
    assert isinstance(model, MSC)
    videos = random_videos(1, 3, FRAMES)
    runs = model.with_runs(videos)
    assert runs.clip_sizes is not None and runs.clip_labels is not None
    assert runs.clip_sizes.sum(1).tolist() == [FRAMES] * 3 and runs.clips.shape == videos.clips.shape
    for labels, real in zip(runs.clip_labels, videos.frame_mask, strict=True):
        assert (labels[real].diff() >= 0).all()
    assert runs.clip_labels[2].max() == CLIPS - 1
    with torch.no_grad():
        spans = model.encode_video(videos).clip_spans
    assert spans is not None
    torch.testing.assert_close(spans[:, 1:, 0], spans[:, :-1, 1])
    assert spans[:, 0, 0].tolist() == [0, 0, 0] and spans[:, -1, 1].tolist() == [1, 1, 1]
    assert model.with_runs(runs) is runs


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_plan_made_once_trains_the_same(wrapped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ral_core.models.msc.PLANNED", 2)
    model, batch = tiny_model("msc", wrapped), random_batch([0, 0, 1, 2, 2, 3])
    planned = replace(batch, videos=model.planned(batch.videos))
    assert planned.videos.segments is not None and planned.videos.clip_sizes is not None
    first, second = (
        objective(model, one, ObjectiveConfig(), generator=torch.Generator().manual_seed(0))
        for one in (batch, planned)
    )
    assert first.keys() == second.keys() and "cross_branch" in first
    for term in first:
        torch.testing.assert_close(first[term], second[term])
    plain = tiny_model("gmmformer_v2", wrapped)
    assert plain.planned(batch.videos) is batch.videos


def test_share_of_alike_clips_may_leave_chains_out() -> None:
    video = random_batch([0]).videos
    steps = torch.linspace(0, 1.2, CLIPS)  # neighbours are alike, the ends are not
    clips = torch.zeros_like(video.clips)
    clips[0, :, 0], clips[0, :, 1] = steps.cos(), steps.sin()
    sizes = torch.ones(1, CLIPS)
    runs = replace(video, clips=clips, clip_sizes=sizes, clip_labels=video.frame_mask.long() * 0)
    chains, pairs = (
        tiny_model("msc", False, similar=0.95, options={"share_alike": kind}) for kind in ("linked", "pairs")
    )
    assert isinstance(chains, MSC) and isinstance(pairs, MSC)
    assert chains.segments(runs).amax() < pairs.segments(runs).amax()


def test_key_clips_may_be_chosen_without_dropout() -> None:
    videos = random_videos(4, 7)
    for drop in (True, False):
        model = tiny_model(
            "ms_sl_plus", False, input_drop=0.5, clusters=3, options={"cluster_drop": drop}
        ).train()
        assert isinstance(model, MSSLPlus)
        runs, bounds = random(2, 21, 16), run_bounds(CLIPS)
        same = torch.equal(model.cluster_input(runs, bounds), model.cluster_input(runs, bounds))
        assert same != drop
        assert model.encode_video(videos).clips.shape == (2, 3, 16)


def test_every_pair_may_be_trained_as_it_is_searched() -> None:
    model, batch = tiny_model("ms_sl", False, options={"paired_frames": False}), random_batch([0, 0, 1])
    queries, videos = encode(model, batch.queries, batch.videos)
    with torch.no_grad():
        scores = model.training_scores(queries, videos, batch.owner)
        assert not scores.paired
        torch.testing.assert_close(scores.cosine.frame, model.score(queries, videos).frame)


def test_clips_of_any_span_become_a_curve() -> None:
    values = torch.tensor([[[1.0, 2.0]]])
    spans = torch.tensor([[[0.0, 0.75], [0.5, 0.75]]])
    assert over_segments(values, spans, 4).tolist() == [[[1, 1, 2, 0]]]
    assert over_segments(values, None, 4) is values


def test_text_losses_are_their_formulas() -> None:
    students, teachers = random(5, 4), random(5, 3, seed=1)

    def gaps(x: Tensor) -> Tensor:
        gap = torch.stack([torch.stack([(a - b).norm() for b in x]) for a in x])
        return gap / gap[gap > 0].mean()

    expected = F.huber_loss(gaps(students), gaps(teachers))
    torch.testing.assert_close(correlation.distance_loss(students, teachers), expected, rtol=1e-4, atol=1e-5)

    def angle(x: Tensor, i: int, j: int, k: int) -> Tensor:
        return F.normalize(x[j] - x[i], dim=0) @ F.normalize(x[k] - x[i], dim=0)

    triples = list(itertools.product(range(5), repeat=3))
    pairs = [torch.stack([angle(x, *triple) for triple in triples]) for x in (students, teachers)]
    torch.testing.assert_close(correlation.angle_loss(students, teachers), F.huber_loss(*pairs))


def test_angles_in_turns_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    students, teachers = random(7, 4).requires_grad_(), random(7, 3, seed=1)
    whole = correlation.angle_loss(students, teachers)
    (expected,) = torch.autograd.grad(whole, students)
    monkeypatch.setattr(correlation, "ANGLES", 100)
    turns = correlation.angle_loss(students, teachers)
    (gradient,) = torch.autograd.grad(turns, students)
    torch.testing.assert_close(turns, whole)
    torch.testing.assert_close(gradient, expected)


def test_one_sentence_or_two_equal_ones_are_no_trouble() -> None:
    for x in (random(1, 4), torch.ones(3, 4)):
        x.requires_grad_()
        loss = correlation.distance_loss(x, random(len(x), 3)) + correlation.angle_loss(x, random(len(x), 3))
        loss.backward()
        assert loss.isfinite() and x.grad is not None and x.grad.isfinite().all()


def test_segments_survive_large_products() -> None:
    frames, segments = 100 * random(1, 6, 4), 100 * random(1, 3, 4, seed=1)
    frames.requires_grad_()
    own, mask = torch.tensor([[0, 0, 1, 1, 2, 2]]), torch.ones(1, 6, dtype=torch.bool)
    loss = correlation.segment_alignment(frames, mask, own, segments, torch.tensor([3]))
    loss.sum().backward()
    assert loss.isfinite().all() and frames.grad is not None and frames.grad.isfinite().all()


@pytest.mark.parametrize("size", [1e3, 1e5])
def test_extreme_logits_lose_no_precision(size: float) -> None:
    frames = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]]) * size
    segments = torch.tensor([[[1.0, 0.0], [0.0, 1.0]]])
    own, mask, counts = torch.tensor([[1, 0]]), torch.ones(1, 2, dtype=torch.bool), torch.tensor([2])
    loss = correlation.segment_alignment(frames, mask, own, segments, counts)
    torch.testing.assert_close(
        loss, torch.tensor([2 * size])
    )  # every frame is one whole logit on the wrong side
    right = correlation.segment_alignment(frames, mask, 1 - own, segments, counts)
    assert right.item() == pytest.approx(0, abs=1e-6)


def test_padding_does_not_touch_the_segment_loss() -> None:
    frames, segments, own = random(1, 4, 3), random(1, 2, 3, seed=1), torch.tensor([[0, 0, 1, 1]])
    mask, counts = torch.ones(1, 4, dtype=torch.bool), torch.tensor([2])
    tight = correlation.segment_alignment(frames, mask, own, segments, counts)
    loose = correlation.segment_alignment(
        torch.cat([frames, 9 * random(1, 3, 3)], 1),
        F.pad(mask, (0, 3)),
        F.pad(own, (0, 3)),
        torch.cat([segments, random(1, 2, 3)], 1),
        counts,
    )
    torch.testing.assert_close(tight, loose)


def test_teachers() -> None:
    queries = random_batch([0, 0, 1]).queries
    last, mean = teacher_vectors(queries, "last"), teacher_vectors(queries, "mean")
    assert torch.equal(last[1], queries.words[1, 1])
    torch.testing.assert_close(mean[1], F.normalize(queries.words[1, :2].mean(0), dim=0))
