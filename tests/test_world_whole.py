"""The whole corpus from one command, at tiny size: stopped, gone on with, and built again without a change."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from subprocess import PIPE, Popen, run
from tempfile import NamedTemporaryFile

import numpy as np
import pytest
import torch

from ral_core import cli
from ral_core.data.captions import read_captions
from ral_core.data.videos import probe, write_video
from ral_core.features import extract
from ral_core.features.store import FeatureStore
from ral_core.features.visual import VisualEncoder
from ral_core.files import read_json
from ral_core.world import media
from ral_core.world.build import Places
from ral_core.world.splits import SPLITS, split_films

ROOT = str(Path(__file__).parents[1])
FILMS = {"encoder": 2, "train": 1, "val": 1, "test": 2, "test-long": 1}


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    pytest.importorskip("cairo", reason="drawing films needs pycairo (the extra `world`)")
    torch.set_num_threads(1)
    for name, value in {"FULL_FPS": 4.0, "FULL": (64, 36)}.items():
        monkeypatch.setattr(media, name, value)
    sizes = ",".join(f"{split}={count}" for split, count in FILMS.items())
    places = ["--out", str(tmp_path / "work"), "--shipped", str(tmp_path / "shipped")]
    return ["world", "build", *places, "--films", sizes, "--epochs", "1", "--jobs", "1"]


def hashes(folder: Path) -> dict[str, str]:
    """What every file holds, but for the minutes that a training took."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "README.md")
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_one_command_builds_everything(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    encode = extract._encode

    def stopped(job: extract.Job) -> str:
        if job.id == "test-0001":
            raise KeyboardInterrupt
        return encode(job)

    monkeypatch.setattr(extract, "_encode", stopped)
    assert cli.main(command) == 130
    monkeypatch.setattr(extract, "_encode", encode)
    capsys.readouterr()
    assert cli.main(command) == 0
    told = capsys.readouterr().out
    assert "media test: 2 of 2 films are there already" in told
    assert "features train: all 1 videos are there already" in told
    assert "features test: 1 of 2 videos are there already" in told

    places = Places(tmp_path / "work", tmp_path / "shipped", tmp_path / "encoders/visual")
    encoder = VisualEncoder.open(places.encoder)
    manifest = read_json(places.shipped / "manifest.json")["splits"]
    assert {name: entry["films"] for name, entry in manifest.items()} == FILMS
    for name in ("train", "val", "test", "test-long"):
        folder = places.split(SPLITS[name])
        store = FeatureStore.open(folder)
        assert store.encoder == encoder.id and len(store.ids) == FILMS[name]
        assert len(read_captions(folder / "captions.jsonl", store.ids)) == manifest[name]["captions"]
        video = probe(places.videos(SPLITS[name]) / f"{store.ids[0]}.mp4")
        assert video.duration == pytest.approx(store.video(store.ids[0]).duration, abs=1.1)
    assert {path.suffix for path in (places.shipped / "test").rglob("test-0001.*")} == {".mp4", ".jpg"}

    before = hashes(tmp_path)
    assert cli.main(command) == 0
    assert hashes(tmp_path) == before


def test_a_small_corpus_never_takes_the_place_of_the_shipped_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["world", "build", "--films", "test=1"]) == 1
    assert "--out and --shipped" in capsys.readouterr().err
    assert cli.main(["world", "build", "--films", "tset=1", "--out", "a", "--shipped", "b"]) == 1
    for bad in ("test", "test=0", "test=-1", "=3", ""):
        with pytest.raises(SystemExit):
            cli.main(["world", "build", "--films", bad])


def test_a_film_becomes_the_same_bytes_each_time(tmp_path: Path) -> None:
    pytest.importorskip("cairo", reason="drawing films needs pycairo (the extra `world`)")
    film = split_films(replace(SPLITS["val"], films=1))[0][0]
    renderer = media.film_renderer(film, *media.SMALL)
    frames = [renderer.frame(number / 4) for number in range(40)]
    made = set()
    for number in range(4):  # between other things in memory each time
        other = [np.full(size, number, np.uint8) for size in range(1000 + number, 200_000, 5000)]
        write_video(tmp_path / "film.mp4", frames, fps=4.0, crf=media.SMALL_CRF)
        made.add((tmp_path / "film.mp4").read_bytes())
        del other
    assert len(made) == 1


def test_workers_of_a_killed_program_end() -> None:
    program = """
import os, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from ral_core.workers import start_worker
if __name__ == "__main__":
    workers = ProcessPoolExecutor(1, mp_context=get_context("spawn"), initializer=start_worker)
    print(workers.submit(os.getpid).result(), flush=True)
    time.sleep(60)
"""
    with NamedTemporaryFile("w", suffix=".py") as file:
        file.write(program)
        file.flush()
        parent = Popen(
            [sys.executable, file.name], stdout=PIPE, text=True, env=os.environ | {"PYTHONPATH": ROOT}
        )
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
    for _ in range(100):
        if not is_running(worker):
            return
        time.sleep(0.1)
    raise AssertionError("The worker goes on without its parent.")


def is_running(process: int) -> bool:
    """Whether a process works or waits; one that ended but was not asked about does not count."""
    state = run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True).stdout.strip()
    return bool(state) and not state.startswith("Z")
