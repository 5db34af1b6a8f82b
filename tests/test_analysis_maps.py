"""Placing a query on a map: never by umap, the nearest films decide, and many films change nothing but the cloud."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np
import pytest
from helpers_search import World, make_world

from ral_core.analysis.maps import (
    CLOUD,
    LANDMARKS,
    NEIGHBOURS,
    FilmMap,
    film_vectors,
    fit_umap,
    nearest,
    pca,
    place,
    place_query,
    place_samples,
    unit,
)
from ral_core.errors import DataError
from ral_core.search.engine import Explorer


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


def test_placing_never_imports_umap(explorer: Explorer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "umap", None)  # an import of umap would now fail
    films = film_vectors(explorer.gallery(explorer.resolve("ral-tiny", None)))
    stored = FilmMap(
        "umap", np.random.default_rng(0).standard_normal((len(films), 2)).astype(np.float32), None
    )
    for mapped in (stored, pca(films)):
        found = place_query(explorer, "a red ball", "world-ral-tiny", mapped)
        assert np.isfinite([*found.query, *np.ravel(found.proxies), *np.ravel(found.cloud)]).all()
        assert len(found.proxies) == 6 and len(found.cloud) == CLOUD and len(found.nearest) == 7


def test_the_nearest_films_decide() -> None:
    rng = np.random.default_rng(1)
    films = unit(rng.standard_normal((300, 8))).astype(np.float32)
    points = rng.standard_normal((300, 2)).astype(np.float32)
    queries = rng.standard_normal((5, 8)).astype(np.float32)
    found = place(FilmMap("umap", points, None), films, queries)
    for query, (x, y) in zip(queries, found, strict=True):
        near = points[np.argsort(-(films @ query))[:NEIGHBOURS]]
        assert near[:, 0].min() <= x <= near[:, 0].max() and near[:, 1].min() <= y <= near[:, 1].max()
    moved = points.copy()
    moved[np.argsort(-(films @ queries[0]))[NEIGHBOURS:]] += 100.0  # all the others
    assert place(FilmMap("umap", moved, None), films, queries[:1]) == pytest.approx(found[:1], abs=1e-5)


def test_a_query_that_is_a_film_lies_near_it() -> None:
    rng = np.random.default_rng(2)
    centres = rng.standard_normal((4, 16)) * 5
    cluster = np.repeat(np.arange(4), 40)
    films = unit(centres[cluster] + rng.standard_normal((160, 16))).astype(np.float32)
    points = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], dtype=np.float32)[cluster]
    assert place(FilmMap("umap", points, None), films, films[::40]) == pytest.approx(points[::40], abs=1e-4)


def test_fewer_films_than_neighbours() -> None:
    films = unit(np.random.default_rng(3).standard_normal((4, 6))).astype(np.float32)
    points = np.eye(4, 2, dtype=np.float32)
    assert np.isfinite(place(FilmMap("umap", points, None), films, films)).all()


def test_many_films_stay_quick() -> None:
    rng = np.random.default_rng(4)
    films = unit(rng.standard_normal((50_000, 32)).astype(np.float32))
    mapped = FilmMap("umap", rng.standard_normal((50_000, 2)).astype(np.float32), None)
    began = time.perf_counter()
    assert place_samples(mapped, films, films[7], np.full(32, 0.1), 6, 0).shape == (7 + CLOUD, 2)
    assert time.perf_counter() - began < 2.0  # 0.02 s by benchmarks/map_scale.py; a busy machine gets more


def test_only_the_cloud_is_placed_among_landmarks() -> None:
    rng = np.random.default_rng(5)
    count, std = 2 * LANDMARKS + 1, np.full(8, 0.3)
    centres = rng.standard_normal((6, 8))
    cluster = rng.integers(0, 6, count)
    films = unit(centres[cluster] + 0.2 * rng.standard_normal((count, 8))).astype(np.float32)
    mapped = FilmMap("umap", (10 * rng.standard_normal((6, 2))[cluster]).astype(np.float32), None)
    found = place_samples(mapped, films, films[0], std, 6, 1)
    samples = films[0] + std * np.random.default_rng(1).standard_normal((6 + CLOUD, 8))
    exact = place(mapped, films, np.concatenate([films[:1], samples]))
    assert found[:7] == pytest.approx(exact[:7], abs=1e-5)  # the query and its proxies among all films
    apart = np.linalg.norm(found[7:] - exact[7:], axis=1)
    assert np.median(apart) < 0.1 and (apart > 0).any()  # the cloud nearly so
    assert place_samples(mapped, films, films[0], None, 6, 1) == pytest.approx(exact[:1], abs=1e-5)
    few = place_samples(replace(mapped, points=mapped.points[:500]), films[:500], films[0], std, 6, 1)
    whole = place(replace(mapped, points=mapped.points[:500]), films[:500], samples[6:])
    assert few[7:] == pytest.approx(whole, abs=1e-5)  # few films: the cloud, too, among all


def test_the_nearest_without_sorting_all() -> None:
    near = np.random.default_rng(6).integers(0, 40, 300).astype(np.float32)
    for most in (1, 10, 299, 300, 1000):
        assert sorted(near[nearest(near, most)]) == sorted(near)[-most:]
        assert (np.diff(near[nearest(near, most)]) <= 0).all()
    assert nearest(near, 1)[0] in np.flatnonzero(near == near.max())


def test_vectors_are_made_once(explorer: Explorer) -> None:
    gallery = explorer.gallery(explorer.resolve("tiny", None))
    assert film_vectors(gallery) is film_vectors(gallery)
    assert np.linalg.norm(film_vectors(gallery), axis=1) == pytest.approx(np.ones(7), abs=1e-5)


def test_one_film_has_a_place_and_a_umap_needs_some() -> None:
    films = unit(np.random.default_rng(0).standard_normal((3, 8))).astype(np.float32)
    for count in (1, 2, 3):
        mapped = pca(films[:count])
        assert mapped.points.shape == (count, 2) and np.isfinite(mapped.points).all()
        assert np.isfinite(place(mapped, films[:count], films)).all()
        with pytest.raises(DataError, match="A UMAP needs 4 films"):
            fit_umap(films[:count])
