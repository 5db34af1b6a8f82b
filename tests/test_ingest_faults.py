"""Whatever stops an ingest, starting it again ends with the library that was never stopped, byte for byte."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from odd_videos import cut_off, damage, make_video, odd_folder
from tiny_joint import tiny_clip

from ral_core.errors import DataError
from ral_core.features.video_encoder import JointVideoEncoder, open_video_encoder
from ral_core.index.folder import open_index
from ral_core.ingest.library import Library
from ral_core.ingest.run import IngestConfig, IngestReport, ingest
from ral_core.ingest.scan import readable
from ral_core.search.engine import Explorer

OPERATIONS = ((os, "replace"), (os, "rename"), (os, "unlink"), (os, "mkdir"), (np, "save"))
"""All ways in which ingesting changes what is on disk, but for the insides of hidden files that are renamed later."""


class Killed(BaseException):
    """Stands for a process that is gone: nothing may be written any more, by clean-ups neither."""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_clip(tmp_path_factory.mktemp("encoders") / "clip")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five files: whole, in windows, broken at the end, not to be read, not for browsers."""
    folder = tmp_path_factory.mktemp("faults") / "videos"
    make_video(folder / "a.mp4", seconds=2)
    make_video(folder / "b.mp4", seconds=7)
    cut_off(make_video(folder / "c/tail.mp4", seconds=6), 0.7)
    cut_off(make_video(folder / "d.mp4", faststart=False), 0.5)
    make_video(folder / "e.mkv", seconds=2)
    return folder


@pytest.fixture(autouse=True)
def opened_once(monkeypatch: pytest.MonkeyPatch, clip: Path) -> None:
    """One encoder for all runs of a test."""
    known: dict[tuple[object, ...], JointVideoEncoder] = {}

    def opened(spec: str, **settings: object) -> object:
        key = (spec, settings["fps"])
        if key not in known:
            known[key] = open_video_encoder(spec, **settings)  # type: ignore[arg-type,assignment]
        return known[key]

    monkeypatch.setattr("ral_core.ingest.run.open_video_encoder", opened)


def run(films: Path, clip: Path, out: Path, **settings: object) -> IngestReport:
    """A library beside the films, with windows of 4 s."""
    return ingest(IngestConfig(folder=films, out=out, encoder=str(clip), window=4.0, **settings))  # type: ignore[arg-type]


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def whole(films: Path, clip: Path) -> dict[str, bytes]:
    """What an uninterrupted run writes."""
    run(films, clip, films.parent / "whole")
    return contents(films.parent / "whole")


@contextmanager
def dying(at: int) -> Iterator[list[str]]:
    """From the operation number `at` on, none is done any more."""
    done: list[str] = []
    real = [(module, name, getattr(module, name)) for module, name in OPERATIONS]

    def mortal(name: str, operation: Callable[..., object]) -> Callable[..., object]:
        def call(*args: object, **named: object) -> object:
            done.append(name)
            if len(done) > at:
                raise Killed
            return operation(*args, **named)

        return call

    try:
        for module, name, operation in real:
            setattr(module, name, mortal(name, operation))
        yield done
    finally:
        for module, name, operation in real:
            setattr(module, name, operation)


def test_twenty_deaths_leave_no_trace(
    films: Path, clip: Path, whole: dict[str, bytes], tmp_path: Path
) -> None:
    """Killed before any of its changes to the disk, a run is taken up again by the next."""
    with dying(10**6) as operations:
        run(films, clip, films.parent / "counted")
    random.seed(5)
    for death in sorted(random.sample(range(1, len(operations)), 20)):
        out = films.parent / f"killed-{death}"
        with pytest.raises(Killed), dying(death):
            run(films, clip, out)
        run(films, clip, out)
        assert contents(out) == whole, f"killed before operation {death} of {len(operations)}"


def test_a_renewal_that_dies_leaves_the_old_index_or_the_new(films: Path, clip: Path, tmp_path: Path) -> None:
    """At no moment is there half an index; what is found answers."""
    videos = tmp_path / "videos"
    make_video(videos / "a.mp4", seconds=1)
    run(videos, clip, tmp_path / "lib")
    before = contents(tmp_path / "lib")
    make_video(videos / "b.mp4", seconds=2)
    with dying(10**6) as operations:
        run(videos, clip, tmp_path / "counted")
    answers = set()
    for death in range(2, len(operations), 7):
        with dying(death), suppress(Killed):
            run(videos, clip, tmp_path / "lib")
        explorer = Explorer.open(tmp_path / "lib", device="cpu")
        assert not explorer.problems
        if explorer.entries:  # between two renames there is none; the next run puts one there
            answers.add(len(explorer.search("a red square").hits))
        (tmp_path / "lib").rename(tmp_path / f"dead-{death}")
        for name, data in before.items():
            (tmp_path / "lib" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "lib" / name).write_bytes(data)
    assert answers == {1, 2}


def test_a_process_can_be_killed_at_any_time(films: Path, clip: Path) -> None:
    """Real processes, SIGKILL at random moments."""
    runner = Path(__file__).with_name("ingest_runner.py")
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(runner.parents[1])}
    with subprocess.Popen(
        [sys.executable, str(runner), str(films), str(films.parent / "timed"), str(clip)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as server:
        assert server.stdin and server.stdout

        def started(out: str) -> int:
            server.stdin.write(f"{films.parent / out}\n")  # type: ignore[union-attr]
            server.stdin.flush()  # type: ignore[union-attr]
            return int(server.stdout.readline())  # type: ignore[union-attr]

        length = float(server.stdout.readline())
        random.seed(7)
        killed = 0
        for number, share in enumerate((0.1, 0.25, 0.4, 0.55, 0.7, 0.8)):
            process = started(f"struck-{number}")
            time.sleep(length * share * random.uniform(0.8, 1.1))
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
            killed += int(server.stdout.readline()) == -signal.SIGKILL
            started(f"struck-{number}")
            assert int(server.stdout.readline()) == 0
            assert contents(films.parent / f"struck-{number}") == contents(films.parent / "timed")
        assert killed >= 2
        server.stdin.close()


def test_a_full_disk_is_said_and_got_over(
    films: Path, clip: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    for place in ("ingest.survey.write_jpeg", "ingest.parts.save_file", "ingest.library.write_features"):
        out = films.parent / f"full-{place}"

        def refuse(*args: object, **named: object) -> None:
            raise full

        with monkeypatch.context() as patch:
            patch.setattr(f"ral_core.{place}", refuse)
            with pytest.raises(DataError, match=r"no space left on device.*finished videos are kept"):
                run(films, clip, out)
        assert not any(path.name.startswith(".") and "part" in path.name for path in out.rglob("*"))
        run(films, clip, out)
        assert contents(out) == whole


def test_a_read_only_place_is_said(
    films: Path, clip: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(*args: object, **named: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(os, "mkdir", refuse)
        with pytest.raises(DataError, match="read-only file system"):
            run(films, clip, tmp_path / "lib")
    assert not (tmp_path / "lib").exists()


def test_videos_in_a_read_only_folder_are_only_read(clip: Path, tmp_path: Path) -> None:
    make_video(tmp_path / "videos/a.mp4", seconds=1)
    (tmp_path / "videos").chmod(0o555)
    try:
        before = sorted(path.name for path in (tmp_path / "videos").iterdir())
        assert run(tmp_path / "videos", clip, tmp_path / "lib").videos == 1
        assert sorted(path.name for path in (tmp_path / "videos").iterdir()) == before
    finally:
        (tmp_path / "videos").chmod(0o755)


def test_a_damaged_part_is_made_anew(films: Path, clip: Path, whole: dict[str, bytes]) -> None:
    out = films.parent / "damaged"
    run(films, clip, out)
    library = Library.open(out)
    paths = [library.part(entry.name) for entry in library.videos()]
    cut_off(paths[0], 0.5)
    paths[1].write_bytes(b"no tensors")
    paths[2].unlink()
    assert len(run(films, clip, out).added) == 3
    assert contents(out) == whole


def test_an_encoder_that_fails_on_one_video_spares_the_others(
    films: Path, clip: Path, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, real = films.parent / "failing", JointVideoEncoder.encode_window

    def broken(self: JointVideoEncoder, path: Path, start: float, end: float) -> object:
        if path.name == "b.mp4":
            raise DataError(f"{path} makes no sense.")
        return real(self, path, start, end)

    with monkeypatch.context() as patch:
        patch.setattr(JointVideoEncoder, "encode_window", broken)
        report = run(films, clip, out)
    assert {one.file: one.reason for one in report.skipped}["b.mp4"] == "makes no sense"
    assert report.videos == 3
    run(films, clip, out)
    assert contents(out) == whole


@pytest.mark.parametrize("seed", range(3))
def test_damaged_files_are_taken_or_skipped(seed: int, clip: Path, tmp_path: Path) -> None:
    """Whatever bytes are wrong, every file is in the library or in the report."""
    fate = odd_folder(tmp_path / "videos")
    files = [tmp_path / "videos" / name for name in fate]
    for path in files:
        if path.stat().st_size > 100:
            damage(path, seed)
    report = run(tmp_path / "videos", clip, tmp_path / "lib", fps=3.0)
    told = [*report.added, *(one.file for one in report.skipped)]
    silent = {"no_ending", "wrong.txt.dat"}  # promised nothing
    assert len(told) == len(set(told)) and {readable(name) for name in fate} - silent <= set(told)
    assert open_index(tmp_path / "lib/indexes" / str(report.index)).verify() == []
    assert all(str(tmp_path) not in one.reason for one in report.skipped)
