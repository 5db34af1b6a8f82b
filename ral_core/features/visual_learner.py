"""What the visual encoder learns from: settings, the heads that read labels off its features, and the loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ral_core.features.visual import VisualConfig, VisualNet
from ral_core.features.visual_data import UNKNOWN, Batch, LabelGroup


@dataclass(frozen=True, kw_only=True)
class VisualTraining:
    """Settings of a training."""

    epochs: int = 6
    batch: int = 32
    """Small batches matter: actors take thousands of steps to be noticed."""
    learning_rate: float = 2e-3
    warmup: float = 0.15
    weight_decay: float = 0.02
    positive_weight: float = 3.0
    """How much more a label that is there counts than one that is not, where several can be true."""
    stream_weight: float = 0.3
    """Weight of the losses of each stream on its own, which keep the motion stream from idling."""
    place_weight: float = 0.5
    """Weight of attending to the main actor."""
    dropout: float = 0.1
    seed: int = 0
    checkpoint_every: int = 200
    """Steps between checkpoints."""

    def steps(self, examples: int) -> int:
        """Steps of the whole training."""
        return self.epochs * (examples // self.batch)

    def rate_at(self, step: int, steps: int) -> float:
        """The learning rate: up in a cosine over the warm-up, then down to nothing."""
        rise = max(1, round(self.warmup * steps))
        if step < rise:
            share = 0.04 + 0.96 * (1 - math.cos(math.pi * step / rise)) / 2
        else:
            share = (1 + math.cos(math.pi * (step - rise) / max(1, steps - rise))) / 2
        return self.learning_rate * share


class Heads(nn.Module):
    """One linear reading of the features for each group of labels."""

    def __init__(self, width: int, groups: Sequence[LabelGroup], dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.readings = nn.ModuleDict({g.name: nn.Linear(width, len(g.values)) for g in groups})

    def forward(self, features: Tensor) -> dict[str, Tensor]:
        """Features (B, width) to logits (B, values) of each group."""
        features = self.dropout(features)
        return {name: reading(features) for name, reading in self.readings.items()}


class Learner(nn.Module):
    """The network with the heads that only training needs: on both streams together, and on each alone."""

    def __init__(self, config: VisualConfig, groups: Sequence[LabelGroup], dropout: float) -> None:
        super().__init__()
        self.groups = tuple(groups)
        self.net = VisualNet(config)
        self.heads = Heads(config.width, groups, dropout)
        self.seen_heads = Heads(config.appearance_width, groups, dropout)
        self.moved_heads = Heads(config.motion_width, groups, dropout)

    def terms(self, batch: Batch, training: VisualTraining) -> dict[str, Tensor]:
        """Every weighted term of the loss, by name."""
        fast = has_fast_bfloat16()
        with torch.autocast("cpu", torch.bfloat16, enabled=fast and batch.pictures.device.type == "cpu"):
            features, places = self.net(batch.pictures, batch.greys)
        seen, moved = features.split([self.net.config.appearance_width, self.net.config.motion_width], dim=1)
        together = label_terms(self.heads(features), batch.targets, self.groups, training.positive_weight)
        alone = [
            label_terms(heads(part), batch.targets, self.groups, training.positive_weight)
            for heads, part in ((self.seen_heads, seen), (self.moved_heads, moved))
        ]
        streams = torch.stack([sum(terms.values(), start=torch.zeros(())) for terms in alone]).sum()
        attention = torch.stack([place_loss(logits, batch.places) for logits in places]).sum()
        return {
            **together,
            "streams": training.stream_weight * streams,
            "places": training.place_weight * attention,
        }


def label_terms(
    logits: dict[str, Tensor],
    targets: dict[str, Tensor],
    groups: Sequence[LabelGroup],
    positive_weight: float,
) -> dict[str, Tensor]:
    """The weighted loss of each group: cross-entropy for one answer, binary cross-entropies summed for several."""
    terms = {}
    for group in groups:
        found, wanted = logits[group.name], targets[group.name]
        if group.many:
            weight = torch.full((len(group.values),), positive_weight)
            loss = F.binary_cross_entropy_with_logits(found, wanted, reduction="none", pos_weight=weight)
            terms[group.name] = group.weight * loss.sum(1).mean()
        else:
            loss = F.cross_entropy(found, wanted, ignore_index=UNKNOWN, reduction="sum")
            terms[group.name] = group.weight * loss / len(wanted)  # rarely asked questions stay small
    return terms


def place_loss(logits: Tensor, places: Tensor, spread: float = 0.06) -> Tensor:
    """Cross-entropy between where a stream attends and where the main actor is.

    logits (B, h, w); places (B, 2) as shares of width and height, rows with NaN or outside the picture left out.
    The actor is a soft spot with standard deviation `spread` (of the width).
    """
    inside = ((places >= 0) & (places <= 1)).all(1)
    if not inside.any():
        return logits.sum() * 0
    logits, places = logits[inside], places[inside]
    height, width = logits.shape[1:]
    across = (torch.arange(width) + 0.5) / width - places[:, :1]
    down = ((torch.arange(height) + 0.5) / height - places[:, 1:]) * 9 / 16
    distance = across[:, None, :].square() + down[:, :, None].square()
    wanted = (-distance / (2 * spread**2)).flatten(1).softmax(-1)
    return -(wanted * logits.flatten(1).log_softmax(-1)).sum(1).mean()


def has_fast_bfloat16() -> bool:
    """Whether this processor multiplies bfloat16 itself, which halves the time of a step."""
    supported = getattr(torch.cpu, "_is_avx512_bf16_supported", None)
    return bool(supported is not None and supported())
