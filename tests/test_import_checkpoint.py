"""Official checkpoints: read without running them, checked, and usable afterwards."""

from __future__ import annotations

import json
import os
import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from helpers_search import TEXT, VISUAL, HashText, write_films

from ral_core.cli import main
from ral_core.commands.import_checkpoint import published_features
from ral_core.errors import DataError, EncoderMismatch, UnknownName
from ral_core.index.build import IndexConfig, build_index
from ral_core.models import RAL, ModelConfig, build_model
from ral_core.models.checkpoint import load_model, save_model
from ral_core.models.names import official_name
from ral_core.models.official import detected, from_checkpoint, kind_of, read_checkpoint
from ral_core.search.engine import Explorer

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


def official_file(tmp_path: Path, system: str, visual: int, text: int, **settings: object) -> Path:
    """A checkpoint such as the authors' programs write, with random weights of these widths."""
    torch.manual_seed(0)
    config = ModelConfig(
        **kind_of(system),
        visual_width=visual,
        text_width=text,
        width=8,
        heads=2,
        clips=32,
        profile="reference",
    )
    tensors = {official_name(name): value for name, value in build_model(config).state_dict().items()}
    said: dict[str, object] = {"n_heads": 2, "map_size": 32, "epoch": 3, **settings}
    if system == "ms_sl_plus":
        said["cluster_num"] = 8
    torch.save({"state_dict": tensors, "config": said, "epoch": 3}, tmp_path / "best.ckpt")
    return tmp_path / "best.ckpt"


@pytest.mark.parametrize("system", ["ms_sl", "ms_sl_plus", "gmmformer", "ral_gmmformer_v2", "msc"])
def test_an_imported_model_is_evaluated_on_a_published_data_set(
    system: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = official_file(tmp_path, system, 24, 20, dataset_name="toya"), str(tmp_path / "model")
    names = ["--visual-features", "i3d", "--text-features", "roberta_toya_query_feat"]
    assert main(["import-checkpoint", str(file), "--out", out, *names, "--json"]) == 0
    about = json.loads(capsys.readouterr().out)
    assert (about["system"], about["name"]) == (system, f"{system}-toya")
    assert about["text_encoder"] == "official/roberta_toya_query_feat"
    split = f"{GOLDENS / 'dataset/a/toya'}:test"
    assert main(["evaluate", "--model", out, "--split", split, "--json"]) == 0
    assert "R@1" in capsys.readouterr().out
    other = ["--visual-features", "resnet", "--json"]
    assert main(["import-checkpoint", str(file), "--out", out, *other]) == 0
    assert main(["evaluate", "--model", out, "--split", split, "--feature", "i3d"]) == 1
    assert "official/resnet" in capsys.readouterr().err


@pytest.mark.parametrize("system", ["ms_sl", "ral_gmmformer_v2"])
def test_an_imported_model_is_indexed_and_searched(system: str, tmp_path: Path) -> None:
    root, out = tmp_path / "shipped", tmp_path / "shipped/models/official"
    features, words = write_films(root / "world/test"), HashText()
    file = official_file(tmp_path, system, VISUAL, TEXT)
    assert main(["import-checkpoint", str(file), "--out", str(out)]) == 0
    model, config = load_model(out), IndexConfig(name="world-official", collection="world/test")
    build_index(root / "indexes/world-official", model, out, features, words, config)
    found = Explorer.open(root, device="cpu", text=words).search("a man kicks a ball", k=3)
    assert len(found.hits) == 3 and found.hits[0].score >= found.hits[1].score
    save_model(out, model, extra={"visual_encoder": "official/i3d"})
    with pytest.raises(EncoderMismatch, match="official/i3d"):
        build_index(root / "indexes/other", model, out, features, words, config)


def test_published_features_are_known_by_data_set_and_width() -> None:
    assert published_features("ral_ms_sl", "tvr", 3072) == {
        "visual": "i3d_resnet",
        "text": "roberta_tvr_query_feat",
    }
    assert published_features("msc", "charades", 768)["text"] == "charades_clip_L14"
    assert published_features("gmmformer", "tvr", 6) == published_features("gmmformer", None, 1024) == {}
