"""Truth about captions: the fast answers agree with plain ones, entailment holds, twins differ in one slot."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ral_core.data.captions import Caption
from ral_core.world.captions import slots_of, split_captions
from ral_core.world.labels import GROUPS, LABELS, frame_labels, group_slices
from ral_core.world.logic import film_satisfies, moments, readings, relevant_films, satisfies
from ral_core.world.sampling import visible_slots
from ral_core.world.scene import Event, Film, film_hash
from ral_core.world.splits import SPLITS, Split, Twin, differences, held_out, split_films
from ral_core.world.truth import Corpus, strict_ceilings
from ral_core.world.vocabulary import FURS, HUMAN_ACTIONS, INDOOR, MEANINGS, actions_of

SMALL = replace(SPLITS["test"], films=40)


@pytest.fixture(scope="module")
def world() -> tuple[list[Film], list[Twin], list[Caption]]:
    films, twins = split_films(SMALL)
    return films, twins, split_captions(SMALL, films, twins)


def plainly_true(film: Film, event: Event, logic: dict[str, list[str]]) -> bool:
    """Another way to decide the truth, written without looking at the first."""
    who = film.cast[event.actor]
    near = [] if event.bystander is None else [film.cast[event.bystander].kind]
    clothes = "dress" if who.dress else {"short": "tshirt", "long": "sweater"}.get(who.sleeve or "")
    shown: dict[str, Any] = {
        "kind": who.kind, "fur": who.fur, "beard": "yes" if who.beard else None, "hat": who.hat, "top": who.top,
        "glasses": "yes" if who.glasses else None, "hat_color": who.hat_color, "garment": clothes,
        "hair": "bald" if who.style == "bald" else who.hair, "action": event.action, "prop": event.prop,
        "setting": event.setting, "sky": event.sky,
    }  # fmt: skip
    for slot in [*shown]:
        if slot not in event.visible:
            del shown[slot]
    with_dog = event.action == "dogwalk"
    if all(
        bool({*near, *(["dog"] if with_dog else [])} & set(v)) if s == "bystander" else shown.get(s) in v
        for s, v in logic.items()
    ):
        return True
    if not with_dog:
        return False
    coat = ["brown", "black", "white"][int(who.phase * 10) % 3]
    dog = {"kind": "dog", "action": "walk", "fur": coat, "setting": shown["setting"], "sky": shown.get("sky")}
    return all(
        bool({*near, who.kind} & set(v)) if s == "bystander" else dog.get(s) in v for s, v in logic.items()
    )


def conditions(caption: Caption) -> Iterator[dict[str, list[str]]]:
    """The single-event forms of a caption."""
    yield from (
        [caption.logic["first"], caption.logic["then"]] if len(caption.event) == 2 else [dict(caption.logic)]
    )


def test_satisfaction_agrees_with_another_implementation(world: tuple) -> None:
    films, _, captions = world
    for caption in captions[::3]:
        for logic in conditions(caption):
            for film in films:
                for event in film.events:
                    assert satisfies(film, event, logic) == plainly_true(film, event, logic), (
                        caption.text,
                        film.id,
                    )


def test_fast_relevance_agrees_with_the_plain_definition(world: tuple) -> None:
    films, _, captions = world
    for caption in captions:
        assert list(caption.relevant) == relevant_films(films, caption.logic), caption.text
        assert caption.ambiguity == len(caption.relevant)


def test_every_caption_is_true_of_its_own_moment(world: tuple) -> None:
    films, _, captions = world
    by_id = {film.id: film for film in films}
    for caption in captions:
        assert (caption.start, caption.end) in list(moments(by_id[caption.film], caption.logic)), caption.text


def test_a_temporal_caption_asks_for_the_order(world: tuple) -> None:
    films, _, captions = world
    pairs = [caption for caption in captions if caption.level == "temporal"]
    assert 0.06 < len(pairs) / len(captions) < 0.15
    for caption in pairs:
        film = next(film for film in films if film.id == caption.film)
        first, then = (film.events[index] for index in caption.event)
        assert first.end <= then.start
        two = replace(film, events=(first, then))
        assert film_satisfies(two, caption.logic)
        swapped = (replace(then, start=0.0, end=1.0), replace(first, start=1.0, end=2.0))
        if not satisfies(film, first, caption.logic["then"]):
            assert not film_satisfies(replace(film, events=swapped), caption.logic)


def test_same_actor_asks_for_one_and_the_same() -> None:
    film, then = next(
        (film, event)
        for film in split_films(SMALL)[0]
        for event in film.events[1:]
        if event.actor != film.events[0].actor and event.action != "dogwalk"
    )
    first = film.events[0]
    film = replace(film, events=(first, then))
    logic = {"first": {"action": [first.action]}, "then": {"action": [then.action]}}
    assert film_satisfies(film, logic)
    assert not film_satisfies(film, {**logic, "same_actor": True})
    assert Corpus([film]).relevant({**logic, "same_actor": True}).tolist() == [False]


def test_entailed_actions_are_no_false_negatives() -> None:
    films, _ = split_films(SMALL)
    for general, actions in (
        ("walk", {"walk", "balloon", "dogwalk"}),
        ("ball", {"kick", "play"}),
        ("sit", {"sit", "read"}),
    ):
        logic = {"action": list(MEANINGS[general])}
        found = {event.action for film in films for event in film.events if satisfies(film, event, logic)}
        assert found == actions


def test_the_dog_on_the_leash_walks_too() -> None:
    film = next(film for film in split_films(SMALL)[0] if any(e.action == "dogwalk" for e in film.events))
    event = next(event for event in film.events if event.action == "dogwalk")
    owner = film.cast[event.actor].kind
    assert satisfies(film, event, {"kind": ["dog"], "action": list(MEANINGS["walk"]), "bystander": [owner]})
    assert satisfies(film, event, {"kind": [owner], "action": ["dogwalk"], "bystander": ["dog"]})
    assert not satisfies(film, event, {"kind": ["dog"], "action": ["dogwalk"]})


def test_idle_filler_makes_nothing_true() -> None:
    assert "stand" not in {action for actions in MEANINGS.values() for action in actions}
    for film in split_films(SMALL)[0]:
        for shot in film.shots:
            assert shot.event is not None or all(actor.action == "stand" for actor in shot.actors)


def test_hidden_things_satisfy_no_condition() -> None:
    film = split_films(SMALL)[0][0]
    who = replace(
        film.cast[0], kind="man", top="red", sleeve="short", hat="cap", hat_color="blue", style="short"
    )
    film = replace(film, cast=(who, *film.cast[1:]))
    awake = Event(0.0, 2.0, 0, "dance", None, "bedroom", "night", None, ())
    asleep = replace(awake, action="sleep", prop="green")
    awake, asleep = (replace(event, visible=visible_slots(film.cast, event)) for event in (awake, asleep))
    assert satisfies(film, awake, {"top": ["red"]})
    assert not satisfies(film, asleep, {"top": ["red"]})
    assert not satisfies(film, awake, {"sky": ["night"]}), "indoors the sky is behind a window"


def test_importance_is_the_shapley_value(world: tuple) -> None:
    films, _, captions = world
    corpus = Corpus(films)
    chosen = [c for c in captions if len(slots_of(c.logic)) in (3, 4)][:12]
    assert any(len(c.event) == 2 for c in chosen) and any(len(c.event) == 1 for c in chosen)

    def worth(caption: Caption, kept: tuple[str, ...]) -> float:
        def part(logic: dict, prefix: str) -> dict:
            return {slot: values for slot, values in logic.items() if prefix + slot in kept}

        logic: dict[str, Any] = dict(caption.logic)
        if len(caption.event) == 2:
            logic |= {side: part(logic[side], f"{side}.") for side in ("first", "then")}
        else:
            logic = part(logic, "")
        return math.log2(len(films) / len(relevant_films(films, logic)))

    for caption in chosen:
        slots = slots_of(caption.logic)
        orders = list(itertools.permutations(slots))
        expected = dict.fromkeys(slots, 0.0)
        for order in orders:
            for n, slot in enumerate(order):
                expected[slot] += (worth(caption, order[: n + 1]) - worth(caption, order[:n])) / len(orders)
        assert dict(corpus.importance(caption.logic)) == pytest.approx(expected, abs=6e-4)


def test_importance_sums_to_what_the_caption_tells(world: tuple) -> None:
    films, _, captions = world
    for caption in captions:
        if len(caption.event) == 1:
            told = math.log2(len(films) / caption.ambiguity)
            assert sum(bits for _, bits in caption.importance) == pytest.approx(told, abs=0.01)


def test_twins_differ_in_exactly_one_slot(world: tuple) -> None:
    films, twins, captions = world
    by_id = {film.id: film for film in films}
    events = sum(len(film.events) for film in films)
    assert 0.15 * events <= len(twins) <= 0.21 * events
    for twin in twins:
        one, other = by_id[twin.film], by_id[twin.twin_film]
        (a, *_), (b, *_) = (
            readings(one, one.events[twin.event]),
            readings(other, other.events[twin.twin_event]),
        )
        assert one.id != other.id and differences(a, b) == [twin.slot]
    for caption in captions:
        assert caption.twin is None or caption.twin not in caption.relevant
    assert sum(caption.twin is not None for caption in captions) > 0.1 * len(captions)


def test_splits_share_no_seed_and_training_lacks_held_out_combinations() -> None:
    seeds = [range(split.first_seed, split.first_seed + split.films) for split in SPLITS.values()]
    for one, other in itertools.combinations(seeds, 2):
        assert one.stop <= other.start or other.stop <= one.start
    share = [
        held_out(kind, action, place)
        for kind in ("man", "girl")
        for action in HUMAN_ACTIONS
        for place in INDOOR
    ]
    assert 0.03 < np.mean(share) < 0.2
    for name in ("encoder", "train", "val"):
        films, _ = split_films(replace(SPLITS[name], films=60))
        shown = {(f.cast[e.actor].kind, e.action, e.setting) for f in films for e in f.events}
        assert not any(held_out(*triple) for triple in shown)


def test_strict_ceilings() -> None:
    assert strict_ceilings([1, 2, 4], cutoffs=(1, 2)) == {"R@1": 58.3, "R@2": 83.3}


def test_a_seed_means_the_same_film_everywhere() -> None:
    """The hash is pinned: a change means that every shipped film and feature must be made again."""
    tiny = Split(name="pinned", first_seed=42, films=6, open=True, twins=0.2)
    long = Split(name="pinned", first_seed=42, films=3, open=True, profile="long")
    films = [*split_films(tiny)[0], *split_films(long)[0]]
    assert all(Film.from_json(film.to_json()) == film for film in films)
    assert film_hash(films) == "fb6db90f4c90d6ffe1662fc1d68e4c0d6a69bd1a09a2854d60b13761c1f4ff12"


@pytest.mark.parametrize(
    ("name", "shortest", "longest", "ratio"), [("short", 30, 90, 0.1), ("long", 60, 120, 0.3)]
)
def test_films_are_as_long_as_their_profile_says(
    name: str, shortest: int, longest: int, ratio: float
) -> None:
    films, _ = split_films(Split(name="x", first_seed=9, films=100, profile=name, open=True))
    shares = [(event.end - event.start) / film.duration for film in films for event in film.events]
    assert ratio * 0.8 < np.mean(shares) < ratio * 1.25
    for film in films:
        assert shortest <= film.duration <= longest
        assert film.shots[0].start == 0 and film.shots[-1].end == film.duration
        assert all(a.end == b.start for a, b in itertools.pairwise(film.shots))
        assert all(2.4 <= event.end - event.start <= 40.1 for event in film.events)
        assert all(film.shot_at(event.start).event == n for n, event in enumerate(film.events))
        places = {shot.setting for shot in film.shots}
        assert 1 <= len(places) <= 4


def test_labels_show_what_the_readings_say() -> None:
    slices = group_slices()
    assert len(LABELS) == len(set(LABELS)) and 200 <= len(LABELS) <= 350
    for film in split_films(SMALL)[0][:10]:
        for event in film.events:
            vector = frame_labels(film, (event.start + event.end) / 2)
            main = readings(film, event)[0]
            for group in (
                "setting",
                "sky",
                "action",
                "kind",
                "top",
                "garment",
                "prop",
                "bystander",
                "hat",
                "hair",
            ):
                names = {GROUPS[group][n] for n in np.flatnonzero(vector[slices[group]])}
                assert names == set(main.get(group, ())), (film.id, group)
        empty = [shot for shot in film.shots if not shot.actors]
        for shot in empty:
            assert frame_labels(film, shot.start)[LABELS.index("action: none")] == 1


def test_everybody_is_drawable_and_labelled() -> None:
    for film in split_films(SPLITS["test"])[0]:
        for who in film.cast:
            assert who.fur in FURS.get(who.kind, (None,))
            assert not (who.kind in ("man", "boy", "robot") and (who.dress or who.bottom_kind == "skirt"))
            assert not who.beard or who.kind == "man"
        for event in film.events:
            kind = film.cast[event.actor].kind
            action = actions_of(kind)[event.action]
            assert (event.prop is None) == (action.prop is None)
            assert event.setting in action.settings
            assert frame_labels(film, event.start).sum() >= 3
        for shot in film.shots:
            assert {actor.who for actor in shot.actors} <= set(range(len(film.cast)))
            if shot.event is not None:
                event = film.events[shot.event]
                assert (shot.actors[0].who, shot.actors[0].action) == (event.actor, event.action)
                assert (shot.setting, shot.sky, shot.start >= event.start) == (event.setting, event.sky, True)
