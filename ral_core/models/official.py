"""The papers' own checkpoints, read safely and turned into models of ours.

MS-SL and MS-SL++ save `model.ckpt` with {model, model_cfg, epoch}, the GMMFormer family, RAL and MSC `best.ckpt` with
{config, epoch, model_val, state_dict, optimizer} (spec section 11). Both hold objects of classes of their own
programs, which are read as empty stand-ins; anything else that could run code is refused.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.serialization import safe_globals

from ral_core.errors import DataError, UnknownName
from ral_core.models import BACKBONES, PRVRModel, RALConfig, build_model
from ral_core.models.config import ModelConfig
from ral_core.models.names import compare_tensors, from_official, official_name
from ral_core.settings import near


class Schedule:
    """Stands in for the learning-rate schedule that official optimisers keep; nothing of it is used."""


ALLOWED: list[Any] = [
    (Schedule, "Opts.optimization.WarmupLinearSchedule"),
    (OrderedDict, "easydict.EasyDict"),
]
"""The only classes, beside those of plain tensors, that a checkpoint may name, and what each is read as."""
FUSION = {"clip_scale_w": "clip_weight", "frame_scale_w": "frame_weight"}
CHOSEN = {"sft_factor": "sft_factor", "sim_thr": "similar", "cluster_num": "clusters", **FUSION}
"""Settings of official configs that shapes cannot tell, and ours for them."""


@dataclass(frozen=True)
class OfficialCheckpoint:
    """What a checkpoint holds that matters here."""

    path: Path
    tensors: dict[str, Tensor]  # by official names
    config: dict[str, Any]
    epoch: int | None


def read_checkpoint(path: Path) -> OfficialCheckpoint:
    """Read an official checkpoint without running anything in it.

    Raises DataError when the file is missing, broken, asks for code, or holds no model.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    try:
        with safe_globals(ALLOWED):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        asked = str(problem).partition("GLOBAL ")[2].split(" ")[0]
        if not asked:
            raise DataError(
                f"{path} is not a checkpoint that can be read safely, so it was not read."
            ) from None
        raise DataError(
            f"{path} asks for {asked}, which no official checkpoint needs; it was not read, because it could run code."
        ) from None
    except Exception as problem:  # a broken or hostile file can raise anything
        raise DataError(f"{path} is not a checkpoint that can be read ({str(problem)[:120]}).") from None
    if not isinstance(content, Mapping):
        raise DataError(f"{path} holds {type(content).__name__}, not the parts of a checkpoint.")
    tensors = next((content[key] for key in ("state_dict", "model") if key in content), content)
    config: Mapping[str, Any] = next((content[key] for key in ("config", "model_cfg") if key in content), {})
    if not isinstance(tensors, Mapping) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise DataError(f"{path} holds no weights under `state_dict` or `model`.")
    named = {str(name).removeprefix("module."): value for name, value in tensors.items()}
    epoch = content.get("epoch")
    return OfficialCheckpoint(path, named, dict(config), epoch if isinstance(epoch, int) else None)


def from_checkpoint(checkpoint: OfficialCheckpoint, system: str | None = None) -> PRVRModel:
    """The model of a checkpoint, of the system its tensors' names tell, in the `reference` profile.

    system: a backbone's name, with `ral_` before it for robust alignment; MS-SL and MS-SL++ have the same tensors,
    and only `cluster_num` among the settings tells them apart. Raises DataError when tensors are missing, unknown or
    of other shapes, UnknownName for a system that does not exist.
    """
    config = config_of(checkpoint, system or detected(checkpoint))
    model = build_model(config)
    try:
        model.load_state_dict(from_official(model, checkpoint.tensors))
    except DataError as problem:
        raise DataError(f"{checkpoint.path}: {problem}") from None
    return model.eval()


def systems() -> Iterator[str]:
    """Every system that there are checkpoints of."""
    for backbone in BACKBONES:
        yield backbone
        yield f"ral_{backbone}"


def detected(checkpoint: OfficialCheckpoint) -> str:
    """The system whose tensors have the names of this checkpoint's.

    Raises DataError that names the nearest system and the first tensor that differs.
    """
    found = set(checkpoint.tensors)
    expected = {system: names_of(system) for system in systems()}
    same = [system for system, names in expected.items() if names == found]
    if not same:
        closest = min(expected, key=lambda system: len(expected[system] ^ found))
        try:
            compare_tensors(
                dict.fromkeys(expected[closest], torch.empty(0)), dict.fromkeys(found, torch.empty(0))
            )
        except DataError as problem:
            raise DataError(f"{checkpoint.path} is nearest to {closest}, but: {problem}") from None
    clustered = "cluster_num" in checkpoint.config
    plus = [system for system in same if system.endswith("_plus")]
    return plus[0] if plus and clustered else same[0]


def names_of(system: str) -> set[str]:
    """The official names of a system's tensors."""
    with torch.device("meta"):
        small = ModelConfig(**kind_of(system), visual_width=4, text_width=4, width=8, heads=2)
        return {official_name(name) for name in build_model(small).state_dict()}


def kind_of(system: str) -> dict[str, Any]:
    """The settings that make a model this system. Raises UnknownName when there is none."""
    if system not in set(systems()):
        raise UnknownName(f"There is no system {system!r}.{near(system, tuple(systems()))}")
    backbone = system.removeprefix("ral_")
    return {"name": backbone, "ral": RALConfig() if system != backbone else None}


def config_of(checkpoint: OfficialCheckpoint, system: str) -> ModelConfig:
    """Sizes from the tensors, the rest from the checkpoint's own settings (spec section 11)."""
    tensors, settings = checkpoint.tensors, checkpoint.config
    width, text_width = shape_of(checkpoint, "query_input_proj.net.1.weight")
    heads = settings.get("n_heads")
    if not isinstance(heads, int):
        raise DataError(f"{checkpoint.path} does not say how many heads it has (`n_heads` of its settings).")
    mixed = tensors.get("clip_encoder.layer2.weight")  # GMMFormer v2 and MSC: one row a clip
    return ModelConfig(
        **kind_of(system),
        visual_width=shape_of(checkpoint, "clip_input_proj.net.1.weight")[1],
        text_width=text_width,
        width=width,
        heads=heads,
        clips=len(mixed) if mixed is not None else int(settings.get("map_size", 32)),
        max_frames=shape_of(checkpoint, "frame_pos_embed.position_embeddings.weight")[0],
        max_words=shape_of(checkpoint, "query_pos_embed.position_embeddings.weight")[0],
        profile="reference",
        **{ours: settings[theirs] for theirs, ours in CHOSEN.items() if settings.get(theirs) is not None},
    )


def shape_of(checkpoint: OfficialCheckpoint, name: str) -> tuple[int, ...]:
    """The shape of a tensor that every system has."""
    if name not in checkpoint.tensors:
        raise DataError(f"{checkpoint.path} has no {name}; it is no checkpoint of these papers.")
    return tuple(checkpoint.tensors[name].shape)
