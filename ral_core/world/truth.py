"""Captions of a split with the truth about them (to come)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ral_core.world.scene import Film
from ral_core.world.splits import Split, Twin


def split_captions(split: Split, films: Sequence[Film], twins: Sequence[Twin]) -> list[dict[str, Any]]:
    """No captions yet."""
    return []
