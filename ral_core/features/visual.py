"""The visual encoder: one vector for each half second of a film, of what is seen and of how it moves.

Two small convolutional streams of our own, in the roles that ResNet and I3D play in the papers: the appearance
stream sees one picture, the motion stream three grey ones a quarter of a second apart. Their embeddings stand side
by side. They are trained together by `visual_training` on the labels of rendered films.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from ral_core.data.videos import Images, probe, read_images, regular_times
from ral_core.errors import DataError
from ral_core.files import read_json, replacing, sha256, write_json

WEIGHTS, CONFIG = "model.safetensors", "config.json"
GREY = np.array([0.299, 0.587, 0.114], np.float32)


@dataclass(frozen=True, kw_only=True)
class VisualConfig:
    """Sizes of the encoder and how it looks at a film."""

    name: str = "two-stream"
    picture: tuple[int, int] = (128, 72)
    """Width and height to which every film is area-resized."""
    appearance: tuple[int, ...] = (24, 48, 96, 192, 192)
    """Channels of the stem and of the residual blocks; all but the last block halve the picture."""
    motion: tuple[int, ...] = (16, 32, 64, 128)
    appearance_width: int = 256
    motion_width: int = 128
    fps: float = 2.0
    max_frames: int = 128
    motion_step: float = 0.25
    """Seconds between the three pictures that the motion stream compares."""

    @property
    def width(self) -> int:
        """Width of a feature: appearance and motion side by side."""
        return self.appearance_width + self.motion_width


@dataclass(frozen=True)
class Glimpses:
    """N moments of one film as the two streams see them."""

    pictures: Images  # (N, H, W, 3) uint8 RGB
    greys: NDArray[np.uint8]  # (N, 3, H, W): a moment before, now, a moment after
    times: NDArray[np.float32]  # (N,) seconds of `pictures`, as they really are in the file
    duration: float

    def __len__(self) -> int:
        return len(self.pictures)


def sample_times(duration: float, fps: float = 2.0, max_frames: int = 128) -> NDArray[np.float64]:
    """Where to look in a film of `duration` seconds: 1/fps apart from 0, or `max_frames` evenly spread."""
    return regular_times(duration, fps, max_frames)


def grey(images: Images) -> NDArray[np.uint8]:
    """Luma (..., H, W) of RGB pictures (..., H, W, 3)."""
    return (images.astype(np.float32) @ GREY).astype(np.uint8)


def look(path: Path | str, config: VisualConfig, times: NDArray[np.float64] | None = None) -> Glimpses:
    """Decode the moments of a video file that the encoder looks at: those `times` (N,), or as `config` says.

    Raises DataError naming a bad file.
    """
    duration = probe(path).duration
    times = sample_times(duration, config.fps, config.max_frames) if times is None else times
    last = max(duration - 1e-3, 0.0)
    around = np.stack([times - config.motion_step, times, times + config.motion_step], axis=1).clip(0.0, last)
    wanted, where = np.unique(around.round(4), return_inverse=True)
    images, shown = read_images(path, wanted, size=config.picture)
    where = where.reshape(around.shape)
    now, first = np.unique(
        shown[where[:, 1]], return_index=True
    )  # a slow film shows a picture twice: keep one
    return Glimpses(images[where[first, 1]], grey(images)[where[first]], now, duration)


class Block(nn.Module):
    """Two 3x3 convolutions with batch normalisation around a shortcut (ResNet's basic block)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = normed_conv(inputs, outputs, 3, stride)
        self.second = normed_conv(outputs, outputs, 3, 1)
        same = stride == 1 and inputs == outputs
        self.shortcut = nn.Identity() if same else normed_conv(inputs, outputs, 1, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) to (B, outputs, H / stride, W / stride)."""
        return F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x))


def normed_conv(inputs: int, outputs: int, size: int, stride: int) -> nn.Sequential:
    """A convolution with batch normalisation in place of a bias."""
    conv = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs))


class Stream(nn.Module):
    """Pictures to one embedding each: convolutions, then mean, maximum and the place it attends to."""

    def __init__(self, channels: Sequence[int], width: int) -> None:
        super().__init__()
        strides = [2] * (len(channels) - 2) + [1] if len(channels) > 4 else [2] * (len(channels) - 1)
        self.stem = nn.Sequential(normed_conv(3, channels[0], 5, 2), nn.ReLU())
        self.blocks = nn.Sequential(
            *[Block(a, b, s) for a, b, s in zip(channels[:-1], channels[1:], strides, strict=True)]
        )
        self.values = nn.Sequential(normed_conv(channels[-1], width, 1, 1), nn.ReLU())
        self.attend = nn.Conv2d(channels[-1], 1, 1)
        self.out = nn.Linear(3 * width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) to embeddings (B, width) and attention logits (B, h, w) over the places."""
        x = self.blocks(self.stem(x))
        places = self.attend(x)[:, 0].float()
        values = self.values(x).flatten(2)  # (B, width, places)
        weights = places.flatten(1).softmax(-1).to(values.dtype)
        attended = torch.einsum("bwp,bp->bw", values, weights)
        pooled = torch.cat([values.mean(-1), values.amax(-1), attended], dim=1)
        return self.norm(self.out(pooled).float()), places


class VisualNet(nn.Module):
    """Both streams side by side."""

    def __init__(self, config: VisualConfig) -> None:
        super().__init__()
        self.config = config
        self.appearance = Stream(config.appearance, config.appearance_width)
        self.motion = Stream(config.motion, config.motion_width)

    def forward(self, pictures: Tensor, greys: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Features (B, width) and each stream's attention logits.

        pictures (B, 3, H, W) and greys (B, 3, H, W) with values from 0 to 1.
        """
        before, now, after = greys.unbind(1)
        changes = torch.stack([3 * (now - before), 3 * (after - now), now - 0.5], dim=1)
        seen, seen_places = self.appearance(channels_last(2 * pictures - 1))
        moved, moved_places = self.motion(channels_last(changes))
        return torch.cat([seen, moved], dim=1), (seen_places, moved_places)


def channels_last(images: Tensor) -> Tensor:
    """The memory layout in which convolutions on a CPU are fastest."""
    return images.contiguous(memory_format=torch.channels_last)


def fastest_layout(module: nn.Module) -> None:
    """Lay the weights of all convolutions out as `channels_last` lays out pictures."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            part.weight.data = channels_last(part.weight.data)


class VisualEncoder:
    """A trained visual network, frozen: films in, features out."""

    def __init__(self, net: VisualNet, identity: str, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)
        self.id = identity
        """Name and the beginning of the weights' SHA-256."""
        self._net = net.to(self.device).eval().requires_grad_(False)
        fastest_layout(self._net)

    @classmethod
    def open(cls, folder: Path | str, device: torch.device | str = "cpu") -> VisualEncoder:
        """Open a folder written by `save_visual`. Raises DataError when it holds no such encoder."""
        folder = Path(folder)
        net = load_visual(folder)
        return cls(net, f"{net.config.name}@{sha256(folder / WEIGHTS)[:8]}", device)

    @property
    def config(self) -> VisualConfig:
        """Sizes, and how films are looked at."""
        return self._net.config

    @property
    def width(self) -> int:
        """Width of one feature."""
        return self.config.width

    @torch.inference_mode()
    def encode(self, glimpses: Glimpses, batch: int = 32) -> NDArray[np.float32]:
        """The features (N, width) of N moments."""
        parts = []
        for start in range(0, len(glimpses), batch):
            pictures = torch.from_numpy(glimpses.pictures[start : start + batch]).to(self.device)
            greys = torch.from_numpy(glimpses.greys[start : start + batch]).to(self.device)
            features, _ = self._net(pictures.permute(0, 3, 1, 2) / 255, greys / 255)
            parts.append(features.float().cpu().numpy())
        return np.concatenate(parts)


def save_visual(folder: Path | str, net: VisualNet) -> None:
    """Write the weights (float16) and the settings that rebuild the network around them."""
    folder = Path(folder)
    state = net.state_dict()
    weights = {name: value.half() if value.is_floating_point() else value for name, value in state.items()}
    with replacing(folder / WEIGHTS) as temporary:
        save_file({name: value.contiguous() for name, value in weights.items()}, temporary)
    write_json(folder / CONFIG, {"format": "ral-visual", "version": 1, **asdict(net.config)})


def load_visual(folder: Path | str) -> VisualNet:
    """Rebuild a network from its folder. Raises DataError when settings and weights do not fit."""
    folder = Path(folder)
    row = read_json(folder / CONFIG)
    if not isinstance(row, dict) or (row.get("format"), row.get("version")) != ("ral-visual", 1):
        raise DataError(f"{folder / CONFIG} describes no visual encoder of version 1.")
    known = {f.name for f in fields(VisualConfig)}
    settings: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if k in known
    }
    net = VisualNet(VisualConfig(**settings))
    try:
        weights = load_file(folder / WEIGHTS)
        net.load_state_dict({name: value.to(net.state_dict()[name].dtype) for name, value in weights.items()})
    except (OSError, SafetensorError, RuntimeError, KeyError) as problem:
        reason = str(problem).splitlines()[0]
        raise DataError(f"{folder / WEIGHTS} cannot be read as a visual encoder ({reason}).") from None
    return net
