"""Groups of films that mean alike to a model, named by the words that are said of them more than of the rest."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ral_core.analysis.maps import film_vectors, of_films, unit
from ral_core.errors import BadQuery, DataError, MissingDependency
from ral_core.files import read_json, write_json
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.results import Answer

Array = NDArray[np.floating]
Source = Literal["captions", "tags"]

MOST, FILMS = 12, 20_000
"""The most clusters by default, and the most films that are clustered while somebody waits."""
WORDS, SURE = 3, 1.96
"""Words in a name at most, and the z from which on a word may stand in it."""
PRIOR = 10.0
"""Weight of the whole collection in every count, in films."""
NO_WORDS = "The films have neither captions nor tags, so the clusters have no names."


@dataclass(frozen=True)
class Telling(Answer):
    """A word that is said of a cluster's films more often than of the others."""

    word: str
    z: float  # of the log odds ratio
    inside: float  # share (0-1) of the cluster's films of which it is said
    outside: float  # share of the others


@dataclass(frozen=True)
class Cluster(Answer):
    """One group of films."""

    name: str  # its telling words; empty where there are none
    films: int
    middle: str  # the film nearest to its centre
    words: tuple[Telling, ...]


@dataclass(frozen=True)
class Clustering(Answer):
    """Every film of an index in one of K clusters."""

    index: str
    model_sha256: str
    seed: int
    silhouette: float | None  # how well they are apart, by cosine: 1 apart, 0 touching, below 0 mixed
    source: Source | None  # where the words come from
    clusters: tuple[Cluster, ...]  # largest first
    place: tuple[int, ...]  # (V,) the cluster of each film, repeated for the windows of a long one


def cluster(explorer: Explorer, entry: IndexEntry, count: int | None = None, seed: int = 0) -> Clustering:
    """K-means on the model's own unit vectors, one a film; by default sqrt(V / 2) clusters, from 2 to 12.

    Raises BadQuery for a count that does not fit, DataError for fewer than four films, MissingDependency without
    scikit-learn.
    """
    gallery = explorer.gallery(entry)
    vectors = of_films(gallery, film_vectors(gallery))
    if len(vectors) < 4:
        raise DataError(f"The index {entry.name} has {len(vectors)} films; clusters need four at least.")
    wanted = int(np.clip(round((len(vectors) / 2) ** 0.5), 2, MOST)) if count is None else count
    if not 2 <= wanted < len(vectors):
        raise BadQuery(
            f"{wanted} clusters of {len(vectors)} films make no sense; ask for 2 to {len(vectors) - 1}."
        )
    found, silhouette = grouped(vectors, wanted, seed)
    said, source = spoken(explorer, entry, gallery)
    order = np.argsort(-np.bincount(found, minlength=wanted), kind="stable")
    place = np.argsort(order)[found]
    films = [gallery.videos[row] for row in gallery.first]
    clusters = []
    for number in range(wanted):
        inside = place == number
        centre = unit(vectors[inside].mean(axis=0))
        words = telling(said, inside) if source else ()
        clusters.append(
            Cluster(
                name=", ".join(word.word for word in words),
                films=int(inside.sum()),
                middle=films[int(np.where(inside, vectors @ centre, -np.inf).argmax())].video,
                words=words,
            )
        )
    return Clustering(
        index=entry.name,
        model_sha256=entry.manifest.model_sha256,
        seed=seed,
        silhouette=silhouette,
        source=source,
        clusters=tuple(clusters),
        place=tuple(int(number) for number in place[gallery.films]),
    )


def grouped(vectors: Array, count: int, seed: int) -> tuple[NDArray[np.int64], float | None]:
    """The cluster of each vector (V,), none of them empty, and the silhouette of all or of 2,000 drawn ones."""
    try:
        from sklearn.cluster import KMeans  # type: ignore[import-untyped]
        from sklearn.metrics import silhouette_score  # type: ignore[import-untyped]
    except ImportError as problem:
        raise MissingDependency(
            "Clusters need the package scikit-learn; install it with `pip install scikit-learn`."
        ) from problem
    found = KMeans(count, n_init=4, random_state=seed).fit_predict(vectors)
    names, found = np.unique(found, return_inverse=True)
    if len(names) < 2:
        return found.astype(np.int64), None
    drawn = min(2000, len(vectors)) if len(vectors) > 2000 else None
    return found.astype(np.int64), float(
        silhouette_score(vectors, found, metric="cosine", sample_size=drawn, random_state=seed)
    )


def spoken(explorer: Explorer, entry: IndexEntry, gallery: Gallery) -> tuple[list[set[str]], Source | None]:
    """What is said of each film, as a set of words: its captions', else its tags."""
    said: list[set[str]] = [set() for _ in gallery.first]
    for caption in explorer.collection(entry).captions.values():
        if caption.film in gallery.rows:
            said[gallery.film(caption.film)] |= set(re.findall(r"[^\W\d_]{2,}", caption.text.lower()))
    if any(said):
        return said, "captions"
    for film, video in zip(gallery.films, gallery.videos, strict=True):
        said[film] |= {tag.lower() for tag in video.tags}
    return said, "tags" if any(said) else None


def telling(said: Sequence[set[str]], inside: NDArray[np.bool_]) -> tuple[Telling, ...]:
    """The words that set some films apart from the others, the most telling first, at most `WORDS`.

    For a word said of n of the N films inside, m of the M outside, and a share p of all: its log odds are
    log((n + a) / (N - n + b)) - log((m + a) / (M - m + b)) with the prior a = PRIOR p, b = PRIOR (1 - p), and its
    z that divided by the root of the sum of the four counts' inverses (log odds ratio with an informative
    Dirichlet prior; Monroe, Colaresi and Quinn 2008). Of words that begin alike only the first is kept.
    """
    words = sorted(set().union(*said))
    if not words or inside.all():
        return ()
    says = np.array([[word in some for word in words] for some in said])  # (V, words)
    n, m = says[inside].sum(axis=0), says[~inside].sum(axis=0)
    size, rest = inside.sum(), (~inside).sum()
    a = PRIOR * says.mean(axis=0)
    b = PRIOR - a
    parts = np.stack([n + a, size - n + b, m + a, rest - m + b])
    parts = np.maximum(parts, 1e-9)
    z = (np.log(parts[0] / parts[1]) - np.log(parts[2] / parts[3])) / np.sqrt((1 / parts).sum(axis=0))
    kept: list[Telling] = []
    for place in np.argsort(-z, kind="stable"):
        if z[place] < SURE or len(kept) == WORDS:
            break
        if all(words[place][:4] != word.word[:4] for word in kept):
            kept.append(
                Telling(words[place], float(z[place]), float(n[place] / size), float(m[place] / rest))
            )
    return tuple(kept)


def clusters_file(root: Path, index: str) -> Path:
    """Where the clusters of an index are kept."""
    return root / "maps" / f"{index}.clusters.json"


def save_clusters(root: Path, found: Clustering) -> Path:
    """Keep clusters; returns their file."""
    path = clusters_file(root, found.index)
    write_json(path, found.to_json())
    return path


def open_clusters(explorer: Explorer, entry: IndexEntry) -> Mapping[str, Any]:
    """The kept clusters of an index as JSON, else made now. Raises as `cluster`, DataError for too many films."""
    path = clusters_file(entry.root or explorer.root, entry.name)
    if path.is_file():
        said: Mapping[str, Any] = read_json(path)
        if (
            said.get("model_sha256") == entry.manifest.model_sha256
            and len(said.get("place", ())) == entry.manifest.videos
        ):
            return said
    if entry.manifest.videos > FILMS:
        raise DataError(
            f"{entry.manifest.videos:,} films are too many to cluster at once; run `python -m ral_core clusters --index {entry.name}`."
        )
    return cluster(explorer, entry).to_json()
