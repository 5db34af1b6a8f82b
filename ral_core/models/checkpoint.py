"""A model on disk: weights as safetensors beside the settings that rebuild the model around them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from ral_core.errors import DataError
from ral_core.files import read_json, replacing, write_json
from ral_core.models import build_model
from ral_core.models.backbone import PRVRModel
from ral_core.models.config import ModelConfig
from ral_core.models.names import compare_tensors

FORMAT = "ral-model"
VERSION = 1
WEIGHTS = "model.safetensors"
SETTINGS = "config.json"


def save_model(
    folder: Path, model: PRVRModel, extra: Mapping[str, Any] | None = None, *, half: bool = False
) -> None:
    """Write `model.safetensors` and `config.json` into `folder`.

    `extra` is kept beside the settings (data, scores, epoch: any JSON). With `half` the weights are stored
    as float16, which config.json declares; they are loaded as float32.
    """
    dtype = torch.float16 if half else torch.float32
    tensors = {
        name: value.detach().cpu().to(dtype).contiguous() for name, value in model.state_dict().items()
    }
    with replacing(Path(folder) / WEIGHTS) as temporary:
        save_file(tensors, temporary)
    about = {
        "format": FORMAT,
        "version": VERSION,
        "model": model.config.to_json(),
        "dtype": "float16" if half else "float32",
        "parameters": model.parameter_count,
        "extra": dict(extra or {}),
    }
    write_json(Path(folder) / SETTINGS, about)


def read_settings(folder: Path) -> dict[str, Any]:
    """The config.json of a saved model: its settings and what was saved beside them."""
    about = read_json(Path(folder) / SETTINGS)
    if not isinstance(about, dict) or about.get("format") != FORMAT or "model" not in about:
        raise DataError(f"{Path(folder) / SETTINGS} does not describe a model; train or download it again.")
    if about.get("version") != VERSION:
        raise DataError(
            f"{folder} was written in version {about.get('version')} of the format, this program reads {VERSION}."
        )
    return about


def load_model(folder: Path, device: torch.device | str = "cpu") -> PRVRModel:
    """Rebuild a saved model in evaluation mode.

    Raises DataError when files are missing, broken, or do not fit each other.
    """
    folder = Path(folder)
    model = build_model(ModelConfig.from_json(read_settings(folder)["model"]))
    try:
        tensors = load_file(folder / WEIGHTS)
    except FileNotFoundError:
        raise DataError(f"There is no file {folder / WEIGHTS}; train or download the model again.") from None
    except SafetensorError as problem:
        raise DataError(f"{folder / WEIGHTS} is broken ({problem}); download it again.") from None
    try:
        compare_tensors(model.state_dict(), tensors)
    except DataError as problem:
        raise DataError(f"{folder / WEIGHTS}: {problem}") from None
    model.load_state_dict({name: value.float() for name, value in tensors.items()})
    return model.to(device).eval()
