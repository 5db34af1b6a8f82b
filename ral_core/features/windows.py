"""Files and their windows: a long video is several rows of features, called `<file>#<number>`."""

from __future__ import annotations

import re
from collections import defaultdict

from ral_core.features.store import FeatureStore

WINDOW = re.compile(r"(.+)#\d+")


def source_of(row: str) -> str:
    """The file that a row of features is of.

    >>> source_of("holiday.mp4#2"), source_of("holiday.mp4")
    ('holiday.mp4', 'holiday.mp4')
    """
    match = WINDOW.fullmatch(row)
    return match[1] if match else row


def windows_of(store: FeatureStore) -> dict[str, list[str]]:
    """The rows of each file, in order."""
    windows: dict[str, list[str]] = defaultdict(list)
    for row in store.ids:
        windows[source_of(row)].append(row)
    return dict(windows)


def spans_of(store: FeatureStore) -> dict[str, tuple[float, float]]:
    """Start and end of what each row is about, in seconds of its file."""
    facts = zip(store.ids, store.starts, store.durations, strict=True)
    return {row: (start, start + seconds) for row, start, seconds in facts}


def lengths_of(store: FeatureStore) -> dict[str, float]:
    """Where the last row of each file ends (s)."""
    spans = spans_of(store)
    return {file: max(spans[row][1] for row in rows) for file, rows in windows_of(store).items()}
