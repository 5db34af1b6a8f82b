"""The work on one video, and on many at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import av
import torch

from ral_core.data.videos import Images
from ral_core.device import pick_device
from ral_core.errors import DataError
from ral_core.features.video_encoder import VideoEncoder, open_video_encoder
from ral_core.ingest.library import Library
from ral_core.ingest.parts import Entry, file_name, key_of, still_name, write_part
from ral_core.ingest.scan import Skipped, Source
from ral_core.ingest.survey import survey, write_stills
from ral_core.workers import start_worker

Watch = Callable[[str, float], None]
"""Is told the id of a video and how much of it, 0 to 1, is done."""
UNREADABLE = (DataError, av.FFmpegError, ValueError, ArithmeticError, LookupError)
"""What a file can make a decoder or an encoder raise; anything else is about this machine and ends the run."""
SURVEY_SHARE = 0.5
"""Of the time for a video, roughly, until its features are begun."""


@dataclass(frozen=True)
class Settings:
    """What, beside the file, a video's features depend on, and the device."""

    encoder: str
    fps: float
    window: float  # s
    longest: float | None = None  # s
    device: str = "auto"

    def facts(self) -> Mapping[str, float | None]:
        """The settings that a part's key depends on; the encoder's id stands beside them."""
        return {"fps": self.fps, "window": self.window, "longest": self.longest}


def take(
    source: Source, library: Library, encoder: VideoEncoder, settings: Settings, watch: Watch
) -> Entry | Skipped:
    """Survey a video, encode its windows, write its stills and then its part."""
    longest = math.inf if settings.longest is None else settings.longest
    name = file_name(source.id)

    def keep(window: int, windows: int, stills: Images) -> None:
        still = still_name(name, window, windows)
        write_stills(stills, library.poster(still), library.strip(still))

    def see(share: float) -> None:
        watch(source.id, SURVEY_SHARE * share)

    try:
        seen = survey(source.path, window=settings.window, longest=longest, keep=keep, watch=see)
        entry = Entry.of(source, key_of(source, encoder.id, settings.facts()), seen)
        parts = []
        for row, (first, last) in entry.rows():
            parts.append(replace(encoder.encode_window(source.path, first, last), id=row))
            watch(source.id, SURVEY_SHARE + (1 - SURVEY_SHARE) * last / seen.duration)
        library.proxy(name).unlink(missing_ok=True)
        write_part(library.part(name), entry, encoder.id, parts)
    except UNREADABLE as problem:
        library.part(name).unlink(missing_ok=True)
        return Skipped(source.id, reason(problem, source.path))
    return entry


def reason(problem: Exception, path: Path) -> str:
    """What went wrong with a file, in one line and without its path."""
    name = str(path)
    text = str(problem).replace(f"{name}: ", "").replace(f"{name} ", "").replace(name, "the file")
    text = " ".join(text.split()) or type(problem).__name__
    return text.rstrip(".")


def take_all(
    sources: Sequence[Source],
    library: Library,
    encoder: VideoEncoder,
    settings: Settings,
    jobs: int,
    watch: Watch,
) -> Iterator[tuple[Source, Entry | Skipped]]:
    """Take videos, `jobs` at once, and give each as it is done."""
    if jobs <= 1 or len(sources) <= 1:
        for source in sources:
            yield source, take(source, library, encoder, settings, watch)
        return
    alone: list[Source] = []
    workers = pool(min(jobs, len(sources)))
    try:
        waiting = {workers.submit(_take, source, library, settings): source for source in sources}
        for future in as_completed(waiting):
            try:
                yield waiting[future], future.result()
            except BrokenProcessPool:
                alone.append(waiting[future])
    finally:
        workers.shutdown(cancel_futures=True)
    for source in alone:  # a decoder brought a process down: find out on which file
        with pool(1) as worker:
            try:
                yield source, worker.submit(_take, source, library, settings).result()
            except BrokenProcessPool:
                yield source, Skipped(source.id, "the decoder crashed on it")


def pool(jobs: int) -> ProcessPoolExecutor:
    """Processes that share the cores and end with this one."""
    return ProcessPoolExecutor(
        jobs, mp_context=get_context("spawn"), initializer=_start_worker, initargs=(jobs,)
    )


def _start_worker(jobs: int) -> None:
    start_worker()
    torch.set_num_threads(max(1, torch.get_num_threads() // jobs))


def _take(source: Source, library: Library, settings: Settings) -> Entry | Skipped:
    return take(source, library, _encoder(settings), settings, lambda name, share: None)


@cache
def _encoder(settings: Settings) -> VideoEncoder:
    return open_video_encoder(settings.encoder, device=pick_device(settings.device), fps=settings.fps)
