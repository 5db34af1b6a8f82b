"""One look at all pictures of a file: how far it can be decoded, its shots, and pictures to browse by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import Interpolation
from PIL import Image

from ral_core.data.videos import (
    Images,
    Size,
    filmstrip,
    opened_video,
    probe,
    read_clip_images,
    rgb_picture,
    timed_pictures,
    write_jpeg,
)
from ral_core.errors import DataError
from ral_core.ingest.playable import why_not_playable
from ral_core.ingest.shots import SIZE, ShotFinder

POSTER = 320
"""Longer side of a poster."""
TILE: Size = (128, 72)
TILES = 10
SMALLEST = 16
"""Pictures of fewer pixels a side show nothing."""
JUMP = 3600.0
"""Seconds; a picture that is said to come so much later than those before has a damaged time."""
STILL = ("image2", "tty")
"""Formats of FFmpeg that are no films, as are those that end in `_pipe`."""

Span = tuple[float, float]
Watch = Callable[[float], None]
Keep = Callable[[int, int, Images], None]
"""Takes the number of a window, how many there are, and its `TILES` pictures (N, h, w, 3)."""


@dataclass(frozen=True)
class Survey:
    """What is known of a file once all its pictures were seen."""

    width: int  # upright, with square pixels
    height: int
    fps: float
    codec: str
    rotation: int  # degrees to the left
    duration: float  # s that are taken
    promised: float  # s that the header says
    seen: float  # s that can be decoded
    unplayable: str | None  # why a browser cannot play the file as it is
    shots: tuple[Span, ...]
    windows: tuple[Span, ...]

    @property
    def note(self) -> str | None:
        """What a reader should know about the file, in one clause."""
        allowed = tolerance(self.fps)
        if abs(self.promised - self.seen) <= allowed:
            return None
        ends, says = f"{self.seen:.1f} s", f"although the file says {self.promised:.1f} s"
        if self.seen < self.promised:
            return f"its pictures end at {ends} {says}; taken up to there"
        return f"its pictures go on to {ends} {says}; taken as far as it says"


def survey(
    path: Path, *, window: float, keep: Keep, longest: float = math.inf, watch: Watch = lambda share: None
) -> Survey:
    """Decode a file once; `keep` is given each window's stills, `watch` is told how much, 0 to 1, was seen.

    window: seconds of the longest part that features are made of at once; longest: seconds after which the rest of
    the file is left out. Memory does not grow with the file. Raises DataError, naming the file, where there is
    nothing to see.
    """
    info = probe(path)
    if min(info.width, info.height) < SMALLEST:
        raise DataError(
            f"{path} shows pictures of {info.width}x{info.height} pixels, too small to see anything."
        )
    size = fitted(info.width, info.height)
    finder, end, last = ShotFinder(), 0.0, 0.0
    promised = min(info.duration, longest)
    keeper = Keeper(promised, count_of(promised, window), size, keep)
    with opened_video(path) as (container, stream):
        if container.format.name.endswith("_pipe") or container.format.name in STILL:
            raise DataError(f"{path} is a still picture or a text, no film.")
        unplayable, codec = why_not_playable(container, stream), stream.codec_context.codec.canonical_name
        step = 1 / info.fps if info.fps > 0 else 0.04
        for time, picture in timed_pictures(stream, 0.0):
            if time >= longest:
                break
            if picture.is_corrupt or not 0 <= time <= last + JUMP:
                continue
            last = max(last, time)
            end = max(end, time + min(step, 1.0))
            if finder.wants(time):
                finder.see(time, rgb_picture(picture, SIZE, Interpolation.FAST_BILINEAR))
                watch(min(1.0, end / promised))
            keeper.see(time, picture)
    if end == 0:
        raise DataError(f"{path} holds no picture that can be decoded; make or download it again.")
    seen = min(end, longest)
    end = promised if seen > promised - tolerance(info.fps) else seen
    windows = windows_of(end, window)
    if end == promised:
        keeper.finish()
    else:
        for number, span in enumerate(windows):
            keep(number, len(windows), read_clip_images(path, *span, count=TILES, size=size)[0])
    return Survey(
        width=info.width,
        height=info.height,
        fps=info.fps,
        codec=codec,
        rotation=90 * info.rotation,
        duration=end,
        promised=promised,
        seen=seen,
        unplayable=unplayable,
        shots=finder.shots(end),
        windows=windows,
    )


class Keeper:
    """Catches the pictures of each window's stills as they pass by, and gives them away window by window."""

    def __init__(self, duration: float, windows: int, size: Size, keep: Keep) -> None:
        self._step, self._windows = duration / (windows * TILES), windows
        self._size, self._keep = size, keep
        self._kept: list[Images] = []
        self._taken = 0
        self._latest: av.VideoFrame

    def see(self, time: float, picture: av.VideoFrame) -> None:
        """Take the picture if it is the first at or after the middle of one of the equal parts of the film."""
        self._latest = picture
        self._fill(time)

    def finish(self) -> None:
        """The last picture stands in for those that never came."""
        self._fill(math.inf)

    def _fill(self, time: float) -> None:
        image: Images | None = None
        while self._taken < self._windows * TILES and time >= (self._taken + 0.5) * self._step:
            image = rgb_picture(self._latest, self._size) if image is None else image
            self._kept.append(image)
            self._taken += 1
            if len(self._kept) == TILES:
                self._keep(self._taken // TILES - 1, self._windows, np.stack(self._kept))
                self._kept = []


def count_of(duration: float, longest: float) -> int:
    """How many equal parts of at most `longest` seconds a film has."""
    return max(1, math.ceil(duration / longest - 1e-6))


def windows_of(duration: float, longest: float) -> tuple[Span, ...]:
    """A film in equal parts of at most `longest` seconds."""
    count = count_of(duration, longest)
    edges = [round(duration * edge / count, 3) for edge in range(count + 1)]
    return tuple(pairwise(edges))


def tolerance(fps: float) -> float:
    """Seconds by which a header may promise too much without anything being amiss."""
    return min(max(1.0, 3.0 / (fps or 1.0)), 10.0)


def fitted(width: int, height: int) -> Size:
    """The size of a poster of a picture this large; a small one is not made larger."""
    scale = min(1.0, POSTER / max(width, height))
    return max(2, round(width * scale)), max(2, round(height * scale))


def write_stills(stills: Images, poster: Path, strip: Path) -> None:
    """Write the picture of most contrast as the poster, and all as a strip of tiles in letterboxes."""
    contrast = [float(image.std()) for image in stills]
    write_jpeg(poster, np.ascontiguousarray(stills[int(np.argmax(contrast))]))
    write_jpeg(strip, filmstrip(np.stack([letterboxed(image) for image in stills])), quality=78)


def letterboxed(image: Images) -> Images:
    """A picture of any shape in the middle of a tile."""
    height, width = image.shape[:2]
    scale = min(TILE[0] / width, TILE[1] / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    tile = Image.new("RGB", TILE)
    resized = Image.fromarray(np.ascontiguousarray(image)).resize(size, Image.Resampling.BILINEAR)
    tile.paste(resized, ((TILE[0] - size[0]) // 2, (TILE[1] - size[1]) // 2))
    return np.asarray(tile)
