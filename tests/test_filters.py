"""Filters and other orders: what is shown is the whole ranking, narrowed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from helpers_search import World, make_world
from world_server import tag_films

from ral_core.analysis.ranking import ranking
from ral_core.cli import main
from ral_core.errors import BadQuery, UnknownName
from ral_core.search import answers
from ral_core.search.engine import Explorer
from ral_core.search.filters import Filters, asked_span
from ral_core.search.results import Hit
from ral_core.views.asking import ask
from ral_core.views.requests import read_request

QUERY, FILMS = "a man kicks a red ball on the beach", 130
SOME = (
    Filters(tag="beach"),
    Filters(length=(0, 10)),
    Filters(share=(10, 30)),
    Filters(tag="kitchen", length=(8, 15), share=(0, 40)),
    Filters(tag="nowhere"),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make_world(tmp_path_factory.mktemp("precomputed"), films=FILMS)  # more than the longest list
    tag_films(made)
    return made


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


@pytest.fixture(scope="module")
def whole(explorer: Explorer) -> tuple[Hit, ...]:
    """The whole ranking."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answers, "MOST", FILMS)
        return explorer.search(QUERY, k=FILMS).hits


def fits(hit: Hit, only: Filters) -> bool:
    return only.keeps_film(hit.tags, hit.duration) and only.keeps_moment(hit.start, hit.end, hit.duration)


@pytest.mark.parametrize("only", SOME)
@pytest.mark.parametrize("k", [3, 100])
def test_a_filtered_answer_is_the_whole_ranking_filtered(
    explorer: Explorer, whole: tuple[Hit, ...], only: Filters, k: int
) -> None:
    assert len(whole) == FILMS
    found, plain = explorer.search(QUERY, k=k, only=only), explorer.search(QUERY, k=k)
    expected = [hit for hit in whole if fits(hit, only)]
    for ours, theirs in zip(found.hits, expected[:k], strict=True):
        assert (ours.video, ours.rank, ours.moments) == (theirs.video, theirs.rank, theirs.moments)
        assert (ours.score, ours.z) == (theirs.score, theirs.z)
    assert (found.state, found.reason, found.films) == (plain.state, plain.reason, FILMS)
    if only.share is None or len(expected) <= k:
        assert f"{len(expected)} of {FILMS} films" in " ".join(found.notes)
    assert explorer.search(QUERY, k=k, only=Filters()).hits == plain.hits


def test_moments_are_read_of_so_many_films_and_no_more(
    explorer: Explorer, whole: tuple[Hit, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "LOOKED", 20)
    only = Filters(share=(10, 30))
    found = explorer.search(QUERY, k=100, only=only)
    assert [hit.rank for hit in found.hits] == [hit.rank for hit in whole[:20] if fits(hit, only)]
    assert "the first 20 films only" in " ".join(found.notes)


@pytest.mark.parametrize("by", ["proxies", "z"])
def test_another_order_is_that_of_all_films(explorer: Explorer, by: str) -> None:
    order = [film.video for film in ranking(explorer, QUERY, by=by, k=FILMS).films]  # type: ignore[arg-type]
    asked = {"q": QUERY, "by": by, "k": 20}
    plain = ask(explorer, read_request(asked), None)
    assert [hit.video for hit in plain.hits] == order[:20] and plain.cutoff is None
    assert [hit.rank for hit in plain.hits] == list(range(1, 21))
    narrowed = ask(explorer, read_request({**asked, "tag": "beach"}), None)
    beach = [rank for rank, video in enumerate(order, start=1) if int(video[5:]) % 2 == 0]
    assert [hit.rank for hit in narrowed.hits] == beach[:20]
    assert f"All {FILMS} films" in narrowed.notes[-1]
    with pytest.raises(UnknownName, match="film-x"):
        explorer.search(QUERY, order=["film-0", "film-x"])


def test_ranges_are_read() -> None:
    assert asked_span("--length", None) is None and asked_span("--length", "-10") == (0.0, 10.0)
    with pytest.raises(BadQuery, match="--length must be a range"):
        asked_span("--length", "ten")
    with pytest.raises(BadQuery, match="--length 5-1 holds nothing"):
        asked_span("--length", "5-1")
    assert not Filters() and Filters(tag="")


def test_the_verb_narrows(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda *args, **kwargs: explorer)
    assert main(["search", QUERY, "--tag", "beach", "--length", "5-", "--share", "-60", "--json"]) == 0
    hits = json.loads(capsys.readouterr().out)["hits"]
    assert hits and all(int(hit["video"][5:]) % 2 == 0 for hit in hits)
    assert main(["search", QUERY, "--length", "x"]) == 1
    assert main(["search", "--image", str(tmp_path / "none.png"), "--tag", "beach"]) == 1
    assert "without" in capsys.readouterr().err
