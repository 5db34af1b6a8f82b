"""Lengths of videos, from the tables that data sets publish beside their annotations."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ral_core.errors import DataError
from ral_core.files import read_json, read_text

IDS, LENGTHS = ("id", "video", "vid", "video_id"), ("length", "duration", "seconds")
RATES = ("fps", "rate")


def read_durations(path: Path, columns: Sequence[str] = LENGTHS) -> dict[str, float]:
    """Seconds of each video: a csv (Charades, YouCook2) or json (TVR, or any that maps videos to lengths).

    columns: what the column of numbers may be called in a csv with a header; `RATES` for rates. Raises DataError with the row that gives no length above 0.
    """
    pairs = _from_json(read_json(path)) if path.suffix == ".json" else _from_csv(path, columns)
    durations: dict[str, float] = {}
    for video, value in pairs:
        try:
            durations[video] = float(value)
        except (TypeError, ValueError):
            raise DataError(f"{path}: the length of {video!r} is {value!r}, not a number.") from None
        if not 0 < durations[video] < float("inf"):
            raise DataError(f"{path}: the length of {video!r} is {value!r}; it must be above 0.")
    if not durations:
        raise DataError(f"{path} gives no lengths of videos.")
    return durations


def _from_csv(path: Path, columns: Sequence[str]) -> list[tuple[str, Any]]:
    rows = [row for row in csv.reader(read_text(path).splitlines()) if row]
    head = [cell.strip().lower() for cell in rows[0]] if rows else []
    if any(name in head for name in IDS):
        which = next(head.index(name) for name in IDS if name in head)
        length = next((head.index(name) for name in columns if name in head), None)
        if length is None:
            raise DataError(f"{path} has no column {' or '.join(columns)}.")
        rows = rows[1:]
    else:
        which, length = 0, 1
    short = next((row for row in rows if len(row) <= max(which, length)), None)
    if short:
        raise DataError(f"{path}: a row has too few columns: {short}.")
    return [(row[which].strip(), row[length]) for row in rows]


def _from_json(value: Any) -> list[tuple[str, Any]]:
    """{video: s}, {video: [s, …]}, {video: {"duration": s}}, or such tables one level down, by split."""
    pairs: list[tuple[str, Any]] = []
    for name, entry in value.items() if isinstance(value, dict) else ():
        if isinstance(entry, dict) and "duration" not in entry:
            pairs += _from_json(entry)
        elif isinstance(entry, dict):
            pairs.append((name, entry["duration"]))
        else:
            pairs.append((name, entry[0] if isinstance(entry, list) and entry else entry))
    return pairs
