"""A library: the folder that ingesting writes, and a data root that the app and all verbs open.

library.json (what it is, its settings), videos.jsonl (one video a line), features/, posters/, strips/, media/
(browser-playable copies), models/, indexes/<collection>-<model>/.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ral_core.errors import DataError
from ral_core.features.store import FeatureStore, write_features
from ral_core.files import read_json, read_jsonl, write_json, write_jsonl
from ral_core.index.build import relative
from ral_core.index.folder import MANIFEST, VideoRow
from ral_core.ingest.parts import Entry, read_entry, read_features
from ral_core.ingest.scan import FORMAT, LIBRARY

VERSION = 1
VIDEOS = "videos.jsonl"
LEFTOVER = re.compile(r"^\..+\.(\d+)\.(part|old)(\.\w+)?$")
"""Hidden names under which files and folders are written until they are whole."""


@dataclass(frozen=True)
class Library:
    """The places in a library's folder."""

    folder: Path

    @classmethod
    def open(cls, folder: Path | str) -> Library:
        """A library that is there. Raises DataError for another folder."""
        library = cls(Path(folder))
        library.about()
        return library

    @property
    def features(self) -> Path:
        """The feature store."""
        return self.folder / "features"

    @property
    def indexes(self) -> Path:
        """All indexes."""
        return self.folder / "indexes"

    def part(self, entry_name: str) -> Path:
        """The part file of a video, by `Entry.name`."""
        return self.features / "parts" / f"{entry_name}.safetensors"

    def poster(self, still: str) -> Path:
        """The poster of a row, by `Entry.still`."""
        return self.folder / "posters" / f"{still}.jpg"

    def strip(self, still: str) -> Path:
        """The filmstrip of a row, by `Entry.still`."""
        return self.folder / "strips" / f"{still}.jpg"

    def proxy(self, entry_name: str) -> Path:
        """The playable copy of a video, by `Entry.name`."""
        return self.folder / "media" / f"{entry_name}.mp4"

    def about(self) -> dict[str, Any]:
        """library.json. Raises DataError where it is missing or of another version."""
        path = self.folder / LIBRARY
        if not path.is_file():
            raise DataError(f"{self.folder} is no library: it has no {LIBRARY}; make one with `ingest`.")
        about = read_json(path)
        if not isinstance(about, dict) or about.get("format") != FORMAT or about.get("version") != VERSION:
            raise DataError(
                f"{path} does not describe a library of version {VERSION}; ingest into a new folder."
            )
        return about

    def videos(self) -> list[Entry]:
        """The videos of the library when it was last finished, in order. Raises DataError for a damaged table."""
        if not (self.folder / VIDEOS).is_file():
            return []
        try:
            return [Entry.from_json(row) for row in read_jsonl(self.folder / VIDEOS)]
        except (TypeError, KeyError, ValueError) as problem:
            raise DataError(f"{self.folder / VIDEOS} is damaged ({problem}); ingest again.") from None

    def entries(self) -> dict[str, Entry]:
        """Every video that a part was finished of, by id."""
        parts = sorted((self.features / "parts").glob("*.safetensors"))
        read = [entry for path in parts if (entry := read_entry(path)) and path.stem == entry.name]
        return {entry.id: entry for entry in read}

    def source(self) -> Path:
        """The folder (or the one file) that was ingested; both may have been moved together since."""
        return Path(os.path.normpath(self.folder.resolve() / self.about()["source"]))

    def original(self, entry: Entry) -> Path:
        """The video file itself, where it lay when it was ingested."""
        source = self.source()
        return source.parent / entry.file if source.is_file() else source / entry.file


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep a second run out of the folder; the lock goes with the process. Raises DataError while it is held."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"{folder} is being written by another run; wait until it has ended.") from None
        yield


def sweep(library: Library) -> None:
    """Remove what runs that were killed left half-written."""
    places = [library.folder, *(library.folder / name for name in ("features", "features/parts", "posters"))]
    places += [library.folder / name for name in ("strips", "media", "indexes", "models")]
    for path in (path for place in places if place.is_dir() for path in place.iterdir()):
        found = LEFTOVER.match(path.name)
        if found is None or is_alive(int(found[1])):
            continue
        whole = path.with_name(path.name.removeprefix(".").removesuffix(f".{found[1]}.old"))
        if found[2] == "old" and path.is_dir() and not whole.exists():
            path.rename(
                whole
            )  # the run was killed between taking the old index away and putting the new one there
        elif path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def is_alive(process: int) -> bool:
    """Whether another process of this number runs."""
    if process == os.getpid():
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def digest_of(entries: Sequence[Entry], *facts: Any) -> str:
    """What a finished library is made from."""
    return hashlib.sha256(repr([[entry.key for entry in entries], *facts]).encode()).hexdigest()


def is_packed(library: Library, entries: Sequence[Entry], encoder: str) -> bool:
    """Whether the feature store holds exactly these rows of this encoder, whole."""
    try:
        store = FeatureStore.open(library.features)
    except DataError:
        return False
    return store.encoder == encoder and list(store.ids) == [
        row for entry in entries for row, _ in entry.rows()
    ]


def pack(library: Library, entries: Sequence[Entry], encoder: str, fps: float) -> FeatureStore:
    """Join the parts into the feature store."""
    items = (item for entry in entries for item in read_features(library.part(entry.name), entry))
    return write_features(library.features, items, encoder=encoder, fps=fps)


def video_rows(library: Library, entries: Sequence[Entry], index: Path) -> list[VideoRow]:
    """The index's table of videos. One that browsers cannot play names the place where its copy will be."""
    rows = []
    for entry in entries:
        media = library.original(entry) if entry.unplayable is None else library.proxy(entry.name)
        for number, (row, (start, end)) in enumerate(entry.rows()):
            still = entry.still(number)
            row_of = VideoRow(
                row,
                entry.title,
                round(end - start, 3),
                media=relative(media, index),
                poster=relative(library.poster(still), index),
                strip=relative(library.strip(still), index),
                tags=tuple(part for part in entry.file.split("/")[:-1] if part.isprintable()),
            )
            windowed = len(entry.windows) > 1
            rows.append(replace(row_of, source=entry.id, start=start, end=end) if windowed else row_of)
    return rows


def write_tables(library: Library, about: dict[str, Any], entries: Sequence[Entry]) -> None:
    """Write videos.jsonl and then library.json, which says that all is finished."""
    write_jsonl(library.folder / VIDEOS, [entry.__dict__ for entry in entries])
    write_json(library.folder / LIBRARY, about)


def clear(library: Library, entries: Sequence[Entry]) -> None:
    """Remove the files of videos that the library no longer has."""
    names = {entry.name for entry in entries}
    stills = {entry.still(number) for entry in entries for number in range(len(entry.windows))}
    keep = {"features/parts": names, "posters": stills, "strips": stills, "media": names}
    for place, wanted in keep.items():
        for path in (library.folder / place).glob("*.*"):
            if path.stem not in wanted and not path.name.startswith("."):
                path.unlink()


def has_index(index: Path) -> bool:
    """Whether an index stands there; it is whole if it does."""
    return (index / MANIFEST).is_file()
