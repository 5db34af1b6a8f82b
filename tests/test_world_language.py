"""Sentences: grammar, spans that cover the right words, and nothing said that cannot be seen."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from dataclasses import replace

import pytest

from ral_core.data.captions import Caption
from ral_core.world import wording
from ral_core.world.captions import split_captions, word_importance
from ral_core.world.grammar import Word, inflect, join, say, with_prefix, without_articles
from ral_core.world.language import describe
from ral_core.world.scene import Film
from ral_core.world.splits import SPLITS, split_films
from ral_core.world.vocabulary import ACTIONS, COLORS, KINDS, MEANINGS, SETTINGS, SKIES, SLOTS

COLOR_SLOTS = {"top", "prop", "hat_color"}


@pytest.fixture(scope="module")
def test_world() -> tuple[dict[str, Film], list[Caption]]:
    split = replace(SPLITS["test"], films=60)
    films, twins = split_films(split)
    return {film.id: film for film in films}, split_captions(split, films, twins)


def closed(options: tuple[str, ...]) -> list[str]:
    return [option for option in options if not option.startswith("!")]


def test_verbs_take_the_right_form() -> None:
    assert inflect("~sit and ~read {prop}", "present") == "sits and reads {prop}"
    assert inflect("~sit and ~read {prop}", "progressive") == "is sitting and reading {prop}"
    assert inflect("~be on the phone", "progressive") == "is on the phone"
    assert inflect("~be fast asleep", "participle") == "fast asleep"
    forms = {"~run": "running", "~ride": "riding", "~put": "putting", "~lie": "lying", "~carry": "carrying"}
    assert {verb: inflect(verb, "participle") for verb in forms} == forms
    assert [inflect(v, "present") for v in ("~wash", "~carry", "~play", "~go", "~have")] == [
        *("washes", "carries", "plays", "goes", "has")
    ]


def test_articles_and_spans() -> None:
    text, spans = join(
        [
            *say("a"),
            Word("orange", "prop"),
            *say("umbrella", "action"),
            Word(","),
            *say("in a park", "setting"),
        ]
    )
    assert text == "an orange umbrella, in a park"
    assert [(span.slot, text[span.start : span.end]) for span in spans] == [
        *(("prop", "orange"), ("action", "umbrella"), ("setting", "park"))
    ]
    assert join(without_articles(say("a dog is in the park", "x")))[0] == "dog in park"
    assert [word.slot for word in with_prefix(say("the dog", "kind"), "first")] == [None, "first.kind"]
    assert [word.slot for word in say("up there", "action")] == ["action", "action"], "some word must say it"


def test_every_thing_has_three_wordings() -> None:
    for table in (wording.DEEDS, wording.PLACES, wording.TIMES):
        for name, options in table.items():
            assert len(set(closed(options))) >= (2 if name in ("ball", "ride") else 3), name
    assert set(ACTIONS) <= set(wording.DEEDS) and set(wording.DEEDS) == set(MEANINGS)
    assert set(SETTINGS) == set(wording.PLACES) and set(SKIES) == set(wording.TIMES)
    assert {kinds[0] for kinds, _ in wording.NOUNS} == set(KINDS)


def test_about_a_tenth_of_the_synonyms_is_held_out() -> None:
    tables = [
        *wording.DEEDS.values(),
        *wording.PLACES.values(),
        *wording.TIMES.values(),
        *wording.PROPS.values(),
    ]
    tables += [nouns for _, nouns in wording.NOUNS + wording.GENERAL_NOUNS]
    options = [option for table in tables for option in set(table)]
    assert 0.08 < sum(option.startswith("!") for option in options) / len(options) < 0.2


def test_training_never_reads_held_out_synonyms(test_world: tuple) -> None:
    split = replace(SPLITS["train"], films=40)
    captions = split_captions(split, split_films(split)[0])
    assert not any(caption.heldout_synonym for caption in captions)
    words = {word for caption in captions for word in re.findall(r"[a-z'-]+", caption.text)}
    assert not words & {
        "lad",
        "android",
        "doggy",
        "gentleman",
        "parasol",
        "kitty",
        "youngster",
        "dusk",
        "seaside",
    }
    share = sum(caption.heldout_synonym for caption in test_world[1]) / len(test_world[1])
    assert 0.1 < share < 0.3


def test_spans_cover_the_words_that_say_the_slot(test_world: tuple) -> None:
    _, captions = test_world
    for caption in captions:
        pair = len(caption.event) == 2
        for span in caption.spans:
            said = caption.text[span.start : span.end]
            assert said and said == said.strip(" ,")
            side, _, slot = span.slot.rpartition(".")
            logic = caption.logic[side] if pair else caption.logic
            assert slot in logic, (caption.text, span)
            if slot in COLOR_SLOTS:
                assert [said] == logic[slot]
            if slot == "kind":
                nouns = [
                    n.strip("!")
                    for k, ns in wording.NOUNS + wording.GENERAL_NOUNS
                    for n in ns
                    if list(k) == logic[slot]
                ]
                assert any(said.split()[-1] == noun.split()[-1] or said in noun.split() for noun in nouns), (
                    said
                )
        parts = caption.logic if pair else {"": caption.logic}
        said_slots = {span.slot for span in caption.spans}
        for side in ("first", "then") if pair else ("",):
            assert {f"{side}.{slot}".strip(".") for slot in parts[side]} <= said_slots, caption.text
        assert all(a.end <= b.start for a, b in zip(caption.spans, caption.spans[1:]))


def test_colours_in_the_text_are_asserted(test_world: tuple) -> None:
    """Every colour word of a caption belongs to a slot: nothing is said that the logic does not hold."""
    for caption in test_world[1]:
        for match in re.finditer(r"[a-z-]+", caption.text):
            if match.group() in COLORS:
                assert any(s.start <= match.start() and match.end() <= s.end for s in caption.spans), (
                    caption.text
                )


def test_only_visible_slots_are_said(test_world: tuple) -> None:
    films, captions = test_world
    for caption in captions:
        sides = [caption.logic[s] for s in ("first", "then")] if len(caption.event) == 2 else [caption.logic]
        for logic, index in zip(sides, caption.event):
            assert set(logic) <= set(films[caption.film].events[index].visible), caption.text
            assert list(logic) == [slot for slot in SLOTS if slot in logic]


def test_captions_read_like_english(test_world: tuple) -> None:
    _, captions = test_world
    for caption in captions:
        text = caption.text
        assert text == text.strip() and "  " not in text and " ," not in text and text == text.lower(), text
        assert not re.search(
            r"\b(a [aeiou]|an [^aeiou]|a a|the an? |is is |and and|in in|with with)", text
        ), text
        assert not re.search(r"[{}~!|_.]", text), text
    assert len({caption.text for caption in captions}) > 0.97 * len(captions)
    words = Counter(word for caption in captions for word in caption.text.replace(",", "").split())
    assert 280 < len(words) < 500
    assert 9 < sum(len(caption.text.split()) for caption in captions) / len(captions) < 14


def test_levels_and_the_number_of_captions(test_world: tuple) -> None:
    films, captions = test_world
    levels = Counter(caption.level for caption in captions)
    single = len(captions) - levels["temporal"]
    for level, share in (("vague", 0.25), ("mid", 0.5), ("full", 0.25)):
        assert abs(levels[level] / single - share) < 0.08
    lengths = {
        level: sum(len(c.logic) for c in captions if c.level == level) / levels[level]
        for level in ("vague", "mid", "full")
    }
    assert lengths["vague"] < lengths["mid"] < lengths["full"]
    described = {(caption.film, caption.event[0]) for caption in captions if len(caption.event) == 1}
    assert described == {(film.id, index) for film in films.values() for index in range(len(film.events))}
    assert len({caption.id for caption in captions}) == len(captions)


def test_required_slots_are_said() -> None:
    split = replace(SPLITS["test"], films=60)
    rng = random.Random(5)
    for film in split_films(split)[0]:
        for event in film.events:
            for slot in {"prop", "top", "setting", "sky", "bystander", "fur", "hair", "hat_color"} & set(
                event.visible
            ):
                said = describe(rng, film, event, "vague", open=True, must=[slot])
                assert slot in said.logic, (slot, said.text)


def test_words_share_the_bits_of_their_slot(test_world: tuple) -> None:
    for caption in test_world[1]:
        words = [caption.text[start:end] for start, end, _ in caption.word_importance]
        assert words == re.findall(r"[^\s,]+", caption.text)
        total = sum(bits for _, bits in caption.importance)
        assert sum(bits for *_, bits in caption.word_importance) == pytest.approx(total, abs=0.02)
    caption = test_world[1][0]
    shares = word_importance("a red kite", caption.spans[:0], {"prop": 2.0})
    assert [bits for *_, bits in shares] == [0.0, 0.0, 0.0]


def test_captions_survive_json(test_world: tuple) -> None:
    for caption in test_world[1][:200]:
        assert Caption.from_json(json.loads(json.dumps(caption.to_json()))).to_json() == caption.to_json()
