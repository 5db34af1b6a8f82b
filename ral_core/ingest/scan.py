"""Which files of a folder may be videos, and what each is called from now on."""

from __future__ import annotations

import os
import re
import stat
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from ral_core.errors import DataError
from ral_core.files import read_json

LIBRARY = "library.json"
FORMAT = "ral-library"

VIDEO_NAMES = """.3g2 .3gp .asf .avi .divx .dv .f4v .flv .gif .h264 .hevc .ivf .m2t .m2ts .m2v .m4v .mjpeg .mkv .mov .mp4
.mpe .mpeg .mpg .mts .mxf .nut .ogm .ogv .qt .rm .rmvb .ts .vob .webm .wmv .y4m"""
SUFFIXES = frozenset(VIDEO_NAMES.split())
"""Names that promise a video: one that cannot be read is reported. Other files are tried and passed over in silence."""

OTHER_NAMES = """.7z .ass .bmp .cfg .csv .db .doc .docx .exe .gz .heic .html .ico .ini .jpeg .jpg .js .json .jsonl .lock .log
.md .nfo .npy .npz .parquet .part .pdf .png .ppt .pptx .psd .py .rar .safetensors .sh .srt .ssa .sub .svg .tar .tex .tif
.tiff .toml .torrent .tsv .txt .url .vtt .webp .xls .xlsx .xml .xmp .yaml .yml .zip"""
OTHERS = frozenset(OTHER_NAMES.split())
"""Names that promise something else, which FFmpeg would partly take for films (a text as a teletype's): not tried."""


@dataclass(frozen=True)
class Source:
    """One file that may be a video."""

    id: str
    """Where it lies below the folder, in readable characters; `#` is left to the windows of a long video."""
    path: Path
    relative: str
    """Where it lies below the folder, as the file system says it, with forward slashes."""
    size: int  # bytes
    modified: int  # ns

    @property
    def title(self) -> str:
        """The file's name without its ending, on one line."""
        return " ".join("".join(c if is_shown(c) else " " for c in self.path.stem).split()) or self.id

    @property
    def expected(self) -> bool:
        """Whether the name promises a video."""
        return self.path.suffix.lower() in SUFFIXES


@dataclass(frozen=True)
class Skipped:
    """A file that is not taken, and why."""

    file: str
    reason: str


@dataclass
class Found:
    """What a folder holds."""

    sources: list[Source] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    others: int = 0
    """Files whose names promise something else than a video."""


def scan(folder: Path, *, leave_out: Path | None = None, exclude: Sequence[str] = ()) -> Found:
    """Every file below `folder` that may be a video, sorted by id; or the one file, where a file is named.

    Hidden files and folders, libraries and `leave_out` are passed over, as are paths that fit a pattern of `exclude`
    (`holiday/*`). Links are followed, but no folder and no file is taken twice: what they point to counts under its
    own name where it lies in the folder too. Raises DataError where there is no such folder.
    """
    if not folder.exists():
        raise DataError(f"There is no folder {folder}; name the folder that your videos are in.")
    found = Found()
    known: set[tuple[int, int]] = set()
    for path, told in _files(folder, leave_out, found.skipped):
        relative = path.relative_to(folder if folder.is_dir() else folder.parent).as_posix()
        if (told.st_dev, told.st_ino) in known and path.is_symlink():
            continue
        known.add((told.st_dev, told.st_ino))
        if any(fnmatchcase(relative, pattern) for pattern in exclude):
            continue
        if path.suffix.lower() in OTHERS:
            found.others += 1
        elif not _is_text(str(path.resolve())) or not _is_text(relative):
            found.skipped.append(Skipped(readable(relative), "its name is not valid text; rename it"))
        else:
            found.sources.append(Source(readable(relative), path, relative, told.st_size, told.st_mtime_ns))
    found.sources.sort(key=lambda source: source.id)
    found.skipped.sort(key=lambda skipped: skipped.file)
    return found


def readable(relative: str) -> str:
    """A relative path as an id: on one line, without `#`; no two paths get the same.

    Control characters, `#`, backslashes and undecodable bytes become %XX, as does a % that would look like one.
    """
    coded = re.sub(r"%(?=[0-9A-F]{2})", "%25", relative)
    return "".join(_coded(char) for char in coded)


def is_shown(char: str) -> bool:
    """Whether a character may stand in a title: all that print, and those that join emoji."""
    return char.isprintable() or char in "\u200d\ufe0f"


def is_library(folder: Path) -> bool:
    """Whether a folder was made by ingesting."""
    try:
        about = read_json(folder / LIBRARY) if (folder / LIBRARY).is_file() else None
    except DataError:
        return False
    return isinstance(about, dict) and about.get("format") == FORMAT


def _coded(char: str) -> str:
    if char in "#\\" or (not char.isprintable() and char not in "\u200d\ufe0f"):  # what joins emoji stays
        return "".join(f"%{byte:02X}" for byte in os.fsencode(char))
    return char


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _files(
    top: Path, leave_out: Path | None, skipped: list[Skipped]
) -> Iterator[tuple[Path, os.stat_result]]:
    """Regular files with their status: those that really lie here first, then those behind links."""
    if not top.is_dir():
        yield top, top.stat()
        return
    waiting, linked = deque([top]), deque[Path]()
    links: list[Path] = []
    seen: set[tuple[int, int]] = set()
    while waiting or linked:
        folder = waiting.popleft() if waiting else linked.popleft()
        try:
            told = folder.stat()
            if (told.st_dev, told.st_ino) in seen or _barred(folder, top, leave_out):
                continue
            seen.add((told.st_dev, told.st_ino))
            entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as problem:
            skipped.append(Skipped(readable(folder.relative_to(top).as_posix()), _reason(problem)))
            continue
        for entry in entries:
            path = folder / entry.name
            if entry.name.startswith("."):
                continue
            try:
                told = entry.stat()
            except OSError as problem:
                reason = "is a link to nothing" if entry.is_symlink() else _reason(problem)
                skipped.append(Skipped(readable(path.relative_to(top).as_posix()), reason))
                continue
            if stat.S_ISDIR(told.st_mode):
                (linked if entry.is_symlink() else waiting).append(path)
            elif stat.S_ISREG(told.st_mode) and entry.is_symlink():
                links.append(path)
            elif stat.S_ISREG(told.st_mode):
                yield path, told
    for path in links:
        yield path, path.stat()


def _barred(folder: Path, top: Path, leave_out: Path | None) -> bool:
    """Whether a folder below `top` is a library, the one to leave out, or a link to what `top` itself lies in."""
    real = folder.resolve()
    if folder == top:
        return False
    return (
        is_library(folder)
        or real in top.resolve().parents
        or (leave_out is not None and real == leave_out.resolve())
    )


def _reason(problem: OSError) -> str:
    return f"cannot be opened ({(problem.strerror or str(problem)).lower()})"
