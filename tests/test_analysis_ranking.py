"""Other rankings: each is what it says, and the check starts from the score."""

from __future__ import annotations

import json
from typing import get_args

import numpy as np
import pytest
from helpers_search import World, make_world

from ral_core.analysis.asked import ask
from ral_core.analysis.ranking import SAMPLED, WAYS, By, check_rankings, ranking, standard
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


@pytest.mark.parametrize("by", get_args(By))
def test_every_way_orders_all_films(explorer: Explorer, by: By) -> None:
    found = ranking(explorer, QUERY, by=by, model="ral-tiny", k=7)
    assert [film.rank for film in found.films] == list(range(1, 8))
    assert sorted(film.before for film in found.films) == list(range(1, 8))
    assert [film.score for film in found.films] == sorted((f.score for f in found.films), reverse=True)
    assert found == ranking(explorer, QUERY, by=by, model="ral-tiny", k=7)
    assert json.dumps(found.to_json(), allow_nan=False)


def test_without_caution_nothing_moves(explorer: Explorer) -> None:
    assert ranking(explorer, QUERY, by="score", model="ral-tiny").moved == 0
    assert ranking(explorer, QUERY, by="cautious", caution=0.0, model="ral-tiny").moved == 0


def test_much_caution_ranks_by_width(explorer: Explorer, world: World) -> None:
    found = ranking(explorer, QUERY, by="cautious", caution=1e6, model="ral-tiny", k=7)
    width = np.exp(0.5 * np.asarray(world.indexes["ral-tiny"]["gaussian_log_var"], dtype=float)).mean(1)
    assert [film.video for film in found.films] == [f"film-{row}" for row in np.argsort(width)]


def test_other_samples_other_order(explorer: Explorer) -> None:
    for by in SAMPLED:
        seeds = {
            tuple(f.score for f in ranking(explorer, QUERY, by=by, model="ral-tiny", seed=seed).films)  # type: ignore[arg-type]
            for seed in range(3)
        }
        assert len(seeds) == 3


def test_a_plain_backbone_ranks_by_score_and_z_only(explorer: Explorer) -> None:
    assert ranking(explorer, QUERY, by="z", model="tiny").by == "z"
    with pytest.raises(BadQuery, match="no distributions"):
        ranking(explorer, QUERY, by="means", model="tiny")
    with pytest.raises(BadQuery, match="not by 'luck'"):
        ranking(explorer, QUERY, by="luck", model="tiny")  # type: ignore[arg-type]


def test_the_check_starts_from_the_score(explorer: Explorer) -> None:
    entry = explorer.resolve("ral-tiny", None)
    found = check_rankings(explorer, ask(explorer, entry), entry, cautions=(0.0,))
    assert {one.by for one in found} == set(WAYS)
    first, cautious = found[0], found[1]
    assert first.by == "score" and first.gain == (0.0, 0.0)
    assert (cautious.by, cautious.hit, cautious.total) == ("cautious", first.hit, first.total)
    plain = explorer.resolve("tiny", None)
    assert {one.by for one in check_rankings(explorer, ask(explorer, plain), plain)} == {"score", "z"}


def test_standard_values_have_mean_0_and_deviation_1() -> None:
    values = standard(np.array([1.0, 2.0, 6.0]))
    assert values.mean() == pytest.approx(0) and values.std() == pytest.approx(1)
    assert standard(np.ones(3)).tolist() == [0, 0, 0]


def test_the_verb(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda *args, **kwargs: explorer)
    for flags in (["--off", "red"], ["--off", "1"], ["--on", "ball"], ["--even"], ["--by", "cautious"]):
        assert main(["rerank", QUERY, "--model", "ral-tiny", *flags, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["films"][0]["rank"] == 1
    assert main(["rerank", QUERY, "--model", "ral-tiny", "--off", "blue"]) == 1
    assert "no word 'blue'" in capsys.readouterr().err
    assert main(["rerank", QUERY, "--even", "--by", "z"]) == 1
    assert main(["rerank"]) == 1
    out = world.root / "ranking.json"
    assert main(["rerank", "--check", "--model", "ral-tiny", "--out", str(out)]) == 0
    assert "hit@1" in capsys.readouterr().out and json.loads(out.read_text())["ways"]
