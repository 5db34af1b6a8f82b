"""The sensitivity sweep: exact overlaps, sensible edits, the right mover."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers_search import World, make_world

from ral_core.analysis.sweep import changed, edits, renumbered, sweep
from ral_core.errors import BadQuery
from ral_core.search.known import Vocabulary
from ral_core.views.sweep_panel import LONGEST, panel, read_asked

QUERY = "a man number 1 kicks a red ball"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("sweep"))


def test_overlaps_are_those_of_single_searches(world: World) -> None:
    explorer = world.open()
    given = ("a dog sleeps", "a man number 1 kicks a blue ball", "", QUERY, "a dog sleeps")
    for model in ("ral-tiny", "tiny"):
        found = sweep(explorer, QUERY, given, model=model, k=3)
        assert [one.text for one in found.variants] == [QUERY, given[0], given[1]]
        lists = [[h.video for h in explorer.search(one.text, 3, model=model).hits] for one in found.variants]
        for i, one in enumerate(lists):
            for j, other in enumerate(lists):
                assert found.overlaps[i][j] == pytest.approx(len(set(one) & set(other)) / 3)
        assert found.variants[0].overlap == 1.0 and found.variants[0].rank == 1 and found.first == lists[0][0]
        gates = [[word.gate for word in one.words] for one in found.variants]
        if model == "ral-tiny":
            assert all(sum(gate or 0 for gate in row) == pytest.approx(1.0, abs=1e-5) for row in gates)
        else:
            assert {gate for row in gates for gate in row} == {None}
        worst = min(one.overlap for one in found.variants)
        assert found.mover is None or found.variants[found.mover].overlap == worst
        json.dumps(found.to_json())
        assert "<table" in panel(found, "x<y") and "x&lt;y" in panel(found, "x<y")


def test_rules_change_one_thing_at_a_time() -> None:
    made = {text: (edit, change) for text, edit, change in edits("a girl flies kites on the beach, alone")}
    assert made["a flies kites on the beach, alone"] == ("left out", "without girl")
    assert made["a girl flies kite on the beach, alone"] == ("number", "kites → kite")
    assert made["a girl fly kites on the beach, alone"][1] == "flies → fly"
    assert not any("without ," in change or "without the" in change for _, change in made.values())
    assert [edit for edit, _ in made.values()].count("left out") == 5
    assert list(edits("dogs")) == [("dog", "number", "dogs → dog")]
    assert renumbered("Box") is None and renumbered("foxes") == "fox" and renumbered("1234") is None
    said = Vocabulary(["two girls", "a kite", "nobody"])
    numbers = [
        change for _, edit, change in edits("a girl flies kites on the beach", said) if edit == "number"
    ]
    assert numbers == ["girl → girls", "kites → kite"]
    assert changed("a dog runs", "a dog runs") == "" and changed("a b c", "a c") == "− b"


def test_without_lines_the_rules_are_used_and_too_many_lines_are_said(world: World) -> None:
    explorer = world.open()
    found = sweep(explorer, QUERY)
    assert {one.edit for one in found.variants} >= {"query", "left out"}
    assert "number" not in {one.edit for one in found.variants}  # no caption says balls or kick
    many = sweep(explorer, QUERY, [f"a man number {n}" for n in range(40)])
    assert len(many.variants) == 25 and many.notes == ("16 more lines were left out; 24 are compared.",)
    with pytest.raises(BadQuery, match="nothing to change"):
        sweep(explorer, "a")
    with pytest.raises(BadQuery, match="at least 1"):
        sweep(explorer, QUERY, k=0)


def test_a_page_may_send_anything() -> None:
    for data in (None, 3, {"lines": 7}, {"lines": None, "q": []}):
        assert read_asked(data).lines == ()
    assert sum(map(len, read_asked({"lines": "x\n" * 9 * LONGEST}).lines)) <= LONGEST


def test_the_verb_prints_json(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ral_core.cli import main
    from ral_core.search.engine import Explorer

    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda **_: explorer)
    lines = tmp_path / "lines.txt"
    lines.write_text("a dog\n\na cat\n")
    assert main(["sweep", QUERY, "--as", "a bird", "--lines", str(lines), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [one["text"] for one in found["variants"]] == [QUERY, "a bird", "a dog", "a cat"]
    assert main(["sweep", QUERY]) == 0 and "wording" in capsys.readouterr().out
