"""Folders of reference numbers: config.json beside inputs, outputs and weights as safetensors."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

Numbers = dict[str, Tensor]


@dataclass(frozen=True)
class Golden:
    """One folder of reference numbers."""

    folder: Path
    config: dict[str, Any]
    inputs: Numbers
    outputs: Numbers
    weights: Numbers

    def double(self) -> Golden:
        """The same numbers in float64, to compute with more digits than were recorded."""

        def wide(numbers: Numbers) -> Numbers:
            return {
                name: value.double() if value.is_floating_point() else value
                for name, value in numbers.items()
            }

        return Golden(self.folder, self.config, wide(self.inputs), wide(self.outputs), wide(self.weights))


def open_golden(folder: Path) -> Golden:
    """Read a folder; files that its kind does not have count as empty."""

    def tensors(name: str) -> Numbers:
        path = folder / f"{name}.safetensors"
        return load_file(path) if path.exists() else {}

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return Golden(folder, config, tensors("inputs"), tensors("outputs"), tensors("state_dict"))
