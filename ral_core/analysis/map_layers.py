"""What can be laid over a map of films: where the captions go, and the way of one film's clips through it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.analysis.maps import FilmMap, Method, Point, film_map, film_vectors, place, unit
from ral_core.data.captions import Caption
from ral_core.errors import DataError
from ral_core.files import read_json, replacing, write_json
from ral_core.models import RAL
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.results import Answer

Array = NDArray[np.floating]

BATCH = 64
"""Captions encoded at a time."""
LIVE = 64
"""The most captions that are encoded while somebody waits; places of more are kept beside the map."""
MOST = 4000
"""The most captions that one map shows."""


@dataclass(frozen=True)
class PlacedSentence(Answer):
    """A caption on a map of films, placed as a query would be."""

    caption: str  # its id
    film: str
    text: str
    at: Point


@dataclass(frozen=True)
class PlacedClip(Answer):
    """One clip of a film on a map of films."""

    second: float  # s, its middle in the film
    at: Point


def window_of(gallery: Gallery, video: str, start: float, end: float) -> int:
    """The row of a film's window that shows most of the seconds from `start` to `end`; the first of equal ones."""
    rows = gallery.windows(gallery.rows[video])

    def shared(row: int) -> float:
        begins, ends = gallery.stretch(row)
        return min(end, ends) - max(start, begins)

    return max(rows, key=shared)


@torch.inference_mode()
def sentence_vectors(explorer: Explorer, entry: IndexEntry, texts: Sequence[str]) -> Array:
    """Sentences in the space of `film_vectors`: (Q, D) unit rows. Some 5 ms a sentence on one CPU core."""
    gallery, found = explorer.gallery(entry), []
    for start in range(0, len(texts), BATCH):
        _, tokens = explorer.tokens(entry, texts[start : start + BATCH])
        if isinstance(gallery.model, RAL) and "gaussian_mean" in gallery.folder:
            found.append(gallery.model.query_gaussian(tokens).mean.float().cpu().numpy())
        else:
            found.append(tokens.sentence.float().cpu().numpy())
    return unit(np.concatenate(found))


def sentences(
    explorer: Explorer, entry: IndexEntry, mapped: FilmMap, film: str | None = None
) -> tuple[PlacedSentence, ...]:
    """The captions of a film, or of all films, on the map of an index.

    Kept places are taken where they belong to this model and this map; else up to `LIVE` captions are placed now. Of
    more than `MOST` captions evenly chosen ones are given. Raises DataError without captions, for an unknown film, and
    for more than `LIVE` captions without kept places.
    """
    captions = known_captions(explorer, entry)
    if film is not None and film not in explorer.gallery(entry).rows:
        raise DataError(f"There is no film {film!r} in the index {entry.name}.")
    wanted = [row for row, one in enumerate(captions) if film is None or one.film == film]
    wanted = wanted[:: max(1, -(-len(wanted) // MOST))]
    kept = open_places(explorer, entry, mapped, captions)
    if kept is not None:
        places = kept[wanted]
    elif len(wanted) <= LIVE:
        places = place_texts(explorer, entry, mapped, [captions[row].text for row in wanted])
    else:
        raise DataError(
            f"{len(wanted):,} sentences take too long to place at once; run `python -m ral_core map --sentences "
            f"--index {entry.name}`."
        )
    return tuple(
        PlacedSentence(captions[row].id, captions[row].film, captions[row].text, (float(x), float(y)))
        for row, (x, y) in zip(wanted, places, strict=True)
    )


def place_texts(explorer: Explorer, entry: IndexEntry, mapped: FilmMap, texts: Sequence[str]) -> Array:
    """Where sentences go on a map, each as a query would: (Q, 2)."""
    if not texts:
        return np.zeros((0, 2), np.float32)
    return place(mapped, film_vectors(explorer.gallery(entry)), sentence_vectors(explorer, entry, texts))


def clip_path(gallery: Gallery, mapped: FilmMap, film: str) -> tuple[PlacedClip, ...]:
    """The clips of a film in the order of time, where the films are whose clips they are most alike.

    A clip goes to the mean place of the films whose mean clip is nearest to it, as a query does; where the films
    themselves lie by the mean of their clips and the map is a PCA, to its exact place. Raises DataError for an unknown
    film.
    """
    if film not in gallery.rows:
        raise DataError(f"There is no film {film!r} in the index {gallery.manifest.name}.")
    rows = list(gallery.windows(gallery.rows[film]))
    clips = np.asarray(gallery.folder["clips"][rows], dtype=np.float32).reshape(-1, gallery.manifest.width)
    times = np.concatenate([middles(gallery, row) for row in rows])
    if "gaussian_mean" in gallery.folder:
        films = unit(np.asarray(gallery.folder["clips"], dtype=np.float32).mean(axis=1))
        mapped = FilmMap(mapped.method, mapped.points, None)
    else:
        films = film_vectors(gallery)
    places = place(mapped, films, unit(clips))
    order = np.argsort(times, kind="stable")
    return tuple(
        PlacedClip(float(times[row]), (float(places[row, 0]), float(places[row, 1]))) for row in order
    )


def middles(gallery: Gallery, row: int) -> Array:
    """The middle (s) of each of a row's clips (C,)."""
    if "clip_spans" in gallery.folder:
        begins, ends = gallery.stretch(row)
        return begins + np.asarray(gallery.folder["clip_spans"][row]).mean(axis=1) * (ends - begins)
    return np.asarray(gallery.folder["clip_times"][row])


def places_files(root: Path, index: str, method: Method) -> tuple[Path, Path]:
    """Where the places of an index's captions are kept, and what is said about them."""
    name = f"{index}.{method}-sentences"
    return root / "maps" / f"{name}.npy", root / "maps" / f"{name}.json"


def fingerprint(entry: IndexEntry, mapped: FilmMap, captions: Iterable[Caption]) -> str:
    """What kept places depend on: the model's weights, the films, the map, the sentences."""
    digest = hashlib.sha256(f"{entry.manifest.model_sha256} {entry.manifest.files.get('clips.npy')}".encode())
    if mapped.method == "umap":  # a PCA follows from the films
        digest.update(mapped.points.astype("<f4").tobytes())
    for caption in captions:
        digest.update(f"{caption.id}\0{caption.text}\0".encode())
    return digest.hexdigest()


def save_places(explorer: Explorer, entry: IndexEntry, methods: Sequence[Method]) -> tuple[Path, ...]:
    """Place all captions of an index on its maps and keep where they go, as half floats; returns the files.

    Raises DataError without captions, and for a map that was not fitted yet.
    """
    gallery, films = explorer.gallery(entry), film_vectors(explorer.gallery(entry))
    captions = known_captions(explorer, entry)
    vectors, files = sentence_vectors(explorer, entry, [caption.text for caption in captions]), []
    for method in methods:
        mapped = film_map(explorer, entry.name, method)
        places, about = places_files(entry.root or explorer.root, entry.name, method)
        with replacing(places) as path, path.open("wb") as file:
            np.save(file, place(mapped, films, vectors).astype(np.float16))
        said = {"sentences": len(captions), "made_for": fingerprint(entry, mapped, captions)}
        write_json(about, said | {"films": gallery.film_count})
        files.append(places)
    return tuple(files)


def known_captions(explorer: Explorer, entry: IndexEntry) -> list[Caption]:
    """The captions of an index's films, in the order of their file. Raises DataError where there are none."""
    rows = explorer.gallery(entry).rows
    found = [one for one in explorer.collection(entry).captions.values() if one.film in rows]
    if not found:
        raise DataError(f"The collection {entry.manifest.collection} has no captions to draw.")
    return found


def open_places(
    explorer: Explorer, entry: IndexEntry, mapped: FilmMap, captions: Sequence[Caption]
) -> Array | None:
    """The kept places (Q, 2) of these captions; None where there are none or they belong to something else."""
    places, about = places_files(entry.root or explorer.root, entry.name, mapped.method)
    if not places.is_file() or not about.is_file():
        return None
    if read_json(about).get("made_for") != fingerprint(entry, mapped, captions):
        return None
    found = np.load(places, allow_pickle=False)
    return found.astype(np.float32) if found.shape == (len(captions), 2) else None
