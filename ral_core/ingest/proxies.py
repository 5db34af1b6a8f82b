"""A copy that browsers play, of a video that they do not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from ral_core.data.cutting import cut_moment
from ral_core.errors import UnknownName
from ral_core.ingest.library import Library
from ral_core.ingest.parts import Entry
from ral_core.ingest.progress import Progress

Say = Callable[[str], None]
CRF = 23
"""Quality of the copies: H.264's usual one."""


def make_proxy(
    library: Library | Path | str, video: str, *, progress: Callable[[float], None] = lambda share: None
) -> Path:
    """Write the copy of a video of a library, by id, where its index expects it; one that is there is kept.

    `progress` is told how much, 0 to 1, is done. Raises UnknownName for a video the library lacks and DataError
    where the original is gone or cannot be decoded.
    """
    library = library if isinstance(library, Library) else Library.open(library)
    entry = next((entry for entry in library.videos() if entry.id == video), None)
    if entry is None:
        raise UnknownName(f"There is no video {video!r} in {library.folder}.")
    path = library.proxy(entry.name)
    if not path.is_file():
        length = entry.duration
        cut_moment(
            library.original(entry),
            0.0,
            length,
            path,
            crf=CRF,
            watch=lambda at: progress(min(1.0, at / length)),
        )
    return path


def make_proxies(library: Library, entries: Sequence[Entry], say: Say) -> list[str]:
    """Make the playable copies that are lacking; returns the videos that have got one."""
    lacking = [entry for entry in entries if entry.unplayable and not library.proxy(entry.name).is_file()]
    if lacking:
        say(f"Making {len(lacking)} playable copies")
    progress = Progress({entry.id: entry.duration for entry in lacking})
    for entry in lacking:
        make_proxy(library, entry.id, progress=partial(progress.at, entry.id))
        progress.finish(entry.id)
    progress.close()
    return [entry.id for entry in lacking]
