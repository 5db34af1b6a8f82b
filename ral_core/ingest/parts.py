"""What ingesting keeps of one video: its features and all that is known of it, in one file that is there or not.

`<readable name>-<hash>.safetensors` holds frames (sum F, Dv) float16, times (sum F,) float32 and offsets (K + 1,)
int64 of the video's K windows; the JSON in its metadata says the rest. The file is written last of all that a video
gives, so that it alone says whether a video is done.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from ral_core.errors import DataError
from ral_core.features.store import VideoFeatures
from ral_core.files import replacing
from ral_core.ingest.scan import Source
from ral_core.ingest.survey import Span, Survey

VERSION = 1


@dataclass(frozen=True)
class Entry:
    """One video of a library, as a line of `videos.jsonl` says it."""

    id: str
    title: str
    file: str
    """Its path below the folder that was ingested."""
    size: int  # bytes
    modified: int  # ns
    key: str
    """Changes when the file, the settings or the encoder do."""
    width: int
    height: int
    fps: float
    codec: str
    rotation: int
    duration: float  # s
    unplayable: str | None
    note: str | None
    windows: tuple[Span, ...]
    """The parts of the file, in seconds, that became rows of the index."""
    shots: tuple[Span, ...]

    @classmethod
    def of(cls, source: Source, key: str, seen: Survey) -> Entry:
        """What scanning and surveying found."""
        return cls(
            source.id,
            source.title,
            source.relative,
            source.size,
            source.modified,
            key,
            seen.width,
            seen.height,
            round(seen.fps, 3),
            seen.codec,
            seen.rotation,
            round(seen.duration, 3),
            seen.unplayable,
            seen.note,
            seen.windows,
            seen.shots,
        )

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Entry:
        """The entry of a line. Raises TypeError, ValueError or KeyError for other lines."""
        spans = {name: tuple((float(a), float(b)) for a, b in row[name]) for name in ("windows", "shots")}
        return cls(**{**row, **spans})

    @property
    def name(self) -> str:
        """The name of all its files in the library."""
        return file_name(self.id)

    def rows(self) -> list[tuple[str, Span]]:
        """Id and seconds of each row of the index: the video, or its windows."""
        if len(self.windows) == 1:
            return [(self.id, self.windows[0])]
        return [(f"{self.id}#{number}", span) for number, span in enumerate(self.windows, start=1)]

    def still(self, window: int) -> str:
        """The name of the poster and the strip of one window."""
        return still_name(self.name, window, len(self.windows))


def still_name(name: str, window: int, windows: int) -> str:
    """The name of a window's poster and strip, where `name` is the video's."""
    return name if windows == 1 else f"{name}-{window + 1}"


def file_name(video_id: str) -> str:
    """A short name without special characters that no other id has."""
    plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in video_id.rsplit("/", 1)[-1].lower())
    words = "-".join(part for part in plain.split("-") if part)[:40].strip("-")
    digest = hashlib.sha256(video_id.encode()).hexdigest()[:12]
    return f"{words}-{digest}" if words else digest


def key_of(source: Source, encoder: str, settings: Mapping[str, Any]) -> str:
    """What a part is made from: the file as it is now, the encoder and the settings."""
    facts = [VERSION, source.relative, source.size, source.modified, encoder, dict(sorted(settings.items()))]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def write_part(path: Path, entry: Entry, encoder: str, windows: Sequence[VideoFeatures]) -> None:
    """Write a finished video, whole or not at all. Raises DataError for features that half precision cannot hold."""
    frames = np.concatenate([features.frames for features in windows])
    with np.errstate(over="ignore"):
        half = frames.astype(np.float16)
    if not np.isfinite(half).all():
        raise DataError(f"The encoder {encoder} gave numbers for {entry.id} that are not finite.")
    arrays = {
        "frames": half,
        "times": np.concatenate([features.times for features in windows]).astype(np.float32),
        "offsets": np.cumsum([0, *map(len, windows)], dtype=np.int64),
    }
    about = {"encoder": encoder, "video": entry.__dict__}
    with replacing(path) as temporary:
        save_file(arrays, temporary, metadata={"part": json.dumps(about, ensure_ascii=False)})


def read_entry(path: Path) -> Entry | None:
    """What a part says of its video; None when it is missing or cannot be read."""
    try:
        with safe_open(path, framework="np") as part:
            return Entry.from_json(json.loads(part.metadata()["part"])["video"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return None


def read_features(path: Path, entry: Entry) -> Iterator[VideoFeatures]:
    """The features of each window of a part. Raises DataError when it was damaged since."""
    try:
        with safe_open(path, framework="np") as part:
            frames, times = part.get_tensor("frames"), part.get_tensor("times")
            offsets: NDArray[np.int64] = part.get_tensor("offsets")
    except (OSError, SafetensorError) as problem:
        raise DataError(f"{path} cannot be read ({problem}); remove it and ingest again.") from None
    for (row, (start, end)), first, last in zip(entry.rows(), offsets[:-1], offsets[1:], strict=True):
        yield VideoFeatures(row, frames[first:last], times[first:last], end - start, start)
