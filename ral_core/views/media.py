"""Which file is behind which address. A file is found by looking its key up, never by joining paths."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from PIL import Image

from ral_core.index.folder import VIDEOS, read_videos
from ral_core.search.collections import IndexEntry

Kind = Literal["film", "poster", "strip"]
FIELDS: dict[Kind, str] = {"film": "media", "poster": "poster", "strip": "strip"}
FRAME_RATIO = 16 / 9
"""Width over height of one picture of a filmstrip."""


@dataclass(frozen=True)
class Shelf:
    """The media files of every collection, by address, and the addresses of every video."""

    files: dict[str, Path]
    """Address below `/media/`, such as `world/poster/test-0001.jpg` → the file."""
    addresses: dict[tuple[str, Kind, str], str]
    """(index name, kind, video id) → address."""
    _films: dict[str, Path]
    """`collection/video` → its film, for stills."""
    _strips: dict[Path, int] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, entries: Iterable[IndexEntry]) -> Shelf:
        """Put every existing media file that the indexes' video tables name on the shelf."""
        shelf = cls({}, {}, {})
        shelf.add(entries)
        return shelf

    def add(self, entries: Iterable[IndexEntry]) -> None:
        """Add the files that have come since, such as a playable copy; those on the shelf stay where they are."""
        for entry in entries:
            for video in read_videos(entry.folder / VIDEOS):
                for kind, attribute in FIELDS.items():
                    path = below(entry.folder, getattr(video, attribute))
                    if path is None:
                        continue
                    # A long video is shown by its first window's poster; no window's filmstrip shows all of it.
                    names = [video.id] if kind == "strip" else list(dict.fromkeys((video.id, video.video)))
                    for name in names:
                        address = f"{entry.manifest.collection}/{kind}/{name}{path.suffix}"
                        self.files.setdefault(address, path)
                        self.addresses.setdefault((entry.name, kind, name), address)
                        if kind == "film":
                            self._films.setdefault(f"{entry.manifest.collection}/{name}", path)

    def path(self, address: str) -> Path | None:
        """The file behind `collection/kind/video.suffix`, or None."""
        return self.files.get(address)

    def url(self, index: str, kind: Kind, video: str) -> str | None:
        """Where the page finds a video's film, poster or strip; None where there is no such file."""
        address = self.addresses.get((index, kind, video))
        return None if address is None else "/media/" + quote(address)

    def film(self, collection_and_video: str) -> Path | None:
        """The film behind `collection/video`, or None."""
        return self._films.get(collection_and_video)

    def still(self, index: str, video: str, second: float) -> str | None:
        """Where the page finds the picture of a film at a second; its poster where there is no film."""
        address = self.addresses.get((index, "film", video))
        if address is None:
            return self.url(index, "poster", video)
        collection = address.rsplit(f"/film/{video}", 1)[0]
        return f"/stills/{quote(collection)}/{quote(video)}?t={second:.1f}"

    def strip_pictures(self, index: str, video: str) -> int:
        """How many pictures a video's filmstrip holds; 0 without one."""
        address = self.addresses.get((index, "strip", video))
        if address is None:
            return 0
        path = self.files[address]
        if path not in self._strips:
            self._strips[path] = count_pictures(path)
        return self._strips[path]


def below(folder: Path, relative: str | None) -> Path | None:
    """The file that a video table names, where it exists."""
    if relative is None:
        return None
    path = Path(os.path.normpath(folder / relative))
    return path if path.is_file() else None


def count_pictures(strip: Path) -> int:
    """Pictures side by side in a filmstrip, from the size in its header; 0 if it cannot be read."""
    try:
        with Image.open(strip) as image:
            return max(1, round(image.width / (image.height * FRAME_RATIO)))
    except OSError:
        return 0
