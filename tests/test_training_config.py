"""Settings of a training run: what a config file or a preset becomes, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ral_core.cli import main
from ral_core.errors import DataError, UnknownName
from ral_core.files import write_json
from ral_core.training.config import (
    PRESETS,
    override,
    preset_path,
    read_config,
)


def config_file(tmp_path: Path, text: str) -> str:
    path = tmp_path / "some.toml"
    path.write_text(text)
    return str(path)


def test_a_config_file_becomes_settings(tmp_path: Path) -> None:
    config = read_config(
        config_file(tmp_path, "[model]\nwidth = 32\nral = true\n[training]\nlearning_rate = 1\n")
    )
    assert config.name == "some" and config.training.learning_rate == 1
    assert config.model_config(7, 8).ral is not None and config.model_config(7, 8).visual_width == 7
    write_json(tmp_path / "other.json", {"name": "x", "training": {"epochs": 2}})
    assert read_config(str(tmp_path / "other.json")).training.epochs == 2
    assert override(config, epochs=3, seed=None).training == replace(config.training, epochs=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[training]\nepoch = 3", "Did you mean 'epochs'"),
        ("[trainin]\nepochs = 3", "Did you mean 'training'"),
        ("[model]\nwith = 3", "Did you mean 'width'"),
        ("[objective]\nmargins = 3", "Did you mean 'margin'"),
        ("[training]\nepochs = 1.5", "a whole number"),
        ("[training]\nepochs = true", "a whole number"),
        ("[training]\nepochs = 0", "at least 1"),
        ("[training]\nlearning_rate = 'fast'", "a number"),
        ("[data]\ncaptions_per_video = 0", "at least 1"),
        ("[training]\nseed = -1", "at least 0"),
        ("[training]\nwarmup = nan", "at least 0"),
        ("training = 3", "table"),
        ("model = 3", "table"),
        ("[training", "valid TOML"),
    ],
)
def test_nonsense_in_a_config_is_refused_with_a_hint(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises((DataError, UnknownName), match=words):
        read_config(config_file(tmp_path, text))


def test_a_preset_that_is_not_there_is_refused() -> None:
    with pytest.raises(UnknownName, match="no preset called 'nothing'"):
        preset_path("nothing")
    with pytest.raises(DataError, match="no file"):
        read_config("nowhere/nothing.toml")


def test_the_command_line_says_what_is_wrong_in_one_sentence(tmp_path: Path, capsys) -> None:
    assert main(["train", "nothing"]) == 1
    assert "no preset called 'nothing'" in capsys.readouterr().err
    path = tmp_path / "some.json"
    path.write_text(json.dumps({"training": {"epochs": 1}}))
    assert main(["train", str(path), "--data", str(tmp_path), "--device", "nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err
    assert main(["train", str(path), "--data", str(tmp_path)]) == 1
    assert "world build" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(path.stem for path in PRESETS.glob("*.toml")))
def test_every_preset_can_be_read(name: str) -> None:
    config = read_config(name)
    assert config.name == name and config.model_config(64, 32).visual_width == 64
