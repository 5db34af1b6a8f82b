"""Clusters of films and their names: known groups are found, telling words are told, kept files are checked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from helpers_search import World, edit_manifest, make_world

from ral_core.analysis.clusters import (  # fmt: skip
    SURE,
    cluster,
    clusters_file,
    grouped,
    open_clusters,
    save_clusters,
    telling,
)
from ral_core.errors import BadQuery, DataError

pytest.importorskip("sklearn", reason="scikit-learn is optional")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("clusters"))


def test_groups_that_are_there_are_found() -> None:
    rng, owner = np.random.default_rng(0), np.repeat(np.arange(3), 8)
    vectors = np.eye(3, 6, dtype=np.float32)[owner] + 0.05 * rng.standard_normal((24, 6)).astype(np.float32)
    found, silhouette = grouped(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), 3, 0)
    assert len({(a, b) for a, b in zip(found, owner, strict=True)}) == 3
    assert silhouette is not None and silhouette > 0.8


def test_a_word_tells_when_it_is_said_here_and_not_there() -> None:
    inside = np.arange(40) < 20
    said = [{"the", "kite" if here else "drum"} | ({"kites"} if here else set()) for here in inside]
    words = telling(said, inside)
    assert [word.word for word in words] == ["kite"]  # not "the", which all say; "kites" begins like "kite"
    assert words[0].inside == 1.0 and words[0].outside == 0.0 and words[0].z >= SURE
    assert [word.word for word in telling(said, ~inside)] == ["drum"]
    assert telling([{"a"}] * 40, inside) == () and telling(said, np.ones(40, bool)) == ()
    # the prior keeps a word that is said once from naming anything
    assert telling([{"once"} if n == 0 else {"the"} for n in range(40)], inside) == ()


def test_z_is_the_stated_formula() -> None:
    inside = np.arange(30) < 12
    said = [{"x"} if n in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20) else {"y"} for n in range(30)]
    (word,) = [w for w in telling(said, inside) if w.word == "x"]
    a = 10 * 11 / 30
    b, n, m = 10 - a, 10, 1
    odds = np.log((n + a) / (12 - n + b)) - np.log((m + a) / (18 - m + b))
    assert word.z == pytest.approx(odds / np.sqrt(1 / (n + a) + 1 / (12 - n + b) + 1 / (m + a) + 1 / (18 - m + b)))  # fmt: skip


def test_an_index_is_clustered_kept_and_checked(world: World) -> None:
    explorer = world.open()
    entry = explorer.resolve("ral-tiny", None)
    found = cluster(explorer, entry)
    assert found == cluster(explorer, entry)  # the same seed, the same clusters
    sizes = [one.films for one in found.clusters]
    assert sizes == sorted(sizes, reverse=True) and sum(sizes) == len(found.place) == 7
    assert [found.place.count(number) for number in range(len(sizes))] == sizes
    for number, one in enumerate(found.clusters):
        assert found.place[explorer.gallery(entry).rows[one.middle]] == number
    assert found.source == "captions"
    path = save_clusters(explorer.root, found)
    assert path == clusters_file(explorer.root, entry.name)
    assert open_clusters(explorer, entry) == json.loads(json.dumps(found.to_json()))
    for count in (1, 7):
        with pytest.raises(BadQuery, match="make no sense"):
            cluster(explorer, entry, count)
    assert len(cluster(explorer, entry, 6).clusters) == 6
    edit_manifest(entry.folder, model_sha256="0" * 64)
    other = world.open()
    with pytest.raises(DataError, match="other weights"):  # not taken from the kept file
        open_clusters(other, other.resolve("ral-tiny", None))
