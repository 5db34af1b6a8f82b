"""Which videos satisfy which query, from files made elsewhere: `gt.jsonl`, TREC qrels, and TREC runs to judge."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from ral_core.errors import DataError
from ral_core.files import read_jsonl, read_text

Truth = Mapping[str, frozenset[str]]
"""The videos that satisfy each query, by query id."""
Run = Mapping[str, tuple[str, ...]]
"""The videos found for each query, best first."""


def trec(name: str) -> str:
    """An id as a column of a TREC file: its blanks and per cent signs are written as in addresses.

    >>> trec("my film 100%.mp4#0")
    'my%20film%20100%25.mp4#0'
    """
    return re.sub(r"[\s%]", lambda sign: "".join(f"%{byte:02X}" for byte in sign.group().encode()), name)


def read_gt(path: Path) -> Truth:
    """A file of {"query_id", "gt_video_ids"} lines, as dense PRVR labels come.

    Raises DataError with the line that lacks one of the two, lists no video, or repeats a query.
    """
    truth: dict[str, frozenset[str]] = {}
    for number, row in enumerate(read_jsonl(path), start=1):
        query, videos = row.get("query_id"), row.get("gt_video_ids")
        if not isinstance(query, str) or not isinstance(videos, list) or not videos:
            raise DataError(f"{path}, line {number}: expected a query_id and a list of gt_video_ids.")
        if query in truth:
            raise DataError(f"{path}, line {number}: the query {query!r} comes twice.")
        truth[query] = frozenset(str(video) for video in videos)
    if not truth:
        raise DataError(f"{path} holds no query.")
    return truth


def read_qrels(path: Path) -> Truth:
    """TREC relevance judgements, `query 0 video grade`: every video with a grade above 0 satisfies the query."""
    truth: dict[str, set[str]] = {}
    for number, parts in _lines(path, 4, "query 0 video grade"):
        if not parts[3].lstrip("-").isdigit():
            raise DataError(f"{path}, line {number}: the grade must be a whole number, not {parts[3]!r}.")
        if int(parts[3]) > 0:
            truth.setdefault(parts[0], set()).add(parts[2])
    if not truth:
        raise DataError(f"{path} judges no video to satisfy a query.")
    return {query: frozenset(videos) for query, videos in truth.items()}


def read_run(path: Path) -> Run:
    """A TREC run, `query Q0 video rank score tag`, videos by falling score; of equal scores the lower rank first.

    Raises DataError with the line that has other columns or names a video twice for a query.
    """
    found: dict[str, dict[str, tuple[float, int]]] = {}
    for number, parts in _lines(path, 6, "query Q0 video rank score tag"):
        try:
            key = (-float(parts[4]), int(parts[3]))
        except ValueError:
            raise DataError(f"{path}, line {number}: rank and score must be numbers.") from None
        videos = found.setdefault(parts[0], {})
        if parts[2] in videos:
            raise DataError(f"{path}, line {number}: {parts[2]!r} comes twice for the query {parts[0]!r}.")
        if key[0] != key[0]:
            raise DataError(f"{path}, line {number}: the score is not a number.")
        videos[parts[2]] = key
    if not found:
        raise DataError(f"{path} holds no answers.")
    return {query: tuple(sorted(videos, key=videos.__getitem__)) for query, videos in found.items()}


def _lines(path: Path, columns: int, form: str) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        parts = line.split()
        if parts and len(parts) != columns:
            raise DataError(f"{path}, line {number}: expected `{form}`, found {len(parts)} columns.")
        if parts:
            yield number, parts
