"""Text files of other people, in whatever encoding their programs write."""

from __future__ import annotations

import codecs
from pathlib import Path

from ral_core.data.annotations.record import Tally
from ral_core.errors import DataError

MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
FALLBACK = "cp1252"


def any_text(path: Path, tally: Tally) -> str:
    """The text of a file in UTF-8, UTF-16 with its mark, or else as Windows-1252, which is counted.

    Raises DataError when it is missing or no text at all.
    """
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise DataError(f"{path} cannot be read ({problem.strerror}).") from None
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    for name in (encoding, FALLBACK):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        if name == FALLBACK:
            tally.add("other_encoding", str(path))
        return text
    raise DataError(f"{path} is no text; save it as UTF-8.")
