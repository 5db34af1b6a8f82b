"""A stretch of a video file as feature rows with their seconds: the one thing that taking videos in asks of an encoder.

Two encoders can do it: a joint image-text one, which looks at single pictures, and the one trained on the rendered
world, which also sees motion. Pictures are decoded some at a time, so that memory does not grow with the video.
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.data.videos import VideoInfo, probe, read_images, regular_times
from ral_core.errors import DataError
from ral_core.features.joint import JointEncoder
from ral_core.features.store import VideoFeatures
from ral_core.features.visual import VisualEncoder, look

DEMO = "demo"
DEMO_FOLDER = Path(__file__).resolve().parents[2] / "precomputed" / "encoders" / "visual"
WINDOW_FRAMES = 128
"""Rows that a model looks at in one window."""
HELD = 128
"""Pictures in memory at once."""


class VideoEncoder(Protocol):
    """Video files in, features out."""

    @property
    def id(self) -> str:
        """Name and a short hash of the weights."""
        ...

    @property
    def width(self) -> int:
        """Width of one feature."""
        ...

    @property
    def fps(self) -> float:
        """Rows a second."""
        ...

    def encode_window(self, path: Path | str, start: float = 0.0, end: float | None = None) -> VideoFeatures:
        """The features of the seconds [start, end) of a file; None is its end. Times are seconds of the file.

        The id is the file's name without suffix. Raises DataError naming a file that cannot be read, or a stretch
        that lies behind its end.
        """
        ...


class JointVideoEncoder:
    """Single pictures through an image-text encoder, `fps` of them a second."""

    note: str | None = None

    def __init__(self, encoder: JointEncoder, fps: float = 1.0) -> None:
        self.encoder, self.fps = encoder, checked_rate(fps)
        self.id, self.width = encoder.id, encoder.width

    def encode_window(self, path: Path | str, start: float = 0.0, end: float | None = None) -> VideoFeatures:
        """See `VideoEncoder.encode_window`."""
        info = probe(path)
        end = stretch_end(path, info, start, end)
        wanted = start + regular_times(end - start, self.fps)
        size = self.encoder.picture_size(info.width, info.height)
        rows: list[NDArray[np.float32]] = []
        times: list[NDArray[np.float32]] = []
        for first in range(0, len(wanted), HELD):
            images, shown = read_images(path, wanted[first : first + HELD], size=size)
            fresh = np.concatenate([[not times or shown[0] > times[-1][-1]], np.diff(shown) > 0])
            if fresh.any():
                rows.append(self.encoder.images(images[fresh]))
                times.append(shown[fresh])
        return VideoFeatures(Path(path).stem, np.concatenate(rows), np.concatenate(times), end - start, start)


class DemoVideoEncoder:
    """The encoder of the rendered world: appearance and motion."""

    note: str | None = (
        "The demo's encoder has seen drawn films only; of filmed ones it tells little more than colours and motion."
    )

    def __init__(self, encoder: VisualEncoder, fps: float | None = None) -> None:
        self.encoder, self.fps = encoder, checked_rate(encoder.config.fps if fps is None else fps)
        self.id, self.width = encoder.id, encoder.width

    def encode_window(self, path: Path | str, start: float = 0.0, end: float | None = None) -> VideoFeatures:
        """See `VideoEncoder.encode_window`."""
        end = stretch_end(path, probe(path), start, end)
        wanted = start + regular_times(end - start, self.fps)
        rows: list[NDArray[np.float32]] = []
        times: list[NDArray[np.float32]] = []
        for first in range(0, len(wanted), HELD):
            seen = look(path, self.encoder.config, wanted[first : first + HELD])
            fresh = seen.times > (times[-1][-1] if times else -np.inf)
            if fresh.any():
                rows.append(self.encoder.encode(seen)[fresh])
                times.append(seen.times[fresh])
        return VideoFeatures(Path(path).stem, np.concatenate(rows), np.concatenate(times), end - start, start)


def open_video_encoder(
    spec: str | Path = DEMO, *, device: torch.device | str = "cpu", fps: float | None = None
) -> JointVideoEncoder | DemoVideoEncoder:
    """`demo`, the encoder of the rendered world (2 rows a second), or a CLIP or SigLIP by folder or hub id (1 a second).

    Raises what `JointEncoder.open` raises.
    """
    if str(spec) == DEMO:
        return DemoVideoEncoder(VisualEncoder.open(DEMO_FOLDER, device), fps)
    return JointVideoEncoder(JointEncoder.open(spec, device=device), 1.0 if fps is None else fps)


def window_seconds(fps: float) -> float:
    """The length (s) of a window that a model looks at row by row: 128 s at one row a second."""
    return WINDOW_FRAMES / fps


def stretch_end(path: Path | str, info: VideoInfo, start: float, end: float | None) -> float:
    """The end (s) of a stretch, at most the video's. Raises DataError for a stretch without time in the video."""
    stop = info.duration if end is None else min(end, info.duration)
    if not 0 <= start < stop:
        raise DataError(
            f"{path} is {info.duration:.1f} s long; there is nothing from {start:g} s to {stop:g} s."
        )
    return stop


def checked_rate(fps: float) -> float:
    """The rate, if it is a positive number. Raises DataError otherwise."""
    if not 0 < fps <= 60:
        raise DataError(f"fps must be above 0 and at most 60 pictures a second, not {fps}.")
    return float(fps)
