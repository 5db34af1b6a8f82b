"""Official checkpoints: read without running them, checked, and usable afterwards."""

from __future__ import annotations

import json
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
import torch

from ral_core.cli import main
from ral_core.errors import DataError, UnknownName
from ral_core.models import RAL
from ral_core.models.checkpoint import load_model
from ral_core.models.official import detected, from_checkpoint, read_checkpoint

GOLDENS = Path(__file__).parent / "goldens"
FILES = {
    "checkpoints/ms_sl.model.ckpt": "ms_sl",
    "checkpoints/gmmformer.best.ckpt": "gmmformer",
    "checkpoints/gmmformer_v2.best.ckpt": "gmmformer_v2",
    "checkpoints/ral_gmmformer_v2.best.ckpt": "ral_gmmformer_v2",
    "msslpp/checkpoint/model.ckpt": "ms_sl_plus",
    "msc/checkpoint/best.ckpt": "msc",
}


@pytest.mark.parametrize(("file", "system"), FILES.items())
def test_each_system_is_told_by_its_tensors(file: str, system: str) -> None:
    checkpoint = read_checkpoint(GOLDENS / file)
    assert detected(checkpoint) == system
    model = from_checkpoint(checkpoint)
    assert isinstance(model, RAL) == system.startswith("ral_")
    assert model.config.profile == "reference" and model.config.heads == checkpoint.config["n_heads"]


def test_an_imported_model_is_a_model_of_ours(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = GOLDENS / "checkpoints/ral_gmmformer_v2.best.ckpt"
    assert main(["import-checkpoint", str(file), "--out", str(tmp_path / "ral"), "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert about["system"] == "ral_gmmformer_v2" and len(about["imported"]["sha256"]) == 64
    again, direct = load_model(tmp_path / "ral"), from_checkpoint(read_checkpoint(file))
    for name, value in direct.state_dict().items():
        assert torch.equal(again.state_dict()[name], value)
    card = (tmp_path / "ral/README.md").read_text()
    assert "Imported, not trained here" in card and "sft_factor" in card


class Harm:
    """What a malicious file would run when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch harmed",)


def test_a_file_that_asks_for_code_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {}, "config": Harm()}, "bad.ckpt")
    with pytest.raises(DataError, match=r"asks for posix\.system.*not read"):
        read_checkpoint(Path("bad.ckpt"))
    Path("plain.ckpt").write_bytes(pickle.dumps(Harm()))
    with pytest.raises(DataError):
        read_checkpoint(Path("plain.ckpt"))
    assert not Path("harmed").exists()


def copy_of(tmp_path: Path, **changes: object) -> Path:
    """A good checkpoint with other tensors or settings; a value of None removes one."""
    good = read_checkpoint(GOLDENS / "checkpoints/gmmformer.best.ckpt")
    tensors: OrderedDict[str, object] = OrderedDict(good.tensors)
    settings = dict(good.config)
    for name, value in changes.items():
        where = settings if name in settings else tensors
        key = name.replace("__", ".")
        if value is None:
            where.pop(key)
        else:
            where[key] = value
    path = tmp_path / "changed.ckpt"
    torch.save({"state_dict": tensors, "config": settings, "epoch": 1}, path)
    return path


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"query_input_proj__net__1__bias": None},
            r"nearest to gmmformer, but: .*lack 'query_input_proj.net.1.bias'",
        ),
        ({"surplus": torch.ones(1)}, r"nearest to gmmformer, but: .*unknown 'surplus'"),
        ({"query_input_proj__net__1__bias": torch.ones(3)}, "other shapes of 'query_input_proj.net.1.bias'"),
        ({"n_heads": None}, "does not say how many heads"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, changes: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        from_checkpoint(read_checkpoint(copy_of(tmp_path, **changes)))


def test_tensors_of_a_parallel_training_lose_their_prefix(tmp_path: Path) -> None:
    good = read_checkpoint(GOLDENS / "checkpoints/gmmformer.best.ckpt")
    tensors = {f"module.{name}": value for name, value in good.tensors.items()}
    torch.save({"state_dict": tensors, "config": good.config}, tmp_path / "parallel.pth")
    assert detected(read_checkpoint(tmp_path / "parallel.pth")) == "gmmformer"


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 cut"])
def test_broken_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.ckpt").write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.ckpt"):
        read_checkpoint(tmp_path / "broken.ckpt")


def test_files_that_hold_no_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        read_checkpoint(tmp_path / "none.ckpt")
    torch.save([1, 2], tmp_path / "list.ckpt")
    with pytest.raises(DataError, match="holds list"):
        read_checkpoint(tmp_path / "list.ckpt")
    torch.save({"state_dict": {"a": 1}}, tmp_path / "no.ckpt")
    with pytest.raises(DataError, match="holds no weights"):
        read_checkpoint(tmp_path / "no.ckpt")
    with pytest.raises(UnknownName, match="no system 'ral'"):
        from_checkpoint(read_checkpoint(GOLDENS / "checkpoints/gmmformer.best.ckpt"), "ral")
