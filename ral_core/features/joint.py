"""One space for pictures and sentences: CLIP and SigLIP through `transformers`, frozen, from files on this machine.

Pictures are prepared by the model's own image processor (its PIL form: no torchvision) and sentences by its own
tokenizer. Weights are read from safetensors only and never fetched: what is missing is said, with the command that
gets it. On CUDA the network runs in half precision, and in single precision from the first result that overflows.
"""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional as F

from ral_core.data.videos import Images, Size
from ral_core.errors import DataError, MissingDependency
from ral_core.features.joint_files import checked_folder, local_folder, weights_id
from ral_core.files import read_json

Vectors = NDArray[np.float32]
PREFIX = "joint:"
"""Begins the spec of a text encoder that is the text side of a joint one."""
BATCH = 32
LONGEST = 4
"""Pictures longer than so many times their short side are squeezed to that before the model's own resizing."""


class JointEncoder:
    """A frozen image-text model. Safe to use from several threads."""

    def __init__(
        self, name: str, folder: Path, device: torch.device | str = "cpu", batch: int = BATCH
    ) -> None:
        self.folder, self.batch = folder, batch
        self.device = torch.device(device)
        self.kind = checked_folder(folder, name)
        self.id = f"{name}@{weights_id(folder)}"
        """Name and the beginning of the weights' SHA-256; the same for both sides."""
        self._model, self._tokenizer, self._pictures = _load(folder, self.kind)
        if self.device.type == "cuda":
            self._model.half()
        self._model.to(self.device)
        text = self._model.config.text_config
        self.most_pieces = int(text.max_position_embeddings)
        """Word pieces of a sentence that are read, special tokens included."""
        self.width = int(getattr(self._model.config, "projection_dim", 0) or text.projection_size)
        """Width D of the shared space."""
        self._plain = _plain(folder)
        self._lock = Lock()

    @classmethod
    def open(
        cls, spec: str | Path, *, device: torch.device | str = "cpu", batch: int = BATCH
    ) -> JointEncoder:
        """A folder written by `save_pretrained`, or a hub id whose files are on this machine.

        `batch` pictures are encoded at once. Raises UnknownName, with the command that downloads it, for an encoder
        that is not here, DataError for files that are no CLIP or SigLIP, MissingDependency for a tokenizer's package.
        """
        name = str(spec).removeprefix(PREFIX).rstrip("/")
        return cls(name.split("/")[-1], local_folder(name), device, batch)

    @property
    def size(self) -> Size:
        """Width and height of the picture that the network sees."""
        size = (
            self._pictures.crop_size
            if getattr(self._pictures, "do_center_crop", None)
            else self._pictures.size
        )
        return int(size["width"]), int(size["height"])

    def picture_size(self, width: int, height: int) -> Size:
        """The size to decode a source of this width and height to, so that nothing needs resizing again.

        CLIP scales the short side and cuts out the middle; SigLIP squeezes the whole picture.
        """
        size = self._pictures.size
        edge = size.get("shortest_edge") if hasattr(size, "get") else size["shortest_edge"]
        if not edge:
            return int(size["width"]), int(size["height"])
        width, height = squeezed(width, height)
        short, long = min(width, height), max(width, height)
        other = int(edge * long / short)
        return (int(edge), other) if width <= height else (other, int(edge))

    def images(self, images: Images) -> Vectors:
        """Unit vectors (N, D) of pictures (N, H, W, 3), uint8 RGB of any size."""
        if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8 or not len(images):
            raise DataError(
                f"Pictures must be uint8 RGB (N, H, W, 3), not {images.dtype} {images.shape}; convert them."
            )
        parts = [images[start : start + self.batch] for start in range(0, len(images), self.batch)]
        return np.concatenate([self._unit(self._seen, self.prepared(part)) for part in parts])

    def texts(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors (N, D) of N texts; what goes beyond the model's length is cut."""
        parts = [list(texts[start : start + self.batch]) for start in range(0, len(texts), self.batch)]
        if not parts:
            return np.zeros((0, self.width), np.float32)
        return np.concatenate([self._unit(self._read, self._tokens(part)) for part in parts])

    def too_long(self, text: str) -> bool:
        """Whether the end of a text is cut."""
        with self._lock:
            return len(self._tokenizer(self._plain(text)).input_ids) > self.most_pieces

    def prepared(self, images: Images) -> Tensor:
        """Pictures as the network takes them, without the colour scaling: (N, 3, h, w) uint8."""
        height, width = images.shape[1:3]
        if (narrowed := squeezed(width, height)) != (width, height):
            images = np.stack([np.asarray(Image.fromarray(image).resize(narrowed)) for image in images])
        ready = self._pictures(
            list(images), do_rescale=False, do_normalize=False, input_data_format="channels_last"
        )
        return torch.from_numpy(np.stack(ready["pixel_values"]))

    def _tokens(self, texts: list[str]) -> dict[str, Tensor]:
        fixed = self.kind == "siglip"  # was trained on padding to full length, and looks at it
        with self._lock:
            tokens = self._tokenizer(
                [self._plain(text) for text in texts],
                padding="max_length" if fixed else True,
                truncation=True,
                max_length=self.most_pieces,
                return_tensors="pt",
            )
        names = ("input_ids",) if fixed else ("input_ids", "attention_mask")
        return {name: tokens[name] for name in names}

    def _seen(self, pixels: Tensor) -> Any:
        about = self._pictures
        mean, std = (
            torch.tensor(values, device=self.device)[:, None, None]
            for values in (about.image_mean, about.image_std)
        )
        scaled = (pixels.to(self.device).float() * about.rescale_factor - mean) / std
        return self._model.get_image_features(pixel_values=scaled.to(self._model.dtype))

    def _read(self, tokens: dict[str, Tensor]) -> Any:
        return self._model.get_text_features(
            **{name: value.to(self.device) for name, value in tokens.items()}
        )

    @torch.inference_mode()
    def _unit(self, network: Callable[[Any], Any], inputs: Any) -> Vectors:
        with self._lock:  # nobody else is inside when the network changes its precision
            vectors = pooled(network(inputs))
            if self._model.dtype == torch.float16 and not bool(vectors.isfinite().all()):
                self._model.float()
                vectors = pooled(network(inputs))
        return F.normalize(vectors, dim=-1).cpu().numpy()


def pooled(output: Any) -> Tensor:
    """The vectors (N, D) in what a `get_..._features` of any version of transformers returns."""
    vectors = output if isinstance(output, Tensor) else output.pooler_output
    return vectors.float()


def squeezed(width: int, height: int) -> Size:
    """Width and height with the longer one at most `LONGEST` times the shorter."""
    return min(width, LONGEST * height), min(height, LONGEST * width)


def _plain(folder: Path) -> Callable[[str], str]:
    """How the texts of a folder's model were written in training, which not every tokenizer sees to itself.

    SigLIP dropped capitals and punctuation, SigLIP 2 (a Gemma tokenizer) capitals only.
    """
    if read_json(folder / "config.json").get("model_type") != "siglip":
        return lambda text: text
    path = folder / "tokenizer_config.json"
    kind = str(read_json(path).get("tokenizer_class", "")) if path.is_file() else ""
    if "siglip" not in kind.lower() and "t5" not in kind.lower():
        return str.lower
    bare = str.maketrans("", "", string.punctuation)
    return lambda text: " ".join(text.lower().translate(bare).split())


def _load(folder: Path, kind: str) -> tuple[Any, Any, Any]:
    """Model, tokenizer and image processor of a folder; nothing is fetched."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before transformers is imported
    from transformers import AutoImageProcessor, AutoModel, AutoTokenizer, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    # SigLIP's own tokenizer class needs sentencepiece, the same pieces in tokenizer.json do not.
    tokenizers = (
        PreTrainedTokenizerFast
        if kind == "siglip" and (folder / "tokenizer.json").is_file()
        else AutoTokenizer
    )
    try:
        tokenizer = tokenizers.from_pretrained(folder, local_files_only=True)
        pictures = AutoImageProcessor.from_pretrained(folder, local_files_only=True, backend="pil")
        model, found = AutoModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32, output_loading_info=True
        )
    except ImportError as problem:
        raise MissingDependency(
            f"The tokenizer in {folder} needs a package that is not here ({str(problem).split(chr(10))[0].strip()}); "
            "try: pip install sentencepiece."
        ) from None
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as problem:
        reason = str(problem).splitlines()[0]
        raise DataError(f"{folder} holds no image-text encoder that can be read ({reason}).") from None
    if found["missing_keys"]:
        raise DataError(
            f"The weights in {folder} lack {min(found['missing_keys'])} and {len(found['missing_keys']) - 1} more that "
            "its config.json asks for; download or save the encoder again."
        )
    return model.eval().requires_grad_(False), tokenizer, pictures
