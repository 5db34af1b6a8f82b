"""A feature folder written as the videos come, for collections that do not fit into memory."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import DataError
from ral_core.features.store import HEADER, TENSORS, VERSION, FeatureStore, VideoFeatures, _checked
from ral_core.files import replacing, sha256, write_json


def write_streamed(out: Path, videos: Iterable[VideoFeatures], *, encoder: str, fps: float) -> FeatureStore:
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
    header = {"version": VERSION, "encoder": encoder, "width": width, "fps": fps}
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
