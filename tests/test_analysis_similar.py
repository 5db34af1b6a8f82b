"""More like this: a film is nearest to itself, and copies are found."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers_search import World, make_world

from ral_core.analysis import similar as module
from ral_core.analysis.similar import clip_at, clip_seconds, duplicates, nearest_rows, similar
from ral_core.cli import main
from ral_core.errors import BadQuery, UnknownName
from ral_core.search.engine import Explorer


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


@pytest.mark.parametrize("second", [None, 3.0])
def test_a_film_is_nearest_to_itself(explorer: Explorer, second: float | None) -> None:
    for model in explorer.models:
        found = similar(explorer, "film-1", second=second, model=model, k=7, own=True)
        assert found.films[0].video == "film-1" and found.films[0].score == pytest.approx(1.0, abs=1e-5)
        assert [film.score for film in found.films] == sorted((f.score for f in found.films), reverse=True)
        others = similar(explorer, "film-1", second=second, model=model, k=7).films
        assert others == found.films[1:]
        assert json.dumps(found.to_json(), allow_nan=False)


def test_a_moment_is_the_clip_around_its_second(explorer: Explorer) -> None:
    found = similar(explorer, "film-0", second=1.0, own=True, k=1)
    assert found.start <= 1.0 <= found.end
    assert (found.films[0].start, found.films[0].end) == (found.start, found.end)
    spans = np.array([[0.0, 4.0], [1.0, 2.0], [5.0, 6.0]])
    assert [clip_at(spans, second) for second in (1.5, 0.5, 4.4, 9.0)] == [1, 0, 2, 2]


def test_moments_are_found_by_the_plain_sum(explorer: Explorer, world: World) -> None:
    clips = np.asarray(world.indexes["ral-tiny"]["clips"], dtype=float)
    clips /= np.linalg.norm(clips, axis=2, keepdims=True)
    gallery = explorer.gallery(explorer.resolve("ral-tiny", None))
    clip = clip_at(clip_seconds(gallery, 2), 2.0)
    best = [(one @ clips[2, clip]).max() for one in clips]
    found = similar(explorer, "film-2", second=2.0, model="ral-tiny", k=6)
    assert [film.score for film in found.films] == pytest.approx(
        sorted(np.delete(best, 2), reverse=True), abs=1e-5
    )


def test_windows_of_the_same_film_are_left_out(world: World) -> None:
    explorer = world.open()
    gallery = explorer.gallery(explorer.resolve("ral-tiny", None))
    gallery.videos = tuple(
        replace(video, source="long", start=100.0) if row < 2 else video
        for row, video in enumerate(gallery.videos)
    )
    found = similar(explorer, "film-0", model="ral-tiny", k=7)
    assert "film-1" not in {film.video for film in found.films} and len(found.films) == 5
    assert found.start == 100.0
    with pytest.raises(BadQuery, match="there is no second 3"):
        similar(explorer, "film-0", second=3.0, model="ral-tiny")


def test_a_copy_is_a_duplicate_whatever_the_path(
    explorer: Explorer, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = world.open()
    gallery = fresh.gallery(fresh.resolve("ral-tiny", None))
    clips = np.array(gallery.folder["clips"])
    clips[4] = clips[1]
    gallery.folder = replace(gallery.folder, arrays={**gallery.folder.arrays, "clips": clips})
    exact = duplicates(fresh, model="ral-tiny", least=0.999)
    assert exact.exact and [(pair.first, pair.second) for pair in exact.pairs] == [("film-1", "film-4")]
    every = duplicates(fresh, model="ral-tiny", least=-1.0)
    assert every.found == 21 and every.pairs[0] == exact.pairs[0] and len(every.deciles) == 11
    monkeypatch.setattr(module, "ALL_PAIRS", 3)
    monkeypatch.setattr(module, "film_vectors", lambda gallery: np.eye(7)[[0, 1, 2, 3, 1, 5, 6]])
    thinned = duplicates(fresh, model="ral-tiny", least=0.999)
    assert not thinned.exact and thinned.pairs == exact.pairs
    assert duplicates(explorer, model="ral-tiny", least=1.0).pairs == ()


def test_nearest_rows_leave_the_row_out() -> None:
    assert 1 not in nearest_rows(np.eye(5), 1)


def test_bad_requests(explorer: Explorer) -> None:
    with pytest.raises(UnknownName, match="Did you mean"):
        similar(explorer, "film1")
    for wrong in ({"second": -1.0}, {"second": 1e6}, {"k": 0}):
        with pytest.raises(BadQuery):
            similar(explorer, "film-1", **wrong)  # type: ignore[arg-type]
    with pytest.raises(BadQuery):
        duplicates(explorer, least=2.0)


def test_the_verb(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda *args, **kwargs: explorer)
    assert main(["similar", "film-1", "--second", "2", "-k", "3", "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["films"]) == 3
    assert main(["similar", "film-1"]) == 0 and "like film-1" in capsys.readouterr().out
    assert main(["similar", "--duplicates", "--least", "-1"]) == 0 and "21 pairs" in capsys.readouterr().out
    assert main(["similar"]) == 1
