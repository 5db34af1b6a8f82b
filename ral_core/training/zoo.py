"""The zoo: every system in one common setting, so that their scores can be compared.

The setting is small enough for one CPU core: narrower and shorter than the presets that ship, the same for all.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from ral_core.errors import DataError, UnknownName
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
class Ablation:
    """Settings in which a part of robust alignment is taken away or put in."""

    ral: Mapping[str, Any] = field(default_factory=dict)
    objective: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


NO_ALIGNMENT = {"proxy": 0, "distribution": 0}
ABLATIONS = {
    "words only": Ablation(ral={"gate": False}, objective=NO_ALIGNMENT),
    "gate only": Ablation(objective=NO_ALIGNMENT),
    "no gate": Ablation(ral={"gate": False}),
    "no proxy matching": Ablation(objective={"proxy": 0}),
    "no distribution alignment": Ablation(objective={"distribution": 0}),
    "strong alignment": Ablation(objective={"proxy": 0.04, "distribution": 2.5e-3}),
    "own caption as support": Ablation(ral={"support": "own"}),
    "official alignment": Ablation(options={"da_form": "reference"}),
    "unmasked pooling": Ablation(options={"msra_mask": False}),
    "one proxy": Ablation(ral={"proxies": 1}),
    "both directions": Ablation(ral={"video_to_text": True}),
    "both directions, frame gate": Ablation(ral={"video_to_text": True, "frame_gate": True}),
}
"""By what is left, or what is other than in the paper; the last two are UATVR's set-to-set score."""


@dataclass(frozen=True)
class Member:
    """One training of the zoo."""

    system: str
    seed: int
    ablation: str | None = None

    @property
    def name(self) -> str:
        """Its folder."""
        parts = [self.system, *(self.ablation or "").replace(",", "").split(), f"seed{self.seed}"]
        return "-".join(parts)

    @property
    def command(self) -> str:
        """What trains it."""
        chosen = f" --ablations {shlex.quote(self.ablation)}" if self.ablation else ""
        return f"python -m ral_core zoo --systems {self.system} --seeds {self.seed}{chosen}"

    def config(self) -> RunConfig:
        """The preset in the zoo's common setting."""
        preset = read_config(self.system)
        change = ABLATIONS[self.ablation] if self.ablation else Ablation()
        model = {**preset.model, "width": WIDTH}
        if self.ablation:
            model["ral"] = {**model["ral"], **change.ral}
            model["options"] = {**model.get("options", {}), **change.options}
        return replace(
            preset,
            model=model,
            objective=replace(preset.objective, hard_from_epoch=HARD_FROM_EPOCH, **change.objective),
            training=replace(preset.training, epochs=EPOCHS, patience=EPOCHS, seed=self.seed),
        )


def members(
    systems: Sequence[str] = SYSTEMS, seeds: Sequence[int] = SEEDS, ablations: Sequence[str] = ()
) -> Iterator[Member]:
    """Every training, one seed after the other, so that a zoo that is stopped has whole rounds.

    With `ablations` the systems are trained with each of these instead of whole. Raises UnknownName for a system or
    an ablation that is not in the zoo, DataError for an ablation of a system without robust alignment.
    """
    for system in systems:
        if system not in SYSTEMS:
            raise UnknownName(f"There is no {system!r} in the zoo.{near(system, SYSTEMS)}")
        if ablations and not system.startswith("ral"):
            raise DataError(f"Ablations change robust alignment, which {system} has none of; try ral.")
    for ablation in ablations:
        if ablation not in ABLATIONS:
            raise UnknownName(f"There is no ablation {ablation!r}.{near(ablation, tuple(ABLATIONS))}")
    which = ablations or (None,)
    return (Member(system, seed, ablation) for seed in seeds for system in systems for ablation in which)


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
        command=(member.command,),
        say=say,
    )
