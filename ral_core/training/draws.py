"""Where the losses' random numbers come from: a generator, or a record of earlier draws."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor


class Draws(Protocol):
    """A source of named random numbers; the names are those of the terms that draw."""

    def below(self, name: str, limits: Tensor) -> Tensor:
        """Whole numbers (N,), each uniform in 0 .. limit - 1; limits (N,) are at least 1."""
        ...

    def normal(self, name: str, like: Tensor) -> Tensor:
        """Standard normal numbers of the shape, type and place of `like`."""
        ...


class RandomDraws:
    """Fresh draws from `generator`, or from torch's own when there is none."""

    def __init__(self, generator: torch.Generator | None = None) -> None:
        self.generator = generator

    def below(self, name: str, limits: Tensor) -> Tensor:
        """See `Draws.below`."""
        place = limits.device if self.generator is None else self.generator.device
        shares = torch.rand(limits.shape, generator=self.generator, device=place).to(limits.device)
        return torch.minimum((shares * limits).long(), limits - 1)

    def normal(self, name: str, like: Tensor) -> Tensor:
        """See `Draws.normal`."""
        place = like.device if self.generator is None else self.generator.device
        noise = torch.randn(like.shape, generator=self.generator, device=place, dtype=like.dtype)
        return noise.to(like.device)


class RecordedDraws:
    """Draws made earlier, by name, to replay a step exactly."""

    def __init__(self, record: Mapping[str, Tensor]) -> None:
        self.record = record

    def below(self, name: str, limits: Tensor) -> Tensor:
        """See `Draws.below`."""
        return self.record[name]

    def normal(self, name: str, like: Tensor) -> Tensor:
        """See `Draws.normal`."""
        return self.record[name]
