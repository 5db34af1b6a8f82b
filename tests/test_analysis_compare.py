"""One query through several models, and the verbs compare and diagnose."""

from __future__ import annotations

import json

import pytest
from helpers_search import World, make_world

from ral_core.analysis.compare import all_ranks, compare
from ral_core.cli import main
from ral_core.errors import BadQuery, UnknownName
from ral_core.search.engine import Explorer

QUERY = "a man number 0 kicks a red ball"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


def test_columns_are_the_searches(explorer: Explorer) -> None:
    found = compare(explorer, QUERY, k=3)
    assert {column.model for column in found.columns} == {"ral-tiny", "tiny"}
    for place, column in enumerate(found.columns):
        result = explorer.search(QUERY, 3, model=column.model)
        assert column.films == tuple(hit.video for hit in result.hits)
        assert (column.state, column.reason) == (result.state, result.reason)
        other = found.columns[1 - place].films
        assert set(column.only) == set(column.films) - set(other)
        assert column.right == all_ranks(explorer, QUERY, column.model, None)["film-0"]
        for rank, video in enumerate(column.films, start=1):
            assert next(row for row in found.films if row.video == video).ranks[place] == rank
    assert {row.video for row in found.films} == {video for column in found.columns for video in column.films}
    assert [row.fits for row in found.films if row.video in ("film-0", "film-1")] in ([True], [True, True])
    assert found.overlap[0][0] == 1.0 and found.overlap[0][1] == found.overlap[1][0]
    assert json.dumps(found.to_json(), allow_nan=False)


def test_bad_comparisons(explorer: Explorer) -> None:
    for names in (["tiny"], ["tiny", "tiny"]):
        with pytest.raises(BadQuery, match="2 to 8"):
            compare(explorer, QUERY, names)
    with pytest.raises(UnknownName):
        compare(explorer, QUERY, ["tiny", "huge"])


def test_what_is_no_caption_has_no_truth(explorer: Explorer) -> None:
    found = compare(explorer, "red", ["tiny", "ral-tiny"])
    assert all(row.fits is None for row in found.films) and all(
        column.right is None for column in found.columns
    )


def test_the_verbs(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda *args, **kwargs: explorer)
    assert main(["compare", QUERY, "--models", "tiny, ral-tiny", "--json"]) == 0
    assert [column["model"] for column in json.loads(capsys.readouterr().out)["columns"]] == [
        "tiny",
        "ral-tiny",
    ]
    assert main(["compare", QUERY]) == 0 and "alone in finding" in capsys.readouterr().out
    assert main(["diagnose", QUERY, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["state"] in ("clear", "ambiguous", "unlikely")
    assert main(["diagnose", QUERY, "--model", "tiny"]) == 0 and "lead over" in capsys.readouterr().out
