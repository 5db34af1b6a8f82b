"""Which index of a library answers when no model is named: the one that did best on captions held out."""

from __future__ import annotations

from pathlib import Path

from ral_core.errors import DataError
from ral_core.files import read_json, write_json

CHOICE = "default.json"
"""Beside the indexes of a library; without it the usual order holds."""


def write_choice(indexes: Path, name: str, why: str) -> None:
    """Let the index `name` answer in this folder of indexes."""
    write_json(indexes / CHOICE, {"index": name, "why": why})


def read_choice(indexes: Path) -> str | None:
    """The name of the index that is to answer, None where nobody chose or the file is damaged."""
    try:
        about = read_json(indexes / CHOICE) if (indexes / CHOICE).is_file() else None
    except DataError:
        return None
    return about.get("index") if isinstance(about, dict) else None
