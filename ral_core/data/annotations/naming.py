"""Which video of a collection is meant: people write its id, its path, or its file's name with or without ending."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath


def names_of(ids: Iterable[str]) -> dict[str, str]:
    """The id behind everything that a video may be called; a name that several videos could have is none.

    An id always means itself, then come the ways to shorten it: without folders, without ending, without both.

    >>> names_of(["a/x.mp4", "b/x.mp4", "b/y.mkv"])["y"], "x" in names_of(["a/x.mp4", "b/x.mp4"])
    ('b/y.mkv', False)
    """
    ids = tuple(ids)
    names = {video: video for video in ids}
    for shorten in (base, without_ending, lambda video: without_ending(base(video))):
        short = {video: shorten(video) for video in ids}
        count = Counter(short.values())
        names |= {
            name: video for video, name in short.items() if count[name] == 1 and name not in names and name
        }
    return names


def meant(name: str, names: Mapping[str, str]) -> str | None:
    """The id that `name` stands for, or None; a language before the ending (`talk.en`) may be left out of the id's name."""
    tidy = name.strip().replace("\\", "/").removeprefix("./")
    for one in (tidy, base(tidy), without_ending(tidy), without_ending(base(tidy))):
        if one in names:
            return names[one]
    return None


def base(video: str) -> str:
    """Without folders."""
    return PurePosixPath(video).name


def without_ending(video: str) -> str:
    """Without what stands after the last full stop, where that may be the ending of a file."""
    stem, dot, ending = video.rpartition(".")
    return stem if dot and stem and len(ending) <= 8 and "/" not in ending else video
