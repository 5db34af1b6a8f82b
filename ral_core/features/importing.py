"""Frame features that were extracted elsewhere, as our feature folder; one video in memory at a time.

A source is a folder of .npy or .npz files (one a video), an HDF5 or safetensors file (one array a video), a
BigFile, or a parquet table with a column of vectors. Each gives (id, rows) pairs; times come from a rate.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.data.bigfile import FRAMES
from ral_core.data.hdf5 import ArrayFile
from ral_core.data.official import BigFrames
from ral_core.errors import DataError, MissingDependency
from ral_core.features.store import HEADER, TENSORS, VERSION, FeatureStore, VideoFeatures, _checked
from ral_core.files import replacing, sha256, write_json

Named = Iterator[tuple[str, NDArray[Any]]]


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """How rows become frames of videos."""

    encoder: str
    """What made the features; indexes and models remember it and refuse others."""
    fps: float = 2.0
    """Rows a second: row i is at i / fps."""
    key: str | None = None
    """The array to take from an .npz file with several, or the column of vectors in a parquet table."""
    clip_ids: str | None = None
    """A pattern with groups `video` and `clip`, when every item is one clip of a video."""

    def __post_init__(self) -> None:
        if not self.encoder:
            raise DataError("Say what made the features with --encoder; an index refuses any other.")
        if not 0 < self.fps < float("inf"):
            raise DataError(f"The rate must be above 0 rows a second, not {self.fps}.")


def import_features(
    source: Path,
    out: Path,
    config: ImportConfig,
    *,
    durations: Mapping[str, float] | None = None,
    wanted: Collection[str] | None = None,
) -> FeatureStore:
    """Write the features in `source` to the folder `out`.

    durations: seconds of each video where known, else rows / fps. wanted: the ids there must be; a missing or a
    surplus one is an error that names it. Raises DataError for whatever does not fit, with video and row.
    """
    items = read_source(source, config.key)
    if config.clip_ids:
        items = joined(items, config.clip_ids)
    if wanted is not None:
        items = exactly(items, set(wanted), source)
    return write_streamed(out, (as_video(*item, config, durations or {}) for item in items), config)


def as_video(
    name: str, rows: NDArray[Any], config: ImportConfig, durations: Mapping[str, float]
) -> VideoFeatures:
    """One video with the times of its rows. Raises DataError for values that are no real numbers."""
    if rows.dtype.kind not in "fiu":
        raise DataError(f"The features of {name!r} are {rows.dtype}, not numbers.")
    frames = np.atleast_2d(np.squeeze(rows) if rows.ndim > 2 else rows)
    times = (np.arange(len(frames)) / config.fps).astype(np.float32)
    return VideoFeatures(name, frames, times, durations.get(name, len(frames) / config.fps))


def read_source(source: Path, key: str | None) -> Named:
    """The reader for what lies at `source`."""
    if (source / FRAMES).is_file():
        return from_bigfile(source)
    if source.is_dir():
        return from_folder(source, key)
    readers: dict[str, Callable[[], Named]] = {
        ".h5": lambda: from_hdf5(source),
        ".hdf5": lambda: from_hdf5(source),
        ".safetensors": lambda: from_safetensors(source),
        ".parquet": lambda: from_parquet(source, key),
    }
    if not source.exists():
        raise DataError(f"There is no file or folder {source}.")
    if source.suffix.lower() not in readers:
        raise DataError(f"{source} is of no kind that can be read; known: {', '.join(readers)} and folders.")
    return readers[source.suffix.lower()]()


def from_bigfile(folder: Path) -> Named:
    """Videos of a BigFile."""
    big = BigFrames.open(folder)
    for video in big.frames:
        yield video, big.read([video])[0]


def from_folder(folder: Path, key: str | None) -> Named:
    """One .npy or .npz file a video, named by its id."""
    for path in sorted(p for p in folder.iterdir() if p.suffix in (".npy", ".npz")):
        try:
            loaded = np.load(path, mmap_mode="r" if path.suffix == ".npy" else None, allow_pickle=False)
            if path.suffix == ".npz":
                name = key or (loaded.files[0] if len(loaded.files) == 1 else None)
                if name not in loaded.files:
                    raise DataError(f"{path} holds {', '.join(loaded.files)}; name one with --key.")
                loaded = loaded[name]
        except (OSError, ValueError, EOFError) as problem:
            raise DataError(f"{path} cannot be read ({problem}); copy it again.") from None
        yield path.stem, loaded


def from_hdf5(path: Path) -> Named:
    """One array a video."""
    file = ArrayFile(path)
    for name in file.file:
        yield name, file.read(name)


def from_safetensors(path: Path) -> Named:
    """One tensor a video."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            for name in file.keys():  # noqa: SIM118 - the file is no mapping
                yield name, file.get_tensor(name)
    except (SafetensorError, OSError) as problem:
        raise DataError(f"{path} cannot be read ({problem}); copy it again.") from None


def from_parquet(path: Path, key: str | None) -> Named:
    """Columns `id` and `vector` (or `key`); rows of one id that follow each other are one video."""
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-not-found]
    except ImportError:
        raise MissingDependency(f"{path} is parquet; to read it: pip install pyarrow.") from None
    name, rows, done = None, [], set()
    for batch in parquet.ParquetFile(path).iter_batches(1024):
        for row in batch.to_pylist():
            if "id" not in row or (key or "vector") not in row:
                raise DataError(f"{path} needs columns id and {key or 'vector'}, not {', '.join(row)}.")
            if name is not None and row["id"] != name:
                yield name, np.array(rows)
                done.add(name)
                rows = []
            name = str(row["id"])
            if name in done:
                raise DataError(f"{path}: rows of {name!r} do not follow each other; sort the table by id.")
            rows.append(row[key or "vector"])
    if name is not None:
        yield name, np.array(rows)


def joined(items: Named, pattern: str) -> Named:
    """Clips of one video, by the numbers in their ids, as its rows. All vectors are held until the end."""
    try:
        form = re.compile(pattern)
    except re.error as problem:
        raise DataError(f"{pattern!r} is no pattern ({problem}).") from None
    if not {"video", "clip"} <= form.groupindex.keys():
        raise DataError(f"{pattern!r} needs the groups (?P<video>…) and (?P<clip>…).")
    clips: dict[str, dict[int, NDArray[Any]]] = {}
    for name, rows in items:
        match = form.fullmatch(name)
        if match is None or not match["clip"].isdigit():
            raise DataError(f"The id {name!r} does not fit the pattern {pattern!r}.")
        clips.setdefault(match["video"], {})[int(match["clip"])] = np.asarray(rows).reshape(-1)
    for video, parts in clips.items():
        yield video, np.stack([parts[number] for number in sorted(parts)])


def exactly(items: Named, wanted: set[str], source: Path) -> Named:
    """The items, which must be the wanted ones: a surplus id is named at once, a missing one at the end."""
    missing = set(wanted)
    for name, rows in items:
        if name not in wanted:
            raise DataError(f"{source} has features of {name!r}, which is not among the {len(wanted)} ids.")
        missing.discard(name)
        yield name, rows
    if missing:
        raise DataError(f"{source} lacks {len(missing)} of {len(wanted)} ids, for example {min(missing)!r}.")


def write_streamed(out: Path, videos: Iterable[VideoFeatures], config: ImportConfig) -> FeatureStore:
    """The files of `write_features`, with one video in memory at a time; nothing is replaced on failure."""
    ids, durations, times, lengths = [], [], [], [0]
    seen: set[str] = set()
    width: int | None = None
    with replacing(out / TENSORS) as temporary:
        spool = temporary.with_suffix(".rows")
        try:
            with spool.open("wb") as file:
                for video in videos:
                    one = _checked(video, width, seen)
                    width = one.frames.shape[1]
                    file.write(np.ascontiguousarray(one.frames).tobytes())
                    ids.append(one.id)
                    durations.append(round(one.duration, 4))
                    times.append(np.asarray(one.times, dtype=np.float32))
                    lengths.append(len(one))
            if width is None:
                raise DataError(f"There are no features to write to {out}.")
            offsets = np.cumsum(lengths, dtype=np.int64)
            assemble(temporary, spool, width, np.concatenate(times), offsets)
        finally:
            spool.unlink(missing_ok=True)
        (out / HEADER).unlink(missing_ok=True)
    header = {"version": VERSION, "encoder": config.encoder, "width": width, "fps": config.fps}
    header |= {"sha256": sha256(out / TENSORS), "ids": ids, "durations": durations}
    write_json(out / HEADER, header)
    return FeatureStore.open(out)


def assemble(
    path: Path, spool: Path, width: int, times: NDArray[np.float32], offsets: NDArray[np.int64]
) -> None:
    """A safetensors file around float16 rows that lie in `spool`: length of the header, header, tensors."""
    sizes: list[tuple[str, str, int, tuple[int, ...]]] = [
        ("offsets", "I64", offsets.nbytes, offsets.shape),
        ("times", "F32", times.nbytes, times.shape),
        ("frames", "F16", spool.stat().st_size, (len(times), width)),
    ]
    header, at = {}, 0
    for name, kind, size, shape in sizes:
        header[name] = {"dtype": kind, "shape": list(shape), "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file, spool.open("rb") as rows:
        file.write(len(text).to_bytes(8, "little") + text + offsets.tobytes() + times.tobytes())
        shutil.copyfileobj(rows, file, 1 << 20)
