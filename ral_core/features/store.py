"""Frame features of a collection on disk: one safetensors file, read lazily through a memory map.

`features.safetensors` holds frames (sum F, Dv) float16, times (sum F,) float32 and offsets (V + 1,) int64: video
v owns rows offsets[v] to offsets[v + 1]. `features.json` names the videos, the encoder and the file's SHA-256, and
`starts` where an item is a later window of its file; it is written last, so a folder without it was not finished.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ral_core.errors import DataError
from ral_core.files import read_json, replacing, sha256, write_json

VERSION = 1
TENSORS, HEADER = "features.safetensors", "features.json"


@dataclass(frozen=True)
class VideoFeatures:
    """What an encoder saw in one video."""

    id: str
    frames: NDArray[np.float32]  # (F, Dv)
    times: NDArray[np.float32]  # (F,) seconds, increasing
    duration: float  # seconds that are covered
    start: float = 0.0  # seconds before them in the file; `times` count from the beginning of the file

    def __len__(self) -> int:
        return len(self.frames)


@dataclass(frozen=True)
class FeatureStore:
    """The features of V videos in a folder; opening reads no features, `video` reads one video's rows."""

    folder: Path
    ids: tuple[str, ...]
    encoder: str
    width: int
    durations: tuple[float, ...]
    fps: float
    starts: tuple[float, ...]
    _rows: Mapping[str, int]
    _offsets: NDArray[np.int64]
    _arrays: Any

    @classmethod
    def open(cls, folder: Path | str) -> FeatureStore:
        """Open a folder written by `write_features`.

        Raises DataError when a file is missing, of another version, cut short, or does not fit the other.
        """
        folder = Path(folder)
        header = read_json(folder / HEADER)
        if not isinstance(header, dict) or header.get("version") != VERSION:
            raise DataError(f"{folder / HEADER} is not a feature header of version {VERSION}; extract again.")
        try:
            arrays = safe_open(folder / TENSORS, framework="np")
            offsets = arrays.get_tensor("offsets")
            rows, width = arrays.get_slice("frames").get_shape()
            timed = arrays.get_slice("times").get_shape()[0]
        except (OSError, SafetensorError, ValueError) as problem:
            raise DataError(f"{folder / TENSORS} cannot be read ({problem}); extract it again.") from None
        try:
            ids, durations = tuple(header["ids"]), tuple(header["durations"])
            starts = tuple(header.get("starts") or [0.0] * len(ids))
            encoder, fps, stated = str(header["encoder"]), float(header["fps"]), int(header["width"])
        except KeyError as missing:
            raise DataError(f"{folder / HEADER} has no {missing}; extract the features again.") from None
        fits = len(ids) == len(durations) == len(starts) == len(offsets) - 1 and offsets[-1] == rows == timed
        if not fits or stated != width:
            raise DataError(
                f"{folder}: {HEADER} and {TENSORS} belong to different extractions; extract again."
            )
        rows_of = {video_id: row for row, video_id in enumerate(ids)}
        return cls(folder, ids, encoder, width, durations, fps, starts, rows_of, offsets, arrays)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> tuple[int, ...]:
        """How many rows each video has."""
        return tuple(np.diff(self._offsets).tolist())

    def __contains__(self, video_id: object) -> bool:
        return video_id in self._rows

    def __iter__(self) -> Iterator[VideoFeatures]:
        """All videos, in order."""
        return (self.video(video_id) for video_id in self.ids)

    def video(self, video_id: str) -> VideoFeatures:
        """One video's features. Raises DataError for an id the store does not have."""
        if video_id not in self._rows:
            raise DataError(f"There are no features of {video_id!r} in {self.folder}.")
        row = self._rows[video_id]
        start, stop = int(self._offsets[row]), int(self._offsets[row + 1])
        return VideoFeatures(
            id=video_id,
            frames=self._arrays.get_slice("frames")[start:stop].astype(np.float32),
            times=self._arrays.get_slice("times")[start:stop],
            duration=float(self.durations[row]),
            start=float(self.starts[row]),
        )

    def verify(self) -> None:
        """Hash the whole file. Raises DataError when it is not the one that the header describes."""
        if sha256(self.folder / TENSORS) != read_json(self.folder / HEADER).get("sha256"):
            raise DataError(f"{self.folder / TENSORS} is not the file that was written; extract it again.")


def write_features(
    folder: Path | str, items: Iterable[VideoFeatures], *, encoder: str, fps: float = 2.0
) -> FeatureStore:
    """Write the features of V videos and open what was written.

    Raises DataError, naming video and row, for values that are no finite float16 numbers, for times that do not
    increase, widths that differ, ids that come twice, and videos without frames.
    """
    folder = Path(folder)
    videos: list[VideoFeatures] = []
    seen: set[str] = set()
    for video in items:
        width = videos[0].frames.shape[-1] if videos else None
        videos.append(_checked(video, width, seen))
    if not videos:
        raise DataError(f"There are no features to write to {folder}.")
    offsets = np.cumsum([0] + [len(video) for video in videos], dtype=np.int64)
    arrays = {
        "frames": np.concatenate([video.frames for video in videos]),
        "times": np.concatenate([video.times for video in videos]).astype(np.float32),
        "offsets": offsets,
    }
    with replacing(folder / TENSORS) as temporary:
        save_file(arrays, temporary)
        (folder / HEADER).unlink(missing_ok=True)
    header = {
        "version": VERSION,
        "encoder": encoder,
        "width": int(arrays["frames"].shape[1]),
        "fps": fps,
        "sha256": sha256(folder / TENSORS),
        "ids": [video.id for video in videos],
        "durations": [round(float(video.duration), 4) for video in videos],
    }
    if any(video.start for video in videos):
        header["starts"] = [round(float(video.start), 4) for video in videos]
    write_json(folder / HEADER, header)
    return FeatureStore.open(folder)


def _checked(video: VideoFeatures, width: int | None, seen: set[str]) -> VideoFeatures:
    """The video with float16 frames, or a sentence about what is wrong with it."""
    name = f"Features of {video.id!r}"
    if video.id in seen:
        raise DataError(f"{name} come twice; ids must be unique.")
    seen.add(video.id)
    frames, times = np.asarray(video.frames), np.asarray(video.times)
    if frames.ndim != 2 or len(frames) == 0:
        raise DataError(f"{name} must be rows of numbers (F, Dv) with F >= 1, not {frames.shape}.")
    if width is not None and frames.shape[1] != width:
        raise DataError(f"{name} are {frames.shape[1]} wide, but those before are {width}.")
    if times.shape != (len(frames),) or not np.isfinite(times).all() or (np.diff(times) <= 0).any():
        raise DataError(f"{name} need {len(frames)} increasing times, one for each row.")
    if not video.duration > 0:
        raise DataError(f"{name} have a duration of {video.duration} s; it must be above 0.")
    with np.errstate(over="ignore"):
        half = frames.astype(np.float16)
    bad = np.flatnonzero(~np.isfinite(half).all(axis=1))
    if len(bad):
        raise DataError(
            f"{name} hold a value in row {bad[0]} (at {times[bad[0]]:.2f} s) that is no finite number "
            "of half precision; extract that video again."
        )
    return VideoFeatures(video.id, half, times, float(video.duration), float(video.start))  # type: ignore[arg-type]
