"""Telling absent moments: the sentences are absent by the plain definition, and the numbers obey their laws."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from helpers_search import make_world

from ral_core.analysis.absence import absent_captions, detection, false_alarms
from ral_core.errors import DataError
from ral_core.files import read_jsonl
from ral_core.world.logic import film_satisfies
from ral_core.world.scene import Film

WORLD = Path(__file__).parents[1] / "precomputed" / "world"


def test_absent_captions_are_satisfied_by_no_film() -> None:
    films = [Film.from_json(row) for row in read_jsonl(WORLD / "test" / "films.jsonl")]
    found = absent_captions(WORLD / "test" / "films.jsonl", WORLD / "test-long" / "captions.jsonl")
    assert len(found) > 100
    for caption in found[::20]:
        assert not any(film_satisfies(film, caption.logic) for film in films)


def test_a_split_has_no_absent_captions_of_its_own() -> None:
    assert absent_captions(WORLD / "test" / "films.jsonl", WORLD / "test" / "captions.jsonl") == []


def test_false_alarms_are_none_when_apart_and_all_when_reversed() -> None:
    low, high = np.linspace(0, 1, 40), np.linspace(2, 3, 40)
    assert false_alarms(high, low) == 0.0
    assert false_alarms(low, high) == 100.0


def test_detection_of_the_same_sentences_is_chance(tmp_path: Path) -> None:
    explorer = make_world(tmp_path).open()
    entry = explorer.resolve(None, "world-ral-tiny")
    captions = list(explorer.collection(entry).captions.values())
    found = detection(explorer, entry, captions, [replace(one, id="other") for one in captions])
    assert found.auroc == pytest.approx(0.5)
    assert found.detected == found.alarms
    assert found.to_json()["present"] == len(captions)
    with pytest.raises(DataError, match="both kinds"):
        detection(explorer, entry, captions, [])
