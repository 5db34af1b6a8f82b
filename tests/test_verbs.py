"""Every verb can answer in JSON, says what it is for, and is loaded alone."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers_search import HashText, tiny_model, write_films

from ral_core.cli import VERBS, main, parser_for
from ral_core.models.checkpoint import save_model


def parts(parser: argparse.ArgumentParser, name: str) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The parser itself, or those of its own verbs."""
    inner = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not inner:
        yield name, parser
    for action in inner:
        for verb, below in action.choices.items():
            yield from parts(below, f"{name} {verb}")


def parser_of(verb: str) -> argparse.ArgumentParser:
    whole = parser_for(verb)
    action = next(a for a in whole._actions if isinstance(a, argparse._SubParsersAction))
    return action.choices[verb]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_can_answer_in_json(verb: str) -> None:
    for name, parser in parts(parser_of(verb), verb):
        options = {option for action in parser._actions for option in action.option_strings}
        assert "--json" in options, name


@pytest.mark.parametrize("verb", VERBS)
def test_every_argument_is_explained(verb: str) -> None:
    for name, parser in parts(parser_of(verb), verb):
        for action in parser._actions:
            assert action.help, f"{name} {action.dest}"


def test_a_film_of_the_world_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["world", "show", "test-0007", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["film"]["id"] == "test-0007"
    assert {caption["film"] for caption in found["captions"]} == {"test-0007"}


def test_training_ends_with_its_figures_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def trained(config: object, out: Path, *rest: object, say: Callable[[str], None], **more: object) -> Path:
        say("epoch 1/1")
        save_model(out, tiny_model(), extra={"epochs": 1, "minutes": 0.1, "scores": {"SumR": 200.0}})
        return out

    for name in ("train", "val"):
        write_films(tmp_path / name)
    monkeypatch.setattr("ral_core.training.run.train", trained)
    monkeypatch.setattr("ral_core.features.encoders.open_text_encoder", lambda *_, **__: HashText())
    arguments = ["train", "ral", "--data", str(tmp_path), "--out", str(tmp_path / "model"), "--json"]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["scores"] == {"SumR": 200.0} and "epoch 1/1" in said.err
