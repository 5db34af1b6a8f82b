"""What an index looks like on disk: a manifest, a table of videos and memory-mapped arrays.

The contract is written down in docs/index-format.md; whoever changes one changes the other and `VERSION`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import DataError
from ral_core.files import read_json, read_jsonl, sha256, write_json, write_jsonl

FORMAT, VERSION = "ral-index", 1
MANIFEST, VIDEOS, CLIP_INDEX = "manifest.json", "videos.jsonl", "faiss/clips.index"

SHAPES = {
    "clips": "VCD",
    "frames": "FD",
    "frame_offsets": "O",
    "frame_times": "F",
    "clip_times": "VS",
    "clip_spans": "VC2",
    "gaussian_mean": "VD",
    "gaussian_log_var": "VD",
    "null_mean": "V",
    "null_std": "V",
    "null_top": "N",
    "query_log_var": "N",
}
"""Each array's axes: V videos, C clips and S segments of a video, F frames of all, D width, O = V + 1, N references."""

REQUIRED = ("clips", "frames", "frame_offsets", "frame_times", "clip_times")
HALVED = ("clips", "frames", "gaussian_mean", "gaussian_log_var")
"""Arrays that are stored in the declared dtype; the others are always float32 (offsets int64)."""


@dataclass(frozen=True)
class VideoRow:
    """One video of a collection, or one window of a long one; paths are relative to the index folder."""

    id: str
    title: str
    duration: float  # s, of the video or of the window
    media: str | None = None
    poster: str | None = None
    strip: str | None = None
    tags: tuple[str, ...] = ()
    source: str | None = None
    """Id of the video that this is a window of; None for a whole video. All windows of a video stand together."""
    start: float | None = None
    """Where the window begins in the video (s); times in the arrays count from the video's beginning."""
    end: float | None = None

    @property
    def video(self) -> str:
        """The id under which a search answers."""
        return self.source or self.id


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an index says about itself."""

    name: str
    collection: str
    """Indexes of one collection hold the same videos, encoded by different models."""
    model: str
    model_sha256: str
    """Of the weights that encoded the videos; other weights are refused."""
    visual_encoder: str
    text_encoder: str
    videos: int
    clips: int
    """Clips of each video."""
    segments: int
    """Equal parts that a video's clip curve has; as many as clips, unless clips are chosen by content."""
    frames: int
    """Frames of all videos together."""
    width: int
    dtype: str
    clip_weight: float
    frame_weight: float
    cutoff: float | None = None
    """z-score of the best film below which the moment is probably not in the collection."""
    text_spec: str = "minilm"
    """What opens the text encoder: `minilm`, a folder or hub id, or `joint:` before one of an image-text encoder."""
    margin: float = 0.5
    """Lead over the second film (in standard deviations of the query's scores) that makes a clear result."""
    references: int = 0
    """Reference queries behind the null statistics."""
    separation: float | None = None
    """How well the best film's z-score tells present from absent moments (area under the ROC curve, 0.5 is chance)."""
    detector: Mapping[str, Any] | None = None
    """What tells absent moments (`index.presence.Detector`), and what taught it; None where nobody taught one."""
    model_folder: str | None = None
    """Where the model lay, relative to the index folder."""
    captions: str | None = None
    """The collection's caption file, relative to the index folder."""
    films: str | None = None
    """The collection's scene graphs, relative to the index folder."""
    files: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of every file but the manifest."""
    format: str = FORMAT
    version: int = VERSION


@dataclass(frozen=True)
class IndexFolder:
    """An opened index: the arrays are memory-mapped until someone reads them."""

    path: Path
    manifest: Manifest
    videos: tuple[VideoRow, ...]
    arrays: Mapping[str, NDArray[Any]]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self.arrays[name]

    def __contains__(self, name: str) -> bool:
        return name in self.arrays

    def frame_slice(self, row: int) -> slice:
        """Where the frames of one video lie in `frames` and `frame_times`."""
        return slice(int(self["frame_offsets"][row]), int(self["frame_offsets"][row + 1]))

    def file(self, relative: str | None) -> Path | None:
        """The path behind a relative one of the manifest or the video table, where it exists."""
        if relative is None:
            return None
        path = Path(os.path.normpath(self.path / relative))
        return path if path.exists() else None

    def verify(self) -> list[str]:
        """Every file whose bytes are not those the manifest promises, as sentences; empty when all is well.

        Slow (reads everything); `open_index` checks presence, types and shapes only.
        """
        faults = []
        for name, promised in self.manifest.files.items():
            path = self.path / name
            if not path.exists():
                faults.append(f"{path} is missing.")
            elif sha256(path) != promised:
                faults.append(f"{path} is not the file the manifest promises (other SHA-256).")
        return faults


def open_index(folder: Path) -> IndexFolder:
    """Open an index without reading its arrays.

    Raises DataError, naming the file and the way out, where something is missing, cut off or does not fit.
    """
    manifest = read_manifest(folder)
    arrays = {name: open_array(folder, name) for name in SHAPES if f"{name}.npy" in manifest.files}
    missing = [name for name in REQUIRED if name not in arrays]
    if missing:
        raise DataError(f"{folder / MANIFEST} lists no {missing[0]}.npy; build the index again.")
    check_shapes(folder, manifest, arrays)
    videos = read_videos(folder / VIDEOS)
    if len(videos) != manifest.videos:
        raise DataError(f"{folder / VIDEOS} has {len(videos)} videos instead of {manifest.videos}; {AGAIN}")
    return IndexFolder(folder, manifest, videos, arrays)


AGAIN = "build the index again with `python -m ral_core index`."


def read_manifest(folder: Path) -> Manifest:
    """The manifest of an index folder. Raises DataError when it is none or of another version."""
    if not (folder / MANIFEST).is_file():
        raise DataError(f"{folder} is no index: it has no {MANIFEST}.")
    content = read_json(folder / MANIFEST)
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise DataError(f"{folder / MANIFEST} does not describe a {FORMAT}.")
    if content.get("version") != VERSION:
        found = content.get("version")
        raise DataError(f"{folder} has index version {found}, this program reads {VERSION}; {AGAIN}")
    known = {f.name for f in fields(Manifest)}
    try:
        return Manifest(**{name: value for name, value in content.items() if name in known})
    except TypeError as problem:
        raise DataError(f"{folder / MANIFEST} is incomplete ({problem}); {AGAIN}") from None


def read_videos(path: Path) -> tuple[VideoRow, ...]:
    """The video table of an index, in the order of the arrays' rows."""
    rows = []
    for number, row in enumerate(read_jsonl(path), start=1):
        try:
            rows.append(VideoRow(**{**row, "tags": tuple(row.get("tags", ()))}))
        except TypeError as problem:
            raise DataError(f"{path}, line {number}: {problem}; {AGAIN}") from None
    return tuple(rows)


def open_array(folder: Path, name: str) -> NDArray[Any]:
    """One array, memory-mapped. Raises DataError when it is missing, cut off or no array."""
    path = folder / f"{name}.npy"
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path} is missing; {AGAIN}") from None
    except (ValueError, OSError, EOFError) as problem:
        raise DataError(f"{path} is damaged ({problem}); {AGAIN}") from None


def check_shapes(folder: Path, manifest: Manifest, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Raise DataError where an array has not the shape that the manifest's counts say."""
    sizes = {
        "V": manifest.videos,
        "C": manifest.clips,
        "S": manifest.segments,
        "2": 2,
        "F": manifest.frames,
        "D": manifest.width,
        "O": manifest.videos + 1,
        "N": manifest.references,
    }
    for name, array in arrays.items():
        expected = tuple(sizes[axis] for axis in SHAPES[name])
        if array.shape != expected:
            raise DataError(f"{folder / name}.npy has shape {array.shape} instead of {expected}; {AGAIN}")
    offsets = arrays["frame_offsets"]
    if offsets[0] != 0 or offsets[-1] != manifest.frames or (np.diff(offsets) < 1).any():
        raise DataError(
            f"{folder / 'frame_offsets'}.npy does not divide the frames among the videos; {AGAIN}"
        )


def write_index(
    folder: Path, manifest: Manifest, videos: Sequence[VideoRow], arrays: Mapping[str, NDArray[Any]]
) -> IndexFolder:
    """Write an index beside `folder` and move it there once it is whole; an index there before is replaced.

    Counts and hashes of the manifest are filled in here. Raises DataError when `folder` holds something else.
    """
    if folder.exists() and not (folder / MANIFEST).is_file() and any(folder.iterdir()):
        raise DataError(f"{folder} holds files that are no index; choose another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", stored(name, array, manifest.dtype), allow_pickle=False)
        write_jsonl(temporary / VIDEOS, [asdict(video) for video in videos])
        hashes = {path.name: sha256(path) for path in sorted(temporary.iterdir())}
        whole = replace(counted(manifest, arrays), files=hashes)
        write_json(temporary / MANIFEST, asdict(whole))
        open_index(temporary)
        swap(temporary, folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return open_index(folder)


def counted(manifest: Manifest, arrays: Mapping[str, NDArray[Any]]) -> Manifest:
    """The manifest with the counts that the arrays have."""
    videos, clips, width = arrays["clips"].shape
    references = len(arrays.get("null_top", ()))
    frames = len(arrays["frames"])
    segments = arrays["clip_times"].shape[1]
    return replace(
        manifest,
        videos=videos,
        clips=clips,
        segments=segments,
        width=width,
        frames=frames,
        references=references,
    )


def stored(name: str, array: NDArray[Any], dtype: str) -> NDArray[Any]:
    """An array in the type it has on disk. Raises DataError where a value is not finite there."""
    if name == "frame_offsets":
        return array.astype(np.int64)
    with np.errstate(over="ignore"):
        changed = array.astype(dtype if name in HALVED else np.float32)
    if not np.isfinite(changed).all():
        raise DataError(f"The array {name} has values that are not finite in {changed.dtype}; use float32.")
    return changed


def swap(temporary: Path, folder: Path) -> None:
    """Put a finished folder in the place of the one before, which comes back where that fails."""
    if not folder.exists():
        temporary.rename(folder)
        return
    old = folder.with_name(f".{folder.name}.{os.getpid()}.old")
    folder.rename(old)
    try:
        temporary.rename(folder)
    except OSError:
        old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
