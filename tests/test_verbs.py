"""Every verb can answer in JSON, says what it is for, and is loaded alone."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator

import pytest

from ral_core.cli import VERBS, main, parser_for


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
