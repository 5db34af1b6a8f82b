"""The zoo: every system in one common setting, so that their scores can be compared.

The setting is small enough for one CPU core: narrower and shorter than the presets that ship, the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from ral_core.errors import UnknownName
from ral_core.features.packed import EncodesText
from ral_core.settings import near
from ral_core.training.config import RunConfig, read_config
from ral_core.training.run import train

SYSTEMS = (
    "ms_sl",
    "ral_ms_sl",
    "gmmformer",
    "ral_gmmformer",
    "gmmformer_v2",
    "ral",
    "ms_sl_plus",
    "msc",
    "ral_msc",
)
"""Presets of the zoo, each plain backbone before its robust alignment."""
SEEDS = (1, 2, 3)
WIDTH = 128
EPOCHS = 12
HARD_FROM_EPOCH = 4


@dataclass(frozen=True)
class Member:
    """One training of the zoo."""

    system: str
    seed: int

    @property
    def name(self) -> str:
        """Its folder."""
        return f"{self.system}-seed{self.seed}"

    def config(self) -> RunConfig:
        """The preset in the zoo's common setting."""
        preset = read_config(self.system)
        return replace(
            preset,
            model={**preset.model, "width": WIDTH},
            objective=replace(preset.objective, hard_from_epoch=HARD_FROM_EPOCH),
            training=replace(preset.training, epochs=EPOCHS, patience=EPOCHS, seed=self.seed),
        )


def members(systems: Sequence[str] = SYSTEMS, seeds: Sequence[int] = SEEDS) -> Iterator[Member]:
    """Every training, one seed after the other, so that a zoo that is stopped has whole rounds.

    Raises UnknownName for a system that is not in the zoo.
    """
    for system in systems:
        if system not in SYSTEMS:
            raise UnknownName(f"There is no {system!r} in the zoo.{near(system, SYSTEMS)}")
    return (Member(system, seed) for seed in seeds for system in systems)


def train_member(
    member: Member,
    folder: Path,
    text: EncodesText,
    *,
    root: Path,
    device: torch.device,
    cache: Path,
    say: Callable[[str], Any] = print,
) -> Path:
    """Train a member into folder/NAME, or go on with it; one that is finished stays as it is."""
    config = member.config()
    config = replace(config, data=replace(config.data, root=str(root)))
    return train(
        config,
        folder / member.name,
        text,
        device=device,
        cache=cache,
        half=True,
        command=(f"python -m ral_core zoo --systems {member.system} --seeds {member.seed}",),
        say=say,
    )
