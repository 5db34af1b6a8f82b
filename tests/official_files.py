"""A tiny data set in the layout of the papers' releases, to be spoiled in tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np

VISUAL, TEXT = 10, 8


def write_official(
    root: Path,
    lengths: Mapping[str, int],
    captions: Mapping[str, Sequence[int]],
    *,
    parts: Sequence[str] = ("train", "val", "test"),
    collection: str = "toy",
    frames: Mapping[str, np.ndarray] | None = None,
) -> Path:
    """Write videos of these many frames, and captions of these many words for each, into every part."""
    random = np.random.default_rng(0)
    folder = root / collection
    feature = folder / "FeatureData" / "i3d"
    text = folder / "TextData"
    feature.mkdir(parents=True)
    text.mkdir()
    own = {video: random.standard_normal((length, VISUAL)).astype("<f4") for video, length in lengths.items()}
    own |= dict(frames or {})
    names = {video: [f"{video}_{number}" for number in range(len(rows))] for video, rows in own.items()}
    rows = np.concatenate(list(own.values()))
    (feature / "shape.txt").write_text(f"{len(rows)} {VISUAL}")
    (feature / "id.txt").write_text(" ".join(name for its in names.values() for name in its))
    (feature / "video2frames.txt").write_text(repr(names))
    rows.astype("<f4").tofile(feature / "feature.bin")
    lines = []
    with h5py.File(text / f"roberta_{collection}_query_feat.hdf5", "w") as file:
        for video, counts in captions.items():
            for number, words in enumerate(counts):
                name = f"{video}#{number}"
                file[name] = random.standard_normal((words, TEXT)).astype("<f4")
                lines.append(f"{name} sentence {number} of {video}\n")
    for part in parts:
        (text / f"{collection}{part}.caption.txt").write_text("".join(lines))
    return folder
