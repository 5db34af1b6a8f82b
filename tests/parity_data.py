"""Replays folders of reference files: data sets in the official formats, and official checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from parity_files import Golden, Numbers
from safetensors.torch import load_file

from ral_core.data.official import open_official
from ral_core.features.official import OfficialVideos, OfficialWords
from ral_core.models import PRVRModel, build_model
from ral_core.models.names import from_official, official_name
from ral_core.models.official import OfficialCheckpoint, config_of, detected, from_checkpoint, read_checkpoint

CHECKPOINTS = (".ckpt", ".pth")


def is_dataset(golden: Golden) -> bool:
    """Whether a folder holds a data set in the official layout."""
    return "layout" in golden.config and "collection" in golden.config


def replay_dataset(golden: Golden) -> Numbers:
    """What our reader makes of the files: pooled clips and frames of every video, words of every caption."""
    folder = golden.folder / golden.config["root"] / golden.config["collection"]
    numbers: Numbers = {}
    for part in ("train", "val", "test"):
        split = open_official(folder, part, golden.config["visual_feature"])
        videos = OfficialVideos(split.ids, split.frames, 32, 128, legacy_bins=True)
        batch = videos.rows(torch.arange(len(videos)))
        for row, video in enumerate(split.ids):
            raw, _ = split.frames.read([video])
            numbers[f"clip/{video}"] = batch.clips[row]
            numbers[f"frames/{video}"] = batch.frames[row][batch.frame_mask[row]]
            numbers[f"raw_first/{video}"], numbers[f"raw_last/{video}"] = torch.from_numpy(raw[[0, -1]])
        words = OfficialWords(tuple(caption.id for caption in split.captions), split.words)
        queries = words.rows(torch.arange(len(words)), 30)
        for row, caption in enumerate(words.ids):
            numbers[f"text/{caption}"] = queries.words[row][queries.word_mask[row]]
    return numbers


def checkpoints_in(folder: Path) -> list[Path]:
    """The checkpoints of a folder."""
    return sorted(path for path in folder.iterdir() if path.suffix in CHECKPOINTS)


def expected_checkpoints(folder: Path) -> Numbers:
    """The tensors that each checkpoint of a folder should give, by its system and their official names."""
    expected: Numbers = {}
    for path in checkpoints_in(folder):
        system = path.name.split(".")[0]
        beside = folder / f"{system}.expected_state_dict.safetensors"
        if not beside.is_file():
            about = json.loads((folder / "config.json").read_text())
            beside = folder / about["expected_state_dict"]
        if beside.is_file():
            expected |= {f"{path.name}/{name}": value for name, value in load_file(beside).items()}
    return expected


def replay_checkpoints(folder: Path) -> Numbers:
    """The tensors of the models that checkpoints turn into, by official names."""
    numbers: Numbers = {}
    for path in checkpoints_in(folder):
        state = from_checkpoint(read_checkpoint(path)).state_dict()
        numbers |= {f"{path.name}/{official_name(name)}": value for name, value in state.items()}
    return numbers


Layout = dict[str, Any]
FULL_SIZE = {"n_heads": 4, "cluster_num": 32}
"""What lists of shapes cannot tell of the papers' models."""


def layouts_in(folder: Path) -> dict[str, Layout]:
    """The lists of names and shapes in a folder, one in a file or several under names of their own."""
    found: dict[str, Layout] = {}
    for path in sorted(folder.glob("*.json")):
        about = json.loads(path.read_text(encoding="utf-8"))
        several = {"": about} if "tensors" in about else about
        for name, one in several.items():
            if isinstance(one, dict) and "tensors" in one:
                found[f"{path.name}/{name}".rstrip("/")] = one
    return found


def shapes_of(about: Layout) -> dict[str, tuple[int, ...]]:
    """Shapes by name of one layout, a list of rows or a mapping."""
    tensors = about["tensors"]
    pairs = tensors.items() if isinstance(tensors, dict) else [(row["name"], row["shape"]) for row in tensors]
    return {name: tuple(shape["shape"] if isinstance(shape, dict) else shape) for name, shape in pairs}


def model_of(about: Layout) -> PRVRModel:
    """The model that importing a checkpoint with these tensors makes, without numbers."""
    tensors = {name: torch.empty(shape, device="meta") for name, shape in shapes_of(about).items()}
    checkpoint = OfficialCheckpoint(Path("layout"), tensors, FULL_SIZE, None)
    with torch.device("meta"):
        model = build_model(config_of(checkpoint, about.get("system") or detected(checkpoint)))
    assert from_official(model, tensors).keys() == model.state_dict().keys()
    return model
