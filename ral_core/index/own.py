"""The indexes of a library: one collection, each of its models with an index beside the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ral_core.errors import DataError
from ral_core.features.packed import EncodesText
from ral_core.features.store import FeatureStore
from ral_core.index.build import IndexConfig, build_index
from ral_core.index.calibration import Reference
from ral_core.index.folder import MANIFEST, IndexFolder, VideoRow, open_index
from ral_core.models import PRVRModel

INDEXES = "indexes"


def index_library(
    library: Path,
    collection: str,
    model: PRVRModel,
    model_folder: Path,
    features: Path,
    text: EncodesText,
    text_spec: str,
    *,
    captions: Path | None = None,
    references: Sequence[Reference] | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> IndexFolder:
    """Index a library with one more model, beside the indexes that it has, with their titles and pictures.

    Without such an index videos are called by their ids and have pictures only if the library has media/ and posters/.
    """
    name = f"{plain_name(collection)}-{model_folder.name}"
    store = FeatureStore.open(features)
    return build_index(
        library / INDEXES / name,
        model,
        model_folder,
        features,
        text,
        IndexConfig(name=name, collection=collection, text_spec=text_spec),
        captions=captions,
        media=library,
        references=references,
        rows=known_rows(library, store.ids),
        say=say,
    )


def indexes_of(library: Path) -> Iterator[IndexFolder]:
    """The indexes of a library that can be opened."""
    for manifest in sorted((library / INDEXES).glob(f"[!.]*/{MANIFEST}")):
        try:
            yield open_index(manifest.parent)
        except DataError:  # half of one, or of an older version: it has nothing to offer
            continue


def known_rows(library: Path, ids: Sequence[str]) -> Sequence[VideoRow] | None:
    """The table of videos of an index of the library that holds exactly these rows; None where there is none.

    All indexes of a library lie side by side, so the paths in the table hold for a new one too.
    """
    tables = (index.videos for index in indexes_of(library))
    return next((rows for rows in tables if [row.id for row in rows] == list(ids)), None)


def plain_name(collection: str) -> str:
    """A collection's name as part of a folder's.

    >>> plain_name("my holiday: 2024")
    'my-holiday-2024'
    """
    words = "".join(char if char.isalnum() or char in "._" else " " for char in collection).split()
    return "-".join(words).strip(".") or "videos"
