"""The indexes of a library: one collection, each of its models with an index beside the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from ral_core.data.captions import read_captions
from ral_core.errors import DataError, RALError
from ral_core.features.encoders import open_text_encoder, require_encoder
from ral_core.features.joint_text import JointText
from ral_core.features.packed import EncodesText
from ral_core.features.store import FeatureStore
from ral_core.features.windows import source_of
from ral_core.files import read_json
from ral_core.index.build import IndexConfig, build_index
from ral_core.index.calibration import Reference, from_captions
from ral_core.index.folder import MANIFEST, IndexFolder, VideoRow, open_index
from ral_core.models import PRVRModel
from ral_core.models.checkpoint import SETTINGS, load_model, save_model
from ral_core.models.zero_shot import ZeroShot, zero_shot_config
from ral_core.training.own import CAPTIONS, PARTS_FILE

INDEXES = "indexes"
ENOUGH = 20
"""Captions that a model was not trained on, below which all of them tell what its scores mean."""
Say = Callable[[str], None]


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
    rows: Sequence[VideoRow] | None = None,
    say: Say = lambda line: None,
) -> IndexFolder:
    """Index a library with one more model, beside the indexes that it has, with their titles and pictures (`rows`).

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
        references=unseen(captions, model_folder) if captions else None,
        rows=known_rows(library, store.ids) if rows is None else rows,
        say=say,
    )


def zero_shot_index(
    library: Path,
    collection: str,
    features: Path,
    text: JointText,
    text_spec: str,
    say: Say = lambda line: None,
) -> IndexFolder:
    """Index features that an image-text encoder made so that they are searched with its text side, untrained."""
    folder = library / "models" / ZeroShot.name
    if not (folder / SETTINGS).is_file():
        about = {"visual_encoder": text.id, "text_encoder": text.id}
        save_model(folder, ZeroShot(zero_shot_config(text.width)), about)
    captions = library / CAPTIONS
    return index_library(
        library,
        collection,
        load_model(folder, device=text.encoder.device),
        folder,
        features,
        text,
        text_spec,
        captions=captions if captions.is_file() else None,
        say=say,
    )


def renew_indexes(
    library: Path, newest: IndexFolder, features: Path, *, device: torch.device, say: Say = lambda line: None
) -> None:
    """Index the library anew with every model but the one of `newest`, whose videos it has now.

    An index whose model or text encoder is gone cannot be renewed: that is said, and it stays as it was.
    """
    captions = library / CAPTIONS
    for old in list(indexes_of(library)):
        about, folder = old.manifest, old.file(old.manifest.model_folder)
        if about.name == newest.manifest.name or about.collection != newest.manifest.collection:
            continue
        try:
            if folder is None:
                raise DataError(f"its model {about.model!r} is gone")
            text = open_text_encoder(about.text_spec, device=device)
            require_encoder(text, about.text_encoder, f"The index {about.name}")
            model = load_model(folder, device=device)
        except RALError as problem:
            say(f"{about.name} was left as it was: {problem}")
            continue
        say(f"renewing {about.name}")
        index_library(
            library,
            about.collection,
            model,
            folder,
            features,
            text,
            about.text_spec,
            captions=captions if captions.is_file() else None,
            rows=newest.videos,
            say=say,
        )


def unseen(captions: Path, model_folder: Path) -> list[Reference]:
    """Sentences that tell what a model's scores mean: those of videos it was not trained on, where it says which."""
    found = read_captions(captions)
    parts = model_folder / PARTS_FILE
    trained = set(read_json(parts)["train"]) if parts.is_file() else set()
    new = [caption for caption in found if source_of(caption.film) not in trained]
    return from_captions(new if len(new) >= ENOUGH else found)


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
