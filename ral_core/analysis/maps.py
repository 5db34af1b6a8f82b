"""The films on a plane: PCA at once, UMAP fitted beforehand; a query placed among them without refitting."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal
from weakref import WeakKeyDictionary

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.errors import DataError, MissingDependency
from ral_core.files import read_json, replacing, write_json
from ral_core.models import RAL
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.results import Answer
from ral_core.tensors import QueryTokens

Array = NDArray[np.floating]
Point = tuple[float, float]
Method = Literal["umap", "pca"]
METHODS: tuple[Method, ...] = ("umap", "pca")

NEIGHBOURS = 15
"""Films whose places decide where a query goes, and neighbours that trustworthiness asks about."""
JUDGED = 4000
"""The most films whose trustworthiness is computed; it needs all distances."""
CLOUD = 120
"""Samples of a query's distribution drawn as a cloud."""
LANDMARKS = 5_000
"""The most films among which the cloud is placed; a query and its proxies are placed among all."""


@dataclass(frozen=True)
class FilmMap:
    """Where every film of an index lies."""

    method: Method
    points: Array  # (V, 2), the windows of a long film by themselves
    trust: float | None  # trustworthiness, 1 is perfect; None where it was too much work
    axes: Array | None = None  # (D, 2), only for PCA
    centre: Array | None = None  # (D,), only for PCA


@dataclass(frozen=True)
class Placed(Answer):
    """A query on a map, with the films that are really nearest to it."""

    query: Point
    proxies: tuple[Point, ...]  # samples as in training; empty without distributions
    cloud: tuple[Point, ...]
    nearest: tuple[tuple[str, float], ...]  # (video, cosine), nearest first
    spread: float | None  # length of the deviation against that of the mean, which is 1


def film_vectors(gallery: Gallery) -> Array:
    """One unit vector for each row (V, D), a film or a window of one: the mean of its Gaussian, or of its clips where there is none.

    Made once for a gallery and kept as long as it.
    """
    if gallery not in _vectors:
        name = "gaussian_mean" if "gaussian_mean" in gallery.folder else "clips"
        vectors = np.asarray(gallery.folder[name], dtype=np.float32)
        _vectors[gallery] = unit(vectors.mean(axis=1) if vectors.ndim == 3 else vectors)
    return _vectors[gallery]


def of_films(gallery: Gallery, vectors: Array) -> Array:
    """Unit vectors of all rows (V, D) as those of the films (films, D): each the mean of its windows."""
    if gallery.film_count == len(gallery):
        return vectors
    return unit(np.add.reduceat(vectors, gallery.first))


_vectors: WeakKeyDictionary[Gallery, Array] = WeakKeyDictionary()


@torch.inference_mode()
def query_vector(gallery: Gallery, tokens: QueryTokens) -> tuple[Array, Array | None]:
    """A query in the space of `film_vectors` (D,), and its standard deviations (D,) where there are Gaussians."""
    if isinstance(gallery.model, RAL) and "gaussian_mean" in gallery.folder:
        found = gallery.model.query_gaussian(tokens)
        return unit(found.mean[0].cpu().numpy()), np.exp(0.5 * found.log_var[0].cpu().numpy())
    return unit(tokens.sentence[0].float().cpu().numpy()), None


def unit(vectors: Array) -> Array:
    """Vectors (..., D) of length 1."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


def pca(vectors: Array) -> FilmMap:
    """The two directions in which the films (V, D) differ most."""
    centre = vectors.mean(axis=0)
    spread = np.cov((vectors - centre).T) if len(vectors) > 1 else np.zeros((vectors.shape[1],) * 2)
    values, directions = np.linalg.eigh(spread)
    axes = directions[:, np.argsort(values)[::-1][:2]]
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), (0, 1)] < 0, -1, 1)  # the same way up each time
    points = ((vectors - centre) @ axes).astype(np.float32)
    return FilmMap("pca", points, trustworthiness(vectors, points), axes, centre)


def trustworthiness(vectors: Array, points: Array, k: int = NEIGHBOURS) -> float | None:
    """How many neighbours on the map are neighbours in truth, 0-1 (Venna and Kaski 2001); None for too many films."""
    count = len(vectors)
    if count > JUDGED or count < 2 * k:
        return None
    near = -(vectors @ vectors.T)
    far = ((points[:, None] - points[None]) ** 2).sum(-1)
    np.fill_diagonal(near, -np.inf)
    np.fill_diagonal(far, np.inf)
    ranks = near.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    shown = far.argsort(axis=1, kind="stable")[:, :k]
    too_far = np.maximum(np.take_along_axis(ranks, shown, axis=1) - k, 0).sum()
    return float(1 - 2 * too_far / (count * k * (2 * count - 3 * k - 1)))


LEAST = 4
"""Films that a UMAP needs."""


def fit_umap(vectors: Array, seed: int = 0) -> FilmMap:
    """UMAP of the films by cosine; slow to start. Raises MissingDependency without umap-learn, DataError for few films."""
    if len(vectors) < LEAST:
        raise DataError(
            f"A UMAP needs {LEAST} films, not {len(vectors)}; the map of fewer is the PCA, which needs no fit."
        )
    try:
        from umap import UMAP
    except ImportError as problem:
        raise MissingDependency(
            "UMAP needs the package umap-learn; install it with `pip install umap-learn`."
        ) from problem
    neighbours = min(NEIGHBOURS, len(vectors) - 1)
    points = UMAP(n_neighbors=neighbours, metric="cosine", random_state=seed).fit_transform(vectors)
    points = np.asarray(points, dtype=np.float32)
    return FilmMap("umap", points, trustworthiness(vectors, points))


def map_files(root: Path, index: str) -> tuple[Path, Path]:
    """Where the UMAP of an index is kept: its coordinates, and what is said about them."""
    return root / "maps" / f"{index}.npy", root / "maps" / f"{index}.json"


def save_umap(root: Path, index: str, fitted: FilmMap, model_sha256: str, seed: int) -> None:
    """Keep a fitted map: coordinates only, nothing that runs on loading."""
    places, about = map_files(root, index)
    with replacing(places) as path, path.open("wb") as file:
        np.save(file, fitted.points)
    write_json(about, {"method": "umap", "seed": seed, "trust": fitted.trust, "model_sha256": model_sha256})


def open_umap(root: Path, gallery: Gallery) -> FilmMap | None:
    """The stored map of an index; None where there is none or where it belongs to other weights."""
    places, about = map_files(root, gallery.manifest.name)
    if not places.is_file() or not about.is_file():
        return None
    said = read_json(about)
    points = np.load(places, allow_pickle=False)
    if said.get("model_sha256") != gallery.manifest.model_sha256 or points.shape != (len(gallery), 2):
        return None
    return FilmMap("umap", points.astype(np.float32), said.get("trust"))


def film_map(explorer: Explorer, index: str, method: Method) -> FilmMap:
    """The map of an index. Raises DataError for a UMAP that was not fitted yet."""
    entry = explorer.resolve(None, index)
    gallery = explorer.gallery(entry)
    if method == "pca":
        return pca(film_vectors(gallery))
    found = open_umap(entry.root or explorer.root, gallery)
    if found is None:
        raise DataError(
            f"There is no UMAP of the index {index}; fit it with `python -m ral_core map --index {index}`."
        )
    return found


def place(mapped: FilmMap, films: Array, vectors: Array) -> Array:
    """Where vectors (N, D) go on a map: (N, 2).

    Exact for PCA. For UMAP, the mean place of the nearest films, weighted by how near they are.
    """
    if mapped.axes is not None and mapped.centre is not None:
        return np.asarray((vectors - mapped.centre) @ mapped.axes)
    near = unit(vectors).astype(films.dtype) @ films.T
    most = min(NEIGHBOURS, near.shape[1])
    rows = np.argpartition(near, -most, axis=1)[:, -most:]
    rows = np.take_along_axis(rows, np.argsort(-np.take_along_axis(near, rows, axis=1), axis=1), axis=1)
    gap = 1 - np.take_along_axis(near, rows, axis=1)
    gap = gap - gap[:, :1]
    weight = np.exp(-gap / np.maximum(np.median(gap, axis=1, keepdims=True), 1e-6))
    return np.einsum("nk,nkd->nd", weight / weight.sum(1, keepdims=True), mapped.points[rows])


def place_query(
    explorer: Explorer, query: str, index: str, mapped: FilmMap, seed: int = 0, most: int = 10
) -> Placed:
    """A query with its samples on the map of an index, and its nearest films by cosine."""
    entry = explorer.resolve(None, index)
    gallery = explorer.gallery(entry)
    _, tokens = explorer.encoded(entry, query)
    mean, std = query_vector(gallery, tokens)
    films = film_vectors(gallery)
    count = gallery.model.proxies if isinstance(gallery.model, RAL) else 0
    points = [(float(x), float(y)) for x, y in place_samples(mapped, films, mean, std, count, seed)]
    near = films @ mean
    best = gallery.best_rows(near)
    rows = best[nearest(near[best], most)]
    return Placed(
        query=points[0],
        proxies=tuple(points[1 : 1 + count]),
        cloud=tuple(points[1 + count :]),
        nearest=tuple((gallery.videos[row].video, float(near[row])) for row in rows),
        spread=None if std is None else float(np.sqrt((std**2).sum())),
    )


def place_samples(
    mapped: FilmMap, films: Array, mean: Array, std: Array | None, proxies: int, seed: int
) -> Array:
    """Where a query goes with samples of its Gaussian: its mean (D,), `proxies` samples, and a cloud of `CLOUD`.

    mean, std (D,); without `std` only the mean is placed. Returns (1 + proxies + CLOUD, 2) or (1, 2). With more than
    `LANDMARKS` films the cloud, which only shows a spread, is placed among evenly chosen ones.
    """
    if std is None:
        return place(mapped, films, mean[None])
    samples = mean + std * np.random.default_rng(seed).standard_normal((proxies + CLOUD, len(mean)))
    exact = np.concatenate([mean[None], samples[:proxies]])
    few = slice(None, None, -(-len(films) // LANDMARKS))
    cloud = place(replace(mapped, points=mapped.points[few]), films[few], samples[proxies:])
    return np.concatenate([place(mapped, films, exact), cloud])


def nearest(near: Array, most: int) -> NDArray[np.int64]:
    """The places of the `most` highest of `near` (V,), highest first; of equal ones the first. No sorting of all."""
    most = min(most, len(near))
    rows = np.sort(np.argpartition(near, len(near) - most)[len(near) - most :])
    return rows[np.argsort(-near[rows], kind="stable")]


def aligned(points: Array, onto: Array) -> Array:
    """`points` (V, 2) turned, mirrored, scaled and moved so that they lie as near to `onto` as they can (Procrustes)."""
    here, there = points - points.mean(axis=0), onto - onto.mean(axis=0)
    left, sizes, right = np.linalg.svd(here.T @ there)
    scale = sizes.sum() / max(float((here**2).sum()), 1e-9)
    return np.asarray(scale * here @ (left @ right) + onto.mean(axis=0), dtype=np.float32)
