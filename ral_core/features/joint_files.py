"""Where an image-text encoder's files are, and what to do about those that are missing. Nothing is ever fetched."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from ral_core.errors import DataError, UnknownName
from ral_core.files import read_json, sha256_once

KINDS = ("clip", "siglip")
"""Model types that are understood; SigLIP 2 of a fixed picture size calls itself siglip too."""

KNOWN = {
    "laion/CLIP-ViT-B-32-laion2B-s34B-b79K": "0.6 GB",
    "openai/clip-vit-base-patch32": "0.6 GB",
    "openai/clip-vit-large-patch14": "1.7 GB",
    "google/siglip-base-patch16-224": "0.8 GB",
    "google/siglip2-base-patch16-224": "1.5 GB",
    "google/siglip-so400m-patch14-384": "3.5 GB",
}
"""Encoders on the hub that are known to be of these kinds, with the size of their weights in single precision."""

FILES = ("*.json", "*.txt", "*.model", "model*.safetensors")
"""What a download should take: never pickled weights."""
TOKENIZERS = ("tokenizer.json", "vocab.json", "spiece.model")
PROCESSORS = ("preprocessor_config.json", "processor_config.json")


def download_command(name: str) -> str:
    """The shell command that brings a hub model here, without weights that this program would not read."""
    return " ".join(["hf download", name, *(f"--include '{pattern}'" for pattern in FILES)])


def how_to_get(name: str) -> str:
    """What a sentence about a missing hub model ends with: its size where known, and the command."""
    size = f"its weights take {KNOWN[name]}; " if name in KNOWN else ""
    return f"{size}get it with: {download_command(name)}"


def local_folder(name: str) -> Path:
    """The folder of an encoder named by folder or hub id. Raises UnknownName for one that is not on this machine."""
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        if name.startswith((".", "/", "~")) or name.count("/") != 1:
            raise HFValidationError(name)
        found = Path(snapshot_download(name, local_files_only=True, allow_patterns=list(FILES)))
    except HFValidationError:
        raise UnknownName(
            f"There is no folder {name}, and it is no hub id such as {next(iter(KNOWN))}; name one of both."
        ) from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
        raise UnknownName(
            f"The image-text encoder {name!r} is not on this machine; {how_to_get(name)}"
        ) from None
    if missing := missing_files(found):
        raise UnknownName(
            f"The download of {name!r} is not complete, {' and '.join(missing)} missing; {how_to_get(name)}"
        )
    return found


def missing_files(folder: Path) -> list[str]:
    """What a folder lacks to be an image-text encoder, in words; empty when all is there."""
    lacks = [] if (folder / "config.json").is_file() else ["config.json"]
    if not weight_files(folder):
        pickled = any(folder.glob("pytorch_model*.bin"))
        lacks.append("model.safetensors (pickled weights are not read)" if pickled else "model.safetensors")
    if not any((folder / name).is_file() for name in PROCESSORS):
        lacks.append(PROCESSORS[0])
    if not any((folder / name).is_file() for name in TOKENIZERS):
        lacks.append(TOKENIZERS[0])
    return lacks


def checked_folder(folder: Path, name: str) -> str:
    """The kind of encoder in a complete folder, one of `KINDS`. Raises DataError with what is missing."""
    if missing := missing_files(folder):
        raise DataError(
            f"{folder} is no image-text encoder: it lacks {' and '.join(missing)}; write one with save_pretrained "
            "of the model, the tokenizer and the image processor."
        )
    kind = str(read_json(folder / "config.json").get("model_type"))
    if kind not in KINDS:
        raise DataError(
            f"{name} is a model of the type {kind!r}; image-text encoders of the types {' and '.join(KINDS)} can be used."
        )
    return kind


def weight_files(folder: Path) -> list[Path]:
    """The weights of a folder, in order: one file, or the parts of a large model."""
    whole = folder / "model.safetensors"
    return [whole] if whole.is_file() else sorted(folder.glob("model-*-of-*.safetensors"))


def weights_id(folder: Path) -> str:
    """The first eight digits of the weights' SHA-256 (of all parts' digests, where there are several)."""
    files = weight_files(folder)
    if not files:
        raise DataError(f"{folder} holds no model.safetensors; write it with save_pretrained first.")
    digests = [sha256_once(path) for path in files]
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    return whole[:8]
