"""What is looked at before a video is ingested: which files there are, their pictures, shots and windows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from odd_videos import cut_off, make_video

from ral_core.data.videos import probe, read_images
from ral_core.ingest.progress import Progress, clock
from ral_core.ingest.scan import scan
from ral_core.ingest.shots import ShotFinder
from ral_core.ingest.survey import survey, windows_of


def test_pictures_stand_upright(tmp_path: Path) -> None:
    for degrees, edge in ((90, np.s_[:, 0]), (180, np.s_[-1]), (-90, np.s_[:, -1])):
        path = make_video(tmp_path / f"{degrees}.mp4", seconds=0.5, rotation=degrees)
        info = probe(path)
        images, _ = read_images(path, [0.1], size=(info.width, info.height))
        assert images[0][edge].mean() > 230
        assert (info.width > info.height) == (degrees == 180)
        assert info.rotation == degrees // 90 % 4


def test_windows_cover_evenly() -> None:
    assert windows_of(10, 20) == ((0.0, 10.0),)
    spans = windows_of(130, 128)
    assert spans == ((0.0, 65.0), (65.0, 130.0))
    assert len(windows_of(7200, 128)) == 57


def test_links_are_followed_once(tmp_path: Path) -> None:
    videos = tmp_path / "in/videos"
    make_video(videos / "real/a.mp4", seconds=0.5)
    make_video(tmp_path / "elsewhere/b.mp4", seconds=0.5)
    (videos / "real/loop").symlink_to(videos)
    (videos / "up").symlink_to(tmp_path / "in")
    (videos / "again").symlink_to(videos / "real")
    (videos / "a-link.mp4").symlink_to(videos / "real/a.mp4")
    (videos / "far").symlink_to(tmp_path / "elsewhere")
    (videos / "gone.mp4").symlink_to(tmp_path / "nothing.mp4")
    (videos / "self.mp4").symlink_to(videos / "self.mp4")
    found = scan(videos)
    assert [source.id for source in found.sources] == ["far/b.mp4", "real/a.mp4"]
    assert [one.file for one in found.skipped] == ["gone.mp4", "self.mp4"]


def test_a_flash_is_no_cut_and_a_pan_is_none() -> None:
    finder = ShotFinder()
    rng = np.random.default_rng(0)
    scene, other = (rng.integers(0, 255, (18, 8, 3)).astype(np.uint8).repeat(8, axis=1) for _ in range(2))
    for step in range(40):
        image = np.roll(scene if step < 25 else other, step, axis=1)[:, :32]
        finder.see(step / 10, np.full_like(image, 255) if step == 10 else image)
    assert [start for start, _ in finder.shots(4.0)] == [0.0, 2.5]


def test_survey_keeps_to_its_limit(tmp_path: Path) -> None:
    path = make_video(tmp_path / "film.mp4", seconds=6, aspect=Fraction(1, 1))
    kept: list[tuple[int, ...]] = []
    seen = survey(path, window=2.0, longest=5.0, keep=lambda k, n, stills: kept.append((k, n, *stills.shape)))
    assert seen.duration == 5.0 and len(seen.windows) == 3 and seen.note is None
    assert kept == [(k, 3, 10, 64, 96, 3) for k in range(3)]
    kept.clear()
    cut = survey(cut_off(path, 0.7), window=2.0, keep=lambda k, n, stills: kept.append((k, n)))
    assert cut.note and kept[-len(cut.windows) :] == [(k, len(cut.windows)) for k in range(len(cut.windows))]


def test_progress_says_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress({"a": 1.0, "b": 3.0})
    progress.at("a", 0.5)
    progress.finish("a")
    assert "25%" in progress.line("a") and "1 of 2" in progress.line("a")
    progress.finish("b")
    progress.close()
    assert "100%" in capsys.readouterr().err
    assert [clock(s) for s in (3, 200, 7000)] == ["3 s", "3 min", "1 h 57 min"]
