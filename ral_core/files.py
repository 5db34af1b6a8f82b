"""Writing files so that nobody ever meets half of one."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from ral_core.errors import DataError


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes the place of `path`, on failure it goes.

    The temporary name keeps the suffix, since video writers choose their container by it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """Write one JSON object a line, whole or not at all."""
    write_text(path, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say in one sentence, as a DataError, why `path` cannot be read or is no text."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(f"There is no file {path}.") from None
    except IsADirectoryError:
        raise DataError(f"{path} is a folder; name a file in it.") from None
    except OSError as problem:
        raise DataError(f"{path} cannot be read ({problem.strerror}).") from None
    except UnicodeDecodeError as problem:
        raise DataError(f"{path} is no text ({problem}); copy it again.") from None


def read_text(path: Path, encoding: str = "utf-8") -> str:
    """The text in `path`. Raises DataError when it cannot be read or is no text in this encoding."""
    with reading(path):
        return path.read_text(encoding=encoding)


def read_json(path: Path) -> Any:
    """The JSON value in `path`. Raises DataError when it cannot be read or is no JSON."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as problem:
        raise DataError(f"{path} is not valid JSON ({problem}); make it again.") from None


def read_jsonl(path: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of `path`, in file order, read as they are asked for. Raises DataError with file and line."""
    with reading(path), path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except json.JSONDecodeError as problem:
                raise DataError(f"{path}, line {number}: not valid JSON ({problem}).") from None
            if not isinstance(row, dict):
                raise DataError(f"{path}, line {number}: expected a JSON object.")
            yield row


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_once(path: Path) -> str:
    """The SHA-256 of a big file, hashed once per process while its size and date stay the same."""
    facts = path.stat()
    return _hashed(path, facts.st_size, facts.st_mtime_ns)


@cache
def _hashed(path: Path, size: int, changed: int) -> str:
    return sha256(path)
