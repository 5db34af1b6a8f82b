"""A backbone from another package: found, trained, saved, indexed and searched; a broken one costs one sentence."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from helpers_search import TEXT, VISUAL, HashText, write_films
from tiny_models import random_batch, tiny_config

from ral_core.analysis.health import other_models
from ral_core.cli import main
from ral_core.errors import DataError, RALError, UnknownName
from ral_core.index.build import IndexConfig, build_index
from ral_core.models import TAKEN, Backbone, ModelConfig, RALConfig, build_model
from ral_core.models.checkpoint import load_model, save_model
from ral_core.offers import GROUP, offers
from ral_core.search.engine import Explorer
from ral_core.training.config import read_config
from ral_core.training.objectives import ObjectiveConfig, objective

PAGE = (Path(__file__).parents[1] / "docs" / "new-model.md").read_text(encoding="utf-8")


def block(kind: str, number: int = 0) -> str:
    """A fenced block of one language in docs/new-model.md."""
    return str(re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[number])


def install(folder: Path, package: str, points: dict[str, str], **modules: str) -> None:
    """What pip leaves behind: modules, and a folder that says what the package offers."""
    about = folder / f"{package.replace('-', '_')}-0.1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.1\n")
    lines = "\n".join(f"{name} = {value}" for name, value in points.items())
    (about / "entry_points.txt").write_text(f"[{GROUP}]\n{lines}\n")
    for name, source in modules.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of packages that Python looks into; what was imported from it is forgotten afterwards."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    yield folder
    for name in [name for name in sys.modules if name.endswith("_model") and "." not in name]:
        del sys.modules[name]


@pytest.fixture
def mean(site: Path) -> Path:
    """The package of docs/new-model.md."""
    project = tomllib.loads(block("toml"))["project"]
    install(site, project["name"], project["entry-points"][GROUP], mean_model=block("python"))
    return site


def steps(model: Backbone, count: int) -> list[float]:
    """The losses of a few steps of training on one random batch."""
    torch.manual_seed(0)
    batch, optimizer = random_batch([0, 0, 1, 2]), torch.optim.Adam(model.parameters(), 1e-3)
    losses = []
    for _ in range(count):
        loss = torch.stack(list(objective(model, batch, ObjectiveConfig()).values())).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("wrapped", [False, True])
def test_the_documented_model_trains_saves_indexes_and_searches(
    mean: Path, tmp_path: Path, wrapped: bool
) -> None:
    trained = build_model(tiny_config("mean", wrapped, own={"drop": 0.0}, input_drop=0, drop=0))
    first, second = steps(trained, 2)
    assert second < first

    config = ModelConfig(
        name="mean",
        visual_width=VISUAL,
        text_width=TEXT,
        width=16,
        heads=2,
        clips=4,
        max_frames=24,
        max_words=10,
        ral=RALConfig() if wrapped else None,
        own={"drop": 0.25},
    )
    root, model = tmp_path / "data", build_model(config).eval()
    save_model(root / "models" / "mean", model)
    again = load_model(root / "models" / "mean")
    assert again.config == config and again.config.own == {"drop": 0.25}
    features = write_films(root / "world" / "test")
    build_index(
        root / "indexes" / "world-mean",
        again,
        root / "models" / "mean",
        features,
        HashText(),
        IndexConfig(name="world-mean", collection="world/test"),
        captions=features / "captions.jsonl",
    )
    explorer = Explorer.open(root, device="cpu", text=HashText())
    found = explorer.search("a man kicks a red ball", 3)
    assert found.model == "mean" and len(found.hits) == 3
    why = explorer.explain(found.query, found.hits[0].video)
    assert any(word.weight is not None for word in why.words) is wrapped


def test_the_documented_preset_describes_it(mean: Path, tmp_path: Path) -> None:
    (tmp_path / "mean.toml").write_text(block("toml", 1))
    config = read_config(str(tmp_path / "mean.toml"))
    model = build_model(config.model_config(VISUAL, TEXT))
    assert config.name == "mean" and model.config.width == 64 and model.video.drop.p == 0.1


def test_it_is_listed(mean: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert [str(offer) for offer in offers().values()] == ["mean (mean-model 0.1)"]
    assert "mean_model" not in sys.modules, "listing imports nothing"
    with pytest.raises(SystemExit):
        main(["train", "--help"])
    assert "models of other packages: mean (mean-model 0.1)" in capsys.readouterr().out
    (check,) = other_models()
    assert check.name == "model mean" and check.ok and not check.absent and "mean-model 0.1" in check.detail


def test_a_saved_model_says_that_its_package_is_gone(mean: Path, tmp_path: Path) -> None:
    save_model(tmp_path / "model", build_model(tiny_config("mean", False)))
    (mean / "mean_model-0.1.dist-info" / "entry_points.txt").unlink()
    with pytest.raises(UnknownName, match=r"no backbone called 'mean'.*install that first"):
        load_model(tmp_path / "model")


BROKEN = {
    "raises": ("raises_model:Net", "1 / 0", "ZeroDivisionError"),
    "lacks": ("lacks_model:Net", "", "AttributeError"),
    "missing": ("nowhere_model:Net", "", "ModuleNotFoundError"),
    "other": ("other_model:Net", "class Net:\n    def __init__(self, config): pass", "no Backbone"),
    "picky": ("picky_model:Net", "def Net(config): raise ValueError('too wide')", "too wide"),
}


def test_a_broken_package_costs_one_sentence_and_nothing_else(site: Path) -> None:
    for name, (value, source, _) in BROKEN.items():
        install(site, f"{name}-package", {name: value}, **{f"{name}_model": source})
    for name, (_, _, reason) in BROKEN.items():
        with pytest.raises(DataError, match=reason) as told:
            build_model(tiny_config(name, False))
        assert f"{name}-package 0.1" in str(told.value) and "\n" not in str(told.value)
    assert build_model(tiny_config("ms_sl", True)).config.name == "ms_sl"
    checks = {check.name: check for check in other_models()}
    assert all(check.ok for check in checks.values())
    assert {name for name in BROKEN if checks[f"model {name}"].absent} == {"raises", "lacks", "missing"}


def test_names_cannot_be_taken(mean: Path) -> None:
    install(mean, "thief", {"ms_sl": "mean_model:Mean", "zero_shot": "mean_model:Mean"})
    assert type(build_model(tiny_config("ms_sl", False))).__name__ == "MSSL"
    taken = {check.name: check for check in other_models() if check.absent}
    assert set(taken) == {"model ms_sl", "model zero_shot"} and {"ms_sl", "zero_shot"} <= TAKEN
    assert "stays that" in taken["model ms_sl"].detail
    install(mean, "twin", {"mean": "twin_model:Mean"})
    with pytest.raises(DataError, match="both offer a model 'mean'"):
        build_model(tiny_config("mean", False))


def test_own_settings_belong_to_other_packages() -> None:
    with pytest.raises(RALError, match="ms_sl has no settings in 'own'"):
        build_model(tiny_config("ms_sl", False, own={"depth": 2}))
    with pytest.raises(RALError, match="own must be a table"):
        tiny_config("ms_sl", False, own=3)
    assert "own" not in json.dumps(tiny_config("ms_sl", False).to_json())
