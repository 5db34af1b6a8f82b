"""Ranks, recalls and how far to trust them."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ral_core.evaluation.comparison import SignTest, sign_test
from ral_core.evaluation.metrics import (
    bootstrap_interval,
    ranks_of,
    recall_report,
    standard_error,
)
from ral_core.evaluation.multipositive import found_counts, relevant_ranks
from ral_core.features.pooling import bin_edges, pool_rows, unit_rows


def test_ranks_by_hand() -> None:
    scores = np.array([[0.9, 0.1, 0.5], [0.2, 0.3, 0.4], [0.7, 0.6, 0.1]])
    assert ranks_of(scores, np.array([0, 1, 2])).tolist() == [1, 2, 3]


def test_ties_and_missing_numbers_count_against_us() -> None:
    assert ranks_of(np.zeros((2, 4)), np.array([0, 3])).tolist() == [4, 4]
    nan = math.nan
    assert ranks_of(np.array([[0.5, nan, 0.1], [nan, 0.2, 0.1]]), np.array([0, 0])).tolist() == [2, 3]


@given(arrays.arrays(np.float64, (3, 6), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
def test_ranks_are_those_of_a_pessimistic_sort(scores: np.ndarray) -> None:
    owner = np.array([0, 3, 5])
    for row, own, rank in zip(scores, owner, ranks_of(scores, owner), strict=True):
        order = sorted(range(6), key=lambda video: (-row[video], video == own))
        assert order.index(own) + 1 == rank


def test_recall_report_by_hand() -> None:
    report = recall_report(np.array([1, 2, 5, 12]))
    assert report["R@1"] == 25 and report["R@5"] == 75 and report["R@10"] == 75 and report["R@100"] == 100
    assert report["SumR"] == 275
    assert report["MRR"] == pytest.approx((1 + 1 / 2 + 1 / 5 + 1 / 12) / 4)
    assert report["MedR"] == 3.5 and report["MeanR"] == 5


def test_the_sum_is_not_a_sum_of_rounded_numbers() -> None:
    report = recall_report(np.array([1, 7, 101]))
    assert report["SumR"] == pytest.approx(100 / 3 + 100 / 3 + 200 / 3 + 200 / 3)


def test_standard_error() -> None:
    assert standard_error(20.0, 400) == pytest.approx(2.0)
    assert standard_error(100.0, 9) == 0


def test_bootstrap_covers_the_mean_and_respects_groups() -> None:
    values = np.array([0.0, 1.0] * 50)
    low, high = bootstrap_interval(values)
    assert 0.3 < low < 0.5 < high < 0.7
    pairs = np.repeat(np.arange(50), 2)  # each group holds one 0 and one 1: nothing varies
    assert bootstrap_interval(values, pairs) == (0.5, 0.5)
    clumps = np.where(values == 1, 1, 0)  # two groups only: anything can happen
    assert bootstrap_interval(values, clumps) == (0.0, 1.0)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)


def test_sign_test() -> None:
    same = sign_test(np.array([1, 2, 3]), np.array([1, 2, 3]))
    assert same == SignTest(better=0, worse=0, ties=3, p=1.0)
    ten = sign_test(np.ones(10), np.full(10, 2))
    assert ten.better == 10 and ten.p == pytest.approx(2 / 1024)
    assert sign_test(np.array([1, 3]), np.array([2, 2])).p == 1.0


@given(st.integers(1, 400), st.sampled_from([1, 8, 32, 128]))
def test_bins_use_every_row_and_keep_order(length: int, count: int) -> None:
    edges = bin_edges(length, count)
    assert len(edges) == count + 1 and edges[0] == 0 and edges[-1] == length
    assert (np.diff(edges) >= 0).all()
    used = {row for a, b in itertools.pairwise(edges) for row in range(int(a), max(int(b), int(a) + 1))}
    assert used == set(range(length))


@given(st.integers(1, 300))
def test_official_bins_lose_the_last_row_of_long_inputs(length: int) -> None:
    rows = np.zeros((length, 1))
    rows[-1] = 1
    assert (pool_rows(rows, 32, legacy=True).max() == 0) == (length >= 48)
    assert pool_rows(rows, 32).max() > 0


def test_pooling_keeps_means_kinds_and_types() -> None:
    rows = np.random.default_rng(0).normal(size=(64, 3)).astype(np.float32)
    pooled = pool_rows(rows, 32)
    assert pooled.dtype == np.float32
    np.testing.assert_allclose(pooled, rows.reshape(32, 2, 3).mean(1), rtol=1e-6)
    with pytest.raises(ValueError, match="no rows"):
        pool_rows(rows[:0], 4)
    np.testing.assert_allclose(np.linalg.norm(unit_rows(1000 * rows), axis=1), 1, atol=1e-4)
    assert unit_rows(np.zeros((1, 3))).tolist() == [[0, 0, 0]]


def test_the_smallest_collection_is_always_right() -> None:
    scores, relevant = np.zeros((1, 1)), np.ones((1, 1), dtype=bool)
    assert ranks_of(scores, np.array([0])).tolist() == relevant_ranks(scores, relevant).tolist() == [1]
    report = recall_report(np.array([1]))
    assert report["SumR"] == 400 and report["MedR"] == report["MeanR"] == report["MRR"] == 1
    assert found_counts(scores, relevant, 100).tolist() == [1]


def test_equal_scores_are_worth_nothing_before_the_end() -> None:
    scores, relevant = np.full((2, 4), 0.3), np.eye(2, 4, dtype=bool)
    assert ranks_of(scores, np.array([0, 1])).tolist() == relevant_ranks(scores, relevant).tolist() == [4, 4]
    assert [found_counts(scores, relevant, k).tolist() for k in (3, 4, 100)] == [[0, 0], [1, 1], [1, 1]]
