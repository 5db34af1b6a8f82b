"""Data roots side by side: the indexes they hold, and the models and text encoders behind these, each opened once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch

from ral_core.errors import DataError, RALError, UnknownName
from ral_core.features.encoders import open_text_encoder, require_encoder
from ral_core.files import sha256_once
from ral_core.index.folder import MANIFEST, Manifest, read_manifest
from ral_core.models import PRVRModel
from ral_core.models.checkpoint import load_model
from ral_core.search.collections import IndexEntry
from ral_core.search.reading import ReadsText

PRECOMPUTED = Path(__file__).resolve().parents[2] / "precomputed"
INDEXES, MODELS = "indexes", "models"


def is_root(folder: Path) -> bool:
    """Whether a folder is a data root, such as a library: it holds a folder of indexes."""
    return (folder / INDEXES).is_dir()


def found_indexes(folder: Path) -> tuple[dict[str, IndexEntry], dict[str, str]]:
    """Every index below a root's folder of indexes by name, and for each that cannot be used a sentence."""
    entries: dict[str, IndexEntry] = {}
    problems: dict[str, str] = {}
    for path in sorted(folder.glob(f"[!.]*/{MANIFEST}")):
        try:
            entries[path.parent.name] = entry_at(path.parent)
        except RALError as problem:
            problems[path.parent.name] = str(problem)
    return entries, problems


def entry_at(folder: Path) -> IndexEntry:
    """The index in a folder, with its root where it lies in one. Raises DataError when it is none."""
    root = folder.parent.parent if folder.parent.name == INDEXES else None
    return IndexEntry(folder.name, folder, read_manifest(folder), root)


def open_roots(root: Path, more: Sequence[Path]) -> tuple[dict[str, IndexEntry], dict[str, str]]:
    """The indexes of several roots by name, and the problems found.

    Raises DataError for a further root without indexes, and where two roots use one name for a collection or an
    index: neither could be asked for by name then.
    """
    entries, problems = found_indexes(root / INDEXES)
    seen = {root.resolve()}
    for other in more:
        if other.resolve() in seen:
            continue
        seen.add(other.resolve())
        if not is_root(other):
            raise DataError(
                f"{other} is no library: it holds no folder {INDEXES}; make one with `python -m ral_core ingest`."
            )
        found, broken = found_indexes(other / INDEXES)
        require_apart(entries.values(), found.values())
        entries |= found
        problems |= broken
    return entries, problems


def require_apart(known: Iterable[IndexEntry], new: Iterable[IndexEntry]) -> None:
    """Raise DataError where a new index, or its collection, has the name of one in another root."""
    known = list(known)
    collections = {entry.manifest.collection: entry for entry in known}
    names = {entry.name: entry for entry in known}
    for entry in new:
        for kind, name, other in (
            ("collection", entry.manifest.collection, collections.get(entry.manifest.collection)),
            ("index", entry.name, names.get(entry.name)),
        ):
            if other is not None:
                raise DataError(
                    f"Two open folders have the {kind} {name!r}: {other.folder.parent} and {entry.folder.parent}; "
                    "open one of them alone, or make one again under another name."
                )


@dataclass
class Backstage:
    """The models and text encoders of an Explorer, opened when first needed. Its owner locks it."""

    device: torch.device
    named: Mapping[str, PRVRModel] = field(default_factory=dict)
    """Models that take the place of whatever has their name."""
    texts: dict[str, ReadsText] = field(default_factory=dict)
    """Open text encoders by spec."""
    _models: dict[Path, PRVRModel] = field(default_factory=dict)

    def text(self, spec: str) -> ReadsText:
        """The text encoder of a spec."""
        if spec not in self.texts:
            self.texts[spec] = open_text_encoder(spec, device=self.device)
        return self.texts[spec]

    def text_of(self, entry: IndexEntry) -> ReadsText:
        """The text encoder that made an index; EncoderMismatch if what its spec opens is another by now."""
        text = self.text(entry.manifest.text_spec)
        require_encoder(text, entry.manifest.text_encoder, f"The index {entry.name}")
        return text

    def model_of(self, entry: IndexEntry, root: Path) -> PRVRModel:
        """The model that made an index, from its own root, the place it was made from, or `root`."""
        name = entry.manifest.model
        if name in self.named:
            return self.named[name]
        folder = model_folder(entry, root).resolve()
        if folder not in self._models:
            self._models[folder] = load_model(folder, device=self.device)
        return self._models[folder]


def model_folder(entry: IndexEntry, root: Path) -> Path:
    """The folder of the weights that made an index. Raises DataError when they are in none of the usual places."""
    name = entry.manifest.model
    roots = [root] if entry.root is None else [entry.root]
    places = [place / MODELS / name for place in roots]
    places += [entry.folder / (entry.manifest.model_folder or "none"), root / MODELS / name]
    places.append(PRECOMPUTED / MODELS / name)
    here = [place for place in places if (place / "config.json").is_file()]
    if not here:
        raise DataError(f"The index {entry.name} needs the model {name!r}, which is not in {places[0]}.")
    for place in here:
        weights = place / "model.safetensors"
        if not weights.is_file() or sha256_once(weights) == entry.manifest.model_sha256:
            return place
    raise DataError(
        f"The index {entry.name} was made with other weights than those in {here[0] / 'model.safetensors'}; "
        "build it again."
    )


def named_entry(
    index: str | Path, entries: Mapping[str, IndexEntry], problems: Mapping[str, str]
) -> IndexEntry | Path:
    """The index of a name or folder; for the folder of a library, that folder.

    Raises UnknownName or DataError for one that cannot be opened.
    """
    if str(index) in entries:
        return entries[str(index)]
    if str(index) in problems:
        raise DataError(problems[str(index)])
    folder = Path(index)
    if (folder / MANIFEST).is_file():
        return entry_at(folder.resolve())
    if is_root(folder):
        return folder.resolve()
    if folder.is_dir():
        raise DataError(f"{folder} is no index: it has no {MANIFEST}.")
    raise UnknownName(unknown("index", str(index), entries, ", and there is no such folder"))


def manifests(entries: Mapping[str, IndexEntry]) -> dict[str, Manifest]:
    """What each index says about itself, by name."""
    return {name: entry.manifest for name, entry in entries.items()}


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> str:
    """A sentence for a name that does not exist: the nearest one, and all there are."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    shown = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    return f"There is no {kind} {name!r}{where}.{hint} Known: {shown or 'none'}."
