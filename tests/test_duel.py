"""The blind duel: fair draws, votes that can be read again, rates that are right."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers_search import World, make_world

from ral_core.analysis.duel import CHOICES, duel, read_votes, tally
from ral_core.cli import main
from ral_core.errors import BadQuery, DataError

QUERY = "a man number 1 kicks a red ball"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("duel"))


def vote(a: str, b: str, choice: str) -> dict[str, object]:
    return {"query": "q", "a": {"model": a}, "b": {"model": b}, "choice": choice}


def test_the_same_seed_draws_the_same_and_both_sides_get_both_places(world: World) -> None:
    explorer = world.open()
    drawn = [duel(explorer, QUERY, seed) for seed in range(12)]
    assert {one.a.model for one in drawn} == {one.b.model for one in drawn} == {"ral-tiny", "tiny"}
    assert all(one.a.model != one.b.model for one in drawn)
    again = duel(explorer, QUERY, 3)
    assert (again.a, again.b) == (drawn[3].a, drawn[3].b)
    found = explorer.search(QUERY, 5, model=again.a.model)
    assert again.a.films == tuple(hit.video for hit in found.hits)
    captions = {one.text for one in explorer.collection(explorer.resolve(None, None)).captions.values()}
    asked = {duel(explorer, "  ", seed).query for seed in range(8)}
    assert asked <= captions and len(asked) > 1


def test_a_vote_can_be_read_again(world: World) -> None:
    explorer = world.open()
    drawn = duel(explorer, QUERY, 1)
    lines = "\n".join(json.dumps(drawn.vote(choice)) for choice in CHOICES)
    votes = read_votes(lines + "\n\n")
    assert [one["choice"] for one in votes] == list(CHOICES)
    assert votes[0]["a"]["model_sha256"] == explorer.entries[drawn.a.index].manifest.model_sha256
    assert votes[0]["query"] == QUERY
    with pytest.raises(BadQuery, match="two models"):
        lone = world.open()
        del lone.entries["world-tiny"]
        duel(lone, QUERY, 0)


def test_rates_and_intervals() -> None:
    votes = [vote("x", "y", "a")] * 6 + [vote("y", "x", "b")] * 2 + [vote("x", "y", "b")] * 2
    votes += [vote("x", "y", "both"), vote("y", "x", "neither"), vote("x", "z", "neither")]
    found = tally(votes)
    assert found.votes == 13 and [one.model for one in found.standings] == ["x", "y", "z"]
    x, y, z = found.standings
    assert (x.wins, x.losses, x.both, x.neither, x.rate) == (8, 2, 1, 2, 0.8)
    assert (x.low, x.high) == (pytest.approx(0.490, abs=1e-3), pytest.approx(0.943, abs=1e-3))  # Wilson
    assert y.rate == pytest.approx(0.2) and y.low == pytest.approx(1 - (x.high or 0))
    assert (z.rate, z.low, z.neither) == (None, None, 1)
    assert [(one.model, one.against) for one in found.pairs] == [("x", "y"), ("x", "z")]
    assert tally([]).standings == ()


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        "3",
        "{}",
        json.dumps(vote("x", "x", "a")),
        json.dumps(vote("x", "y", "c")),
        json.dumps({"a": {"model": 1}, "b": {"model": "y"}, "choice": "a"}),
    ],
)
def test_a_line_that_is_no_vote_is_named(line: str) -> None:
    with pytest.raises(DataError, match="Line 2"):
        read_votes(json.dumps(vote("x", "y", "a")) + "\n" + line)


def test_the_verb_counts_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [tmp_path / "one.jsonl", tmp_path / "two.jsonl"]
    for file in files:
        file.write_text(json.dumps(vote("x", "y", "a")) + "\n")
    assert main(["duel", *map(str, files), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["votes"] == 2
    assert main(["duel", str(files[0])]) == 0 and "1 vote;" in capsys.readouterr().out
    files[0].write_text("x")
    assert main(["duel", str(files[0])]) == 1
