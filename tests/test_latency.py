"""The latency panel: percentiles that occurred, steps that add up, sizes that are refused."""

from __future__ import annotations

import json

import pytest
from helpers_search import World, make_world

from ral_core.analysis.latency import STEPS, latency, percentiles
from ral_core.errors import BadQuery
from ral_core.views.latency_panel import panel


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("latency"))


def test_every_step_is_measured(world: World) -> None:
    explorer = world.open()
    for model in ("ral-tiny", "tiny"):
        found = latency(explorer, "a man kicks a ball", model=model, repeats=3)
        assert tuple(stage.name for stage in found.stages) == STEPS
        assert all(0 < stage.p50 <= stage.p95 for stage in (*found.stages, found.search))
        assert found.search.p50 >= max(stage.p50 for stage in found.stages[:3]) * 0.99
        assert found.films == 7 and found.per_film == pytest.approx(found.stages[1].p50 / 7)
        assert found.device.startswith("CPU") and found.repeats == 3
        json.dumps(found.to_json())
        assert "p95" in panel(found)
    for repeats in (0, 101):
        with pytest.raises(BadQuery, match="timed 1 to 100"):
            latency(explorer, "a man", repeats=repeats)


def test_percentiles_are_values_that_occurred() -> None:
    assert percentiles([5.0]) == (5.0, 5.0)
    assert percentiles(list(range(1, 101))) == (50, 95)
    assert percentiles([2.0, 1.0]) == (1.0, 2.0)


def test_the_verb_prints_json(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ral_core.cli import main
    from ral_core.search.engine import Explorer

    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda **_: explorer)
    assert main(["latency", "a man", "--repeats", "1", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["stages"]) == 4
    assert main(["latency", "--repeats", "1"]) == 0 and "p95" in capsys.readouterr().out
