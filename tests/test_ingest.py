"""A folder of videos becomes a library that is searched like the shipped films."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import av
import numpy as np
import pytest
from odd_videos import SIZE, make_video, odd_folder, picture
from PIL import Image
from tiny_joint import tiny_clip

from ral_core import cli
from ral_core.errors import DataError, UnknownName
from ral_core.features.store import FeatureStore
from ral_core.index.folder import open_index
from ral_core.ingest.library import Library, locked
from ral_core.ingest.proxies import make_proxy
from ral_core.ingest.report import IngestReport
from ral_core.ingest.run import IngestConfig, ingest, plan
from ral_core.ingest.scan import readable


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip(tmp_path_factory.mktemp("encoders") / "clip")


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory, clip: Path) -> tuple[Path, dict[str, str], IngestReport]:
    """A library of a folder with every odd file."""
    place = tmp_path_factory.mktemp("odd")
    fate = odd_folder(place / "videos")
    return place, fate, ingest(IngestConfig(folder=place / "videos", out=place / "lib", encoder=str(clip)))


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Three small films in a folder with a folder in it."""
    for number, name in enumerate(("a.mp4", "b.mkv", "more/c.mp4")):
        make_video(tmp_path / "videos" / name, seconds=2 + number)
    return tmp_path / "videos"


def run(folder: Path, clip: Path, out: str = "lib", **settings: object) -> IngestReport:
    return ingest(IngestConfig(folder=folder, out=folder.parent / out, encoder=str(clip), **settings))  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a library but its lock."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_odd_file_meets_its_fate(odd: tuple[Path, dict[str, str], IngestReport]) -> None:
    _, fate, report = odd
    skipped = {one.file: one.reason for one in report.skipped}
    for name, what in fate.items():
        if what == "taken":
            assert readable(name) in report.added, skipped.get(readable(name))
        else:
            assert what in skipped[readable(name)]
    assert report.videos == sum(what == "taken" for what in fate.values())
    assert all("\n" not in one.file + one.reason for one in report.skipped)


def test_the_odd_library_is_whole(odd: tuple[Path, dict[str, str], IngestReport]) -> None:
    place, _, report = odd
    library = Library.open(place / "lib")
    index = open_index(library.indexes / str(report.index))
    assert index.verify() == []
    assert [row.id for row in index.videos] == list(FeatureStore.open(library.features).ids)
    for row in index.videos:
        assert index.file(row.poster) and index.file(row.strip)
    playable = {entry.id for entry in library.videos() if entry.unplayable is None}
    assert {row.id for row in index.videos if index.file(row.media)} == playable
    assert playable.isdisjoint(report.unplayable)
    assert {"plain.mp4", "nine.webm", "eight.webm", "portrait.mp4"} <= playable
    assert {"old.avi", "ten-bit.mp4", "hevc.mp4", "deep/er/matroska.mkv", "quick.mov"} <= set(
        report.unplayable
    )


def test_names_become_ids_and_titles(odd: tuple[Path, dict[str, str], IngestReport]) -> None:
    videos = {entry.id: entry for entry in Library.open(odd[0] / "lib").videos()}
    assert videos["two%0Alines.mp4"].title == "two lines"
    assert videos["sharp%231.mp4"].title == "sharp#1"
    assert videos["café 🎬👩‍👩‍👧.mp4"].title == "café 🎬👩‍👩‍👧"
    assert videos["deep/er/matroska.mkv"].title == "matroska"
    assert readable("100%.mp4") == "100%.mp4" and readable("%0A") == "%250A"


def test_a_broken_tail_is_taken_as_far_as_it_goes(odd: tuple[Path, dict[str, str], IngestReport]) -> None:
    place, _, report = odd
    notes = {one.file: one.reason for one in report.notes}
    assert notes.keys() == {"broken-tail.mp4", "broken-tail.mkv"}
    videos = {entry.id: entry for entry in Library.open(place / "lib").videos()}
    store = FeatureStore.open(place / "lib/features")
    for name, note in notes.items():
        assert "of" not in note and "8.0 s" in note
        assert 1 < videos[name].duration < 7
        assert (
            store.video(name).times[-1] < videos[name].duration == pytest.approx(store.video(name).duration)
        )


def test_shots_rotation_and_pixels(odd: tuple[Path, dict[str, str], IngestReport]) -> None:
    videos = {entry.id: entry for entry in Library.open(odd[0] / "lib").videos()}
    assert videos["plain.mp4"].shots == ((0.0, 1.5), (1.5, 3.0))
    assert (videos["portrait.mp4"].width, videos["portrait.mp4"].height) == SIZE[::-1]
    assert (videos["wide-pixels.mp4"].width, videos["wide-pixels.mp4"].height) == (2 * SIZE[0], SIZE[1])
    library = Library.open(odd[0] / "lib")
    with Image.open(library.poster(videos["portrait.mp4"].name)) as poster:
        assert poster.size == SIZE[::-1]
        left, right = np.asarray(poster)[:, 2].mean(), np.asarray(poster)[:, -3].mean()
    assert left > 200 and right < 60  # what lay on top is on the left after a turn to the left
    with Image.open(library.strip(videos["portrait.mp4"].name)) as strip:
        assert strip.size == (1280, 72)


def test_uneven_times_are_real(odd: tuple[Path, dict[str, str], IngestReport]) -> None:
    times = FeatureStore.open(odd[0] / "lib/features").video("uneven.mp4").times
    np.testing.assert_allclose(times, [0.0, 1.0, 1.9], atol=2e-3)


def test_a_library_is_searched(odd: tuple[Path, dict[str, str], IngestReport]) -> None:
    from ral_core.search.engine import Explorer

    result = Explorer.open(odd[0] / "lib", device="cpu").search("a red square", k=3)
    assert len(result.hits) == 3
    assert all(0 <= hit.start < hit.end <= hit.duration for hit in result.hits)


def test_running_again_does_nothing_and_changes_nothing(
    films: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(films, clip)
    before = contents(films.parent / "lib")
    monkeypatch.setattr("ral_core.ingest.finish.build_index", None)
    second = run(films, clip)
    assert (first.kept, second.kept, second.added) == (0, 3, ())
    assert contents(films.parent / "lib") == before


def test_new_changed_and_lost_files_are_noticed(films: Path, clip: Path) -> None:
    run(films, clip)
    make_video(films / "d.mp4")
    make_video(films / "a.mp4", seconds=3.5)
    (films / "b.mkv").unlink()
    planned = plan(IngestConfig(folder=films, out=films.parent / "lib"))
    assert (planned.new, planned.changed, planned.removed, planned.kept) == (
        ("d.mp4",),
        ("a.mp4",),
        ("b.mkv",),
        1,
    )
    report = run(films, clip)
    assert set(report.added) == {"a.mp4", "d.mp4"} and report.removed == ("b.mkv",) and report.kept == 1
    assert run(films, clip, "fresh").videos == 3
    fresh, renewed = contents(films.parent / "fresh"), contents(films.parent / "lib")
    assert fresh == renewed


def test_lost_files_can_be_kept_and_files_left_out(films: Path, clip: Path) -> None:
    run(films, clip)
    (films / "b.mkv").unlink()
    assert run(films, clip, keep_missing=True).videos == 3
    report = run(films, clip, exclude=("more/*",))
    assert (report.videos, set(report.removed)) == (1, {"b.mkv", "more/c.mp4"})
    assert run(films, clip).videos == 1, "what is left out stays so"
    assert run(films, clip, exclude=()).videos == 2


def test_an_empty_folder_takes_nothing_away(films: Path, clip: Path) -> None:
    run(films, clip)
    before = contents(films.parent / "lib")
    films.rename(films.with_name("away"))
    films.mkdir()
    with pytest.raises(DataError, match="There is no video in"):
        run(films, clip)
    assert contents(films.parent / "lib") == before


def test_long_videos_become_windows(films: Path, clip: Path) -> None:
    report = run(films, clip, window=1.5, fps=4.0)
    assert report.rows == 2 + 2 + 3
    library = Library.open(films.parent / "lib")
    index = open_index(library.indexes / str(report.index))
    rows = [row for row in index.videos if row.source == "more/c.mp4"]
    assert [row.id for row in rows] == [f"more/c.mp4#{number}" for number in (1, 2, 3)]
    assert rows[1].start == pytest.approx(4 / 3, abs=1e-3) and rows[2].end == pytest.approx(4)
    assert len({row.poster for row in rows}) == 3
    place = index.videos.index(rows[1])
    times = index["frame_times"][index.frame_slice(place)]
    assert times[0] == pytest.approx(4 / 3, abs=0.06) and times[-1] < 8 / 3
    whole = np.concatenate([index["frame_times"][index.frame_slice(index.videos.index(row))] for row in rows])
    assert (np.diff(whole) > 0).all()


def test_the_rest_of_a_video_can_be_left_out(films: Path, clip: Path) -> None:
    report = run(films, clip, longest=1.0)
    assert report.seconds == pytest.approx(3.0)
    assert FeatureStore.open(films.parent / "lib/features").lengths == (1, 1, 1)


def test_a_copy_is_made_that_browsers_play(films: Path, clip: Path) -> None:
    report = run(films, clip)
    assert report.unplayable == ("b.mkv",)
    library = Library.open(films.parent / "lib")
    index = open_index(library.indexes / str(report.index))
    row = next(row for row in index.videos if row.id == "b.mkv")
    assert index.file(row.media) is None
    shares: list[float] = []
    path = make_proxy(library, "b.mkv", progress=shares.append)
    assert index.file(row.media) == Path(os.path.normpath(path.absolute())) or index.file(row.media).samefile(
        path
    )  # type: ignore[union-attr]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0, abs=0.05)
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
    assert run(films, clip, proxies=True).unplayable == ()
    with pytest.raises(UnknownName, match="no video 'z'"):
        make_proxy(library.folder, "z")


def test_a_changed_video_loses_its_old_copy(films: Path, clip: Path) -> None:
    assert run(films, clip, proxies=True).proxies == ("b.mkv",)
    make_video(films / "b.mkv", seconds=2.5)
    assert run(films, clip).unplayable == ("b.mkv",)
    assert list((films.parent / "lib/media").iterdir()) == []


def test_other_processes_can_share_the_work(films: Path, clip: Path) -> None:
    run(films, clip)
    run(films, clip, "shared", jobs=2)
    assert contents(films.parent / "shared") == contents(films.parent / "lib")


def test_hidden_files_libraries_and_other_files_are_passed_over(films: Path, clip: Path) -> None:
    ingest(IngestConfig(folder=films, out=films / "lib", encoder=str(clip)))
    shutil.copy(films / "a.mp4", films / ".a.mp4")
    (films / ".hidden").mkdir()
    shutil.copy(films / "a.mp4", films / ".hidden/a.mp4")
    Image.fromarray(picture(0.0)).save(films / "photo.jpg")
    Image.fromarray(picture(0.0)).save(films / "photo", "PNG")
    (films / "notes.txt").write_text("nothing")
    (films / "README").write_text("nothing")
    os.mkfifo(films / "pipe.mp4")
    report = ingest(IngestConfig(folder=films, out=films / "other", encoder=str(clip)))
    assert report.videos == 3 and report.skipped == ()
    assert ingest(IngestConfig(folder=films, out=films / "lib")).added == ()


def test_one_file_can_be_ingested(films: Path, clip: Path) -> None:
    report = ingest(IngestConfig(folder=films / "a.mp4", out=films.parent / "one", encoder=str(clip)))
    assert (report.name, report.videos) == ("a", 1)
    library = Library.open(films.parent / "one")
    assert library.original(library.videos()[0]).samefile(films / "a.mp4")


def test_videos_and_library_can_be_moved(films: Path, clip: Path) -> None:
    run(films, clip)
    place = films.parent
    films.rename(place / "renamed")
    report = run(place / "renamed", clip)
    assert (report.kept, report.added) == (3, ())
    index = open_index(place / "lib/indexes" / str(report.index))
    assert (index.file(index.videos[0].media) or Path()).samefile(place / "renamed/a.mp4")
    (place / "both").mkdir()
    (place / "renamed").rename(place / "both/renamed")
    (place / "lib").rename(place / "both/lib")
    assert Library.open(place / "both/lib").source() == place / "both/renamed"
    assert run(place / "both/renamed", clip).added == ()


def test_an_encoder_that_changed_sees_everything_again(films: Path, clip: Path, tmp_path: Path) -> None:
    shutil.copytree(clip, tmp_path / "clip")
    run(films, tmp_path / "clip")
    tiny_clip(tmp_path / "clip", seed=1)
    report = run(films, tmp_path / "clip")
    assert (len(report.added), report.kept) == (3, 0)
    assert FeatureStore.open(tmp_path / "lib/features").encoder == report.encoder


CLIPS = Path(__file__).resolve().parents[2] / "shared/clips"


@pytest.mark.skipif(not CLIPS.is_dir(), reason="real clips are not beside this checkout")
def test_real_clips(clip: Path, tmp_path: Path) -> None:
    names = ("asl_eat.mkv", "snowboarder.mp4", "rollercoaster.mp4", "tears_of_steel_battle.webm")
    (tmp_path / "videos").mkdir()
    for name in names:
        (tmp_path / "videos" / name).symlink_to(CLIPS / name)
    report = run(tmp_path / "videos", clip, longest=7.5, window=5.0)
    assert report.skipped == report.notes == ()
    assert (report.videos, report.rows) == (4, 5)
    assert report.unplayable == ("asl_eat.mkv", "rollercoaster.mp4")
    videos = {entry.id: entry for entry in Library.open(tmp_path / "lib").videos()}
    cuts = [start for start, _ in videos["tears_of_steel_battle.webm"].shots]
    for cut in (2.2, 5.1):
        assert min(abs(cut - start) for start in cuts) < 0.1


def test_what_does_not_fit_is_refused(films: Path, clip: Path, tmp_path: Path) -> None:
    run(films, clip)
    shutil.copytree(films, tmp_path / "others")
    full = tmp_path / "full"
    full.mkdir()
    (full / "thesis.doc").write_text("precious")
    for settings, words in (
        ({"folder": tmp_path / "none"}, "no folder"),
        ({"folder": tmp_path / "others"}, "is the library of"),
        ({"out": full}, "holds files that are no library"),
        ({"out": films}, "holds files"),
        ({"out": films / "a.mp4"}, "is a file"),
        ({"out": films / "a.mp4/lib"}, "cannot be written"),
        ({"encoder": "demo"}, "use another --out"),
        ({"name": "other"}, "use another --out"),
        ({"fps": 0.0}, "fps must be"),
        ({"window": 0.1}, "window must be"),
        ({"jobs": 0}, "jobs must be"),
    ):
        config = {"folder": films, "out": tmp_path / "lib", "encoder": str(clip), **settings}
        with pytest.raises(DataError, match=words):
            ingest(IngestConfig(**config))  # type: ignore[arg-type]
    with locked(tmp_path / "lib"), pytest.raises(DataError, match="another run"):
        run(films, clip)


@pytest.mark.parametrize(
    "settings", [{"longest": -1.0}, {"longest": np.nan}, {"window": np.nan}, {"fps": np.nan}]
)
def test_numbers_that_are_none_are_refused(films: Path, clip: Path, settings: dict[str, float]) -> None:
    with pytest.raises(DataError, match="must be"):
        run(films, clip, **settings)


def test_the_demo_encoder_says_how_little_it_knows(films: Path) -> None:
    said: list[str] = []
    report = ingest(IngestConfig(folder=films, out=films.parent / "demo", encoder="demo"), say=said.append)
    assert report.videos == 3 and str(report.index).endswith("-ral")
    assert any("drawn films only" in line for line in said)


def test_the_verb_tells_people_and_programs(
    films: Path, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (films / "bad.mp4").write_bytes(b"")
    command = ["ingest", str(films), "--out", str(films.parent / "lib"), "--encoder", str(clip)]
    assert cli.main([*command, "--dry-run"]) == 0
    assert "4 new" in capsys.readouterr().out and not (films.parent / "lib").exists()
    assert cli.main([*command, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["videos"] == 3 and told["skipped"][0]["file"] == "bad.mp4"
    assert cli.main([*command, "--exclude", "more/*"]) == 0
    out = capsys.readouterr().out
    assert "skipped bad.mp4: is empty" in out and "1 removed" in out and "--index" in out
