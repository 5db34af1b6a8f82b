"""Where the time of a query goes, measured on this machine with nothing remembered from before."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch

from ral_core.errors import BadQuery
from ral_core.search.answers import ranked
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.reading import cleaned, events_in
from ral_core.search.results import Answer

STEPS = ("encode", "score", "moments", "explain")
MOST = 100
"""Repetitions at most."""
WARM = 1
"""Passes that are thrown away first: they read files and fill caches."""


@dataclass(frozen=True)
class Stage(Answer):
    """One step of a query."""

    name: str
    p50: float  # ms
    p95: float  # ms


@dataclass(frozen=True)
class Latency(Answer):
    """A query in steps."""

    query: str
    model: str
    index: str
    device: str
    threads: int  # that torch may use on the CPU
    films: int
    repeats: int
    stages: tuple[Stage, ...]  # encode, score, moments, explain
    search: Stage  # encode, score and moments together: what a visitor waits for
    per_film: float  # ms of the score step for one film: the slope, if it grows with the collection


def latency(
    explorer: Explorer,
    query: str,
    *,
    model: str | None = None,
    index: str | Path | None = None,
    k: int = 10,
    repeats: int = 5,
) -> Latency:
    """Time every step `repeats` times. Encoding is done anew each time, past the memory of recent queries.

    Raises BadQuery for repeats outside 1 to `MOST`, else as `search`.
    """
    if not 1 <= repeats <= MOST:
        raise BadQuery(f"A query can be timed 1 to {MOST} times, not {repeats}.")
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    passes = [once(explorer, entry, typed.text, k) for _ in range(WARM + repeats)][WARM:]
    kept = {name: [spent[name] for spent in passes] for name in STEPS}
    whole = [sum(parts) for parts in zip(kept["encode"], kept["score"], kept["moments"], strict=True)]
    return Latency(
        query=typed.text,
        model=entry.manifest.model,
        index=entry.name,
        device=named(explorer.device),
        threads=torch.get_num_threads(),
        films=gallery.film_count,
        repeats=repeats,
        stages=tuple(Stage(name, *percentiles(values)) for name, values in kept.items()),
        search=Stage("search", *percentiles(whole)),
        per_film=percentiles(kept["score"])[0] / gallery.film_count,
    )


def once(explorer: Explorer, entry: IndexEntry, text: str, k: int) -> dict[str, float]:
    """The milliseconds of each step of one pass, by name."""
    gallery = explorer.gallery(entry)
    clock = [now(explorer.device)]
    _, tokens = explorer.tokens(entry, [text])
    clock.append(now(explorer.device))
    scored = gallery.score(tokens)
    clock.append(now(explorer.device))
    rows = [int(row) for row in ranked(gallery, scored, None, k).rows]
    for timed in gallery.timed(tokens, rows, explorer.moments):
        timed.moments(explorer.moments, events_in(text))
    clock.append(now(explorer.device))
    first = gallery.videos[rows[0]].video
    explorer.explain(text, first, model=entry.manifest.model, index=entry.folder)
    clock.append(now(explorer.device))
    return {name: 1000.0 * (end - start) for name, (start, end) in zip(STEPS, pairwise(clock), strict=True)}


def percentiles(values: Sequence[float]) -> tuple[float, float]:
    """The 50th and 95th percentile by nearest rank: both are values that occurred.

    >>> percentiles([3.0, 1.0, 2.0, 9.0])
    (2.0, 9.0)
    """
    rising = sorted(values)
    return rising[math.ceil(0.5 * len(rising)) - 1], rising[math.ceil(0.95 * len(rising)) - 1]


def now(device: torch.device) -> float:
    """The time in seconds, once the device has done what it was told."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def named(device: torch.device) -> str:
    """The device as people call it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else processor()


def processor() -> str:
    """The CPU's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return "CPU"
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return f"CPU ({name})" if name else "CPU"
