"""Moments from score curves: the laws they obey, and the awkward curves."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ral_core.search.moments import (
    MomentConfig,
    cell_bounds,
    combined_curve,
    first_moment,
    moments_of,
    smoothed,
    timeline,
)
from ral_core.search.reading import events_in

curves = st.lists(st.floats(-1, 1), min_size=1, max_size=70)
configs = st.builds(
    MomentConfig,
    threshold=st.floats(0, 1),
    baseline=st.floats(0, 1),
    least=st.floats(0, 1),
    shortest=st.sampled_from([0.0, 1.0, 5.0, 1000.0]),
    count=st.integers(1, 6),
)


def grid(count: int) -> np.ndarray:
    return np.arange(count) * 0.5 + 0.25


@settings(max_examples=200, deadline=None)
@given(curves, configs, st.integers(1, 2))
def test_moments_lie_in_the_film_are_sorted_and_do_not_overlap(
    values: list[float], config: MomentConfig, events: int
) -> None:
    duration = len(values) * 0.5
    found = moments_of(np.array(values), grid(len(values)), duration, config, events=events)
    assert 1 <= len(found) <= config.count
    assert all(0 <= m.start < m.end <= duration and m.start <= m.peak <= m.end for m in found)
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    in_order = sorted(found, key=lambda m: m.start)
    assert all(one.end <= other.start for one, other in pairwise(in_order))


@settings(max_examples=100, deadline=None)
@given(curves, configs)
def test_the_first_moment_holds_the_highest_point(values: list[float], config: MomentConfig) -> None:
    curve = np.array(values)
    assert moments_of(curve, grid(len(curve)), len(curve) * 0.5, config)[0].score == curve.max()


def test_two_bumps_are_two_moments_at_their_places() -> None:
    times = grid(100)
    curve = np.exp(-(((times - 10) / 2) ** 2)) + 0.8 * np.exp(-(((times - 35) / 2) ** 2))
    one, other = moments_of(curve, times, 50.0, MomentConfig(baseline=0.5, threshold=0.5))
    assert one.start < 10 < one.end and other.start < 35 < other.end
    # half height of exp(-(t/2)^2) is reached 2 * sqrt(ln 2) = 1.67 s from the peak
    assert one.end - one.start == pytest.approx(2 * 1.67, abs=0.6)


@pytest.mark.parametrize("curve", [np.zeros(8), np.full(8, 0.3), np.array([0.7])])
def test_a_flat_curve_gives_the_whole_film(curve: np.ndarray) -> None:
    (moment,) = moments_of(curve, grid(len(curve)), len(curve) * 0.5)
    assert (moment.start, moment.end) == (0.0, len(curve) * 0.5)


def test_a_film_that_ends_before_its_last_frame_still_has_a_moment() -> None:
    (moment,) = moments_of(np.array([0.0, 1.0]), np.array([0.0, 0.5]), 0.4, MomentConfig(shortest=0, count=1))
    assert 0 < moment.start < moment.end
    (only,) = moments_of(np.array([1.0]), np.array([0.0]), 0.0)
    assert only.start < only.end


def test_short_moments_are_widened_towards_the_higher_side() -> None:
    curve = np.array([0.0, 0.0, 0.0, 1.0, 0.2, 0.1, 0.0])
    (moment,) = moments_of(curve, np.arange(7) + 0.5, 7.0, MomentConfig(shortest=3, count=1))
    assert (moment.start, moment.end) == (3.0, 6.0)


def test_the_shoulder_of_a_moment_is_no_second_one() -> None:
    curve = np.array([0.0, 0.1, 0.45, 1.0, 0.45, 0.1, 0.0])
    config = MomentConfig(shortest=0, threshold=0.6, least=0.1)
    assert len(moments_of(curve, np.arange(7) + 0.5, 7.0, config)) == 1


def test_two_events_in_order_are_one_moment_over_both() -> None:
    times = grid(120)
    curve = sum(high * np.exp(-(((times - at) / 2) ** 2)) for at, high in ((10, 1.0), (35, 0.9), (50, 0.8)))
    one, other, third = moments_of(curve, times, 60.0)
    both, rest = moments_of(curve, times, 60.0, events=2)
    assert (both.start, both.end, both.score) == (one.start, other.end, one.score) and rest == third
    alone = np.exp(-(((times - 10) / 2) ** 2))
    assert moments_of(alone, times, 60.0, events=2) == moments_of(alone, times, 60.0)
    middle = sum(high * np.exp(-(((times - at) / 2) ** 2)) for at, high in ((10, 1.0), (35, 0.8), (50, 0.9)))
    assert len(moments_of(middle, times, 60.0, events=2)) == 1  # the third lies inside


@pytest.mark.parametrize(
    ("text", "events"),
    [
        ("first a man jumps, then he sleeps", 2),
        ("a dog walks along before eating", 2),
        ("a girl cooks after a boy runs", 2),
        ("After a girl takes a picture, a man juggles", 2),
        ("a lady dances, afterwards she sleeps", 2),
        ("then a puppy is going after a ball", 1),
        ("after dark, a girl reads a book", 1),
        ("a man plays the guitar", 1),
    ],
)
def test_words_tell_how_many_events_there_are(text: str, events: int) -> None:
    assert events_in(text) == events


def test_cells_cover_the_film() -> None:
    assert cell_bounds(np.array([0.25, 0.75, 1.25]), 1.6).tolist() == [0.0, 0.5, 1.0, 1.6]


def test_smoothing_keeps_the_mean_of_a_flat_curve_and_lowers_peaks() -> None:
    times, curve = grid(20), np.eye(20)[9]
    assert smoothed(np.full(20, 0.3), times, 1.0) == pytest.approx(np.full(20, 0.3))
    assert smoothed(curve, times, 1.0).argmax() == 9 and smoothed(curve, times, 1.0).max() < 1
    assert smoothed(curve, times, 0.0) is curve


def test_clip_and_frame_curves_meet_on_the_frames() -> None:
    config = MomentConfig(smoothing=0, clip_share=0.25)
    mixed, clip = combined_curve(
        np.array([0.0, 1.0]),
        np.array([1.0, 1.0, 0.0]),
        np.array([0.0, 2.0]),
        np.array([0.0, 1.0, 2.0]),
        config,
    )
    assert clip.tolist() == [0.0, 0.5, 1.0]
    assert mixed.tolist() == [0.75, 0.875, 0.25]


def test_evaluation_sees_the_moment_that_search_shows() -> None:
    rng = np.random.default_rng(0)
    clip, frame, config = rng.random(8), rng.random(40), MomentConfig()
    clip_times = np.linspace(1, 19, 8)
    curve, _ = combined_curve(clip, frame, clip_times, grid(40), config)
    best = moments_of(curve, grid(40), 20.0, config)[0]
    assert first_moment(clip, frame, clip_times, grid(40), 20.0) == (best.start, best.end)


def test_a_timeline_has_64_points_from_0_to_1() -> None:
    line = timeline(np.array([0.2, 0.9, 0.4]), np.array([0.0, 1.0, 2.0]), 2.0)
    assert len(line) == 64 and min(line) == 0.0 and max(line) == pytest.approx(1.0, abs=0.03)
    assert set(timeline(np.full(5, 0.4), grid(5), 2.5)) == {0.0}


@pytest.mark.parametrize("bad", [{"threshold": 1.5}, {"count": 0}, {"smoothing": -1.0}])
def test_settings_refuse_nonsense(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        MomentConfig(**bad)
