"""Frame features that were extracted elsewhere, as our feature folder; one video in memory at a time.

The rows of an item get the times that its file has, or a rate says them, or they are spread over the video's length.
Items that are clips of one video are put together, in order. `sources` reads the files.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ral_core.errors import DataError
from ral_core.features.sources import Item, Names, read_source
from ral_core.features.spool import write_streamed
from ral_core.features.store import FeatureStore, VideoFeatures
from ral_core.files import read_jsonl, read_text

Say = Callable[[str], None]
Moments = Mapping[tuple[str, int], tuple[float, float]]
"""Start and end (s) of each clip, by its video and its number."""
SLACK = 2.0
"""Seconds, beside a tenth of its length, by which features may go on after their video."""


@dataclass(frozen=True, kw_only=True)
class ImportConfig:
    """How rows become frames of videos."""

    encoder: str
    """What made the features; indexes and models remember it and refuse others."""
    width: int | None = None
    """How wide rows must be, where that is known of the encoder."""
    fps: float = 2.0
    """Rows a second: row i is at i / fps, clip i around (i + 0.5) / fps."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Rows a second of single videos, where they differ."""
    spread: bool = False
    """Spread each video's rows evenly over its length instead; the lengths must be known."""
    names: Names = field(default_factory=Names)
    """What the arrays are called."""
    pattern: str | None = None
    """A regular expression that an item's name fits, with a group `video` (its id) and, when every item is one clip
    of a video, a group `clip` (its number)."""

    def __post_init__(self) -> None:
        if not self.encoder:
            raise DataError("Say what made the features with --encoder; an index refuses any other.")
        for rate in (self.fps, *self.rates.values()):
            if not 0 < rate < float("inf"):
                raise DataError(f"A rate must be above 0 rows a second, not {rate}.")

    def rate(self, video: str) -> float:
        """Rows a second of a video. Raises DataError when there is a table of rates that lacks it."""
        if self.rates and video not in self.rates:
            raise DataError(f"The table of rates lacks {video!r}.")
        return self.rates.get(video, self.fps)


def import_features(
    source: Path,
    out: Path,
    config: ImportConfig,
    *,
    durations: Mapping[str, float] | None = None,
    wanted: Collection[str] | None = None,
    row_ids: Path | None = None,
    clip_times: Moments | None = None,
    say: Say = lambda line: None,
) -> FeatureStore:
    """Write the features in `source` to the folder `out`.

    durations: seconds of each video where known, else the features' own end. wanted: the ids there must be; a missing
    or a surplus one is an error that names it. row_ids: names of the rows of a single matrix. clip_times: when clips
    are, else they lie end to end. `say` hears what is odd but usable. Raises DataError for whatever does not fit, with
    video and row.
    """
    items = read_source(source, config.names, row_ids)
    if config.pattern:
        items = renamed(items, config, clip_times)
    if wanted is not None:
        items = exactly(items, set(wanted), source)
    odd = Odd()
    videos = (as_video(one, config, durations or {}, odd) for one in items)
    store = write_streamed(out, videos, encoder=config.encoder, fps=config.fps)
    for line in odd.told(durations):
        say(line)
    return store


@dataclass
class Odd:
    """What was met that is worth a word: ids of videos."""

    unknown: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    zero: list[str] = field(default_factory=list)

    def told(self, durations: object) -> Iterator[str]:
        """Each kind in a sentence, with a count and the first example."""
        if self.unknown and durations:
            yield f"{len(self.unknown)} videos have no known length and got that of their rows: {self.unknown[0]!r} first"
        if self.short:
            yield (
                f"{len(self.short)} videos have features of less than half their length, {self.short[0]!r} first; "
                "look at the rate"
            )
        if self.zero:
            yield f"{len(self.zero)} videos have rows of zeros alone, {self.zero[0]!r} first; they were kept"


def as_video(item: Item, config: ImportConfig, durations: Mapping[str, float], odd: Odd) -> VideoFeatures:
    """One video with the times of its rows. Raises DataError for what is no matrix of real numbers, and for rows
    that go on after the video."""
    name, rows = item.id, item.rows
    if rows.dtype.kind not in "fiu":
        raise DataError(f"The features of {name!r} are {rows.dtype}, not numbers.")
    if rows.ndim > 2:
        rows = rows.reshape([size for size in rows.shape if size != 1] or [1])
    frames = np.atleast_2d(rows)
    if frames.ndim != 2 or not frames.size:
        raise DataError(f"The features of {name!r} have shape {item.rows.shape}, expected rows (F, Dv).")
    if config.width not in (None, frames.shape[1]):
        raise DataError(
            f"The features of {name!r} are {frames.shape[1]} wide, but those of {config.encoder} are {config.width}."
        )
    rate, known = config.rate(name), durations.get(name)
    if item.times is not None:
        if len(item.times) != len(frames):
            raise DataError(f"The features of {name!r} are {len(frames)} rows with {len(item.times)} times.")
        times = item.times
    elif config.spread:
        if known is None:
            raise DataError(f"The length of {name!r} is not known, so its rows cannot be spread over it.")
        times = (np.arange(len(frames)) + 0.5) * known / len(frames)
    else:
        times = np.arange(len(frames)) / rate
    end = float(times[-1])
    if known is None:
        odd.unknown.append(name)
    elif end > 1.1 * known + SLACK:
        raise DataError(
            f"The features of {name!r} go on to {end:.1f} s, but the video lasts {known:.1f} s; at "
            f"{len(frames) / known:.3g} rows a second they would fit."
        )
    elif end < 0.5 * known - SLACK and not config.pattern:
        odd.short.append(name)
    if not np.asarray(frames).any(axis=1).all():
        odd.zero.append(name)
    step = 1 / rate if len(times) < 2 else float(times[-1] - times[-2])
    return VideoFeatures(name, frames, times.astype(np.float32), known or end + (step or 1 / rate))


def renamed(items: Iterable[Item], config: ImportConfig, clip_times: Moments | None) -> Iterator[Item]:
    """Items under the ids that the pattern finds in their names; clips of one video become its rows, in order.

    Clips are held in memory until the end. Raises DataError for a bad pattern, a name that does not fit it, a clip that
    comes twice or has no time in `clip_times`.
    """
    form = compiled(config.pattern or "")
    clips: dict[str, dict[int, Item]] = {}
    for item in items:
        match = form.fullmatch(item.id)
        numbered = "clip" in form.groupindex
        if match is None or (numbered and not (match["clip"] or "").isdigit()):
            raise DataError(f"The name {item.id!r} does not fit the pattern {config.pattern!r}.")
        if not numbered:
            yield replace(item, id=match["video"])
            continue
        own, number = clips.setdefault(match["video"], {}), int(match["clip"])
        if number in own:
            raise DataError(
                f"Clip {number} of {match['video']!r} comes twice: {own[number].id!r}, {item.id!r}."
            )
        own[number] = item
    for video, parts in clips.items():
        yield joined(video, parts, config.rate(video), clip_times)


def joined(video: str, parts: Mapping[int, Item], fps: float, clip_times: Moments | None) -> Item:
    """The clips of a video, each the mean of its rows, at the middle of its moment."""
    numbers = sorted(parts)
    rows = [np.asarray(parts[number].rows, dtype=np.float32) for number in numbers]
    vectors = [one.reshape(-1, one.shape[-1]).mean(0) for one in rows]
    widths = {len(vector) for vector in vectors}
    if len(widths) > 1:
        raise DataError(f"The clips of {video!r} are {' and '.join(map(str, sorted(widths)))} wide.")
    if clip_times is None:
        middles = [(number + 0.5) / fps for number in numbers]
    else:
        lost = next((number for number in numbers if (video, number) not in clip_times), None)
        if lost is not None:
            raise DataError(f"There is no time for clip {lost} of {video!r}.")
        middles = [sum(clip_times[video, number]) / 2 for number in numbers]
    order = np.argsort(middles, kind="stable")
    return Item(video, np.stack(vectors)[order], np.asarray(middles)[order])


def exactly(items: Iterable[Item], wanted: set[str], source: Path) -> Iterator[Item]:
    """The items, which must be the wanted ones: a surplus id is named at once, a missing one at the end."""
    missing = set(wanted)
    for item in items:
        if item.id not in wanted:
            raise DataError(
                f"{source} has features of {item.id!r}, which is not among the {len(wanted)} ids."
            )
        missing.discard(item.id)
        yield item
    if missing:
        raise DataError(f"{source} lacks {len(missing)} of {len(wanted)} ids, for example {min(missing)!r}.")


def compiled(pattern: str) -> re.Pattern[str]:
    """A pattern for names. Raises DataError when it is none or lacks the group `video`."""
    try:
        form = re.compile(pattern)
    except re.error as problem:
        raise DataError(f"{pattern!r} is no pattern ({problem}).") from None
    if "video" not in form.groupindex:
        raise DataError(f"{pattern!r} needs the group (?P<video>…), and (?P<clip>…) for clips.")
    return form


def read_clip_times(path: Path, pattern: str) -> dict[tuple[str, int], tuple[float, float]]:
    """When clips are: a csv with id, start and end, or a captions.jsonl whose n-th caption of a video (from 0) is
    about its clip n. Raises DataError with the line that does not fit."""
    times: dict[tuple[str, int], tuple[float, float]] = {}
    if path.suffix == ".jsonl":
        count: dict[str, int] = {}
        for number, row in enumerate(read_jsonl(path), start=1):
            video = str(row.get("film", ""))
            clip = count[video] = count.get(video, -1) + 1
            if row.get("start") is not None:
                times[video, clip] = pair(row, f"{path}, line {number}")
        return times
    form = compiled(pattern)
    reader = csv.DictReader(read_text(path, "utf-8-sig").splitlines())
    for row in reader:
        where = f"{path}, line {reader.line_num}"
        match = form.fullmatch(str(row.get("id", "")))
        if match is None or not (match["clip"] or "").isdigit():
            raise DataError(f"{where}: the id {row.get('id')!r} does not fit the pattern {pattern!r}.")
        times[match["video"], int(match["clip"])] = pair(row, where)
    return times


def pair(row: Mapping[str, object], where: str) -> tuple[float, float]:
    """Start and end in a row. Raises DataError where they are none."""
    try:
        start, end = float(str(row["start"])), float(str(row["end"]))
    except (KeyError, ValueError):
        raise DataError(f"{where}: it needs a start and an end in seconds.") from None
    if not 0 <= start < end < float("inf"):
        raise DataError(f"{where}: {start:g} to {end:g} s is no moment.")
    return start, end
