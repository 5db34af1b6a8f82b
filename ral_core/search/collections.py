"""A collection: the same films, encoded by different models, with what is known to be true about them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from ral_core.data.captions import Caption, read_captions
from ral_core.errors import DataError
from ral_core.index.folder import Manifest
from ral_core.search.results import Truth

log = logging.getLogger(__name__)

FIRST = ("ral",)
"""Models whose names begin so are a collection's default."""


@dataclass(frozen=True)
class IndexEntry:
    """An index that was found: its folder and manifest; nothing else is read yet."""

    name: str
    folder: Path
    manifest: Manifest


@dataclass(frozen=True)
class Collection:
    """All indexes of one collection, by model."""

    name: str
    entries: Mapping[str, IndexEntry]

    @property
    def default(self) -> IndexEntry:
        """The index that answers when no model is named: a RAL model's if there is one."""
        return min(self.entries.values(), key=lambda e: (not e.manifest.model.startswith(FIRST), e.name))

    @cached_property
    def captions(self) -> Mapping[str, list[Caption]]:
        """The collection's captions by their plain text; empty where it has none. Read on first use."""
        for entry in self.entries.values():
            path = entry.folder / (entry.manifest.captions or "")
            if path.is_file():
                return by_text(path)
        return {}

    def truth(self, query: str) -> Truth | None:
        """What is right for a query that equals one of the captions."""
        same = self.captions.get(plain(query))
        if not same:
            return None
        first = same[0]
        moments: dict[str, tuple[tuple[float, float], ...]] = {}
        for caption in same:
            moments[caption.film] = (*moments.get(caption.film, ()), (caption.start, caption.end))
        return Truth(
            caption=first.id,
            level=first.level,
            video=first.film,
            moments=moments,
            relevant=first.relevant,
            ambiguity=first.ambiguity,
            importance=first.word_importance,
        )


def by_text(path: Path) -> dict[str, list[Caption]]:
    """The captions of a file by plain text. A file that cannot be read costs the truth, not the search."""
    captions: dict[str, list[Caption]] = {}
    try:
        for caption in read_captions(path):
            captions.setdefault(plain(caption.text), []).append(caption)
    except DataError as problem:
        log.warning("No truth is shown: %s", problem)
    return captions


def plain(text: str) -> str:
    """Text as captions are compared: lower case, single spaces, no full stop."""
    return " ".join(text.lower().split()).rstrip(".")


def grouped(entries: Mapping[str, IndexEntry]) -> dict[str, Collection]:
    """Indexes by collection, and within it by model."""
    names = sorted({entry.manifest.collection for entry in entries.values()})
    return {
        name: Collection(
            name, {e.manifest.model: e for e in entries.values() if e.manifest.collection == name}
        )
        for name in names
    }
