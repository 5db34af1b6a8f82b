"""Our code against numbers of the papers' official code, and our tensors against their checkpoints' names."""

from __future__ import annotations

from pathlib import Path

import parity
import pytest
import torch
from parity_data import layouts_in, model_of, shapes_of

from ral_core.models.names import official_name
from ral_core.training.optimizer import parameter_groups

GOLDENS = Path(__file__).parent / "goldens"
FOLDERS = parity.folders_under(GOLDENS)
LAYOUTS = {name: about for folder in FOLDERS for name, about in layouts_in(folder).items()}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(GOLDENS)))
def test_official_numbers(folder: Path) -> None:
    torch.set_num_threads(1)
    lines = parity.compare(folder)
    assert [str(line) for line in lines if line.error is not None and line.error > 1e-4] == []
    covered = [line for line in lines if line.error is not None]
    assert len(covered) >= 0.95 * len(lines)
    values = [line for line in covered if not line.name.startswith("traj")]
    assert max(line.error for line in values) <= 1e-5


@pytest.mark.parametrize("name", LAYOUTS)
def test_official_checkpoints_have_our_tensors(name: str) -> None:
    about = LAYOUTS[name]
    model = model_of(about)
    assert {official_name(n): tuple(t.shape) for n, t in model.state_dict().items()} == shapes_of(about)
    assert model.parameter_count == about["total_parameters"]
    if "no_weight_decay" in about:
        groups = parameter_groups(model, 0.01, decay_norm_gains=True)
        free = {id(parameter) for parameter in groups[1]["params"]}
        names = {official_name(n) for n, parameter in model.named_parameters() if id(parameter) in free}
        assert names == set(about["no_weight_decay"])


def test_a_wrong_number_is_noticed() -> None:
    right = torch.tensor([1.0, 2.0])
    assert parity.line("x", right, right + 1e-3).error == pytest.approx(5e-4, rel=1e-3)
    assert parity.line("x", right, right[:1]).error == float("inf")
    assert parity.line("x", torch.tensor([1]), torch.tensor([2])).error == float("inf")
    assert not parity.passed([parity.line("x", right, right + 1e-3)])
    assert not parity.passed([parity.line("x", right, right), parity.line("y", right, None)])
    assert parity.passed([parity.line("x", right, right)])


def test_float64_tells_whose_rounding_it_is() -> None:
    exact = torch.tensor([1.0, 2.0], dtype=torch.float64)
    shown = parity.line("x", exact + 4e-5, exact + 1e-6, exact=exact)
    assert shown.note == "from float64: reference 2.0e-05, ours 5.0e-07"
    lines = parity.compare(GOLDENS / "gmmformer_v2/a", float64=True)
    assert any("from float64" in one.note for one in lines if one.name.startswith("grad"))
    assert torch.get_default_dtype() == torch.float32
