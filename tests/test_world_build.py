"""Building the corpus: what is written where, and that it can be stopped and gone on with."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from ral_core import cli
from ral_core.data.captions import read_captions
from ral_core.data.videos import probe
from ral_core.errors import DataError, UnknownName
from ral_core.files import read_json
from ral_core.world import media
from ral_core.world.build import Build, Journal, Places, Progress, read_films
from ral_core.world.scene import Film, Shot, film_hash
from ral_core.world.splits import SPLITS, Split, split_named

TINY = [
    replace(SPLITS["encoder"], films=2),
    replace(SPLITS["test"], films=6, twins=0.1, chosen_seeds=()),
    replace(SPLITS["val"], films=2),
]


class FakeRenderer:
    """Plain grey pictures at once; notes which films were drawn."""

    drawn: ClassVar[list[str]] = []

    def __init__(self, film: Film, width: int, height: int) -> None:
        self.size = (height, width, 3)
        self.drawn.append(film.id)

    def frame(self, t: float) -> np.ndarray:
        return np.full(self.size, int(t * 7) % 200, np.uint8)


class StopAfter(FakeRenderer):
    """Interrupted, as by Ctrl-C, before the second film."""

    def __init__(self, film: Film, width: int, height: int) -> None:
        if film.id.endswith("1"):
            raise KeyboardInterrupt
        super().__init__(film, width, height)


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    monkeypatch.setattr(media, "FULL_FPS", 1.0)
    monkeypatch.setattr(media, "FULL", (64, 36))
    monkeypatch.setattr(media, "SMALL", (64, 36))
    FakeRenderer.drawn = []
    return Build(
        places=Places(tmp_path / "work", tmp_path / "shipped"), splits=TINY, stages=["scenes"], jobs=1,
        make=FakeRenderer, say=lambda line: None,
    )  # fmt: skip


def test_scenes_go_where_they_belong_and_are_in_the_manifest(build: Build, tmp_path: Path) -> None:
    build.run()
    assert (tmp_path / "work/encoder/films.jsonl").exists() and not (
        tmp_path / "work/encoder/captions.jsonl"
    ).exists()
    films = read_films(tmp_path / "shipped/test")
    captions = read_captions(tmp_path / "shipped/test/captions.jsonl", [film.id for film in films])
    manifest = read_json(tmp_path / "shipped/manifest.json")
    assert list(manifest["splits"]) == ["encoder", "val", "test"]
    entry = manifest["splits"]["test"]
    assert (entry["films"], entry["captions"]) == (6, len(captions))
    assert entry["scenes_sha256"] == film_hash(films)
    before = (tmp_path / "shipped/test/captions.jsonl").read_bytes()
    replace(build, splits=TINY[1:2]).run()
    assert read_json(tmp_path / "shipped/manifest.json") == manifest
    assert (tmp_path / "shipped/test/captions.jsonl").read_bytes() == before


def test_a_build_goes_on_where_it_was_stopped(build: Build, tmp_path: Path) -> None:
    build.run()
    video = replace(build, splits=TINY[2:], stages=["video"])
    with pytest.raises(KeyboardInterrupt):
        replace(video, make=StopAfter).run()
    assert [path.name for path in (tmp_path / "work/val/video").glob("*.mp4")] == ["val-0000.mp4"]
    FakeRenderer.drawn = []
    video.run()
    assert FakeRenderer.drawn == ["val-0001"]
    video.run()
    assert FakeRenderer.drawn == ["val-0001"]
    (tmp_path / "work/val/video/val-0000.mp4").unlink()
    video.run()
    assert FakeRenderer.drawn == ["val-0001", "val-0000"]
    replace(video, force=True, limit=1).run()
    assert FakeRenderer.drawn == ["val-0001", "val-0000", "val-0000"]


def test_a_changed_scene_is_drawn_again(build: Build, tmp_path: Path) -> None:
    build.run()
    video = replace(build, splits=TINY[2:], stages=["video"])
    video.run()
    path = tmp_path / "work/val/films.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    rows[0]["shots"][0]["camera"] = "wide" if rows[0]["shots"][0]["camera"] != "wide" else "still"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    FakeRenderer.drawn = []
    video.run()
    assert FakeRenderer.drawn == ["val-0000"]


def test_videos_last_as_long_as_their_films(build: Build, tmp_path: Path) -> None:
    replace(build, stages=["scenes", "video", "media"], limit=2).run()
    film = read_films(tmp_path / "work/val")[0]
    info = probe(tmp_path / "work/val/video/val-0000.mp4")
    assert (info.width, info.height, info.codec) == (64, 36, "h264")
    assert info.duration == pytest.approx(film.duration, abs=0.26)
    shipped = tmp_path / "shipped/test"
    assert sorted(path.name for path in (shipped / "media").iterdir()) == ["test-0000.mp4", "test-0001.mp4"]
    assert (shipped / "posters/test-0000.jpg").stat().st_size > 100
    assert (shipped / "strips/test-0001.jpg").stat().st_size > 100


def test_runs_are_consecutive_frames_of_one_shot(build: Build, tmp_path: Path) -> None:
    replace(build, splits=TINY[:1], stages=["scenes", "video"]).run()
    for film in read_films(tmp_path / "work/encoder"):
        told = read_json(tmp_path / f"work/encoder/video/{film.id}.json")
        times, run = told["times"], told["run"]
        assert len(times) % run == 0 and len(times) >= run
        for start in range(0, len(times), run):
            part = times[start : start + run]
            assert np.allclose(np.diff(part), 1 / told["fps"])
            assert film.shot_at(part[0]) == film.shot_at(part[-1])
        assert len({film.shot_at(time).start for time in times}) == len(times) // run


def test_a_journal_survives_a_torn_line(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "done.jsonl")
    journal.add("a", "1")
    with journal.path.open("a") as file:
        file.write('{"id": "b", "sce')
    assert journal.read() == {"a": "1"}
    journal.add("c", "3")
    assert journal.read() == {"a": "1", "c": "3"}


def test_progress_says_how_long_it_takes() -> None:
    lines: list[str] = []
    progress = Progress("video val", 2, lines.append)
    progress.step()
    progress.step()
    assert lines[-1].startswith("video val: 2/2 (100 %)") and lines[-1].endswith("0:00 left")


def test_bad_requests_are_one_sentence(
    build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(DataError, match="no scene graphs"):
        replace(build, stages=["video"]).run()
    with pytest.raises(DataError, match="stage"):
        replace(build, stages=["scenes", "cook"]).run()
    with pytest.raises(UnknownName, match="test-long"):
        split_named("tset")
    with pytest.raises(DataError, match="Film"):
        Film.from_json({"id": "x"})
    places = ["--out", str(tmp_path / "a"), "--shipped", str(tmp_path / "b")]
    assert cli.main(["world", "build", *places, "--stages", "video", "--split", "val"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_the_command_shows_a_film(build: Build, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    build.run()
    places = ["--out", str(tmp_path / "work"), "--shipped", str(tmp_path / "shipped")]
    assert cli.main(["world", "show", "test-0001", *places]) == 0
    told = capsys.readouterr().out
    film = read_films(tmp_path / "shipped/test")[1]
    assert told.startswith("test-0001") and all(event.action in told for event in film.events)
    assert cli.main(["world", "show", "test-0099", *places]) == 1


def test_every_film_has_a_shot_at_every_second() -> None:
    split: Split = TINY[1]
    from ral_core.world.splits import split_films

    film = split_films(split)[0][0]
    assert isinstance(film.shot_at(-1.0), Shot) and film.shot_at(film.duration + 5) == film.shots[-1]
