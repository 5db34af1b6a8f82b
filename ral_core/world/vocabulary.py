"""What exists in the rendered world, and which descriptions of an action are true of which actions."""

from __future__ import annotations

from dataclasses import dataclass

HUMANS = ("man", "woman", "boy", "girl", "robot")
ANIMALS = ("dog", "cat")
KINDS = HUMANS + ANIMALS
COLORS = ("red", "blue", "green", "yellow", "orange", "purple", "pink", "white")
ROBOT_COLORS = COLORS[:7]
"""Colours of a robot's chest panel; white would not show on grey."""
HAIR = ("black", "brown", "blonde", "red", "grey")
BALD = "bald"
"""The value of the hair slot of somebody without hair."""
HATS = ("cap", "beanie", "sun")
FURS = {"dog": ("brown", "black", "white"), "cat": ("orange", "grey", "black", "white")}
FUR_COLORS = ("brown", "black", "white", "orange", "grey")
STYLES = {
    "man": ("short", "curly", "bald"),
    "woman": ("long", "bun", "pony", "curly"),
    "boy": ("short", "spiky"),
    "girl": ("pig", "pony", "long"),
}
OUTDOOR = ("park", "beach", "street", "snow")
INDOOR = ("kitchen", "bedroom", "classroom", "stage")
SETTINGS = OUTDOOR + INDOOR
SKIES = ("day", "sunset", "night", "rain", "overcast")
IDLE = "stand"
"""What people and animals do in filler; no caption names it, so filler makes no caption true."""

YES = "yes"
GARMENTS = ("dress", "tshirt", "sweater")
"""What people wear above: a dress, or something with short or long sleeves. `top` is its colour."""
SLOTS = (
    *("kind", "fur", "hair", "beard", "glasses", "hat", "hat_color", "top", "garment"),
    *("action", "prop", "setting", "sky", "bystander"),
)
"""What a caption can say about an event, in the order used everywhere."""


@dataclass(frozen=True)
class Action:
    """Something a character can do."""

    settings: tuple[str, ...]  # where it makes sense
    prop: str | None = None  # what it holds, when that comes in colours
    tall: bool = False  # reaches far above the head: no close camera
    dry: bool = False  # nobody does it out in the rain


def _except(*settings: str) -> tuple[str, ...]:
    return tuple(setting for setting in SETTINGS if setting not in settings)


HUMAN_ACTIONS = {
    "walk": Action(SETTINGS),
    "run": Action(_except("kitchen", "bedroom")),
    "jump": Action(_except("kitchen"), tall=True),
    "kick": Action(("park", "beach", "street", "snow"), prop="ball"),
    "juggle": Action(("park", "beach", "street", "kitchen", "classroom", "stage"), tall=True),
    "read": Action(("park", "beach", "kitchen", "bedroom", "classroom"), prop="book", dry=True),
    "water": Action(("park", "street", "kitchen", "bedroom", "classroom"), prop="watering can"),
    "umbrella": Action(("park", "beach", "street", "snow", "stage"), prop="umbrella", tall=True),
    "bike": Action(("park", "beach", "street", "snow", "stage"), prop="bike"),
    "guitar": Action(_except("snow"), prop="guitar", dry=True),
    "cook": Action(("kitchen", "park", "beach", "classroom"), prop="pot", dry=True),
    "kite": Action(("park", "beach", "snow"), prop="kite", tall=True, dry=True),
    "sleep": Action(("bedroom", "park", "beach", "classroom"), prop="blanket", dry=True),
    "dance": Action(SETTINGS),
    "drink": Action(SETTINGS, prop="cup"),
    "paint": Action(_except("kitchen"), dry=True),
    "sweep": Action(("park", "street", "kitchen", "bedroom", "classroom", "stage")),
    "wave": Action(SETTINGS),
    "balloon": Action(_except("kitchen"), prop="balloon", tall=True),
    "photo": Action(_except("kitchen", "bedroom")),
    "icecream": Action(("park", "beach", "street", "kitchen", "stage"), prop="ice cream"),
    "dogwalk": Action(("park", "beach", "street", "snow"), prop="leash"),
    "skateboard": Action(("park", "street", "stage"), prop="skateboard"),
    "drum": Action(("park", "street", "bedroom", "classroom", "stage"), prop="drum", dry=True),
    "phone": Action(_except("stage")),
    "lift": Action(("park", "beach", "bedroom", "classroom", "stage"), tall=True, dry=True),
}
ANIMAL_ACTIONS = {
    "walk": Action(SETTINGS),
    "run": Action(_except("kitchen", "bedroom")),
    "jump": Action(SETTINGS, tall=True),
    "sleep": Action(_except("snow", "stage"), dry=True),
    "sit": Action(SETTINGS),
    "play": Action(SETTINGS, prop="ball"),
    "eat": Action(_except("stage", "snow"), prop="bowl"),
}
ACTIONS = tuple(dict.fromkeys((*HUMAN_ACTIONS, *ANIMAL_ACTIONS)))


def actions_of(kind: str) -> dict[str, Action]:
    """The actions that a kind of character can do, by name."""
    return ANIMAL_ACTIONS if kind in ANIMALS else HUMAN_ACTIONS


MEANINGS = {action: (action,) for action in ACTIONS} | {
    "walk": ("walk", "balloon", "dogwalk"),
    "sit": ("sit", "read"),
    "ball": ("kick", "play"),
    "ride": ("bike", "skateboard"),
    "music": ("guitar", "drum"),
    "food": ("icecream", "eat"),
}
"""The one table of entailment: a description with this meaning is true of exactly these actions.

Somebody with a balloon or a dog walks; a reader sits. A wording's meaning is a key of this table (see
`wording.DEEDS`), so what a sentence accepts follows from here and nowhere else. Which kinds can do an action
narrows it further: "a cat sits" never meets `read`.
"""

LEASHED = "walk"
"""`dogwalk` also shows a dog that walks: it satisfies descriptions of a walking dog beside its owner."""


def leashed_coat(owner_phase: float) -> str:
    """The fur of the dog on the leash, as it is drawn: by the phase of its owner."""
    return ("brown", "black", "white")[int(owner_phase * 10) % 3]


def garment(dress: bool, sleeve: str | None) -> str:
    """What a person wears above, one of GARMENTS."""
    return "dress" if dress else "tshirt" if sleeve == "short" else "sweater"
