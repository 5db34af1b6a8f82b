"""Reasons of failures: by the films' scene graphs, each failure once, and rates that add up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers_search import World, make_world

from ral_core.analysis.failures import MANY, OTHERS, SLOTS, failure_report, kinds, reason
from ral_core.analysis.runs import make_run, save_run
from ral_core.cli import main
from ral_core.data.captions import Caption, read_captions
from ral_core.errors import DataError
from ral_core.files import read_jsonl
from ral_core.search.engine import Explorer
from ral_core.world.logic import film_satisfies
from ral_core.world.scene import Film

WORLD = Path(__file__).parents[1] / "precomputed" / "world" / "test"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def films() -> dict[str, Film]:
    return {row["id"]: Film.from_json(row) for row in read_jsonl(WORLD / "films.jsonl")}


@pytest.fixture(scope="module")
def captions() -> list[Caption]:
    return read_captions(WORLD / "captions.jsonl")


def test_a_twin_has_one_thing_wrong(films: dict[str, Film], captions: list[Caption]) -> None:
    twins = [c for c in captions if c.twin and c.twin not in c.relevant and c.level != "temporal"]
    assert len(twins) > 50
    assert all(reason(films[c.twin or ""], c.logic) in SLOTS for c in twins)


def test_reasons_of_temporal_captions(films: dict[str, Film], captions: list[Caption]) -> None:
    told = [c for c in captions if c.level == "temporal"][:40]
    seen = set()
    for caption in told:
        first, then = caption.logic["first"], caption.logic["then"]
        for film in list(films.values())[:40]:
            if film.id in caption.relevant:
                continue
            found = reason(film, caption.logic)
            both = film_satisfies(film, first), film_satisfies(film, then)
            assert (
                found in ("order", "someone else")
                if all(both)
                else found == ("one of two" if any(both) else "neither")
            )
            seen.add(found)
    assert seen == {"order", "someone else", "one of two", "neither"} or seen >= {"one of two", "neither"}


def test_reversed_order_is_called_so(films: dict[str, Film], captions: list[Caption]) -> None:
    caption = next(c for c in captions if c.level == "temporal" and len(c.relevant) == 1)
    logic = {"first": caption.logic["then"], "then": caption.logic["first"]}
    if not film_satisfies(films[caption.film], logic):
        assert reason(films[caption.film], logic) == "order"


def test_the_shipped_failures_have_one_reason_each() -> None:
    found = failure_report(Explorer.open(device="cpu"), model="ral", examples=2)
    assert sum(one.count for one in found.reasons) == found.wrong
    assert sum(one.share for one in found.reasons) == pytest.approx(100)
    assert all(one.name in {**SLOTS, **OTHERS} and 1 <= len(one.examples) <= 2 for one in found.reasons)
    assert not any(example.winner_fits for one in found.reasons for example in one.examples)
    assert found.notes == () and found.queries == 1992
    assert json.dumps(found.to_json(), allow_nan=False)


def test_kinds_count_what_they_say(captions: list[Caption]) -> None:
    wrong = np.array([caption.ambiguity == 1 for caption in captions])
    found = {kind.name: kind for kind in kinds(captions, wrong)}
    alone = found["one film satisfies it"]
    assert alone.rate == 100.0 and alone.rest == 0.0 and alone.wrong == alone.asked
    assert found[f"{MANY} or more films satisfy it"].wrong == 0
    assert sum(found[f"level: {name}"].asked for name in ("vague", "mid", "full", "temporal")) == len(
        captions
    )


def test_a_collection_without_scene_graphs_says_so(world: World) -> None:
    explorer = world.open()
    entry = explorer.resolve("ral-tiny", None)
    with pytest.raises(DataError, match="no run of ral-tiny"):
        failure_report(explorer, model="ral-tiny")
    save_run(explorer.root, make_run(explorer, entry))
    found = failure_report(explorer, model="ral-tiny")
    assert found.reasons == () and "not known" in found.notes[0] and found.queries == 7
    assert found.wrong + found.also_right <= 7 and found.kinds


def test_the_verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["failures", "--json", "--examples", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["wrong"] > 0
    assert main(["failures"]) == 0 and "kind of query" in capsys.readouterr().out
