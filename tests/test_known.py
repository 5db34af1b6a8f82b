"""Words of a query that no caption uses."""

from __future__ import annotations

import doctest
from dataclasses import replace

import numpy as np
import pytest
from helpers_search import make_world

from ral_core.search import answers, known
from ral_core.search.engine import Explorer
from ral_core.search.known import Vocabulary, named, stems
from ral_core.search.verdict import verdict

CAPTIONS = (
    "a girl flies a kite",
    "the red-haired man is running home",
    "two puppies hop",
    "she tries dancing",
)


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    return make_world(tmp_path_factory.mktemp("world")).open()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("runs", "running"),
        ("puppy", "puppies"),
        ("hopping", "hops"),
        ("dance", "dancing"),
        ("kites", "kite"),
        ("watched", "watching"),
    ],
)
def test_forms_of_a_word_are_one_word(one: str, other: str) -> None:
    assert stems(one) & stems(other)


@pytest.mark.parametrize(
    ("one", "other"), [("cat", "car"), ("red", "read"), ("bed", "bee"), ("sing", "sit"), ("kite", "kitchen")]
)
def test_other_words_are_others(one: str, other: str) -> None:
    assert not stems(one) & stems(other)


def test_strange_words_are_named_once_and_in_order() -> None:
    known = Vocabulary(CAPTIONS)
    assert known.strange("a Truck runs, then an elephant flies a truck’s kite") == ("truck", "elephant")
    assert known.strange("the man’s puppy is dancing in a red kite") == ()


def test_every_caption_is_known_to_its_own_vocabulary() -> None:
    known = Vocabulary(CAPTIONS)
    assert all(known.strange(text) == () for text in CAPTIONS)


def test_function_words_and_marks_are_never_strange() -> None:
    assert Vocabulary(CAPTIONS).strange("who is on the … ?! with") == ()
    assert named("?!") == []


def test_without_captions_nothing_is_strange() -> None:
    assert Vocabulary(()).strange("a quokka") == ()


def test_the_examples_hold() -> None:
    assert doctest.testmod(known).failed == doctest.testmod(answers).failed == 0


def test_an_answer_names_the_strange_words(explorer: Explorer) -> None:
    found = explorer.search("a man rides a zeppelin over a volcano")
    assert any("“zeppelin”" in note and "“volcano”" in note and "“man”" not in note for note in found.notes)


@pytest.mark.parametrize(
    ("strange", "z", "state"), [(True, 1.0, "unlikely"), (True, 3.0, "clear"), (False, 1.0, "clear")]
)
def test_a_short_query_is_unlikely_only_of_strange_words_that_fit_nothing(
    explorer: Explorer, strange: bool, z: float, state: str
) -> None:
    manifest = replace(explorer.resolve(None, None).manifest, cutoff=2.0, margin=0.1)
    total = np.array([0.9, 0.1, 0.2])
    judged = verdict(total, np.array([z, 0.0, 0.0]), manifest, words=2, strange=strange)
    assert judged.state == state
