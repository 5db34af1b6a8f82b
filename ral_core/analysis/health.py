"""What is here and whether it fits together: the machine, the encoders, indexes and libraries. Never opens a socket."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from ral_core import __version__
from ral_core.device import pick_device
from ral_core.errors import RALError
from ral_core.features.joint import PREFIX
from ral_core.features.joint_files import (
    KINDS,
    KNOWN,
    checked_folder,
    download_command,
    local_folder,
    missing_files,
    weight_files,
    weights_id,
)
from ral_core.files import read_json
from ral_core.index.candidates import load_faiss, read_saved
from ral_core.index.folder import CLIP_INDEX, IndexFolder, open_index
from ral_core.ingest.library import Library
from ral_core.ingest.scan import is_library
from ral_core.models import TAKEN
from ral_core.models.plugins import broken
from ral_core.offers import offers
from ral_core.search.collections import IndexEntry
from ral_core.search.libraries import found_indexes, is_root, model_folder

NEEDED = ("torch", "transformers", "safetensors", "numpy", "scipy", "gradio", "plotly", "av")
OPTIONAL = {
    "faiss-cpu": "NumPy proposes candidates",
    "umap-learn": "maps are PCA only",
    "pyarrow": "no parquet files",
    "h5py": "no HDF5 features",
    "mcp": 'no tools for agents: pip install "gradio[mcp]"',
    "pycairo": "no films are drawn; they ship as drawn",
}
"""Packages that something else works without, and what it costs to lack them."""
LEAST_DISK = 500e6
"""Bytes that should be free."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool  # False where something that is needed is missing or broken
    detail: str
    absent: bool = False  # nothing is wrong, but something that could be here is not


def programs() -> Iterator[Check]:
    """This program, Python, and the packages; optional ones may be absent."""
    yield Check("ral_core", True, __version__)
    yield Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.system()}")
    for name in (*NEEDED, *OPTIONAL):
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            needed = name in NEEDED
            why = f"pip install {name}" if needed else f"not installed: {OPTIONAL[name]}"
            yield Check(name, not needed, why, absent=not needed)


def device() -> Check:
    """What computes."""
    found = pick_device("auto")
    if found.type != "cuda":
        return Check("device", True, f"{found}, {torch.get_num_threads()} threads")
    about = torch.cuda.get_device_properties(found)
    return Check("device", True, f"{found}, {about.name}, {about.total_memory / 1e9:.0f} GB")


def disk(folder: Path) -> Check:
    """Whether there is room for a few temporary files."""
    free = shutil.disk_usage(folder if folder.exists() else Path.cwd()).free
    return Check("disk", free >= LEAST_DISK, f"{free / 1e9:.1f} GB free for {folder}")


def other_models() -> Iterator[Check]:
    """The backbones that other packages bring; nothing here needs them, so a broken one is absent, not wrong."""
    why = broken(TAKEN)
    for name, offer in offers().items():
        yield Check(f"model {name}", True, why.get(name, f"from {offer.package}"), absent=name in why)


def joint_encoders() -> Iterator[Check]:
    """The image-text encoders on this machine; where there is none, how to get the smallest."""
    known = {*KNOWN, *cached_encoders()}
    here = 0
    for name in sorted(known):
        try:
            folder = local_folder(name)
            kind = checked_folder(folder, name)
        except RALError as problem:
            if name not in KNOWN or "not complete" in str(problem):
                yield Check("joint encoder", True, f"{name} cannot be used: {problem}", absent=True)
            continue
        here += 1
        size = sum(path.stat().st_size for path in weight_files(folder))
        yield Check("joint encoder", True, f"{name} ({kind}, {size / 1e9:.1f} GB)")
    if not here:
        first = next(iter(KNOWN))
        also = ", ".join(f"{name} {size}" for name, size in KNOWN.items() if name != first)
        yield Check(
            "joint encoder",
            True,
            f"none here. Videos of your own need one: {KNOWN[first]}, {download_command(first)} (others: {also})",
            absent=True,
        )


def cached_encoders() -> list[str]:
    """The hub ids in the hub's cache that call themselves image-text models."""
    from huggingface_hub.constants import HF_HUB_CACHE

    found = []
    for config in Path(HF_HUB_CACHE).glob("models--*/snapshots/*/config.json"):
        name = config.parents[2].name.removeprefix("models--").replace("--", "/")
        try:
            kind = read_json(config).get("model_type")
        except (RALError, AttributeError):
            continue
        if kind in KINDS and name not in found:
            found.append(name)
    return found


def root_checks(root: Path, *, shipped: bool) -> Iterator[Check]:
    """A data root: its library where it is one, and every index with its model, media and cache."""
    if not shipped and (is_library(root) or not is_root(root)):
        yield from library_checks(root)
    entries, problems = found_indexes(root / "indexes")
    for name, problem in problems.items():
        yield Check(f"index {name}", False, problem)
    if not entries and not problems:
        verb = "index" if shipped else "ingest"
        yield Check(
            "indexes", False, f"none in {root / 'indexes'}; make one with `python -m ral_core {verb}`"
        )
    for name, entry in entries.items():
        yield from index_checks(root, name, entry)


def library_checks(root: Path) -> Iterator[Check]:
    """What was ingested, by what, and whether the video files are still where they were."""
    library = Library(root)
    try:
        about, videos = library.about(), library.videos()
    except RALError as problem:
        yield Check("library", False, str(problem))
        return
    minutes = sum(video.duration for video in videos) / 60
    made = f"{len(videos)} videos, {minutes:.1f} min, by {about['encoder_id']}"
    finished = bool(about.get("digest"))
    yield Check(
        f"library {about['name']}", finished, made if finished else f"{made}; not finished: ingest again"
    )
    gone = [video.file for video in videos if not library.original(video).is_file()]
    there = f"{len(videos) - len(gone)} of {len(videos)} video files where they were"
    yield Check(
        "  sources",
        not gone,
        f"{there}; missing: {gone[0]}; ingest again, from where they are now" if gone else there,
    )
    odd = [
        video for video in videos if video.unplayable is not None and not library.proxy(video.name).is_file()
    ]
    if odd:
        lack = (
            f"{len(odd)} videos do not play in browsers, such as {odd[0].file}; ingest --proxies makes copies"
        )
        yield Check("  copies", True, lack, absent=True)


def index_checks(root: Path, name: str, entry: IndexEntry) -> Iterator[Check]:
    """One index: its files by hash, its model, its text encoder, its media and its FAISS file."""
    try:
        index = open_index(entry.folder)
    except RALError as problem:
        yield Check(f"index {name}", False, str(problem))
        return
    faults = index.verify()
    about = f"{len(index.videos)} videos by {entry.manifest.model}, files as promised"
    yield Check(f"index {name}", not faults, faults[0] if faults else about)
    yield model(root, entry)
    if entry.manifest.text_spec.startswith(PREFIX):
        yield joint_text(entry.manifest.text_spec.removeprefix(PREFIX), entry.manifest.text_encoder)
    yield media(index)
    yield faiss_file(index)


def model(root: Path, entry: IndexEntry) -> Check:
    """Whether the weights that an index was made with are here."""
    try:
        return Check("  model", True, model_folder(entry, root).name)
    except RALError as problem:
        return Check("  model", False, str(problem))


def joint_text(name: str, promised: str) -> Check:
    """Whether the encoder that reads an index's queries is here, with the same weights."""
    try:
        folder = local_folder(name)
        if missing := missing_files(folder):
            return Check("  text encoder", False, f"{folder} lacks {' and '.join(missing)}")
        found = f"{os.path.basename(name.rstrip('/'))}@{weights_id(folder)}"
    except RALError as problem:
        return Check("  text encoder", False, str(problem))
    if found != promised:
        return Check("  text encoder", False, f"{name} is {found}, the index was made with {promised}")
    return Check("  text encoder", True, found)


def media(index: IndexFolder) -> Check:
    """Whether the films that the index names can be played; copies that were never made are the library's affair."""
    named = [video.media for video in index.videos if video.media and not awaited(video.media)]
    missing = [path for path in named if index.file(path) is None]
    there = f"{sum(index.file(video.media) is not None for video in index.videos)} of {len(index.videos)} videos can be played"
    return Check("  media", not missing, f"{there}; missing: {missing[0]}" if missing else there)


def awaited(path: str) -> bool:
    """Whether a path is one of a copy that a library may still make."""
    return Path(path).parts[:3] == ("..", "..", "media")


def faiss_file(index: IndexFolder) -> Check:
    """The FAISS file is a cache: its absence is said and is no failure."""
    faiss, path = load_faiss(), index.path / CLIP_INDEX
    if faiss is None:
        return Check("  faiss file", True, "FAISS is not installed, NumPy proposes candidates", absent=True)
    saved = read_saved(faiss, path)
    if saved is None:
        return Check("  faiss file", True, "absent or damaged, rebuilt when used", absent=True)
    return Check("  faiss file", True, f"{saved.ntotal} clips")
