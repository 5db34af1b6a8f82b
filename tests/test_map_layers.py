"""What lies over a map: captions go where a query would, kept places belong to one model, clips follow their film."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from helpers_search import World, make_world
from test_analysis_windows import (
    QUERIES,
    root,  # noqa: F401
)
from test_analysis_windows import explorer as windowed  # noqa: F401

from ral_core.analysis import map_layers
from ral_core.analysis.map_layers import (
    clip_path,
    fingerprint,
    middles,
    open_places,
    places_files,
    save_places,
    sentences,
)
from ral_core.analysis.maps import (
    METHODS,
    FilmMap,
    film_map,
    film_vectors,
    map_files,
    pca,
    place,
    place_query,
    unit,
)
from ral_core.cli import main
from ral_core.errors import DataError
from ral_core.files import read_json, write_json
from ral_core.search.engine import Explorer
from ral_core.views.map_page import marks, right_rows


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(tmp_path / "precomputed")


@pytest.fixture
def explorer(world: World) -> Explorer:
    return world.open()


@pytest.mark.parametrize("model", ["ral-tiny", "tiny"])
def test_a_sentence_goes_where_the_same_query_goes(explorer: Explorer, model: str) -> None:
    entry = explorer.resolve(model, None)
    mapped = film_map(explorer, entry.name, "pca")
    every = sentences(explorer, entry, mapped)
    assert [one.caption for one in every] == [f"film-{number}#0" for number in range(7)]
    for one in every:
        assert one.at == pytest.approx(place_query(explorer, one.text, entry.name, mapped).query, abs=1e-4)
    (alone,) = sentences(explorer, entry, mapped, "film-3")
    assert alone.film == "film-3" and alone.at == pytest.approx(every[3].at, abs=1e-4)


def test_kept_places_belong_to_one_model_map_and_wording(explorer: Explorer, world: World) -> None:
    entry = explorer.resolve("ral-tiny", None)
    mapped = film_map(explorer, entry.name, "pca")
    captions = list(explorer.collection(entry).captions.values())
    assert open_places(explorer, entry, mapped, captions) is None
    live = sentences(explorer, entry, mapped)
    (path,) = save_places(explorer, entry, ["pca"])
    kept = open_places(explorer, entry, mapped, captions)
    assert kept is not None and kept == pytest.approx(np.array([one.at for one in live]), abs=2e-3)
    assert sentences(explorer, entry, mapped)[0].at == pytest.approx(live[0].at, abs=2e-3)
    assert open_places(explorer, entry, mapped, captions[1:]) is None  # other sentences
    turned = FilmMap("umap", mapped.points, None)
    assert open_places(explorer, entry, turned, captions) is None  # another map
    about = places_files(explorer.root, entry.name, "pca")[1]
    write_json(about, read_json(about) | {"made_for": "other weights"})
    assert open_places(explorer, entry, mapped, captions) is None
    assert path.stat().st_size < 1000


def test_too_many_sentences_say_what_to_run(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    entry = explorer.resolve("tiny", None)
    mapped = film_map(explorer, entry.name, "pca")
    monkeypatch.setattr(map_layers, "LIVE", 3)
    with pytest.raises(DataError, match="map --sentences --index world-tiny"):
        sentences(explorer, entry, mapped)
    assert len(sentences(explorer, entry, mapped, "film-2")) == 1
    save_places(explorer, entry, ["pca"])
    assert len(sentences(explorer, entry, mapped)) == 7
    monkeypatch.setattr(map_layers, "MOST", 4)
    assert [one.film for one in sentences(explorer, entry, mapped)] == [
        "film-0",
        "film-2",
        "film-4",
        "film-6",
    ]
    with pytest.raises(DataError, match="no film 'nobody'"):
        sentences(explorer, entry, mapped, "nobody")


def test_clips_follow_their_film_in_the_order_of_time(explorer: Explorer) -> None:
    for model in ("ral-tiny", "tiny"):
        gallery = explorer.gallery(explorer.resolve(model, None))
        mapped = pca(film_vectors(gallery))
        path = clip_path(gallery, mapped, "film-2")
        assert [one.second for one in path] == sorted(middles(gallery, 2).tolist())
        assert len(path) == 4 and np.isfinite([one.at for one in path]).all()
    exact = place(mapped, film_vectors(gallery), unit(np.asarray(gallery.folder["clips"][2], np.float32)))
    assert np.array([one.at for one in path]) == pytest.approx(exact, abs=1e-5)  # without Gaussians
    with pytest.raises(DataError, match="no film"):
        clip_path(gallery, mapped, "nobody")


def test_clips_of_distributions_go_between_the_films(explorer: Explorer) -> None:
    gallery = explorer.gallery(explorer.resolve("ral-tiny", None))
    mapped = pca(film_vectors(gallery))
    low, high = mapped.points.min(axis=0) - 1e-5, mapped.points.max(axis=0) + 1e-5
    for one in clip_path(gallery, mapped, "film-0"):
        assert (low <= one.at).all() and (one.at <= high).all()


def test_shipped_places_belong_to_the_shipped_models_and_captions() -> None:
    shipped = Explorer.open(device="cpu")
    for entry in shipped.entries.values():
        points = np.load(map_files(shipped.root, entry.name)[0], allow_pickle=False)
        captions = list(shipped.collection(entry).captions.values())
        for method in METHODS:
            places, about = places_files(shipped.root, entry.name, method)
            assert np.load(places, allow_pickle=False).shape == (len(captions), 2)
            made_for = fingerprint(entry, FilmMap(method, points, None), captions)
            assert read_json(about)["made_for"] == made_for, (
                f"run `python -m ral_core map --sentences`: {places}"
            )


@pytest.mark.parametrize("model", ["ral-tiny", "tiny"])
def test_the_mark_of_a_long_film_is_its_best_window(windowed: Explorer, model: str) -> None:  # noqa: F811
    entry = windowed.resolve(model, None)
    gallery, later = windowed.gallery(entry), 0
    for query in QUERIES:
        found, (_, tokens) = windowed.search(query, model=model), windowed.encoded(entry, query)
        best = gallery.best_rows(gallery.score(tokens).total)
        rows = {hit.video: int(best[gallery.film(hit.video)]) for hit in found.hits}
        placed = place_query(windowed, query, entry.name, film_map(windowed, entry.name, "pca"))
        assert marks(placed, found, gallery)["hits"] == [[rows[hit.video], hit.rank] for hit in found.hits]
        later += sum(row not in gallery.first for row in rows.values())
    assert later  # where the first window would have been the wrong one


def test_right_films_are_marked_where_they_are_right(windowed: Explorer) -> None:  # noqa: F811
    entry = windowed.resolve("tiny", None)
    gallery = windowed.gallery(entry)
    said = next(one for one in windowed.collection(entry).captions.values() if one.film == "longer")
    (row,) = right_rows(windowed.search(said.text, model="tiny"), gallery)
    assert gallery.videos[row].id == "longer#6"  # said of the seconds 50 to 55


def test_the_verb_prints_places(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened = world.open()
    monkeypatch.setattr(Explorer, "open", lambda *_, **__: opened)
    film = ["map", "--index", "world-tiny", "--film", "film-1", "--method", "pca"]
    assert main([*film, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["sentences"]) == 1 and len(found["clips"]) == 4
    assert main(film) == 0 and "kicks a red ball" in capsys.readouterr().out
    assert main(["map", "--sentences", "--index", "world-tiny", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"][0].endswith("world-tiny.pca-sentences.npy")
    assert main(["map", "--film", "film-1"]) != 0 and "needs --index" in capsys.readouterr().err
