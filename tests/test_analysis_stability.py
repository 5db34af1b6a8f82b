"""Intervals of ranks over draws: they obey the laws of ranks, and the short cut draws what the samples would."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers_search import World, make_world

from ral_core.analysis.asked import ask
from ral_core.analysis.stability import (
    draw_ranks,
    matches,
    rank_stability,
    stirred,
    summary,
)
from ral_core.analysis.stability_check import bins, check_stability
from ral_core.cli import main
from ral_core.errors import BadQuery
from ral_core.search.engine import Explorer

QUERY = "a man number 0 kicks a red ball"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


@pytest.mark.parametrize("by", ["score", "proxies"])
def test_intervals_hold_their_median_and_shares_sum_to_one(explorer: Explorer, by: str) -> None:
    found = rank_stability(explorer, QUERY, model="ral-tiny", by=by, k=7)  # type: ignore[arg-type]
    assert [film.video for film in found.films] == [hit.video for hit in explorer.search(QUERY, k=7).hits]
    assert [film.rank for film in found.films] == list(range(1, 8))
    assert all(1 <= film.low <= film.median <= film.high <= 7 for film in found.films)
    assert sum(film.first for film in found.films) == pytest.approx(1.0)
    assert found.agreement == 1.0  # seven films are all among the first ten
    assert found.proxies == 6 and len(found.words) == 7
    assert json.dumps(found.to_json(), allow_nan=False)


def test_the_seed_decides(explorer: Explorer) -> None:
    one, same, other = (rank_stability(explorer, QUERY, model="ral-tiny", seed=seed) for seed in (0, 0, 1))
    assert one == same and one.films != other.films


def test_a_plain_backbone_has_words_but_no_draws(explorer: Explorer) -> None:
    found = rank_stability(explorer, QUERY, model="tiny")
    assert found.films == () and found.agreement is None and len(found.words) == 7
    assert "no distributions" in found.notes[0]


@pytest.mark.parametrize("wrong", [{"draws": 0}, {"proxies": 0}, {"k": 0}, {"by": "luck"}])
def test_nonsense_is_refused(explorer: Explorer, wrong: dict[str, object]) -> None:
    with pytest.raises(BadQuery):
        rank_stability(explorer, QUERY, model="ral-tiny", **wrong)  # type: ignore[arg-type]


def test_the_short_cut_draws_what_the_samples_would() -> None:
    rng = np.random.default_rng(0)
    mean, var = rng.standard_normal(5), rng.uniform(0.1, 1, 5)
    film_mean, film_var = rng.standard_normal((3, 5)), rng.uniform(0.1, 1, (3, 5))
    draws, proxies = 20000, 4
    fast = matches(mean, var, film_mean, film_var, draws, proxies, rng)
    queries = mean + np.sqrt(var) * rng.standard_normal((draws, proxies, 5))
    films = film_mean + np.sqrt(film_var) * rng.standard_normal((draws, proxies, 3, 5))
    slow = np.einsum("skd,slvd->svkl", queries, films).mean((2, 3))
    assert fast.mean(0) == pytest.approx(slow.mean(0), abs=0.05)
    assert np.cov(fast.T) == pytest.approx(np.cov(slow.T), abs=0.12)


def test_no_spread_means_no_movement() -> None:
    total = np.array([0.3, 0.9, 0.5])
    still = stirred(total, np.zeros((4, 3)), 0.5)
    assert draw_ranks(still, np.array([1, 2, 0])).tolist() == [[1, 2, 3]] * 4
    assert summary(np.array([1, 1, 1, 2])) == (1.0, 1.0, 2.0, 0.75)


def test_asking_every_caption_agrees_with_the_search(explorer: Explorer) -> None:
    entry = explorer.resolve("ral-tiny", None)
    asked = ask(explorer, entry)
    assert asked.total.shape == asked.relevant.shape == (7, 7)
    assert asked.log_var is not None and asked.log_var.shape == (7, 16)
    for caption, scores, right in zip(asked.captions, asked.total, asked.right, strict=True):
        best = explorer.search(caption.text, k=1).hits[0]
        assert best.score == pytest.approx(scores.max(), abs=1e-5)
        assert bool(right) == (best.video in caption.relevant)
    assert asked.ambiguity.tolist() == [len(caption.relevant) for caption in asked.captions]
    assert ask(explorer, explorer.resolve("tiny", None)).mean is None


def test_the_check_counts_what_was_asked(explorer: Explorer) -> None:
    entry = explorer.resolve("ral-tiny", None)
    found = check_stability(explorer, ask(explorer, entry), entry, draws=20)
    assert sum(one.queries for one in found.bins) == found.queries == 7
    assert 0 <= found.wrong <= 100 and all(one.described <= one.satisfied for one in found.bins)
    with pytest.raises(BadQuery, match="no distributions"):
        plain = explorer.resolve("tiny", None)
        check_stability(explorer, ask(explorer, plain), plain)


def test_sure_and_right_is_one_bin() -> None:
    (low, high) = bins(np.array([0.1, 0.0, 1.0]), np.array([False, True, True]), np.array([True, True, True]))
    assert (low.queries, low.described, high.share, high.satisfied) == (2, 50.0, 1.0, 100.0)


def test_the_verb_prints_what_the_function_says(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda *args, **kwargs: explorer)
    assert main(["stability", QUERY, "--model", "ral-tiny", "-k", "3", "--json"]) == 0
    assert [film["rank"] for film in json.loads(capsys.readouterr().out)["films"]] == [1, 2, 3]
    assert main(["stability", QUERY, "--model", "ral-tiny"]) == 0
    assert "first in" in capsys.readouterr().out
    assert (
        main(
            [
                "stability",
                "--check",
                "--model",
                "ral-tiny",
                "--draws",
                "5",
                "--out",
                str(world.root / "r.json"),
            ]
        )
        == 0
    )
    assert "AUROC" in capsys.readouterr().out and (world.root / "r.json").is_file()
    assert main(["stability"]) == 1
