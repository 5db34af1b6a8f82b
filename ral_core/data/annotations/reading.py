"""One reader for each form that captions are published in. A reader knows the form and settles nothing."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ral_core.data.annotations.record import Annotation, Tally
from ral_core.data.annotations.subtitles import read_subtitles
from ral_core.data.annotations.texts import any_text
from ral_core.data.official import read_caption_lines
from ral_core.errors import DataError, UnknownName
from ral_core.files import read_json, read_jsonl, read_text

Reader = Callable[[Path, Tally], Iterator[Annotation]]
CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:[.,]\d+)?)")
CHARADES = re.compile(r"(\S+)\s+(-?[\d.]+)\s+(-?[\d.]+)##(.*)")
NAMES = {
    "video": ("video", "video_id", "vid", "vid_name", "film", "file", "filename", "file_name", "id", "name"),
    "text": ("sentence", "text", "caption", "query", "desc", "description"),
    "start": ("start", "begin", "from", "start_time", "start_s"),
    "end": ("end", "stop", "to", "end_time", "end_s"),
    "pair": ("moment", "timestamp", "ts", "segment"),
    "duration": ("duration", "length"),
}
"""Column names that mean the same, in the order in which they are looked for."""


def read_annotations(path: Path, form: str, tally: Tally) -> list[Annotation]:
    """All sentences of a file in one of `FORMATS`. Raises UnknownName for a format, DataError with the place."""
    if form not in FORMATS:
        near = difflib.get_close_matches(form, FORMATS, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownName(f"There is no format {form!r}.{hint} Known: {', '.join(FORMATS)}.")
    found = list(FORMATS[form](path, tally))
    if not found:
        raise DataError(f"{path} holds no sentence in the format {form}; is it another format?")
    return found


def number(value: Any, where: str) -> float | None:
    """Seconds, also from HH:MM:SS or MM:SS; None for what is absent. Raises DataError for what is no finite number."""
    if value is None or value == "":
        return None
    if isinstance(value, str) and (match := CLOCK.fullmatch(value.strip())):
        hours, minutes, rest = match.groups()
        return int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", "."))
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        raise DataError(f"{where}: {value!r} is no time in seconds or HH:MM:SS.") from None
    if seconds != seconds or abs(seconds) == float("inf"):
        raise DataError(f"{where}: {value!r} is no time in seconds or HH:MM:SS.")
    return seconds


def activitynet(path: Path, tally: Tally) -> Iterator[Annotation]:
    """ActivityNet Captions: {video: {duration, timestamps, sentences}}."""
    for video, entry in objects(read_json(path), path):
        where = f"{path}, {video}"
        times, sentences = entry.get("timestamps"), entry.get("sentences")
        if not isinstance(times, list) or not isinstance(sentences, list) or len(times) != len(sentences):
            raise DataError(f"{where}: expected as many timestamps as sentences.")
        for pair, text in zip(times, sentences, strict=True):
            yield timed(video, text, pair, entry.get("duration"), where)


def youcook2(path: Path, tally: Tally) -> Iterator[Annotation]:
    """YouCook2: {database: {video: {duration, annotations: [{segment, sentence}]}}}, or ActivityNet's form."""
    whole = read_json(path)
    database = whole.get("database") if isinstance(whole, dict) else None
    if database is None:
        yield from activitynet(path, tally)
        return
    for video, entry in objects(database, path):
        for segment in entry.get("annotations", ()):
            where = f"{path}, {video}"
            yield timed(video, segment.get("sentence"), segment.get("segment"), entry.get("duration"), where)


def timed(video: str, text: Any, pair: Any, duration: Any, where: str) -> Annotation:
    """A sentence with a pair of times."""
    if not isinstance(text, str) or not isinstance(pair, list) or len(pair) != 2:
        raise DataError(f"{where}: expected a sentence and [start, end], found {text!r} and {pair!r}.")
    start, end = number(pair[0], where), number(pair[1], where)
    return Annotation(video, text, start, end, number(duration, where), where=where)


def objects(value: Any, path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The items of a mapping of videos to objects."""
    if not isinstance(value, dict):
        raise DataError(f"{path} must map videos to their captions.")
    for video, entry in value.items():
        if not isinstance(entry, dict):
            raise DataError(f"{path}, {video}: expected an object, found {entry!r}.")
        yield video, entry


def charades(path: Path, tally: Tally) -> Iterator[Annotation]:
    """Charades-STA: lines `video start end##sentence`."""
    for line_number, line in enumerate(read_text(path).splitlines(), start=1):
        where = f"{path}, line {line_number}"
        match = CHARADES.fullmatch(line.strip())
        if match is None and line.strip():
            raise DataError(f"{where}: expected `video start end##sentence`, found {line.strip()!r}.")
        if match:
            start, end = number(match[2], where), number(match[3], where)
            yield Annotation(match[1], match[4], start, end, where=where)


def tvr(path: Path, tally: Tally) -> Iterator[Annotation]:
    """TVR: {vid_name, duration, ts, desc} a line; test files name neither video nor times."""
    for line_number, row in enumerate(read_jsonl(path), start=1):
        where = f"{path}, line {line_number}"
        video, times = str(row.get("vid_name") or ""), row.get("ts")
        if times is None:
            yield Annotation(video, str(row.get("desc", "")), where=where)
        else:
            yield timed(video, row.get("desc"), times, row.get("duration"), where)


def qvhighlights(path: Path, tally: Tally) -> Iterator[Annotation]:
    """QVHighlights: {qid, query, vid, duration, relevant_windows} a line; the longest window is the moment."""
    for line_number, row in enumerate(read_jsonl(path), start=1):
        where = f"{path}, line {line_number}"
        windows = row.get("relevant_windows") or [[None, None]]
        if len(windows) > 1:
            tally.add("several_windows", where)
        best = max(windows, key=lambda pair: (number(pair[1], where) or 0) - (number(pair[0], where) or 0))
        yield timed(str(row.get("vid") or ""), row.get("query"), best, row.get("duration"), where)


def prvr(path: Path, tally: Tally) -> Iterator[Annotation]:
    """Caption files of the papers: lines `<video>#<n> sentence`, without times."""
    for caption in read_caption_lines(path):
        yield Annotation(caption.film, caption.text, id=caption.id, where=f"{path}, {caption.id}")


def gt(path: Path, tally: Tally) -> Iterator[Annotation]:
    """Dense PRVR labels: {query_id, caption, gt_video_ids} a line, without times."""
    for line_number, row in enumerate(read_jsonl(path), start=1):
        where = f"{path}, line {line_number}"
        name, text, videos = row.get("query_id"), row.get("caption"), row.get("gt_video_ids")
        if not (isinstance(name, str) and isinstance(text, str) and isinstance(videos, list) and videos):
            raise DataError(f"{where}: expected a query_id, a caption and a list of gt_video_ids.")
        relevant = tuple(str(video) for video in videos)
        own = name.partition("#")[0]
        yield Annotation(own or relevant[0], text, id=name, where=where, relevant=relevant)


def table(path: Path, tally: Tally) -> Iterator[Annotation]:
    """A csv with a header, columns divided by commas, semicolons or tabs; see `NAMES` for what they may be called."""
    content = any_text(path, tally)
    head = content.partition("\n")[0]
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=max(",;\t", key=head.count))
    rows = ((reader.line_num, {(key or "").strip(): value for key, value in row.items()}) for row in reader)
    return checked_rows(rows, path)


def lines(path: Path, tally: Tally) -> Iterator[Annotation]:
    """A jsonl with one object a sentence; see `NAMES` for the keys."""
    return checked_rows(enumerate(read_jsonl(path), start=1), path)


def checked_rows(rows: Iterable[tuple[int, dict[str, Any]]], path: Path) -> Iterator[Annotation]:
    """Sentences from named columns. Raises DataError that names the bad lines, the first three with the reason."""
    bad: list[str] = []
    for number, row in rows:
        try:
            yield from_row(row, f"{path}, line {number}")
        except DataError as problem:
            bad.append(str(problem))
            if "no column" in bad[0]:
                break
    if len(bad) == 1:
        raise DataError(bad[0])
    if bad:
        raise DataError(f"{len(bad)} lines cannot be used: {' '.join(bad[:3])}{' …' if bad[3:] else ''}")


def from_row(row: dict[str, Any], where: str) -> Annotation:
    """A sentence from named columns."""
    known = {str(key).lower(): value for key, value in row.items()}
    found = {
        what: next((known[name] for name in names if name in known), None) for what, names in NAMES.items()
    }
    for what in ("video", "text"):
        if not any(name in known for name in NAMES[what]):
            columns = ", ".join(map(str, row))
            raise DataError(f"{where}: there is no column {' or '.join(NAMES[what])}, only {columns}.")
    if isinstance(pair := found["pair"], list) and len(pair) == 2:
        found["start"], found["end"] = pair
    start, end, duration = (number(found[what], where) for what in ("start", "end", "duration"))
    if (start is None) != (end is None):
        raise DataError(f"{where}: it gives {'an end' if start is None else 'a start'} alone.")
    return Annotation(
        str(found["video"] or "").strip(), str(found["text"] or ""), start, end, duration, where=where
    )


FORMATS: dict[str, Reader] = {
    "activitynet": activitynet,
    "charades": charades,
    "tvr": tvr,
    "qvhighlights": qvhighlights,
    "youcook2": youcook2,
    "prvr": prvr,
    "gt": gt,
    "csv": table,
    "jsonl": lines,
    "vtt": read_subtitles,
    "srt": read_subtitles,
}
"""The forms that can be read, by name."""
ENDINGS = {".csv": "csv", ".tsv": "csv", ".jsonl": "jsonl", ".vtt": "vtt", ".srt": "srt"}


def form_of(path: Path) -> str:
    """The form of captions of one's own, by the file's ending; a folder holds subtitles. Raises DataError."""
    form = "vtt" if path.is_dir() else ENDINGS.get(path.suffix.lower())
    if form is None:
        raise DataError(
            f"{path} has none of the endings {', '.join(ENDINGS)}; bring it into our form with import-annotations."
        )
    return form
