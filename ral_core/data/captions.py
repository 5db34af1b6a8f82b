"""The caption file of a split (`captions.jsonl`), as typed records."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ral_core.errors import DataError
from ral_core.files import read_jsonl, write_jsonl

LEVELS = ("vague", "mid", "full", "temporal")
"""How much a caption says; `temporal` ones join two events in order."""


@dataclass(frozen=True)
class Span:
    """Characters `start` to `end` of a caption's text, and the slot of the event that they say."""

    slot: str
    start: int
    end: int


@dataclass(frozen=True)
class Caption:
    """One sentence written for a moment of one film, with the truth about it."""

    id: str
    film: str
    text: str
    level: str
    start: float
    """Where the described moment begins, in seconds; not a number (null in the file) where nobody says."""
    end: float
    relevant: tuple[str, ...]
    """Ids of all films of the split that satisfy the sentence; `film` is always one."""
    ambiguity: int
    """How many films satisfy it."""
    event: tuple[int, ...] = ()
    """Positions of the described events in the film; two for a temporal caption."""
    logic: Mapping[str, Any] = field(default_factory=dict)
    spans: tuple[Span, ...] = ()
    importance: tuple[tuple[str, float], ...] = ()
    """(slot, bits): how much knowing the slot narrows the search."""
    word_importance: tuple[tuple[int, int, float], ...] = ()
    """(start, end, bits) of each word of the text."""
    heldout_synonym: bool = False
    heldout_triple: bool = False
    twin: str | None = None
    """A film that satisfies all but one slot, where one was made on purpose."""

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> Caption:
        """The caption in one JSON object; KeyError, TypeError or ValueError where it does not fit."""
        if row["level"] not in LEVELS:
            raise ValueError(f"level {row['level']!r} is not one of {', '.join(LEVELS)}")
        untimed = row["start"] is None and row["end"] is None
        start, end = (math.nan, math.nan) if untimed else (float(row["start"]), float(row["end"]))
        if not untimed and not 0 <= start < end:
            raise ValueError(f"the moment {start} to {end} s is empty or before the film")
        event, heldout = row.get("event", ()), row.get("heldout") or {}
        relevant = tuple(row.get("relevant") or (row["film"],))
        if row["film"] not in relevant:
            raise ValueError(f"its own film {row['film']!r} is not among the relevant ones")
        return cls(
            id=str(row["id"]),
            film=str(row["film"]),
            text=str(row["text"]),
            level=row["level"],
            start=start,
            end=end,
            relevant=relevant,
            ambiguity=int(row.get("ambiguity", len(relevant))),
            event=tuple(event)
            if isinstance(event, list | tuple)
            else (() if event is None else (int(event),)),
            logic=row.get("logic") or {},
            spans=tuple(Span(s["slot"], int(s["start"]), int(s["end"])) for s in row.get("spans", ())),
            importance=tuple((i["slot"], float(i["bits"])) for i in row.get("importance", ())),
            word_importance=tuple((int(a), int(b), float(c)) for a, b, c in row.get("word_importance", ())),
            heldout_synonym=bool(heldout.get("synonym", False)),
            heldout_triple=bool(heldout.get("triple", False)),
            twin=row.get("twin"),
        )

    def to_json(self) -> dict[str, Any]:
        """The JSON object that `from_json` reads."""
        return {
            "id": self.id,
            "film": self.film,
            "text": self.text,
            "level": self.level,
            "logic": dict(self.logic),
            "spans": [{"slot": s.slot, "start": s.start, "end": s.end} for s in self.spans],
            "start": None if math.isnan(self.start) else self.start,
            "end": None if math.isnan(self.end) else self.end,
            "event": list(self.event) if len(self.event) != 1 else self.event[0],
            "relevant": list(self.relevant),
            "ambiguity": self.ambiguity,
            "importance": [{"slot": slot, "bits": bits} for slot, bits in self.importance],
            "word_importance": [list(item) for item in self.word_importance],
            "heldout": {"synonym": self.heldout_synonym, "triple": self.heldout_triple},
            "twin": self.twin,
        }


def read_captions(path: Path, films: Iterable[str] | None = None) -> list[Caption]:
    """The captions of a file, in file order; with `films`, only those films' own.

    Raises DataError with file and line where a row does not hold what a caption needs, or an id comes twice.
    """
    wanted = None if films is None else set(films)
    captions: dict[str, Caption] = {}
    for number, row in enumerate(read_jsonl(path), start=1):
        try:
            caption = Caption.from_json(row)
        except KeyError as missing:
            raise DataError(f"{path}, caption {number}: it has no {missing}.") from None
        except (TypeError, ValueError, AttributeError) as problem:
            raise DataError(f"{path}, caption {number}: {problem}.") from None
        if caption.id in captions:
            raise DataError(f"{path}, caption {number}: the id {caption.id!r} comes twice.")
        if wanted is None or caption.film in wanted:
            captions[caption.id] = caption
    if not captions:
        raise DataError(f"{path} holds no caption that can be used.")
    return list(captions.values())


def write_captions(path: Path, captions: Sequence[Caption]) -> None:
    """Write captions in the form `read_captions` reads."""
    write_jsonl(path, (caption.to_json() for caption in captions))
