"""A collection: the same films, encoded by different models, with what is known to be true about them."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from ral_core.data.captions import Caption, read_captions
from ral_core.errors import DataError, RALError
from ral_core.files import read_jsonl
from ral_core.index.choice import read_choice
from ral_core.index.folder import Manifest
from ral_core.search.completion import Phrases
from ral_core.search.known import Vocabulary
from ral_core.search.results import Truth
from ral_core.search.sayings import Sayings
from ral_core.world.logic import moments
from ral_core.world.scene import Film

log = logging.getLogger(__name__)

FIRST = ("ral",)
"""Models whose names begin so are a collection's default."""
HEARD = 20_000
"""Captions from which phrases are learnt, at most; a second or two."""


@dataclass(frozen=True)
class IndexEntry:
    """An index that was found: its folder and manifest; nothing else is read yet."""

    name: str
    folder: Path
    manifest: Manifest
    root: Path | None = None
    """The data root it lies in, such as a library; None for an index that stands alone."""


@dataclass(frozen=True)
class Collection:
    """All indexes of one collection, by model."""

    name: str
    entries: Mapping[str, IndexEntry]

    @cached_property
    def default(self) -> IndexEntry:
        """The index that answers when no model is named: the one its library chose, else a RAL model's if there is one."""
        chosen = {read_choice(e.folder.parent) for e in self.entries.values()}
        first = [e for e in self.entries.values() if e.folder.name in chosen] or self.entries.values()
        return min(first, key=lambda e: (not e.manifest.model.startswith(FIRST), e.name))

    @cached_property
    def captions(self) -> Mapping[str, Caption]:
        """The collection's captions by id; empty where it has none. Read on first use."""
        path = self._file("captions")
        try:
            return {} if path is None else {caption.id: caption for caption in read_captions(path)}
        except DataError as problem:  # costs the truth, not the search
            log.warning("No truth is shown: %s", problem)
            return {}

    @cached_property
    def phrases(self) -> Phrases:
        """What the captions say, sorted for completing queries; without captions it offers nothing."""
        return Phrases(caption.text for caption in self.captions.values())

    @cached_property
    def note(self) -> str | None:
        """What everybody who searches here should know: that the demo's encoder read films it does not understand."""
        from ral_core.features.video_encoder import DEMO, DemoVideoEncoder  # these know video files
        from ral_core.ingest.library import Library

        root = self.default.root
        try:
            demo = root is not None and Library(root).about().get("encoder") == DEMO
        except DataError:  # no library, as the shipped corpus is none
            return None
        return (
            f"{DemoVideoEncoder.note} Index them with a CLIP: `ingest --encoder`, see `doctor`."
            if demo
            else None
        )

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Every word that the captions say; without captions no word is strange to it."""
        return Vocabulary(caption.text for caption in self.captions.values())

    @cached_property
    def sayings(self) -> Sayings:
        """The phrases of the captions, to tell films apart by; none without captions."""
        return Sayings(caption.text for caption in islice(self.captions.values(), HEARD))

    def truth(self, query: str) -> Truth | None:
        """What is right for a query that equals one of the captions."""
        same = self._by_text.get(plain(query))
        if not same:
            return None
        first = same[0]
        moments = {film: found for film in first.relevant if (found := self._moments(film, first))}
        for caption in same:
            moments.setdefault(caption.film, ((caption.start, caption.end),))
        return Truth(
            caption=first.id,
            level=first.level,
            video=first.film,
            moments=moments,
            relevant=first.relevant,
            ambiguity=first.ambiguity,
            importance=first.word_importance,
        )

    def scene(self, film: str) -> Film | None:
        """What really happens in a film; None where the collection has no scene graph of it."""
        graph = self._graphs.get(film)
        try:
            return None if graph is None else Film.from_json(graph)
        except (KeyError, TypeError, ValueError, RALError) as problem:
            log.warning("The scene graph of %s cannot be read: %r", film, problem)
            return None

    def _moments(self, film: str, caption: Caption) -> tuple[tuple[float, float], ...]:
        """Every moment of a film that satisfies a caption, by the film's scene graph; none without one."""
        graph = self._graphs.get(film)
        if graph is None or not caption.logic:
            return ()
        try:
            return tuple(moments(Film.from_json(graph), caption.logic))
        except (KeyError, TypeError, ValueError, RALError) as problem:
            log.warning("The scene graph of %s cannot be read: %r", film, problem)
            return ()

    @cached_property
    def _by_text(self) -> Mapping[str, list[Caption]]:
        """Captions by their plain text; some sentences were written for more than one film."""
        same: dict[str, list[Caption]] = {}
        for caption in self.captions.values():
            same.setdefault(plain(caption.text), []).append(caption)
        return same

    @cached_property
    def _graphs(self) -> Mapping[str, Mapping[str, Any]]:
        """The scene graphs by film id, unread; empty where there are none."""
        path = self._file("films")
        try:
            return {} if path is None else {str(row.get("id")): row for row in read_jsonl(path)}
        except DataError as problem:
            log.warning("Only the captions' own moments are shown: %s", problem)
            return {}

    def _file(self, kind: str) -> Path | None:
        """The first captions or films file that an index of the collection names and that exists."""
        named = ((e.folder, getattr(e.manifest, kind)) for e in self.entries.values())
        paths = (Path(os.path.normpath(folder / relative)) for folder, relative in named if relative)
        return next((path for path in paths if path.is_file()), None)


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
