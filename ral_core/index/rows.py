"""The video table of an index: what is said about each row, and which rows are one video."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import DataError
from ral_core.features.store import FeatureStore
from ral_core.files import read_jsonl
from ral_core.index.calibration import Reference
from ral_core.index.folder import VideoRow


def video_rows(folder: Path, store: FeatureStore, films: Path | None, media: Path | None) -> list[VideoRow]:
    """What the index says about each video: title and tags from its scene graph, paths of what can be shown."""
    graphs = {row.get("id"): row for row in read_jsonl(films)} if films else {}
    rows = []
    for video_id, duration in zip(store.ids, store.durations, strict=True):
        graph = graphs.get(video_id, {})
        settings = list(
            dict.fromkeys(shot["setting"] for shot in graph.get("shots", ()) if "setting" in shot)
        )
        shown: dict[str, Any] = {
            kind: relative(path, folder)
            for kind, path in (
                ("media", media and media / "media" / f"{video_id}.mp4"),
                ("poster", media and media / "posters" / f"{video_id}.jpg"),
                ("strip", media and media / "strips" / f"{video_id}.jpg"),
            )
            if path and path.is_file()
        }
        title = " · ".join(settings).capitalize() or video_id
        tags = tuple(filter(None, (graph.get("profile"), *settings)))
        rows.append(VideoRow(video_id, title, float(duration), tags=tags, **shown))
    return rows


def checked_rows(rows: Sequence[VideoRow], store: FeatureStore) -> list[VideoRow]:
    """The rows, if they are the features' videos in their order. Raises DataError naming the first that is not."""
    for number, (row, video_id) in enumerate(zip_longest(rows, store.ids)):
        if row is None or row.id != video_id:
            found = "nothing" if row is None else repr(row.id)
            raise DataError(
                f"Row {number} of the video table is {found}, but that of the features in {store.folder} is "
                f"{video_id!r}; describe exactly the videos there."
            )
    return list(rows)


def video_numbers(rows: Sequence[VideoRow]) -> NDArray[np.int64]:
    """The number (V,) of each row's video, from 0 in the order of the rows; windows of a video share one.

    Raises DataError where the windows of a video do not stand together in order.
    """
    order = list(dict.fromkeys(row.video for row in rows))
    number_of = {video: number for number, video in enumerate(order)}
    numbers = np.array([number_of[row.video] for row in rows], dtype=np.int64)
    starts = np.array([row.start or 0.0 for row in rows])
    apart = np.flatnonzero((np.diff(numbers) < 0) | ((np.diff(numbers) == 0) & (np.diff(starts) <= 0)))
    if len(apart):
        raise DataError(
            f"The windows of {rows[apart[0] + 1].video!r} do not stand together in order; sort the videos by their "
            "source and start."
        )
    return numbers


class Places:
    """Where the videos of an index are: the rows of their windows."""

    def __init__(self, rows: Sequence[VideoRow]) -> None:
        self._table = rows
        self._rows: dict[str, list[int]] = {}
        for place, row in enumerate(rows):
            for name in {row.id, row.video}:
                self._rows.setdefault(name, []).append(place)
        self.videos = {row.video for row in rows}

    def rows(self, video: str) -> list[int]:
        """The rows of a video (or of one window) by id; empty for an unknown one."""
        return self._rows.get(video, [])

    def own(self, reference: Reference) -> int:
        """The row of the window that holds a sentence's moment, -1 where it has no video here."""
        rows = self.rows(reference.film or "")
        holding = [row for row in rows if (self._table[row].end or np.inf) > reference.second]
        return (holding or rows or [-1])[0]


def relative(path: Path | None, folder: Path) -> str | None:
    """`path` as seen from an index folder, with forward slashes, so that both can move together."""
    return None if path is None else Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()
