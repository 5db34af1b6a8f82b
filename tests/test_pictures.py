"""Pictures and moments of videos as queries, from Python and on the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers_search import World, make_world
from odd_videos import changing_film
from PIL import Image
from tiny_joint import tiny_clip
from tiny_library import QUERY, Library, make_library

from ral_core.cli import main
from ral_core.errors import BadQuery, DataError
from ral_core.features.joint_text import JointText
from ral_core.features.store import VideoFeatures, write_features
from ral_core.features.video_encoder import open_video_encoder
from ral_core.index.build import IndexConfig, build_index
from ral_core.models import ZeroShot
from ral_core.models.checkpoint import save_model
from ral_core.models.zero_shot import zero_shot_config
from ral_core.search.engine import Explorer
from ral_core.search.pictures import read_span


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
    videos = [
        changing_film(tmp_path / f"film-{n}.mp4", seconds=3 + n, size=(64 + 32 * n, 64)) for n in range(3)
    ]
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
