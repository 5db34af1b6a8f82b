"""Words that decide, and wordings that should not matter."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers_search import World, edit_manifest, make_world

from ral_core.analysis.decide import candidates, close_rows, decide, phrases_said, varied, within
from ral_core.analysis.decide_check import check_decide
from ral_core.analysis.paraphrases import (
    meanings,
    paraphrase_stability,
    shorter,
    synonyms,
    turned,
    with_article,
)
from ral_core.cli import main
from ral_core.data.captions import read_captions
from ral_core.errors import BadQuery
from ral_core.search.engine import Explorer
from ral_core.search.sayings import Saying, Sayings, added

QUERY = "a man kicks a ball"
SAID = (
    "in the park",
    "with a blue hat",
    "at night near trees",
    "in the park near trees",
    "at night",
    "with a blue hat",
    "in the park",
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    made = make_world(tmp_path_factory.mktemp("precomputed"))
    path = made.features / "captions.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    told = [{**row, "text": f"a man kicks a ball {said}"} for row, said in zip(rows, SAID, strict=True)]
    path.write_text("".join(json.dumps(row) + "\n" for row in told))
    for name in made.indexes:
        edit_manifest(made.root / "indexes" / f"world-{name}", margin=3.0)  # nothing is clear
    return made


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


def test_words_come_from_the_captions_and_part_the_close_films(explorer: Explorer) -> None:
    for model in explorer.models:
        found = decide(explorer, QUERY, model=model)
        assert len(found.close) > 1 and found.tried > 0
        offered = {"in the park", "with a blue hat", "at night", "near trees"}
        for one in found.words:
            assert one.word in offered and one.query == f"{QUERY} {one.word}"
            assert 0 < len(one.keeps) < len(found.close) and set(one.keeps) <= set(found.close)
            assert set(one.said_of) <= set(found.close) and 0 < one.bits <= 1
            assert explorer.search(one.query, k=1, model=model).hits[0].video == one.first
        assert len({frozenset(one.keeps) for one in found.words}) == len(found.words)
        assert json.dumps(found.to_json(), allow_nan=False)


def test_nothing_is_made_up_without_captions(world: World) -> None:
    explorer = world.open()
    for entry in explorer.entries.values():
        explorer.entries[entry.name] = replace(entry, manifest=replace(entry.manifest, captions=None))
    found = decide(explorer, QUERY)
    assert found.words == () and found.tried == 0 and "no captions" in found.notes[0]


def test_a_clear_answer_needs_no_word(world: World) -> None:
    explorer = world.open()
    for entry in explorer.entries.values():
        explorer.entries[entry.name] = replace(entry, manifest=replace(entry.manifest, margin=1e-9))
    found = decide(explorer, QUERY)
    assert len(found.close) == 1 and found.words == () and "clearly" in found.notes[0]
    with pytest.raises(BadQuery):
        decide(explorer, QUERY, most=0)


def test_close_films_are_those_within_the_margin() -> None:
    total = np.array([0.0, 1.0, 0.95, 0.2])
    assert close_rows(total, 0.5) == [1, 2]
    assert close_rows(total, 1e9) == [1, 2, 3, 0]
    assert within(total[[3, 0]], total, 1e-3).tolist() == [True, False]


def test_what_is_said_of_a_moment_leaves_other_moments_out(explorer: Explorer) -> None:
    captions = read_captions(explorer.root / "world" / "test" / "captions.jsonl")
    sayings, end = Sayings(caption.text for caption in captions), captions[0].end
    said = phrases_said(captions, {"film-0": (0.0, end)}, sayings)["film-0"]
    assert {sayings.shown(one) for one in said} >= {"in the park"}
    assert phrases_said(captions, {"film-0": (end, 2 * end)}, sayings)["film-0"] == frozenset()
    park, night = Saying("in a park", "place"), Saying("at night", "place")
    both = {"a": frozenset((park, night)), "b": frozenset((park,))}
    assert candidates(both, ["a", "b"], "a man", sayings) == [night]
    assert candidates(both, ["a", "b"], "a man at night", sayings) == []
    assert varied([], 3) == ()


CAPTIONS = (
    "a boy in a red baseball cap is eating from a bowl",
    "a boy in a red baseball cap and glasses waves at night",
    "a girl with a sun hat, painting a picture in the park",
    "a girl with a sun hat is painting a picture in a park",
    "a dog with a watering can and a blue ball",
    "a dog under a tree; the dog is eating",
    "the dog watches someone with a watering can",
    "someone is holding a kite in the sun",
)


def test_phrases_are_whole_and_natural() -> None:
    sayings = Sayings(CAPTIONS)
    said = {sayings.shown(one) for one in sayings.counts}
    assert said == {
        *("a boy", "a girl", "a dog", "in a red baseball cap", "with a sun hat", "with a watering can"),
        *("in the park", "eating", "painting a picture"),
    }
    assert {one.text for one in sayings.of(CAPTIONS[1])} == {"a boy", "in a red baseball cap"}


def test_phrases_are_added_as_one_would_say() -> None:
    assert added("Someone paints.", "a lady", "subject") == "a lady paints"
    assert added("a film about a person in the snow", "a boy", "subject") == "a film about a boy in the snow"
    assert added("a man in a cap", "in the park", "place") == "a man in a cap, in the park"
    assert added("a dog", "chasing a ball", "deed") == "a dog, chasing a ball"
    sayings = Sayings(CAPTIONS)
    boy = Saying("a boy", "subject")
    some = {"a": frozenset((boy,)), "b": frozenset[Saying]()}
    assert candidates(some, ["a", "b"], "somebody eats", sayings) == [boy]
    assert candidates(some, ["a", "b"], "a girl eats", sayings) == []


def test_the_check_adds_up(explorer: Explorer) -> None:
    found = check_decide(explorer, explorer.resolve(None, None), asked=7)
    assert 0 < found.undecided <= found.asked == 7
    assert all(0 <= value <= 100 for value in (found.answered, found.before, found.after, found.random))


def test_synonyms_are_the_grammars() -> None:
    found = {text for text, _, _ in synonyms("a man in a blue sweater reads on the beach")}
    assert {"a guy in a blue sweater reads on the beach", "a man in a blue pullover reads by the sea"} & found
    assert all(text != "a man in a blue sweater reads on the beach" for text in found)
    assert not any("something to eat an" in text for text, _, _ in synonyms("a girl eats an ice cream"))
    assert with_article("a ", "android") == "an android"
    assert all(len(set(group)) == len(group) > 1 for animal in (True, False) for group in meanings(animal))


def test_drops_and_order() -> None:
    assert [text for text, _, _ in shorter("a man walks the dog")] == ["man walks dog"]
    assert list(shorter("man walks")) == []
    assert [text for text, _, _ in turned("a man walks in the park.")] == ["in the park, a man walks"]
    assert list(turned("a man walks")) == []


def test_a_paraphrase_is_compared_by_its_own_search(explorer: Explorer) -> None:
    found = paraphrase_stability(explorer, "a man walks in the park", given=("dogs",), k=3)
    assert {one.kind for one in found.paraphrases} == {"given", "synonym", "drop", "order"}
    for one in found.paraphrases:
        assert explorer.search(one.text, k=1).hits[0].video == one.first
        assert 0 <= one.overlap <= 1 and 1 <= one.rank <= 7 and (one.rank == 1) == (one.first == found.first)
    assert found.same is not None and 0 <= found.same <= 1
    assert json.dumps(found.to_json(), allow_nan=False)


def test_other_collections_get_no_synonyms(world: World) -> None:
    explorer = world.open()
    for entry in explorer.entries.values():
        explorer.entries[entry.name] = replace(entry, manifest=replace(entry.manifest, films=None))
    found = paraphrase_stability(explorer, "a man walks in the park")
    assert {one.kind for one in found.paraphrases} == {"drop", "order"} and "No synonyms" in found.notes[0]
    assert paraphrase_stability(explorer, "zebra").same is None


def test_the_verbs(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda *args, **kwargs: explorer)
    for verb in ("decide", "paraphrases"):
        assert main([verb, "a man kicks a ball in the park", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["query"] == "a man kicks a ball in the park"
        assert main([verb, "a man kicks a ball in the park"]) == 0
        assert capsys.readouterr().out.strip()
    assert main(["decide", "--check", "3"]) == 0 and "undecided" in capsys.readouterr().out
    assert main(["paraphrases", "--check", "3", "--json"]) == 0
    checked = json.loads(capsys.readouterr().out)
    assert checked and all(0 <= one["same"] <= 100 and 0 <= one["overlap"] <= 100 for one in checked)
    assert main(["paraphrases", "--check", "3"]) == 0 and "same first film" in capsys.readouterr().out
    assert main(["decide"]) == main(["paraphrases"]) == 1
