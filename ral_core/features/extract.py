"""From video files to a feature store, film by film, so that a stopped extraction goes on where it was."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from ral_core.errors import DataError
from ral_core.features.store import HEADER, FeatureStore, VideoFeatures, write_features
from ral_core.features.visual import VisualEncoder, look
from ral_core.files import read_jsonl, replacing
from ral_core.workers import start_worker

Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One video to encode and the file that keeps its features until all are done."""

    id: str
    video: Path
    part: Path
    encoder: Path

    def is_done(self) -> bool:
        """Whether the part is there and no older than the video."""
        return self.part.exists() and self.part.stat().st_mtime >= self.video.stat().st_mtime

    def read(self) -> VideoFeatures | None:
        """The features of the finished part, or None when it cannot be read."""
        try:
            saved = load_file(self.part)
            return VideoFeatures(self.id, saved["frames"], saved["times"], float(saved["duration"][0]))
        except (OSError, SafetensorError, KeyError):
            return None


def extract_video(path: Path | str, encoder: VisualEncoder, *, video_id: str | None = None) -> VideoFeatures:
    """The features of one video file. Raises DataError naming a file that cannot be read."""
    glimpses = look(path, encoder.config)
    name = Path(path).stem if video_id is None else video_id
    return VideoFeatures(name, encoder.encode(glimpses), glimpses.times, glimpses.duration)


def extract_split(
    split: Path, videos: Path, encoder: Path, *, jobs: int = 2, limit: int | None = None, say: Say = print
) -> FeatureStore:
    """Encode the films that `split`/films.jsonl lists and write their feature store into `split`.

    videos: folder of <id>.mp4; encoder: folder of the visual encoder; limit: only the first films. Films of
    any size and rate come out alike, being resized to the encoder's picture and sampled at its times.
    """
    ids = [str(row["id"]) for row in read_jsonl(split / "films.jsonl")][:limit]
    return extract_folder({name: videos / f"{name}.mp4" for name in ids}, split, encoder, jobs=jobs, say=say)


def extract_folder(
    videos: dict[str, Path], out: Path, encoder: Path, *, jobs: int = 2, say: Say = print
) -> FeatureStore:
    """Encode videos (id to file) into the feature store `out`; finished videos survive a stop.

    A store of this encoder that is younger than all these videos is kept. Raises DataError for a missing or
    unreadable video.
    """
    opened = VisualEncoder.open(encoder)
    if is_current(out, videos, opened.id):
        say(f"features {out.name}: all {len(videos)} videos are there already")
        return FeatureStore.open(out)
    parts = out / f".parts-{opened.id}"
    parts.mkdir(parents=True, exist_ok=True)
    todo = [Job(name, path, parts / f"{name}.safetensors", encoder) for name, path in videos.items()]
    for job in todo:
        if not job.video.is_file():
            raise DataError(f"There is no video file {job.video}; draw or copy it first.")
    waiting = [job for job in todo if not job.is_done()]
    if len(waiting) < len(todo):
        say(f"features {out.name}: {len(todo) - len(waiting)} of {len(todo)} videos are there already")
    began = said = time.monotonic()
    for done, _ in enumerate(_finished(waiting, jobs), start=1):
        if time.monotonic() - said > 5 or done == len(waiting):
            said = time.monotonic()
            left = (said - began) / done * (len(waiting) - done) / 60
            say(f"features {out.name}: {done}/{len(waiting)}, {left:.1f} min left")
    store = write_features(out, _parts(todo), encoder=opened.id, fps=opened.config.fps)
    shutil.rmtree(parts)
    return store


def is_current(out: Path, videos: dict[str, Path], encoder: str) -> bool:
    """Whether `out` holds the features of exactly these videos, made by this encoder after the last of them."""
    try:
        store, made = FeatureStore.open(out), (out / HEADER).stat().st_mtime
        same = store.encoder == encoder and list(store.ids) == list(videos)
        return same and all(path.stat().st_mtime <= made for path in videos.values())
    except (DataError, OSError):
        return False


def _parts(jobs: Sequence[Job]) -> Iterator[VideoFeatures]:
    for job in jobs:
        features = job.read()
        if features is None:
            job.part.unlink(missing_ok=True)
            raise DataError(f"{job.part} was damaged and is removed; extract again to make it anew.")
        yield features


def _finished(jobs: Sequence[Job], processes: int) -> Iterator[str]:
    """Ids of videos as they are done; stopping cancels what has not begun."""
    if processes <= 1 or len(jobs) <= 1:
        yield from map(_encode, jobs)
        return
    workers = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_start_worker)
    try:
        for future in as_completed([workers.submit(_encode, job) for job in jobs]):
            yield future.result()
    finally:
        workers.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """One thread each."""
    start_worker()
    torch.set_num_threads(1)


def _encode(job: Job) -> str:
    features = extract_video(job.video, _encoder(job.encoder), video_id=job.id)
    arrays = {
        "frames": features.frames,
        "times": features.times,
        "duration": torch.tensor([features.duration], dtype=torch.float64).numpy(),
    }
    with replacing(job.part) as temporary:
        save_file(arrays, temporary)
    return job.id


@cache
def _encoder(folder: Path) -> VisualEncoder:
    return VisualEncoder.open(folder)
