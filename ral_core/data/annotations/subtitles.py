"""WebVTT and SubRip files as sentences with moments; the file's name is the video's.

Cues are joined until a sentence ends, since a subtitle breaks its sentences where the screen is full. Tags, speaker
dashes and lines that roll on from the cue before go; what is no speech ([music], ♪) is dropped and counted.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from ral_core.data.annotations.record import Annotation, Tally
from ral_core.data.annotations.texts import any_text
from ral_core.errors import DataError

SUFFIXES = (".vtt", ".srt")
CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})(?:[.,](\d{1,3}))?"
CUE = re.compile(rf"\s*{CLOCK}\s*-->\s*{CLOCK}.*")
TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")
NO_SPEECH = re.compile(r"(?:\[[^\]]*\]|\([^)]*\)|[♪♫#*\s.-])*")
ENDS = re.compile(
    r"(?<!\bMr)(?<!\bMrs)(?<!\bMs)(?<!\bDr)(?<!\bSt)(?<!\bvs)([.!?…][\"'”’)\]]*)(?=\s|$)|([。！？][」』]?)"
)
PAUSE = 2.0
"""Seconds without a cue that end a sentence too."""
LONGEST = 40
"""Words after which a sentence without full stops is ended, as automatic subtitles have none."""


@dataclass(frozen=True)
class Cue:
    """What is shown from `start` to `end` (s)."""

    start: float
    end: float
    text: str
    where: str


def read_subtitles(path: Path, tally: Tally) -> Iterator[Annotation]:
    """The sentences of one file, or of all .vtt and .srt files below a folder. Raises DataError with the line."""
    if not path.is_dir():
        yield from sentences(cues_of(path, tally), path.stem, tally)
        return
    for file in sorted(one for one in path.rglob("*") if one.suffix.lower() in SUFFIXES):
        name = file.relative_to(path).with_suffix("").as_posix()
        yield from sentences(cues_of(file, tally), name, tally)


def cues_of(path: Path, tally: Tally) -> Iterator[Cue]:
    """The cues of a file, in its order, without markup and without lines already shown."""
    content = any_text(path, tally).splitlines()
    at, before = 0, ""
    while at < len(content):
        match, where = CUE.fullmatch(content[at]), f"{path}, line {at + 1}"
        at += 1
        if match is None:
            if "-->" in content[at - 1]:
                raise DataError(f"{where}: these are no times of a cue: {content[at - 1].strip()!r}.")
            continue
        shown = []
        while at < len(content) and content[at].strip():
            shown.append(" ".join(html.unescape(TAG.sub("", content[at])).split()).removeprefix("- "))
            at += 1
        said = [line for line in shown if line]
        if said and said[0] == before:  # automatic subtitles show every line twice
            said = said[1:]
            tally.add("rolled", where)
        before = said[-1] if said else before
        parts = match.groups()
        text = " ".join(said)
        if NO_SPEECH.fullmatch(text):
            if text:
                tally.add("no_speech", where)
            continue
        yield Cue(seconds(parts[:4]), seconds(parts[4:]), text, where)


def sentences(cues: Iterable[Cue], video: str, tally: Tally) -> Iterator[Annotation]:
    """Cues cut where sentences end and joined where they go on."""
    waiting: list[Cue] = []
    for piece in (piece for cue in cues for piece in cut(cue, tally)):
        if waiting and piece.start - waiting[-1].end > PAUSE:
            yield joined(waiting, video, tally)
            waiting = []
        waiting.append(piece)
        words = sum(len(one.text.split()) for one in waiting)
        if words >= LONGEST or ended(piece.text):
            yield joined(waiting, video, tally)
            waiting = []
    if waiting:
        yield joined(waiting, video, tally)


def cut(cue: Cue, tally: Tally) -> Iterator[Cue]:
    """The parts of a cue that belong to different sentences, its time divided by their letters."""
    ends = [match.end() for match in ENDS.finditer(cue.text)]
    edges = [0, *(end for end in ends if end < len(cue.text)), len(cue.text)]
    if len(edges) > 2:
        tally.add("cue_divided", cue.where)
    length = (cue.end - cue.start) / len(cue.text)
    for left, right in pairwise(edges):
        yield Cue(
            cue.start + left * length, cue.start + right * length, cue.text[left:right].strip(), cue.where
        )


def ended(text: str) -> bool:
    """Whether a sentence ends with this text."""
    return any(match.end() == len(text) for match in ENDS.finditer(text))


def joined(cues: list[Cue], video: str, tally: Tally) -> Annotation:
    """One sentence from the first cue's start to the last one's end."""
    if len(cues) > 1:
        tally.add("cues_joined", cues[0].where)
    text = " ".join(cue.text for cue in cues)
    return Annotation(video, text, round(cues[0].start, 3), round(cues[-1].end, 3), where=cues[0].where)


def seconds(parts: tuple[str | None, ...]) -> float:
    """Hours (or None), minutes, seconds and decimals as seconds."""
    hours, minutes, whole, decimals = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(f"{whole}.{decimals or 0}")
