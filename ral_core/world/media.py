"""Films as files: the small videos that features are made of, and the ones that people watch.

A film is drawn by a `Renderer`; the default one is imported when first needed, since drawing is optional.
"""

from __future__ import annotations

import importlib
import math
import random
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import MissingDependency
from ral_core.files import write_json
from ral_core.world.scene import Event, Film, Shot

Image = NDArray[np.uint8]

SMALL = (224, 128)
"""Width and height of the videos that features are computed from."""
SMALL_FPS = 4.0
SMALL_CRF = 26
FULL = (432, 240)
"""Width and height of the videos on the page."""
FULL_FPS = 12.0
FULL_CRF = 35
POSTER = (320, 180)
TILE = (96, 54)
TILES = 10
RUNS = 3
"""Runs of consecutive frames taken from a film of the encoder split."""
RUN_FRAMES = 8


class Renderer(Protocol):
    """Draws the frames of one film."""

    def frame(self, t: float) -> Image:
        """The picture at `t` seconds, (H, W, 3) uint8 RGB."""


MakeRenderer = Callable[[Film, int, int], Renderer]


def film_renderer(film: Film, width: int, height: int) -> Renderer:
    """The renderer of the project. Raises MissingDependency where its drawing library is not installed."""
    try:
        module = importlib.import_module("ral_core.world.film")
    except ImportError as problem:
        raise MissingDependency(
            f"Drawing films needs the drawing library ({problem}); install it with `pip install pycairo`."
        ) from None
    return module.FilmRenderer(film, width, height)


def frame_times(duration: float, fps: float) -> list[float]:
    """The seconds of the frames of a film, from 0 on."""
    return [frame / fps for frame in range(max(1, math.ceil(duration * fps - 1e-6)))]


def frames_at(renderer: Renderer, times: Iterable[float]) -> Iterator[Image]:
    """The frames at these seconds, drawn one by one."""
    return (renderer.frame(time) for time in times)


def write_small(film: Film, path: Path, make: MakeRenderer = film_renderer) -> None:
    """The whole film, small, as the visual encoder sees it."""
    from ral_core.data.videos import write_video

    frames = frames_at(make(film, *SMALL), frame_times(film.duration, SMALL_FPS))
    write_video(path, frames, fps=SMALL_FPS, crf=SMALL_CRF, preset="veryfast")


def write_runs(film: Film, path: Path, make: MakeRenderer = film_renderer) -> None:
    """Short runs of consecutive small frames, joined in one video, and `path` with .json saying their times.

    The JSON holds `times`, the second of the film that each frame shows, and `run`, the frames of one run.
    """
    from ral_core.data.videos import write_video

    times = [time for shot in run_shots(film) for time in run_times(film, shot)]
    frames = frames_at(make(film, *SMALL), times)
    write_json(
        path.with_suffix(".json"), {"film": film.id, "fps": SMALL_FPS, "run": RUN_FRAMES, "times": times}
    )
    write_video(
        path, frames, fps=SMALL_FPS, crf=SMALL_CRF, preset="veryfast", keyframe_seconds=RUN_FRAMES / SMALL_FPS
    )


def run_shots(film: Film) -> list[Shot]:
    """The shots that runs are taken from: different ones, mostly of events, in order of time."""
    rng = random.Random(film.seed + 1)
    enough = RUN_FRAMES / SMALL_FPS
    shots = [shot for shot in film.shots if shot.end - shot.start >= enough]
    ranked = sorted(
        shots, key=lambda shot: rng.random() * (1.0 if shot.event is not None else 0.3), reverse=True
    )
    return sorted(ranked[:RUNS], key=lambda shot: shot.start)


def run_times(film: Film, shot: Shot) -> list[float]:
    """The seconds of a run of frames inside the shot."""
    latest = shot.end - (RUN_FRAMES - 1) / SMALL_FPS - 0.01
    rng = random.Random(film.seed * 7919 + round(shot.start * 10))
    first = round(rng.uniform(shot.start, latest), 2)
    return [round(first + frame / SMALL_FPS, 2) for frame in range(RUN_FRAMES)]


def write_full(film: Film, path: Path, make: MakeRenderer = film_renderer) -> None:
    """The film as people watch it."""
    from ral_core.data.videos import write_video

    frames = frames_at(make(film, *FULL), frame_times(film.duration, FULL_FPS))
    write_video(path, frames, fps=FULL_FPS, crf=FULL_CRF, preset="slower", tune="animation")


def write_poster(film: Film, path: Path, make: MakeRenderer = film_renderer) -> None:
    """One picture that stands for the film: the middle of its richest event."""
    from ral_core.data.videos import write_jpeg

    event = max(film.events, key=lambda event: (len(event.visible), event.end - event.start))
    write_jpeg(path, make(film, *POSTER).frame(best_time(event)), quality=80)


def write_strip(film: Film, path: Path, make: MakeRenderer = film_renderer) -> None:
    """Evenly spread pictures of the film side by side."""
    from ral_core.data.videos import filmstrip, write_jpeg

    width, height = TILE
    renderer = make(film, 2 * width, 2 * height)
    times = [film.duration * (tile + 0.5) / TILES for tile in range(TILES)]
    images = np.stack(list(frames_at(renderer, times))).astype(np.uint16)
    halved = images.reshape(TILES, height, 2, width, 2, 3).sum(axis=(2, 4))
    write_jpeg(path, filmstrip(((halved + 2) // 4).astype(np.uint8)), quality=78)


def best_time(event: Event) -> float:
    """A second well inside an event, when its action is under way."""
    return round(event.start + 0.6 * (event.end - event.start), 2)
