"""Our code against numbers of the papers' official code, and our tensors against their checkpoints' names."""

from __future__ import annotations

import json
from pathlib import Path

import parity
import pytest
import torch

from ral_core.models import ModelConfig, RALConfig, build_model
from ral_core.models.names import from_official, official_name
from ral_core.training.optimizer import parameter_groups

GOLDENS = Path(__file__).parent / "goldens"
FOLDERS = sorted(path.parent for path in GOLDENS.glob("*/*/config.json"))
LAYOUTS = sorted((GOLDENS / "checkpoint_layout").glob("*.json"))


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.parent.name)
def test_official_numbers(folder: Path) -> None:
    torch.set_num_threads(1)
    lines = parity.compare(folder)
    assert [str(line) for line in lines if line.error is not None and line.error > 1e-4] == []
    covered = [line for line in lines if line.error is not None]
    assert len(covered) >= 0.95 * len(lines)
    values = [line for line in covered if not line.name.startswith(("grad", "traj"))]
    assert max(line.error for line in values) <= 1e-5


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.stem)
def test_official_checkpoints_have_our_tensors(layout: Path) -> None:
    about = json.loads(layout.read_text())
    system = about["system"]
    with torch.device("meta"):
        model = build_model(
            ModelConfig(
                name=system.removeprefix("ral_"),
                ral=RALConfig() if system.startswith("ral_") else None,
                visual_width=about["visual_input_size"],
                text_width=about["query_input_size"],
                width=about["hidden_size"],
                heads=about["n_heads"],
                max_frames=about["max_ctx_l"],
                max_words=about["max_desc_l"],
            )
        )
    expected = shapes_of(about["tensors"])
    ours = {official_name(name): tuple(value.shape) for name, value in model.state_dict().items()}
    assert ours == expected
    assert model.parameter_count == about["total_parameters"]
    free = {id(parameter) for parameter in parameter_groups(model, 0.01, decay_norm_gains=True)[1]["params"]}
    names = {official_name(name) for name, parameter in model.named_parameters() if id(parameter) in free}
    assert names == set(about["no_weight_decay"])
    official = {name: torch.empty(shape, device="meta") for name, shape in expected.items()}
    assert from_official(model, official).keys() == model.state_dict().keys()


def shapes_of(tensors: object) -> dict[str, tuple[int, ...]]:
    """Shapes by name from a layout's list or mapping."""
    pairs = tensors.items() if isinstance(tensors, dict) else [(row["name"], row["shape"]) for row in tensors]
    return {name: tuple(shape["shape"] if isinstance(shape, dict) else shape) for name, shape in pairs}


def test_a_wrong_number_is_noticed() -> None:
    right = torch.tensor([1.0, 2.0])
    assert parity.line("x", right, right + 1e-3).error == pytest.approx(5e-4, rel=1e-3)
    assert parity.line("x", right, right[:1]).error == float("inf")
    assert parity.line("x", torch.tensor([1]), torch.tensor([2])).error == float("inf")
    assert not parity.passed([parity.line("x", right, right + 1e-3)])
    assert not parity.passed([parity.line("x", right, right), parity.line("y", right, None)])
    assert parity.passed([parity.line("x", right, right)])
