"""Libraries beside the shipped corpus: several roots and encoders in one Explorer, windows, pictures as queries."""

from __future__ import annotations

import itertools
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from helpers_search import World, edit_manifest, make_world
from PIL import Image
from test_joint import film
from tiny_joint import tiny_clip, tiny_siglip

from ral_core.cli import main
from ral_core.data.captions import Caption, write_captions
from ral_core.errors import BadQuery, DataError, EncoderMismatch, UnknownName
from ral_core.features.joint_text import JointText
from ral_core.features.store import VideoFeatures, write_features
from ral_core.features.video_encoder import open_video_encoder
from ral_core.files import write_json
from ral_core.index.build import IndexConfig, build_index
from ral_core.index.folder import IndexFolder, VideoRow
from ral_core.models import ZeroShot
from ral_core.models.checkpoint import save_model
from ral_core.models.zero_shot import zero_shot_config
from ral_core.search.engine import Explorer
from ral_core.search.pictures import read_span
from ral_core.views.media import Shelf

QUERY = "a dog runs on the beach"
WINDOW, WINDOWS = 8.0, 3


@dataclass(frozen=True)
class Library:
    """A folder of one's own videos: `short` (6 s), `long` (three windows of 8 s), `other` (6 s)."""

    root: Path
    encoder: Path
    index: IndexFolder
    text: JointText

    def open(self, **changes: object) -> Explorer:
        return Explorer.open(self.root, device="cpu", **changes)  # type: ignore[arg-type]


def make_library(
    root: Path, encoder: Path, *, collection: str = "mine", captions: bool = False, seed: int = 0
) -> Library:
    rng = np.random.default_rng(seed)
    text = JointText.open(encoder)

    def seen(name: str, start: float, end: float) -> VideoFeatures:
        times = np.arange(start, end).astype(np.float32) + 0.1
        return VideoFeatures(name, rng.standard_normal((len(times), text.width)), times, end - start, start)

    windows = [seen(f"long#{k}", k * WINDOW, (k + 1) * WINDOW) for k in range(WINDOWS)]
    items = [seen("short", 0, 6), *windows, seen("other", 0, 6)]
    write_features(root / "features", items, encoder=text.id, fps=1)
    rows = [VideoRow("short", "Short one", 6.0)]
    rows += [
        VideoRow(w.id, "Long one", w.duration, source="long", start=w.start, end=w.start + w.duration)
        for w in windows
    ]
    rows.append(VideoRow("other", "Another", 6.0))
    if captions:
        said = [("a#0", "short", 1, 3), ("b#0", "long", 17, 20), ("c#0", "other", 0, 6)]
        write_captions(
            root / "captions.jsonl",
            [Caption(i, f, f"about {i} and {f}", "mid", a, b, (f,), 1) for i, f, a, b in said],
        )
    model = ZeroShot(zero_shot_config(text.width))
    save_model(root / "models" / "zero_shot", model)
    index = build_index(
        root / "indexes" / f"{collection}-zero_shot",
        model,
        root / "models" / "zero_shot",
        root / "features",
        text,
        IndexConfig(name=f"{collection}-zero_shot", collection=collection, text_spec=f"joint:{encoder}"),
        rows=rows,
        captions=root / "captions.jsonl" if captions else None,
    )
    return Library(root, encoder, index, text)


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


# Pictures and moments as queries.


def test_a_frame_of_a_moment_finds_its_like_and_not_itself(library: Library) -> None:
    explorer = library.open()
    found = explorer.search_moment("long", 9.0, 11.0)
    assert [hit.video for hit in found.hits] != [] and "long" not in {hit.video for hit in found.hits}
    gallery = explorer.gallery(explorer.resolve(None, None))
    asked = np.asarray(gallery.folder["frames"][gallery.folder.frame_slice(2)])[1:3].mean(axis=0)
    asked /= np.linalg.norm(asked)
    for hit in found.hits:
        row = gallery.rows[hit.video]
        frames = np.asarray(gallery.folder["frames"][gallery.folder.frame_slice(row)])
        assert hit.frame == pytest.approx((frames @ asked).max(), abs=1e-5)
        assert hit.clip == pytest.approx((np.asarray(gallery.folder["clips"][row]) @ asked).max(), abs=1e-5)
    assert found.query == "[long 9-11 s]" and found.z is None and found.words == ()
    assert json.dumps(found.to_json()) and found.films == 2


def test_a_moment_between_two_frames_is_the_nearest_one(library: Library) -> None:
    explorer = library.open()
    between, exact = explorer.search_moment("short", 2.2, 2.4), explorer.search_moment("short", 2.0, 2.2)
    assert [h.score for h in between.hits] == [h.score for h in exact.hits]


@pytest.mark.parametrize(
    ("span", "words"),
    [(("short", 3, 3), "end after"), (("short", 7, 9), "6.0 s long"), (("nothing", 0, 1), "no such file")],
)
def test_moments_that_are_none_are_refused(
    library: Library, span: tuple[str, float, float], words: str
) -> None:
    with pytest.raises(BadQuery, match=words):
        library.open().search_moment(*span)


def test_pictures_and_files_ask_an_index_of_real_pictures(tmp_path: Path, clip: Path) -> None:
    encoder = open_video_encoder(clip, fps=2)
    videos = [film(tmp_path / f"film-{n}.mp4", seconds=3 + n, size=(64 + 32 * n, 64)) for n in range(3)]
    write_features(tmp_path / "features", [encoder.encode_window(v) for v in videos], encoder=encoder.id)
    model, folder = ZeroShot(zero_shot_config(encoder.width)), tmp_path / "models" / "zero_shot"
    save_model(folder, model)
    build_index(
        tmp_path / "indexes" / "real",
        model,
        folder,
        tmp_path / "features",
        JointText(encoder.encoder),
        IndexConfig(name="real", collection="real", text_spec=f"joint:{clip}"),
    )
    explorer = Explorer.open(tmp_path)
    picture = np.full((64, 96, 3), (20 + 10, 190, 30), np.uint8)  # what film-1 shows after one second
    Image.fromarray(picture).save(tmp_path / "picture.png")
    by_file, by_array = explorer.search_image(tmp_path / "picture.png"), explorer.search_image(picture)
    assert by_file.hits == by_array.hits and by_file.query == "[picture.png]"
    assert max(hit.frame for hit in by_file.hits) > 0.99
    elsewhere = shutil.copy(videos[0], tmp_path / "elsewhere.mp4")
    like = explorer.search_moment(elsewhere, 0.5, 1.5)
    assert len(like.hits) == 3 and explorer.search_moment("film-0", 0.5, 1.5).films == 2
    for bad in (tmp_path / "none.png", tmp_path / "features" / "features.json"):
        with pytest.raises(DataError):
            explorer.search_image(bad)
    with pytest.raises(DataError, match="uint8 RGB"):
        explorer.search_image(picture[..., 0])


def test_trained_systems_are_asked_in_words_only(both: Explorer) -> None:
    for ask in (
        lambda: both.search_image(np.zeros((8, 8, 3), np.uint8)),
        lambda: both.search_moment("film-0", 0.0, 2.0, model="tiny"),
    ):
        with pytest.raises(BadQuery, match=r"can be asked in words only.*zero-shot index"):
            ask()


def test_a_library_of_one_video_has_nothing_like_it(library: Library, tmp_path: Path, clip: Path) -> None:
    root = tmp_path / "one"
    write_features(
        root / "features",
        [VideoFeatures("one", np.eye(16, dtype=np.float32)[:3], np.arange(3, dtype=np.float32), 3.0)],
        encoder=library.text.id,
    )
    model = ZeroShot(zero_shot_config(16))
    save_model(root / "models" / "zero_shot", model)
    config = IndexConfig(name="one", collection="one", text_spec=f"joint:{clip}")
    build_index(
        root / "indexes" / "one",
        model,
        root / "models" / "zero_shot",
        root / "features",
        library.text,
        config,
    )
    explorer = Explorer.open(root)
    assert len(explorer.search(QUERY).hits) == 1
    with pytest.raises(BadQuery, match="no other film"):
        explorer.search_moment("one", 0, 1)


# The command line.


@pytest.mark.parametrize("text", ["film", "film@3", "film@3-", "@1-2", "film@-3-5", "film@a-b"])
def test_a_moment_is_written_one_way(text: str) -> None:
    with pytest.raises(BadQuery, match="VIDEO@START-END"):
        read_span(text)


def test_the_command_line_asks_by_moment_and_by_image(
    library: Library, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = ["--index", str(library.root), "--device", "cpu", "--json"]
    assert main(["search", QUERY, *where]) == 0
    assert main(["search", "--moment", "long@9-11", *where]) == 0
    Image.new("RGB", (40, 30), "red").save(tmp_path / "red.png")
    assert main(["search", "--image", str(tmp_path / "red.png"), *where]) == 0
    words, moment, image = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert len(words["hits"]) == len(image["hits"]) == 3 and len(moment["hits"]) == 2
    assert main(["explain", QUERY, "long", *where]) == 0
    assert main(["search", "--moment", "long", *where]) == 1
    for wrong in (["search", *where], ["search", QUERY, "--moment", "long@9-11", *where]):
        with pytest.raises(SystemExit) as stopped:
            main(wrong)
        assert stopped.value.code == 2


def test_films_that_the_demo_encoder_read_come_with_a_warning(tmp_path: Path) -> None:
    world = make_world(tmp_path / "root")
    about = {"format": "ral-library", "version": 1}
    for encoder, warned in ((None, False), ("demo", True), ("clip", False)):
        if encoder is not None:
            write_json(world.root / "library.json", about | {"encoder": encoder})
        found = world.open().search("a man kicks a ball")
        assert any("drawn films only" in note for note in found.notes) == warned
