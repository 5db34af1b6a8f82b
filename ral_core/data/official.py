"""The papers' data sets as their authors publish them, read where they lie.

    COLLECTION/FeatureData/FEATURE/{feature.bin, id.txt, shape.txt, video2frames.txt}   frames, as BigFile
    COLLECTION/FeatureData/NAME.h5                                                      or as HDF5 (MSC)
    COLLECTION/TextData/COLLECTION{train,val,test}.caption.txt                          `<video>#<n> sentence`
    COLLECTION/TextData/{roberta_COLLECTION_query_feat.hdf5, NAME.h5}                   words, one array a caption

Source: the releases of MS-SL, GMMFormer and RAL (spec 1.1 to 1.3) and of MSC (spec of MSC 3.1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ral_core.data.bigfile import FRAMES, BigFile, read_frame_names
from ral_core.data.captions import Caption
from ral_core.data.hdf5 import ArrayFile
from ral_core.errors import DataError
from ral_core.files import read_text

Rows = NDArray[np.float32]


def is_official(folder: Path) -> bool:
    """Whether a folder, such as `.../tvr`, is laid out as the papers' releases are."""
    return (folder / "FeatureData").is_dir() and (folder / "TextData").is_dir()


def collection_in(folder: Path, name: str) -> Path:
    """`folder` itself, or the published data set called `name` in it, as in the releases' ROOT/COLLECTION."""
    return folder / name if not is_official(folder) and is_official(folder / name) else folder


class FrameFeatures(Protocol):
    """Frames of many videos, however they are stored."""

    @property
    def name(self) -> str: ...

    @property
    def width(self) -> int: ...

    def require(self, ids: Sequence[str]) -> None: ...

    def read(self, ids: Sequence[str]) -> tuple[Rows, NDArray[np.int64]]:
        """The frames of some videos, end to end (sum F, Dv), and how many each has (V,)."""
        ...


@dataclass(frozen=True)
class BigFrames:
    """Frames in a BigFile."""

    name: str
    big: BigFile
    frames: dict[str, NDArray[np.int64]]  # the rows of each video

    @classmethod
    def open(cls, folder: Path) -> BigFrames:
        """Open a feature folder; DataError when a video names a frame that the file lacks."""
        big, frames = BigFile.open(folder), {}
        for video, names in read_frame_names(folder / FRAMES).items():
            rows = np.array([big.names.get(name, -1) for name in names], dtype=np.int64)
            if (rows < 0).any():
                lost = names[int(np.argmax(rows < 0))]
                raise DataError(f"{folder}: video {video!r} has a frame {lost!r} that id.txt does not name.")
            frames[video] = rows
        return cls(folder.name, big.nameless(), frames)

    @property
    def width(self) -> int:
        """Width of a frame's features."""
        return self.big.width

    def require(self, ids: Sequence[str]) -> None:
        """Raise DataError when videos are missing or have no frames."""
        missing = [video for video in ids if not len(self.frames.get(video, ()))]
        if missing:
            raise DataError(
                f"{self.big.folder} has no frames of {len(missing)} of the {len(ids)} videos with captions, "
                f"for example {missing[0]!r}; get the features that belong to these captions."
            )

    def read(self, ids: Sequence[str]) -> tuple[Rows, NDArray[np.int64]]:
        """The frames of some videos, end to end, and how many each has."""
        rows = [self.frames[video] for video in ids]
        return self.big.rows[np.concatenate(rows)], np.array([len(some) for some in rows])


@dataclass(frozen=True)
class Hdf5Frames:
    """Frames in an HDF5 file. `key` turns a video's id into its name there."""

    name: str
    file: ArrayFile
    shortened: bool = False
    """Whether names lack the two characters (`v_`) that ids of ActivityNet begin with."""

    def key(self, video: str) -> str:
        """The name of a video's array."""
        return video[2:] if self.shortened else video

    @property
    def width(self) -> int:
        """Width of a frame's features."""
        return self.file.width

    def require(self, ids: Sequence[str]) -> None:
        """Raise DataError when videos are missing."""
        self.file.require([self.key(video) for video in ids], "videos with captions")

    def read(self, ids: Sequence[str]) -> tuple[Rows, NDArray[np.int64]]:
        """The frames of some videos, end to end, and how many each has."""
        rows = [self.file.read(self.key(video)) for video in ids]
        for video, some in zip(ids, rows, strict=True):
            if some.shape[1] != self.width:
                raise DataError(
                    f"{self.file.path}: the frames of {video!r} are {some.shape[1]} wide, others {self.width}."
                )
        return np.concatenate(rows), np.array([len(some) for some in rows])


@dataclass(frozen=True)
class OfficialSplit:
    """One split of a published data set: captions grouped by video, features not yet read."""

    folder: Path
    name: str
    captions: tuple[Caption, ...]
    ids: tuple[str, ...]
    """Videos in the order in which the caption file names them first."""
    frames: FrameFeatures
    words: ArrayFile

    @cached_property
    def owner(self) -> NDArray[np.int64]:
        """The video of each caption, (Q,)."""
        row = {video: number for number, video in enumerate(self.ids)}
        return np.array([row[caption.film] for caption in self.captions], dtype=np.int64)


def open_official(folder: Path, split: str, feature: str | None = None) -> OfficialSplit:
    """Open split `split` of the data set in `folder` with the frame features called `feature`.

    Without `feature` there must be one only. Raises DataError when a file is missing or ids do not fit together.
    """
    captions = read_caption_lines(caption_file(folder, split))
    ids = tuple(dict.fromkeys(caption.film for caption in captions))
    rank = {video: number for number, video in enumerate(ids)}
    grouped = tuple(sorted(captions, key=lambda caption: rank[caption.film]))
    frames = frame_features(folder, feature)
    frames.require(ids)
    words = ArrayFile(word_file(folder, frames.name))
    words.require((caption.id for caption in grouped), "captions")
    return OfficialSplit(folder, split, grouped, ids, frames, words)


def read_caption_lines(path: Path) -> list[Caption]:
    """The captions of a file of lines `<video>#<n> sentence`, in file order, moments unknown.

    Raises DataError with the line that has no id, no sentence, or an id that came before.
    """
    captions: dict[str, Caption] = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        if not line.strip():
            continue
        name, _, text = line.strip().partition(" ")
        video, mark, _ = name.partition("#")
        if not (mark and video and text.strip()):
            raise DataError(
                f"{path}, line {number}: expected `<video>#<n> sentence`, found {line.strip()!r}."
            )
        if name in captions:
            raise DataError(f"{path}, line {number}: the id {name!r} comes twice.")
        captions[name] = Caption(
            id=name,
            film=video,
            text=text.strip(),
            level="full",
            start=float("nan"),
            end=float("nan"),
            relevant=(video,),
            ambiguity=1,
        )
    if not captions:
        raise DataError(f"{path} holds no captions.")
    return list(captions.values())


def caption_file(folder: Path, split: str) -> Path:
    """The caption file of a split."""
    exact = folder / "TextData" / f"{folder.name}{split}.caption.txt"
    found = [exact] if exact.is_file() else sorted((folder / "TextData").glob(f"*{split}.caption.txt"))
    if not found:
        there = ", ".join(sorted(file.name for file in (folder / "TextData").glob("*.caption.txt"))) or "none"
        raise DataError(
            f"{folder / 'TextData'} has no captions of a split {split!r}; caption files there: {there}."
        )
    return found[0]


def frame_features(folder: Path, feature: str | None) -> FrameFeatures:
    """The frame features called `feature` in FeatureData, or the only ones."""
    place = folder / "FeatureData"
    known = {path.stem: path for path in sorted(place.iterdir()) if is_feature(path)}
    if feature is None and len(known) == 1:
        feature = next(iter(known))
    if feature not in known:
        names = ", ".join(known) or "none"
        wanted = f"no features {feature!r}" if feature else "several features, so one must be named"
        raise DataError(f"{place} has {wanted}; there are: {names}.")
    path = known[feature]
    if path.is_dir():
        return BigFrames.open(path)
    return Hdf5Frames(path.stem, ArrayFile(path), shortened=folder.name == "activitynet")


def is_feature(path: Path) -> bool:
    """Whether a path in FeatureData holds frame features."""
    return (path / FRAMES).is_file() or path.suffix in (".h5", ".hdf5")


def word_file(folder: Path, feature: str) -> Path:
    """The word features that belong to frame features: HDF5 of the same name for CLIP, else RoBERTa's."""
    place = folder / "TextData"
    choices = [
        place / f"{feature}.h5",
        place / f"{feature}_text.h5",
        *sorted(place.glob("roberta_*_query_feat.hdf5")),
    ]
    found = next((path for path in choices if path.is_file()), None)
    if found is None:
        names = ", ".join(path.name for path in choices[:2])
        raise DataError(
            f"{place} has no word features; expected {names} or roberta_{folder.name}_query_feat.hdf5."
        )
    return found
