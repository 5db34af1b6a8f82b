"""Contact sheets for looking at the world: `python -m ral_core.world.sheets FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from ral_core.world.actions_animals import ANIMAL_ACTIONS
from ral_core.world.actions_people import PERSON_ACTIONS
from ral_core.world.film import FilmRenderer
from ral_core.world.scene import Actor, Character, Film, Shot

PROPS = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "white")
OUTDOOR = ("park", "beach", "street", "snow")
INDOOR = ("kitchen", "bedroom", "classroom", "stage")
SKIES = ("day", "sunset", "night", "rain", "overcast")
HOME = {
    "juggle": "stage", "read": "classroom", "water": "park", "umbrella": "street", "bike": "street",
    "guitar": "stage", "cook": "kitchen", "kite": "beach", "sleep": "bedroom", "dance": "stage",
    "drink": "kitchen", "paint": "classroom", "sweep": "kitchen", "wave": "snow", "icecream": "beach",
    "skateboard": "street", "drum": "stage", "phone": "street", "lift": "classroom", "eat": "kitchen",
    "kick": "beach", "run": "street", "jump": "bedroom", "photo": "snow",
}  # fmt: skip
"""Where a sheet shows an action; in the park when not said."""


def person(kind: str, number: int) -> Character:
    """A person or robot, different for every number."""
    female, child = kind in ("woman", "girl"), kind in ("boy", "girl")
    styles = {
        "woman": "long bun pony curly",
        "girl": "pig pony long",
        "man": "short curly bald",
        "boy": "short spiky",
    }
    style = styles.get(kind, "short").split()
    return Character(
        kind=kind,
        top=PROPS[(number * 3 + len(kind)) % 8],
        dress=female and number % 2 == 0,
        skin=number % 4,
        hair=("black", "brown", "blonde", "red", "grey")[number % (4 if child else 5)],
        style=style[number % len(style)],
        hat=(None, None, "cap", "beanie", "sun")[number % 5] if kind != "robot" else None,
        hat_color=PROPS[(number + 4) % 8],
        glasses=number % 4 == 1,
        beard=kind == "man" and number % 3 == 0,
        bottom=("#3c4a6b", "#4a4038", "#5b6a7d", "#2f3b52")[number % 4],
        bottom_kind="skirt" if female and number % 3 else "pants",
        shoes=("#3b2f2f", "#f4efe6", "#d9363e")[number % 3],
        sleeve=("short", "long")[number % 2],
        fur=None,
        collar=None,
        phase=number * 0.7 % 6,
    )


def animal(kind: str, number: int) -> Character:
    """A dog or cat, different for every number."""
    furs = ("brown", "black", "white") if kind == "dog" else ("orange", "grey", "black", "white")
    return Character(
        kind=kind, top=None, dress=False, skin=0, hair=None, style=None, hat=None, hat_color=None, glasses=False,
        beard=False, bottom=None, bottom_kind=None, shoes=None, sleeve=None, fur=furs[number % len(furs)],
        collar=("red", "blue", "green")[number % 3] if kind == "dog" else None, phase=number * 0.7 % 6,
    )  # fmt: skip


def one_shot(
    cast: tuple[Character, ...],
    action: str,
    setting: str,
    *,
    sky: str = "day",
    camera: str = "still",
    layout: int = 1,
    prop: str | None = "red",
    seconds: float = 6.0,
    season: str = "spring",
    facing: int = 1,
    x: float = 160.0,
) -> Film:
    """A film of one shot: the first of the cast acts, the others stand by."""
    actors = [Actor(0, action, x, facing, 0.0, 1.0, prop, 0.0)]
    actors += [
        Actor(i, "stand", x - facing * 75 * i, facing, 5.0, 0.95, None, 1.0) for i in range(1, len(cast))
    ]
    shot = Shot(0.0, seconds, None, camera, "cut", setting, sky, season, True, layout, tuple(actors))
    return Film("sheet", "test", "short", layout, seconds, cast, (shot,), ())


def grid(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Pictures (H, W, 3) laid out in rows with thin dark gaps."""
    height, width, _ = pictures[0].shape
    rows = -(-len(pictures) // columns)
    sheet = np.full((rows * (height + 2), columns * (width + 2), 3), 24, np.uint8)
    for i, picture in enumerate(pictures):
        top, left = (i // columns) * (height + 2), (i % columns) * (width + 2)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def action_sheet(width: int, height: int, start: int = 0, stop: int | None = None) -> np.ndarray:
    """Each action at three times, people first, then dogs and cats; two actions a row."""
    people = [("man", "woman", "boy", "girl", "robot")[i % 5] for i in range(len(PERSON_ACTIONS))]
    jobs = [(person(kind, i), action) for i, (kind, action) in enumerate(zip(people, PERSON_ACTIONS))]
    jobs += [(animal(kind, i), action) for kind in ("dog", "cat") for i, action in enumerate(ANIMAL_ACTIONS)]
    pictures = []
    for i, (character, action) in list(enumerate(jobs))[start:stop]:
        film = one_shot((character,), action, HOME.get(action, "park"), layout=i, prop=PROPS[i % 8])
        renderer = FilmRenderer(film, width, height)
        pictures += [renderer.frame(t) for t in (1.3, 1.8, 2.4)]
    return grid(pictures, 6)


def setting_sheet(width: int, height: int) -> np.ndarray:
    """Each setting (rows) under each sky (columns), each time with another layout."""
    pictures = []
    for row, setting in enumerate(OUTDOOR + INDOOR):
        for column, sky in enumerate(SKIES):
            cast = (person(("man", "woman", "boy", "girl", "robot")[column], row + column),)
            season = "autumn" if column % 2 else "spring"
            film = one_shot(cast, "stand", setting, sky=sky, layout=row * 7 + column, season=season)
            pictures.append(FilmRenderer(film, width, height).frame(1.0))
    return grid(pictures, len(SKIES))


def character_sheet(width: int, height: int) -> np.ndarray:
    """Five of each kind, standing."""
    pictures = []
    for kind in ("man", "woman", "boy", "girl", "robot", "dog", "cat"):
        for number in range(5):
            cast = (animal(kind, number) if kind in ("dog", "cat") else person(kind, number),)
            film = one_shot(cast, "stand", "park", layout=number, camera="close")
            pictures.append(FilmRenderer(film, width, height).frame(number * 0.7))
    return grid(pictures, 5)


def film_strip(film: Film, width: int, height: int, count: int = 24) -> np.ndarray:
    """Evenly spread frames of one film."""
    renderer = FilmRenderer(film, width, height)
    return grid([renderer.frame((i + 0.5) * film.duration / count) for i in range(count)], 6)


def sample_film() -> Film:
    """A short film with every camera, every transition and company."""
    cast = (person("woman", 3), person("boy", 2), animal("dog", 1))
    cameras = ("still", "zoom_in", "zoom_out", "pan_left", "pan_right", "close", "follow", "wide")
    actions = ("wave", "kick", "guitar", "lift", "drink", "read", "walk", "kite")
    shots = []
    for i, (camera, action) in enumerate(zip(cameras, actions)):
        actors = (
            Actor(0, action, 130.0, 1, 0.0, 1.0, PROPS[i], 0.0),
            Actor(1 + i % 2, "stand", 70.0, 1, 5.0, 0.95, None, 0.0),
        )
        transition = ("cut", "fade", "wipe")[i % 3]
        setting, sky = (OUTDOOR + INDOOR)[i], SKIES[i % 3]
        shot = Shot(i * 3.0, i * 3.0 + 3, None, camera, transition, setting, sky, "spring", False, i, actors)
        shots.append(shot)
    return Film("sample", "test", "short", 1, 24.0, cast, tuple(shots), ())


def write_sheets(folder: Path) -> list[Path]:
    """Write every sheet as a PNG; the paths."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    sheets = {
        "actions_1": action_sheet(320, 180, 0, 14),
        "actions_2": action_sheet(320, 180, 14, 28),
        "actions_3": action_sheet(320, 180, 28),
        "actions_thumbnails": action_sheet(128, 72),
        "settings": setting_sheet(320, 180),
        "characters": character_sheet(320, 180),
        "film": film_strip(sample_film(), 320, 180),
    }
    paths = []
    for name, sheet in sheets.items():
        path = folder / f"{name}.png"
        Image.fromarray(sheet).save(path)
        paths.append(path)
    return paths


if __name__ == "__main__":
    for written in write_sheets(Path(sys.argv[1] if len(sys.argv) > 1 else "build/sheets")):
        print(written)
