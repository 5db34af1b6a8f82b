"""The right film and its rival: parts add up, truth is read from the scene, bad wishes are refused."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from helpers_search import World, make_world

from ral_core.analysis.rivals import chosen, nearest, rivalry
from ral_core.data.captions import Caption
from ral_core.errors import BadQuery, UnknownName
from ral_core.search.results import Moment
from ral_core.world.scene import Character, Event, Film

QUERY = "a man number 1 kicks a red ball"  # written for film-1, which film-2 satisfies, too


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("rivals"))


def test_the_lead_is_the_sum_of_its_parts(world: World) -> None:
    explorer = world.open()
    for model in ("ral-tiny", "tiny"):
        for rival in ("film-0", "film-2", "film-4"):
            found = rivalry(explorer, QUERY, rival=rival, model=model)
            assert found.gap == pytest.approx(found.clip_gap + found.frame_gap, abs=1e-6)
            assert found.gap == pytest.approx(found.rival.score - found.right.score, abs=1e-6)
            assert (found.gap > 0) == (found.rival.rank < found.right.rank)
            assert len(found.words) == 8
            if model == "ral-tiny":
                matched = sum(word.matched or 0.0 for word in found.words)
                assert matched == pytest.approx(found.rival.frame - found.right.frame, abs=1e-5)
            else:
                assert all(word.matched is None for word in found.words)
            json.dumps(found.to_json())


def test_a_false_negative_is_called_one(world: World) -> None:
    explorer = world.open()
    assert rivalry(explorer, QUERY, rival="film-2").verdict == "also right"
    assert rivalry(explorer, QUERY, rival="film-4").verdict == "wrong"
    free = rivalry(explorer, "a dog", right="film-3")
    assert free.verdict == "unknown" and free.caption is None and free.right.video == "film-3"
    assert {one.fits for one in free.others} == {None}


def test_without_a_wish_the_first_film_is_the_rival_or_the_nearest_wrong_one(world: World) -> None:
    explorer = world.open()
    for number in range(7):
        query = QUERY.replace("1", str(number))
        found = rivalry(explorer, query)
        assert found.rival.video != found.right.video
        assert found.rival.rank == 1 or (found.right.rank == 1 and found.rival.rank > 1)
    assert chosen(["a", "b", "c"], "b", {"b"}) == "a"
    assert chosen(["b", "a", "c"], "b", {"a", "b"}) == "c"
    assert chosen(["b", "a"], "b", {"a", "b"}) == "a"


def test_captions_of_the_rivals_moment_are_compared(world: World) -> None:
    found = rivalry(world.open(), QUERY, rival="film-0")
    for one in found.captions:
        assert -1.001 <= one.cosine <= 1.001
        assert one.start < found.rival.moments[0].end and one.end > found.rival.moments[0].start
    assert [one.cosine for one in found.captions] == sorted((o.cosine for o in found.captions), reverse=True)


def test_what_cannot_be_is_refused(world: World) -> None:
    explorer = world.open()
    with pytest.raises(BadQuery, match="no caption"):
        rivalry(explorer, "something else")
    with pytest.raises(BadQuery, match="no rival of itself"):
        rivalry(explorer, QUERY, rival="film-1")
    with pytest.raises(UnknownName, match="film-99"):
        rivalry(explorer, QUERY, rival="film-99")


def scene() -> Film:
    man = Character("man", "red", False, 0, "brown", "short", None, None, False, False, "blue", "pants", "#000", "short", None, None, 0.0)  # fmt: skip
    events = tuple(
        Event(float(5 * n), 5.0 * n + 4, 0, action, prop, "beach", "day", None, ("kind", "top", "action", "prop", "setting"))
        for n, (action, prop) in enumerate((("kick", "blue"), ("read", "red")))
    )  # fmt: skip
    return Film("f", "test", "short", 0, 10.0, (man,), (), events)


def asks(**logic: object) -> Caption:
    return Caption("g#0", "g", "…", "mid", 0.0, 4.0, ("g",), 1, logic=logic)


def test_the_nearest_event_says_which_slot_is_missed() -> None:
    film, moment = scene(), Moment(6.0, 8.0, 7.0, 1.0)
    slots, event = nearest(film, asks(kind=["man"], action=["kick"], prop=["red"]), moment)
    # both events show two of three things, and the found moment lies in the second
    assert event == (5.0, 9.0) and [slot.slot for slot in slots if not slot.met] == ["action"]
    slots, event = nearest(film, asks(kind=["man"], action=["kick"], prop=["red"], setting=["beach"], top=["pink"]), replace(moment, start=0.0, end=2.0))  # fmt: skip
    assert event == (0.0, 4.0)
    assert {slot.slot: slot.shown for slot in slots if not slot.met} == {"prop": ("blue",), "top": ("red",)}
    first, then = {"action": ["kick"]}, {"action": ["read"], "prop": ["green"]}
    slots, event = nearest(film, asks(first=first, then=then), moment)
    assert event == (0.0, 9.0) and [slot.slot for slot in slots if not slot.met] == ["then prop"]
    assert nearest(film, asks(), moment) == ((), None)


def test_the_verb_prints_json(
    world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from ral_core.cli import main
    from ral_core.search.engine import Explorer

    explorer = world.open()
    monkeypatch.setattr(Explorer, "open", lambda **_: explorer)
    assert main(["rivals", QUERY, "--rival", "film-2", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "also right"
    assert main(["rivals", QUERY]) == 0 and "verdict" in capsys.readouterr().out
    assert main(["rivals", "nothing known"]) == 1
