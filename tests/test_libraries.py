"""Libraries beside the shipped corpus: several roots and encoders in one Explorer, windows, pictures as queries."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers_search import World, edit_manifest, make_world
from tiny_joint import tiny_clip, tiny_siglip
from tiny_library import QUERY, WINDOW, Library, make_library

from ral_core.errors import DataError, EncoderMismatch, UnknownName
from ral_core.files import write_json
from ral_core.index.build import IndexConfig, build_index
from ral_core.models import ZeroShot
from ral_core.models.zero_shot import zero_shot_config
from ral_core.search.engine import Explorer
from ral_core.views.media import Shelf


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip(tmp_path_factory.mktemp("encoders") / "tiny-clip")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> Library:
    return make_library(tmp_path_factory.mktemp("library"), clip)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def both(world: World, library: Library) -> Explorer:
    return world.open(more=[library.root])


# Several roots.


def test_roots_stand_side_by_side(both: Explorer, library: Library) -> None:
    assert sorted(both.collections) == ["mine", "world/test"]
    ours = both.search(QUERY, index="mine-zero_shot")
    shipped = both.search(QUERY)
    assert (ours.index, ours.model) == ("mine-zero_shot", "zero_shot") and shipped.model == "ral-tiny"
    alone = library.open().search(QUERY)
    assert [hit.video for hit in alone.hits] == [hit.video for hit in ours.hits]
    np.testing.assert_allclose([h.score for h in alone.hits], [h.score for h in ours.hits], atol=1e-6)


def test_two_roots_may_have_a_model_of_one_name(world: World, tmp_path: Path) -> None:
    other = make_world(tmp_path / "other", films=5)
    for name in ("ral-tiny", "tiny"):
        folder = other.root / "indexes" / f"world-{name}"
        edit_manifest(folder, collection="second", name=f"second-{name}")
        folder.rename(other.root / "indexes" / f"second-{name}")
    weights = other.root / "models" / "ral-tiny"
    shutil.copytree(world.root / "models" / "tiny", weights, dirs_exist_ok=True)  # same name, other weights
    shutil.rmtree(other.root / "indexes" / "second-ral-tiny")
    shutil.copytree(other.root / "indexes" / "second-tiny", other.root / "indexes" / "second-ral-tiny")
    edit_manifest(other.root / "indexes" / "second-ral-tiny", model="ral-tiny", name="second-ral-tiny")
    explorer = world.open(more=[other.root])
    first, second = explorer.search(QUERY, model="ral-tiny"), explorer.search(QUERY, index="second-ral-tiny")
    assert first.words[0].weight is not None and second.words[0].weight is None
    plain = explorer.search(QUERY, index="second-tiny")
    assert [hit.score for hit in second.hits] == [hit.score for hit in plain.hits]


def test_a_clash_of_names_is_refused(world: World, tmp_path: Path, clip: Path) -> None:
    twin = make_library(tmp_path / "twin", clip, collection="world/test".replace("/", "-"))
    edit_manifest(twin.index.path, collection="world/test")
    with pytest.raises(DataError, match="the collection 'world/test'"):
        world.open(more=[twin.root])
    edit_manifest(twin.index.path, collection="unique")
    twin.index.path.rename(twin.index.path.with_name("world-tiny"))
    with pytest.raises(DataError, match="the index 'world-tiny'"):
        world.open(more=[twin.root])


def test_one_root_named_twice_is_opened_once(world: World, library: Library) -> None:
    explorer = world.open(more=[library.root, library.root / ".." / library.root.name, world.root])
    assert len(explorer.entries) == 3


def test_a_folder_that_is_no_library_is_refused(world: World, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no library"):
        world.open(more=[tmp_path])
    with pytest.raises(UnknownName, match="no such folder"):
        world.open().search(QUERY, index=str(tmp_path / "nothing"))


def test_the_folder_of_a_library_means_its_default_index(world: World, library: Library) -> None:
    explorer = world.open()
    found = explorer.search(QUERY, index=library.root)
    assert found.index == "mine-zero_shot" and "mine-zero_shot" not in explorer.entries
    assert explorer.search(QUERY, index=library.index.path).hits == found.hits
    assert explorer.search(QUERY, index=library.root, model="zero_shot").hits == found.hits
    with pytest.raises(UnknownName, match="no model 'ral-tiny'"):
        explorer.search(QUERY, index=library.root, model="ral-tiny")


# Text encoders.


def test_an_index_of_one_encoder_is_refused_with_another(tmp_path: Path, clip: Path) -> None:
    root = make_library(tmp_path / "lib", clip).root
    index = root / "indexes" / "mine-zero_shot"
    for other in (tiny_clip(tmp_path / "other", seed=5), tiny_siglip(tmp_path / "siglip")):
        edit_manifest(index, text_spec=f"joint:{other}")
        with pytest.raises(EncoderMismatch, match="was made with the encoder 'tiny-clip@"):
            Explorer.open(root).search(QUERY)
    edit_manifest(index, text_spec="minilm")
    with pytest.raises(EncoderMismatch, match="all-minilm"):
        Explorer.open(root).search(QUERY)
    edit_manifest(index, text_spec="joint:/no/such/folder")
    with pytest.raises(UnknownName, match="There is no folder /no/such/folder"):
        Explorer.open(root).search(QUERY)


def test_an_index_without_a_spec_is_read_by_minilm(world: World, tmp_path: Path) -> None:
    root = Path(shutil.copytree(world.root, tmp_path / "root"))
    path = root / "indexes" / "world-tiny" / "manifest.json"
    about = json.loads(path.read_text())
    del about["text_spec"]
    path.write_text(json.dumps(about))
    table = path.with_name("videos.jsonl")
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    old = [{k: v for k, v in row.items() if k not in ("source", "start", "end")} for row in rows]
    table.write_text("".join(json.dumps(row) + "\n" for row in old))
    before, after = world.open(), Explorer.open(root, device="cpu", text=world.text)
    assert after.search(QUERY, model="tiny").hits == before.search(QUERY, model="tiny").hits


# Windows.


def test_a_search_shows_each_video_once_with_its_best_window(library: Library) -> None:
    explorer = library.open()
    gallery = explorer.gallery(explorer.resolve(None, None))
    for query in (QUERY, "x", "two cats sleep"):
        found = explorer.search(query)
        assert sorted(hit.video for hit in found.hits) == ["long", "other", "short"] and found.films == 3
        _, tokens = explorer.encoded(explorer.resolve(None, None), query)
        total = gallery.score(tokens).total
        rows = {"short": [0], "long": [1, 2, 3], "other": [4]}
        np.testing.assert_array_equal(gallery.by_film(total), [max(total[its]) for its in rows.values()])
        scores = {video: max(total[row] for row in its) for video, its in rows.items()}
        assert [h.video for h in found.hits] == sorted(scores, key=lambda video: -scores[video])
        hit = next(hit for hit in found.hits if hit.video == "long")
        best = max(rows["long"], key=lambda row: total[row]) - 1
        assert hit.score == pytest.approx(scores["long"]) and hit.duration == 24 and hit.title == "Long one"
        assert best * WINDOW <= hit.start < hit.end <= (best + 1) * WINDOW
        moments = sorted((m.start, m.end) for m in hit.moments)
        assert all(a[1] <= b[0] for a, b in itertools.pairwise(moments)) and moments[-1][1] <= 24


def test_a_long_video_is_explained_as_a_whole(library: Library) -> None:
    explorer = library.open()
    hit = next(hit for hit in explorer.search(QUERY).hits if hit.video == "long")
    found = explorer.explain(QUERY, "long")
    assert (found.video, found.duration, found.rank) == ("long", 24, hit.rank)
    assert (found.score, found.moments) == (pytest.approx(hit.score), hit.moments)
    np.testing.assert_allclose(found.curve.times, np.arange(24) + 0.1, atol=1e-5)
    assert found.similarity is not None and np.shape(found.similarity) == (len(found.words), 24)
    frame = np.mean([word.similarity for word in found.words])
    assert found.frame == pytest.approx(
        frame, abs=1e-5
    )  # the words' best seconds are those that made the score
    best = int(hit.start // WINDOW)
    assert all(best * WINDOW <= word.second < (best + 1) * WINDOW for word in found.words)
    assert explorer.explain(QUERY, "long#1") == found
    with pytest.raises(UnknownName, match="no video 'long#9'"):
        explorer.explain(QUERY, "long#9")


def test_a_zero_shot_explanation_shows_even_gates(library: Library) -> None:
    found = library.open().explain(QUERY, "short")
    assert [word.weight for word in found.words] == [pytest.approx(1 / 6)] * 6
    assert found.uncertainty is None and any("every word counts the same" in note for note in found.notes)
    assert found.score == pytest.approx(0.7 * found.clip + 0.3 * found.frame, abs=1e-6)
    assert json.dumps(found.to_json())


def test_captions_of_a_long_video_belong_to_the_window_they_describe(tmp_path: Path, clip: Path) -> None:
    library = make_library(tmp_path / "lib", clip, captions=True)
    assert library.index.manifest.references == 3
    truth = library.open().search("about b#0 and long").truth
    assert truth is not None and truth.moments == {"long": ((17.0, 20.0),)}


def test_windows_must_stand_together(tmp_path: Path, clip: Path) -> None:
    library = make_library(tmp_path / "lib", clip)
    rows = [
        replace(row, source="long" if row.id in ("short", "other") else None) for row in library.index.videos
    ]
    arguments = (
        library.root / "indexes" / "x",
        ZeroShot(zero_shot_config(16)),
        library.root / "models" / "zero_shot",
    )
    config = IndexConfig(name="x", collection="x")
    with pytest.raises(DataError, match="do not stand together"):
        build_index(*arguments, library.root / "features", library.text, config, rows=rows)
    turned = [replace(row, start=9 - row.start) if row.source else row for row in library.index.videos]  # type: ignore[operator]
    with pytest.raises(DataError, match="'long' do not stand together in order"):
        build_index(*arguments, library.root / "features", library.text, config, rows=turned)
    with pytest.raises(DataError, match="Row 4 of the video table is nothing"):
        build_index(*arguments, library.root / "features", library.text, config, rows=rows[:4])


def test_a_long_video_is_on_the_shelf_under_its_own_name(library: Library, tmp_path: Path) -> None:
    root = Path(shutil.copytree(library.root, tmp_path / "lib"))
    folder = root / "indexes" / "mine-zero_shot"
    (folder / "film.mp4").write_bytes(b"film")
    rows = [json.loads(line) for line in (folder / "videos.jsonl").read_text().splitlines()]
    (folder / "videos.jsonl").write_text(
        "".join(json.dumps(row | {"media": "film.mp4"}) + "\n" for row in rows)
    )
    shelf = Shelf.of(Explorer.open(root).entries.values())
    assert shelf.url("mine-zero_shot", "film", "long") == "/media/mine/film/long.mp4"
    assert shelf.film("mine/long#2") == shelf.film("mine/long") == folder / "film.mp4"


def test_films_that_the_demo_encoder_read_come_with_a_warning(tmp_path: Path) -> None:
    world = make_world(tmp_path / "root")
    about = {"format": "ral-library", "version": 1}
    for encoder, warned in ((None, False), ("demo", True), ("clip", False)):
        if encoder is not None:
            write_json(world.root / "library.json", about | {"encoder": encoder})
        found = world.open().search("a man kicks a ball")
        assert any("drawn films only" in note for note in found.notes) == warned
