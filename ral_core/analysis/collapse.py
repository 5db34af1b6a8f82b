"""The collapse meter: is what belongs to one film more alike than what belongs to two, and by how much too much?

Semantic collapse (Moon, Cho et al., "Mitigating Semantic Collapse in Partially Relevant Video Retrieval"): captions of
different moments of one film are pulled together although they say different things, and so are the film's clips.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.analysis.maps import unit
from ral_core.errors import DataError
from ral_core.features.text import EncodedQuery
from ral_core.files import read_json, write_json
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.reading import query_batch
from ral_core.search.results import Answer

Array = NDArray[np.floating]
Rows = NDArray[np.int64]

BINS = 80
"""Equal steps from cosine -1 to 1."""
MOST = 8000
"""Clips looked at; of more, as many are drawn with a fixed seed."""
BLOCK, BATCH = 512, 64
"""Rows of pairs at a time, and captions encoded at a time."""


@dataclass(frozen=True)
class Pairs(Answer):
    """How alike pairs of vectors are."""

    count: int
    mean: float
    std: float
    share: tuple[float, ...]  # (BINS,) of the pairs, by cosine; sums to 1
    example: tuple[tuple[int, int] | None, ...]  # (BINS,) one pair of each step, by position


@dataclass(frozen=True)
class Spread(Answer):
    """Pairs within films against pairs between films."""

    within: Pairs
    between: Pairs
    overlap: float  # area that both histograms share, 0 (apart) to 1 (alike)
    separation: float  # chance that a pair within is more alike than a pair between (AUROC), by steps


@dataclass(frozen=True)
class Collapse(Answer):
    """One model's meter."""

    model: str
    index: str
    model_sha256: str
    queries: Spread | None  # sentence vectors of the captions; None without captions
    words: Spread | None  # the same sentences before the model: the mean of their word vectors
    clips: Spread
    named: Mapping[
        str, tuple[str, ...]
    ]  # what the positions of the examples stand for, by `queries` and `clips`


def collapse(explorer: Explorer, entry: IndexEntry, read: dict[str, Any] | None = None) -> Collapse:
    """Measure one index. Slow with many captions; `read` keeps what the text encoder said for the next index."""
    gallery = explorer.gallery(entry)
    captions = list(explorer.collection(entry).captions.values())
    queries = words = None
    if len({caption.film for caption in captions}) > 1:
        owner = numbered([caption.film for caption in captions])
        encoded = sentences(explorer, entry, [c.text for c in captions], {} if read is None else read)
        queries = spread(unit(vectors(explorer, entry, encoded)), owner)
        words = spread(unit(np.stack([query.vectors.mean(axis=0) for query in encoded])), owner)
    clips = np.asarray(gallery.folder["clips"], dtype=np.float32)
    flat, film = unit(clips.reshape(-1, clips.shape[-1])), np.repeat(gallery.films, clips.shape[1])
    kept = np.arange(len(flat))
    if len(flat) > MOST:
        kept = np.sort(np.random.default_rng(0).choice(len(flat), MOST, replace=False))
    found = spread(flat[kept], film[kept])
    begins = (
        gallery.first * clips.shape[1]
    )  # of each film's clips; those of a long film's windows are counted on
    names = [gallery.videos[row].video for row in gallery.first]
    places = [f"{names[film[clip]]}@{clip - begins[film[clip]]}" for clip in kept]
    return Collapse(
        model=entry.manifest.model,
        index=entry.name,
        model_sha256=entry.manifest.model_sha256,
        queries=queries,
        words=words,
        clips=found,
        named={"queries": tuple(caption.text for caption in captions), "clips": tuple(places)},
    )


def sentences(
    explorer: Explorer, entry: IndexEntry, texts: Sequence[str], read: dict[str, Any]
) -> Sequence[EncodedQuery]:
    """Texts as the index's text encoder reads them; `read` remembers them by encoder."""
    kind = f"{entry.manifest.text_encoder} {entry.manifest.collection}"
    if kind not in read:
        encoded: list[EncodedQuery] = []
        for start in range(0, len(texts), BATCH):
            encoded += explorer.tokens(entry, texts[start : start + BATCH])[0]
        read[kind] = encoded
    return list(read[kind])


@torch.inference_mode()
def vectors(explorer: Explorer, entry: IndexEntry, encoded: Sequence[EncodedQuery]) -> Array:
    """The sentence vectors (Q, D) of an index's model."""
    gallery = explorer.gallery(entry)
    found = []
    for start in range(0, len(encoded), BATCH):
        batch = query_batch(encoded[start : start + BATCH], gallery.model.config.max_words)
        found.append(gallery.model.encode_query(batch.to(explorer.device)).sentence.float().cpu().numpy())
    return np.concatenate(found)


def numbered(names: Sequence[str]) -> Rows:
    """Names as numbers, the same for the same name."""
    return np.unique(np.asarray(names), return_inverse=True)[1].astype(np.int64)


def spread(units: Array, owner: Rows) -> Spread:
    """All pairs of N unit vectors (N, D), within and between owners (N,). Raises DataError where one kind has none."""
    counts, total, square = np.zeros((2, BINS), np.int64), np.zeros(2), np.zeros(2)
    example = np.full((2, BINS), -1, np.int64)
    size = len(units)
    for start in range(0, size, BLOCK):
        rows = np.arange(start, min(start + BLOCK, size))
        cosines = np.clip(units[rows] @ units[start:].T, -1.0, 1.0)
        upper = np.arange(start, size)[None] > rows[:, None]
        same = owner[rows][:, None] == owner[None, start:]
        steps = np.minimum(((cosines + 1.0) * (BINS / 2)).astype(np.int64), BINS - 1)
        place = rows[:, None] * size + np.arange(start, size)[None]
        for kind, chosen in enumerate((upper & same, upper & ~same)):
            values, bins = cosines[chosen].astype(np.float64), steps[chosen]
            counts[kind] += np.bincount(bins, minlength=BINS)
            total[kind] += values.sum()
            square[kind] += (values**2).sum()
            example[kind, bins] = place[chosen]
    pairs = counts.sum(axis=1)
    if not pairs.all():
        raise DataError("The meter needs films with two captions or clips each, and two films at least.")
    mean = total / pairs
    std = np.sqrt(np.maximum(square / pairs - mean**2, 0.0))
    share = counts / pairs[:, None]
    within, between = (
        Pairs(
            count=int(pairs[kind]),
            mean=float(mean[kind]),
            std=float(std[kind]),
            share=tuple(float(value) for value in share[kind]),
            example=tuple(None if p < 0 else (int(p // size), int(p % size)) for p in example[kind]),
        )
        for kind in (0, 1)
    )
    below = np.cumsum(share[1]) - share[1]
    return Spread(
        within=within,
        between=between,
        overlap=float(np.minimum(share[0], share[1]).sum()),
        separation=float((share[0] * (below + 0.5 * share[1])).sum()),
    )


def report_file(root: Path, collection: str) -> Path:
    """Where the meters of a collection are kept."""
    return root / "reports" / f"collapse-{collection.replace('/', '-')}.json"


def save_collapse(root: Path, collection: str, found: Sequence[Collapse]) -> Path:
    """Keep the meters of a collection; the names of the examples only where one is used. Returns the file."""
    path = report_file(root, collection)
    write_json(path, {"collection": collection, "meters": [brief(one) for one in found]})
    return path


def brief(one: Collapse) -> dict[str, Any]:
    """A meter with its examples as texts instead of positions, and numbers of five digits."""
    about = one.to_json()
    del about["named"]
    for name, kind in (("queries", "queries"), ("words", "queries"), ("clips", "clips")):
        for pairs in [] if about[name] is None else (about[name]["within"], about[name]["between"]):
            names = one.named[kind]
            pairs["share"] = [round(value, 5) for value in pairs["share"]]
            pairs["example"] = (
                []
                if name == "words"
                else [pair and [names[pair[0]], names[pair[1]]] for pair in pairs["example"]]
            )
    return about


def open_collapse(explorer: Explorer, collection: str) -> list[dict[str, Any]]:
    """The kept meters of a collection whose weights are still those of the indexes, in the order they were made.

    Raises DataError where the file is no report of meters.
    """
    path = report_file(explorer.root, collection)
    if not path.is_file():
        return []
    said = read_json(path)
    weights = {e.name: e.manifest.model_sha256 for e in explorer.entries.values()}
    try:
        return [one for one in said["meters"] if weights.get(one["index"]) == one["model_sha256"]]
    except (KeyError, TypeError) as problem:
        raise DataError(
            f"{path} is no report of meters; make it again with `python -m ral_core collapse`."
        ) from problem
