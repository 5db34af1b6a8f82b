"""The drawn world: every action and setting renders, the same every time, with the actor in the frame."""

from __future__ import annotations

import builtins
import sys

import numpy as np
import pytest

pytest.importorskip("cairo", reason="drawing the world needs the optional package pycairo")

from ral_core.errors import MissingDependency
from ral_core.world import canvas as canvas_module
from ral_core.world.actions_animals import ANIMAL_ACTIONS
from ral_core.world.actions_people import PERSON_ACTIONS
from ral_core.world.canvas import Canvas
from ral_core.world.characters import bent_limb
from ral_core.world.film import SETTINGS, FilmRenderer, Staging
from ral_core.world.framing import make_room, track_of, view_at
from ral_core.world.palette import fade, mix, rgba
from ral_core.world.scene import Actor, Character, Film, Shot
from ral_core.world.sheets import animal, one_shot, person, sample_film
from ral_core.world.visibility import hidden_slots, travel

PEOPLE = ("man", "woman", "boy", "girl", "robot")
CAMERAS = ("still", "zoom_in", "zoom_out", "pan_left", "pan_right", "close", "follow", "wide")
SKIES = ("day", "sunset", "night", "rain", "overcast")
PERSON_NAMES = """walk run jump kick juggle read water umbrella bike guitar cook kite sleep dance drink paint sweep
wave balloon photo icecream dogwalk skateboard drum phone lift stand"""


def character(kind: str, number: int) -> Character:
    return animal(kind, number) if kind in ("dog", "cat") else person(kind, number)


def changed_box(film: Film, time: float) -> tuple[int, int, int, int]:
    """Free pixels left, above, right and below everything that the actors of the first shot draw."""
    canvas = Canvas(160, 90)
    staging = Staging(film.shots[0], film.cast)
    staging.draw(canvas, time)
    full = canvas.pixels().astype(int)
    staging.parts = []
    staging.draw(canvas, time)
    rows, columns = np.nonzero(np.abs(full - canvas.pixels()).sum(-1) > 40)
    return columns.min(), rows.min(), 159 - columns.max(), 89 - rows.max()


def test_the_tables_hold_every_action():
    assert set(PERSON_ACTIONS) == set(PERSON_NAMES.split())
    assert set(ANIMAL_ACTIONS) == {"walk", "run", "jump", "sleep", "sit", "play", "eat", "stand"}
    assert set(SETTINGS) == {"park", "beach", "street", "snow", "kitchen", "bedroom", "classroom", "stage"}


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_action_renders_in_every_setting(setting):
    for number, action in enumerate(PERSON_ACTIONS):
        film = one_shot(
            (person(PEOPLE[number % 5], number),), action, setting, sky=SKIES[number % 5], layout=number
        )
        assert FilmRenderer(film, 48, 27).frame(1.0).std() > 5
    for number, action in enumerate(ANIMAL_ACTIONS):
        for kind in ("dog", "cat"):
            film = one_shot((animal(kind, number),), action, setting, sky=SKIES[number % 5], layout=number)
            assert FilmRenderer(film, 48, 27).frame(1.0).std() > 5


def test_frames_are_rgb_and_the_same_every_time():
    film = sample_film()
    first, second = FilmRenderer(film, 64, 36), FilmRenderer(film, 64, 36)
    times = [0.0, 3.1, 6.2, 9.9, 23.9, 6.2]
    backwards = {t: second.frame(t) for t in reversed(times)}
    for t in times:
        frame = first.frame(t)
        assert frame.shape == (36, 64, 3) and frame.dtype == np.uint8
        assert np.array_equal(frame, backwards[t])
    sky = first.frame(1.0)[1, 40]
    assert sky[2] > sky[0]  # a day's sky is blue, so the order is RGB


def test_times_outside_the_film_show_its_ends():
    renderer = FilmRenderer(sample_film(), 48, 27)
    assert np.array_equal(renderer.frame(-5), renderer.frame(0))
    assert np.array_equal(renderer.frame(99), renderer.frame(24.0))


@pytest.mark.parametrize("camera", CAMERAS)
def test_the_actor_and_its_prop_stay_in_the_frame(camera):
    jobs = [(PEOPLE[i % 5], action) for i, action in enumerate(PERSON_ACTIONS)]
    jobs += [("dog", action) for action in ANIMAL_ACTIONS]
    for i, (kind, action) in enumerate(jobs):
        facing = 1 if i % 2 else -1
        cast = (character(kind, i),)
        film = one_shot(cast, action, "classroom", camera=camera, facing=facing, x=160 + 40 * facing)
        for time in (0.4, 2.9, 5.6):
            margins = changed_box(film, time)
            assert min(margins) >= 1, f"{kind} {action} {camera} at {time}: {margins}"


def test_a_bystander_hides_nothing_and_stays_in_the_frame():
    cast = (person("man", 1), person("woman", 2))
    for action in ("kick", "cook", "walk", "dogwalk", "sleep"):
        actors = (
            Actor(0, action, 150.0, 1, 0.0, 1.0, "red", 0.0),
            Actor(1, "stand", 180.0, -1, 5.0, 0.95, None, 0.0),
        )
        shot = Shot(0.0, 6.0, None, "close", "cut", "park", "day", "spring", False, 3, actors)
        staging = Staging(shot, cast)
        assert staging.company
        for time in (0.0, 2.5, 5.0):
            main, other = (track.box(time) for track in staging.tracks)
            assert other[2] <= main[0] + 1e-6 or other[0] >= main[2] - 1e-6
            view = view_at(shot, staging.tracks, staging.company, time)
            assert other[0] >= view.x - 160 / view.zoom and other[2] <= view.x + 160 / view.zoom


def test_movers_turn_round_at_the_end_of_their_way():
    actor = Actor(0, "run", 160.0, 1, 0.0, 1.0, None, 0.0)
    shot = Shot(0.0, 40.0, None, "still", "cut", "park", "day", "spring", False, 3, (actor,))
    track = track_of(actor, person("man", 1), 1.5, 160, shot)
    places = [track.at(t / 10) for t in range(400)]
    assert max(x for x, _ in places) - min(x for x, _ in places) <= track.way + 1e-6
    assert {1.0, -1.0} <= {heading for _, heading in places}
    lone = track_of(Actor(0, "read", 100.0, -1, 0.0, 1.0, None, 0.0), person("man", 1), 1.5, 160, shot)
    assert lone.at(0) == lone.at(9) == (100.0, -1.0)
    assert make_room(lone, track) != track.x


def test_transitions_show_both_shots_or_darken():
    film = sample_film()
    renderer = FilmRenderer(film, 64, 36)
    dark, bright = renderer.frame(3.0).mean(), renderer.frame(4.5).mean()
    assert dark < 0.4 * bright  # the second shot begins with a fade
    old, middle, new = (renderer.frame(t).astype(int) for t in (5.74, 6.2, 6.5))
    left, right = middle[:, :8], middle[:, -8:]
    assert np.abs(right - new[:, -8:]).mean() + np.abs(left - new[:, :8]).mean() > 5
    assert middle.std() > 5 and old.shape == new.shape


def test_layouts_vary_with_their_seed():
    for setting in SETTINGS:
        films = [one_shot((person("man", 1),), "stand", setting, layout=n) for n in (1, 2)]
        pictures = [FilmRenderer(film, 48, 27).frame(1.0) for film in films]
        assert not np.array_equal(*pictures)


def test_props_show_their_colour():
    for action in (
        "read",
        "drink",
        "balloon",
        "kite",
        "bike",
        "cook",
        "umbrella",
        "drum",
        "skateboard",
        "icecream",
    ):
        red, blue = (
            FilmRenderer(one_shot((person("boy", 1),), action, "park", prop=color), 128, 72)
            .frame(2.0)
            .astype(int)
            for color in ("red", "blue")
        )
        assert (np.abs(red - blue).sum(-1) > 90).sum() >= 25, action


def test_hidden_slots_and_travel():
    assert "top" in hidden_slots("man", "cook") and not hidden_slots("robot", "cook")
    assert "top" in hidden_slots("robot", "sleep") and not hidden_slots("man", "walk")
    assert travel("man", "walk") > 0 and travel("dog", "run") > 0 and travel("dog", "sit") == 0


def test_limbs_reach_their_target_or_their_length():
    joint, end = bent_limb((0, 0), (0, 20), 12, 12, 1)
    assert end == (0, 20) and np.hypot(*joint) == pytest.approx(12)
    _, far = bent_limb((0, 0), (0, 90), 12, 12, 1)
    assert np.hypot(*far) == pytest.approx(24, abs=0.02)


def test_colours():
    assert rgba("#ff0000") == (1, 0, 0, 1) and mix("#000000", "#ffffff", 0.5)[0] == pytest.approx(0.5)
    assert fade("red", 7)[3] == 1
    with pytest.raises(ValueError, match="neither"):
        rgba("reddish")


def test_without_pycairo_a_sentence_says_what_to_do(monkeypatch):
    real = builtins.__import__

    def no_cairo(name, *args, **kwargs):
        if name == "cairo":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.delitem(sys.modules, "cairo", raising=False)
    monkeypatch.setattr(builtins, "__import__", no_cairo)
    with pytest.raises(MissingDependency, match="pycairo"):
        canvas_module.cairo_module()
