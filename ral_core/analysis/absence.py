"""Can an index tell that a moment is not there? Taught on other films, measured on sentences that no film satisfies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ral_core.data.captions import Caption, read_captions
from ral_core.errors import DataError
from ral_core.files import read_json, read_jsonl, write_json
from ral_core.index.calibration import of_best, separation
from ral_core.index.folder import MANIFEST
from ral_core.index.presence import Detector, teach
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.presence import Seen, seen
from ral_core.search.results import Answer
from ral_core.world.scene import Film
from ral_core.world.truth import Corpus

Array = NDArray[np.floating]
BATCH = 64
DETECTED = 0.95
"""Share of the absent moments that must be found out where false alarms are counted."""


@dataclass(frozen=True)
class Judged(Answer):
    """How well an index's detector tells absent moments."""

    auroc: float
    false_alarms: (
        float  # per cent of present moments called absent where 95 % of the absent ones are found out
    )
    detected: float  # per cent of absent moments below the detector's line
    alarms: float  # per cent of present moments below it
    levels: dict[str, float]  # AUROC for each level of detail
    taught: str  # what the detector was taught on


@dataclass(frozen=True)
class Detection(Answer):
    """How well "probably not in this collection" is told from the best film's z."""

    model: str
    index: str
    present: int  # sentences with a satisfying film; the index's null statistics were made from them, too
    absent: int  # sentences that no film of the collection satisfies
    auroc: float  # chance that a present moment's best z beats an absent one's
    false_alarms: (
        float  # per cent of present moments called absent where 95 % of the absent ones are found out
    )
    cutoff: float | None  # the index's own cut-off
    detected: float | None  # per cent of absent moments below it
    alarms: float | None  # per cent of present moments below it
    levels: dict[str, float]  # AUROC for each level of detail, present and absent alike
    detector: Judged | None  # the index's own detector on the same sentences; None where it has none


def teach_detector(explorer: Explorer, entry: IndexEntry, captions: Sequence[Caption], name: str) -> Detector:
    """A detector from an index of other films: each caption with its satisfying films, and with these taken away.

    `name` says what the films are, for the reader of the manifest. Captions that every film satisfies are left out.
    """
    gallery = explorer.gallery(entry)
    numbers = {
        gallery.videos[row].video: place
        for place, row in enumerate(gallery.best_rows(np.zeros(len(gallery))))
    }
    present, absent = [], []
    for caption, one in zip(captions, looked_at(explorer, entry, captions), strict=True):
        others = np.ones(gallery.film_count, dtype=bool)
        others[[numbers[film] for film in (caption.film, *caption.relevant) if film in numbers]] = False
        if others.any():
            present.append(one.signs())
            absent.append(one.signs(others))
    return teach(
        present, absent, f"{name}: {len(present)} captions, each with and without the films that satisfy it"
    )


def looked_at(explorer: Explorer, entry: IndexEntry, captions: Sequence[Caption]) -> Iterator[Seen]:
    """What each caption scores."""
    gallery = explorer.gallery(entry)
    for start in range(0, len(captions), BATCH):
        _, tokens = explorer.tokens(entry, [one.text for one in captions[start : start + BATCH]])
        yield from seen(gallery, tokens)


def keep_detector(entry: IndexEntry, detector: Detector) -> None:
    """Write a detector into an index's manifest."""
    path = entry.folder / MANIFEST
    write_json(path, {**read_json(path), "detector": detector.to_json()})


def absent_captions(films: Path, captions: Path) -> list[Caption]:
    """Captions of another split that none of the films of `films` (a `films.jsonl`) satisfies, by their logic.

    Raises DataError where `films` holds no film.
    """
    there = [Film.from_json(row) for row in read_jsonl(films)]
    if not there:
        raise DataError(f"{films} holds no film.")
    corpus = Corpus(there)
    written = read_captions(captions)
    return [one for one in written if one.logic and not corpus.relevant(one.logic).any()]


def best_z(explorer: Explorer, entry: IndexEntry, texts: Sequence[str]) -> Array:
    """The z (N,) of each sentence's first film. Raises DataError where the index has no null statistics."""
    gallery = explorer.gallery(entry)
    found = []
    for start in range(0, len(texts), BATCH):
        _, tokens = explorer.tokens(entry, list(texts[start : start + BATCH]))
        total = gallery.totals(tokens).float().cpu().numpy()
        z = gallery.z(total)
        if z is None:
            raise DataError(f"The index {entry.name} has no null statistics; make it again with `index`.")
        found.append(of_best(z, total))
    return np.concatenate(found)


def false_alarms(present: Array, absent: Array, detected: float = DETECTED) -> float:
    """Per cent of `present` (N,) that lie below the line under which `detected` of `absent` (M,) lie.

    >>> false_alarms(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 1.5]))
    25.0
    """
    line = np.quantile(absent, detected, method="higher")
    return 100.0 * float((present <= line).mean())


def detection(
    explorer: Explorer, entry: IndexEntry, present: Sequence[Caption], absent: Sequence[Caption]
) -> Detection:
    """Judge the best z as a detector of absent moments. Raises DataError when either side is empty."""
    if not present or not absent:
        raise DataError(
            f"Judging absence needs both kinds of sentence; {len(present)} and {len(absent)} given."
        )
    here, gone = (best_z(explorer, entry, [one.text for one in side]) for side in (present, absent))
    cutoff = entry.manifest.cutoff
    return Detection(
        model=entry.manifest.model,
        index=entry.name,
        present=len(present),
        absent=len(absent),
        auroc=separation(here, gone),
        false_alarms=false_alarms(here, gone),
        cutoff=cutoff,
        detected=None if cutoff is None else 100.0 * float((gone < cutoff).mean()),
        alarms=None if cutoff is None else 100.0 * float((here < cutoff).mean()),
        levels=by_level(present, absent, here, gone),
        detector=judged(explorer, entry, present, absent),
    )


def judged(
    explorer: Explorer, entry: IndexEntry, present: Sequence[Caption], absent: Sequence[Caption]
) -> Judged | None:
    """Judge the detector of an index; None where it has none."""
    if entry.manifest.detector is None:
        return None
    detector = Detector.from_json(entry.manifest.detector)
    here, gone = (
        np.array([detector(one.signs()) for one in looked_at(explorer, entry, side)])
        for side in (present, absent)
    )
    return Judged(
        auroc=separation(here, gone),
        false_alarms=false_alarms(here, gone),
        detected=100.0 * float((gone < detector.line).mean()),
        alarms=100.0 * float((here < detector.line).mean()),
        levels=by_level(present, absent, here, gone),
        taught=detector.taught,
    )


def by_level(
    present: Sequence[Caption], absent: Sequence[Caption], here: Array, gone: Array
) -> dict[str, float]:
    """AUROC of present (N,) against absent (M,) values for each level that both kinds of sentence have."""
    levels = {}
    for level in sorted({one.level for one in present} & {one.level for one in absent}):
        ours = here[[one.level == level for one in present]]
        levels[level] = separation(ours, gone[[one.level == level for one in absent]])
    return levels
