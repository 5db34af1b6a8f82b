"""WebVTT and SubRip files: every cue is a sentence with a moment; the file's name is the video's id."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

from ral_core.data.annotations.record import Annotation, Tally
from ral_core.errors import DataError
from ral_core.files import read_text

CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
CUE = re.compile(rf"\s*{CLOCK}\s*-->\s*{CLOCK}.*")
TAG = re.compile(r"<[^>]*>|\{\\[^}]*\}")


def read_subtitles(path: Path, tally: Tally) -> Iterator[Annotation]:
    """The cues of one file, or of all .vtt and .srt files of a folder. Raises DataError with the line."""
    if path.is_dir():
        for file in sorted(one for one in path.iterdir() if one.suffix.lower() in (".vtt", ".srt")):
            yield from read_subtitles(file, tally)
        return
    content = read_text(path, "utf-8-sig").splitlines()
    at = 0
    while at < len(content):
        match, where = CUE.fullmatch(content[at]), f"{path}, line {at + 1}"
        at += 1
        if match is None:
            if "-->" in content[at - 1]:
                raise DataError(f"{where}: these are no times of a cue: {content[at - 1].strip()!r}.")
            continue
        said = []
        while at < len(content) and content[at].strip():
            said.append(html.unescape(TAG.sub("", content[at])).strip())
            at += 1
        parts = match.groups()
        yield Annotation(path.stem, " ".join(said), seconds(parts[:4]), seconds(parts[4:]), where=where)


def seconds(parts: tuple[str | None, ...]) -> float:
    """Hours (or None), minutes, seconds and decimals as seconds."""
    hours, minutes, whole, decimals = parts
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(f"{whole}.{decimals}")
