"""The BigFile format of the papers' feature bundles: one flat file of float32 rows, named by a list beside it.

A folder holds `shape.txt` (rows and width), `id.txt` (names of the rows), `feature.bin` (the rows, little-endian
float32) and, for videos, `video2frames.txt` (a literal that maps each video to the names of its rows, in order).
Source: spec of the released data sets, sections 1.2 and 1.3.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import DataError
from ral_core.files import read_text

SHAPE, NAMES, ROWS, FRAMES = "shape.txt", "id.txt", "feature.bin", "video2frames.txt"
LITERAL = re.compile(
    r"""\s*(?:(?P<mark>[{}\[\],:])|u?'(?P<single>(?:[^'\\\n]|\\.)*)'|u?"(?P<double>(?:[^"\\\n]|\\.)*)")"""
)
ESCAPE = re.compile(r"\\(.)")


@dataclass(frozen=True)
class BigFile:
    """N named rows (N, Dv) on disk. Opening reads the names; rows are read when asked for.

    It can be sent to other processes: the mapping of the file stays behind and is made anew there.
    """

    folder: Path
    names: dict[str, int]
    count: int
    width: int
    _mapped: dict[str, NDArray[np.float32]] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def open(cls, folder: Path) -> BigFile:
        """Open a folder; DataError when a file is missing or they do not fit together."""
        text = read_text(folder / SHAPE).split()
        if len(text) < 2 or not (text[0].isdigit() and text[1].isdigit()):
            raise DataError(f"{folder / SHAPE} must hold the numbers of rows and columns, not {text[:3]}.")
        count, width = int(text[0]), int(text[1])
        if not count or not width:
            raise DataError(f"{folder / SHAPE} says {count} rows of {width} numbers; there must be some.")
        names = read_text(folder / NAMES, encoding="iso-8859-1").split()
        if len(names) != count:
            raise DataError(f"{folder}: {SHAPE} says {count} rows, but {NAMES} has {len(names)} names.")
        place = {name: row for row, name in enumerate(names)}
        if len(place) < count:
            twice = next(name for row, name in enumerate(names) if place[name] != row)
            raise DataError(f"{folder / NAMES}: the name {twice!r} comes twice.")
        bytes_found = (folder / ROWS).stat().st_size if (folder / ROWS).is_file() else -1
        if bytes_found != count * width * 4:
            raise DataError(
                f"{folder / ROWS} should have {count * width * 4} bytes ({count} rows of {width} numbers), but "
                + ("is missing." if bytes_found < 0 else f"has {bytes_found}; copy it again.")
            )
        return cls(folder, place, count, width)

    @property
    def rows(self) -> NDArray[np.float32]:
        """All rows (N, Dv), memory-mapped."""
        if "rows" not in self._mapped:
            shape = (self.count, self.width)
            self._mapped["rows"] = np.memmap(self.folder / ROWS, dtype="<f4", mode="r", shape=shape)
        return self._mapped["rows"]

    def nameless(self) -> BigFile:
        """The same rows without their names, which for TVR alone take more memory than a batch."""
        return replace(self, names={})

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_mapped": {}}


def read_frame_names(path: Path) -> dict[str, list[str]]:
    """The names of each video's rows in `video2frames.txt`, a literal that is read and never run.

    Raises DataError with the place where the text stops being a mapping of texts to lists of texts.
    """
    text = read_text(path, encoding="iso-8859-1")
    frames: dict[str, list[str]] = {}
    tokens = _tokens(text, path)
    _expect(next(tokens), "{", path)
    token = next(tokens)
    while token[0] != "}":
        video = _string(token, path)
        _expect(next(tokens), ":", path)
        _expect(next(tokens), "[", path)
        names, token = [], next(tokens)
        while token[0] != "]":
            names.append(_string(token, path))
            token = next(tokens)
            token = next(tokens) if token[0] == "," else token
        frames[video] = names
        token = next(tokens)
        token = next(tokens) if token[0] == "," else token
    return frames


Token = tuple[str, str, int]
"""("text" or the mark itself, its content, where it is)."""


def _tokens(text: str, path: Path) -> Iterator[Token]:
    at, end = 0, len(text.rstrip())
    while at < end:
        match = LITERAL.match(text, at)
        if match is None:
            raise DataError(f"{path}, character {at}: this is no mapping of videos to lists of names.")
        at = match.end()
        mark = match["mark"]
        if mark:
            yield mark, mark, match.start()
        else:
            raw = match["single"] if match["single"] is not None else match["double"]
            yield "text", ESCAPE.sub(r"\1", raw), match.start()
    raise DataError(f"{path} ends before its mapping does; copy it again.")


def _expect(token: Token, mark: str, path: Path) -> None:
    if token[0] != mark:
        raise DataError(f"{path}, character {token[2]}: expected {mark!r}, found {token[1]!r}.")


def _string(token: Token, path: Path) -> str:
    if token[0] != "text":
        raise DataError(f"{path}, character {token[2]}: expected a name, found {token[1]!r}.")
    return token[1]
