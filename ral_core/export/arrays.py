"""An index as one .npz, and as the folder that TensorBoard's projector opens."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import asdict
from io import StringIO
from pathlib import Path

import numpy as np
from PIL import Image

from ral_core.analysis.maps import film_vectors
from ral_core.errors import DataError
from ral_core.files import replacing, write_text
from ral_core.index.folder import swap
from ral_core.search.gallery import Gallery

TILE = 64
"""Width and height of one film's picture in the projector's sheet."""
LARGEST = 8192
"""The widest sheet that browsers draw."""
CONFIG = "projector_config.pbtxt"


def write_npz(path: Path, gallery: Gallery) -> int:
    """Every array of an index, its ids, titles and durations, and its manifest as JSON text; returns the arrays.

    `numpy.load(path)` reads it without pickled objects.
    """
    arrays = {name: np.asarray(array) for name, array in gallery.folder.arrays.items()}
    arrays |= {
        "ids": np.array([video.id for video in gallery.videos]),
        "titles": np.array([video.title for video in gallery.videos]),
        "durations": np.array([video.duration for video in gallery.videos], dtype=np.float32),
        "manifest": np.array(json.dumps(asdict(gallery.manifest))),
    }
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
    return len(arrays)


def write_projector(folder: Path, gallery: Gallery) -> int:
    """Write `vectors.tsv`, `metadata.tsv`, a sheet of posters where there are some, and the settings that name them.

    `tensorboard --logdir FOLDER` shows it, and so does the projector's page by its button "Load". Returns the films.
    Raises DataError where the folder holds something else.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / CONFIG).is_file():
        raise DataError(f"{folder} holds files that are no projector's; choose another folder.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    making = folder.with_name(f".{folder.name}.{os.getpid()}.part")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir()
    try:
        vectors = film_vectors(gallery)
        np.savetxt(making / "vectors.tsv", vectors, fmt="%.7g", delimiter="\t")
        write_text(making / "metadata.tsv", metadata(gallery))
        sheet = poster_sheet(gallery)
        if sheet is not None:
            sheet.save(making / "posters.png")
        write_text(making / CONFIG, settings(gallery, sheet is not None))
        swap(making, folder)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return len(vectors)


def metadata(gallery: Gallery) -> str:
    """One line a film, under a head; tabs and line breaks in titles become blanks."""
    target = StringIO()
    writer = csv.writer(target, delimiter="\t", lineterminator="\n", quoting=csv.QUOTE_NONE, escapechar="\\")
    writer.writerow(("id", "title", "seconds", "tags"))
    for video in gallery.videos:
        row = (video.id, video.title, f"{video.duration:.2f}", ", ".join(video.tags))
        writer.writerow([" ".join(text.split()) for text in row])
    return target.getvalue()


def poster_sheet(gallery: Gallery) -> Image.Image | None:
    """All posters as squares of one picture, row by row; None without posters or for too many films."""
    side = int(np.ceil(np.sqrt(len(gallery))))
    paths = [gallery.folder.file(video.poster) for video in gallery.videos]
    if side * TILE > LARGEST or not any(paths):
        return None
    sheet = Image.new("RGB", (side * TILE, side * TILE), "white")
    for number, path in enumerate(paths):
        if path is not None:
            with Image.open(path) as poster:
                tile = poster.convert("RGB").resize((TILE, TILE), Image.Resampling.LANCZOS)
            sheet.paste(tile, (number % side * TILE, number // side * TILE))
    return sheet


def settings(gallery: Gallery, posters: bool) -> str:
    """What TensorBoard reads first; its names must not hold quotes."""
    name = gallery.manifest.name.replace('"', "'").replace("\\", "/")
    sprite = f'  sprite {{ image_path: "posters.png" single_image_dim: {TILE} single_image_dim: {TILE} }}\n'
    return (
        f'embeddings {{\n  tensor_name: "{name}"\n  tensor_path: "vectors.tsv"\n  metadata_path: "metadata.tsv"\n'
        f"{sprite if posters else ''}}}\n"
    )
