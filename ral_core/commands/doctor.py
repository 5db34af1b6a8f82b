"""`python -m ral_core doctor`: is everything here that the page needs? Reads only; never uses the network."""

from __future__ import annotations

import json
import platform
import shutil
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ral_core.device import pick_device
from ral_core.errors import RALError
from ral_core.features.encoders import open_text_encoder, open_visual_encoder
from ral_core.files import sha256
from ral_core.index.candidates import load_faiss, read_saved
from ral_core.index.folder import CLIP_INDEX, IndexFolder, open_index
from ral_core.search.engine import PRECOMPUTED, found_indexes

NEEDED = ("torch", "transformers", "safetensors", "numpy", "gradio", "plotly", "av")
OPTIONAL = ("faiss-cpu", "umap-learn", "pycairo")
LEAST_DISK = 500e6
"""Bytes that should be free."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str


def add(parser: ArgumentParser) -> None:
    """The arguments of `doctor`."""
    parser.epilog = "example: python -m ral_core doctor --json"
    parser.add_argument("--root", type=Path, default=PRECOMPUTED, help="folder of the shipped files")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Print one line a check; 1 when any failed."""
    found = []
    for check in checks(args.root):
        found.append(check)
        if not args.json:
            print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:<14} {check.detail}", flush=True)
    failed = [check.name for check in found if not check.ok]
    if args.json:
        print(
            json.dumps({"ok": not failed, "checks": [asdict(check) for check in found]}, ensure_ascii=False)
        )
    elif failed:
        print(f"{len(failed)} of {len(found)} checks failed.", file=sys.stderr)
    return 1 if failed else 0


def checks(root: Path) -> Iterator[Check]:
    """Every check, the quick ones first."""
    yield Check("python", sys.version_info >= (3, 11), f"{platform.python_version()} on {platform.system()}")
    yield from packages()
    yield Check("device", True, str(pick_device("auto")))
    yield disk(root)
    yield text_encoder()
    yield visual_encoder(root / "encoders" / "visual")
    yield from indexes(root)


def packages() -> Iterator[Check]:
    """The versions of what is installed; optional packages may be absent."""
    for name in (*NEEDED, *OPTIONAL):
        try:
            yield Check(name, True, version(name))
        except PackageNotFoundError:
            absent = "not installed, and not needed to search" if name in OPTIONAL else "pip install " + name
            yield Check(name, name in OPTIONAL, absent)


def disk(root: Path) -> Check:
    """Whether there is room for a few temporary files."""
    free = shutil.disk_usage(root if root.exists() else Path.cwd()).free
    return Check("disk", free >= LEAST_DISK, f"{free / 1e9:.1f} GB free")


def text_encoder() -> Check:
    """Whether the default text encoder is here, with the official weights."""
    try:
        return Check("text encoder", True, f"{open_text_encoder().id}, SHA-256 as published")
    except RALError as problem:
        return Check("text encoder", False, str(problem))


def visual_encoder(folder: Path) -> Check:
    """Whether the visual encoder can be opened."""
    try:
        return Check("visual encoder", True, open_visual_encoder(folder).id)
    except RALError as problem:
        return Check("visual encoder", False, str(problem))


def indexes(root: Path) -> Iterator[Check]:
    """Each index: its files by hash, its model, its media and its FAISS file."""
    entries, problems = found_indexes(root / "indexes")
    for name, problem in problems.items():
        yield Check(f"index {name}", False, problem)
    if not entries and not problems:
        yield Check("indexes", False, f"none in {root / 'indexes'}; make one with `python -m ral_core index`")
    for name, entry in entries.items():
        try:
            index = open_index(entry.folder)
        except RALError as problem:
            yield Check(f"index {name}", False, str(problem))
            continue
        faults = index.verify()
        about = f"{len(index.videos)} videos by {entry.manifest.model}, files as promised"
        yield Check(f"index {name}", not faults, faults[0] if faults else about)
        yield model(root / "models" / entry.manifest.model, entry.manifest.model_sha256)
        yield media(index)
        yield faiss_file(index)


def model(folder: Path, promised: str) -> Check:
    """Whether the weights are those that an index was made with."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return Check("  model", False, f"{weights} is missing")
    right = sha256(weights) == promised
    return Check("  model", right, folder.name if right else f"{weights} is not what the index was made with")


def media(index: IndexFolder) -> Check:
    """Whether the films that the index names can be played."""
    named = [video.media for video in index.videos if video.media]
    missing = [path for path in named if index.file(path) is None]
    there = f"{len(named) - len(missing)} of {len(index.videos)} videos can be played"
    return Check("  media", not missing, f"{there}; missing: {missing[0]}" if missing else there)


def faiss_file(index: IndexFolder) -> Check:
    """The FAISS file is a cache: its absence is said and is no failure."""
    faiss, path = load_faiss(), index.path / CLIP_INDEX
    if faiss is None:
        return Check("  faiss file", True, "FAISS is not installed, NumPy proposes candidates")
    saved = read_saved(faiss, path)
    return Check(
        "  faiss file",
        True,
        "absent or damaged, rebuilt when used" if saved is None else f"{saved.ntotal} clips",
    )
