"""What an action shows, hides and how far it goes: plain tables, free of any drawing code."""

from __future__ import annotations

HIDDEN_SLOTS: dict[str, frozenset[str]] = {
    "sleep": frozenset({"top", "dress", "bottom", "shoes"}),  # under the blanket
    "cook": frozenset({"top", "dress", "hat", "hat_color"}),  # under the apron and the cook's hat
}
"""Slots of a person that an action covers. Robots wear neither apron nor cook's hat."""

ROBOT_HIDDEN_SLOTS: dict[str, frozenset[str]] = {"sleep": frozenset({"top"})}
"""The same for robots, whose `top` is the panel on the chest."""

MOVES: dict[str, float] = {
    "walk": 120.0,
    "run": 200.0,
    "bike": 170.0,
    "skateboard": 170.0,
    "dogwalk": 90.0,
    "balloon": 80.0,
}
"""Stage units (the stage is 320 wide) that a person covers; then it turns round and goes back."""

ANIMAL_MOVES: dict[str, float] = {"walk": 130.0, "run": 170.0, "play": 70.0}
"""The same for dogs and cats."""

SPEEDS: dict[str, float] = {
    "walk": 34.0,
    "run": 68.0,
    "bike": 56.0,
    "skateboard": 58.0,
    "dogwalk": 30.0,
    "balloon": 26.0,
    "play": 40.0,
}
"""Stage units a second of everybody who moves."""


def hidden_slots(kind: str, action: str) -> frozenset[str]:
    """The slots of a character of this kind that cannot be seen during the action."""
    return (ROBOT_HIDDEN_SLOTS if kind == "robot" else HIDDEN_SLOTS).get(action, frozenset())


def travel(kind: str, action: str) -> float:
    """How wide the actor's way is, in stage units; 0 for those who stay where they are."""
    return (ANIMAL_MOVES if kind in ("dog", "cat") else MOVES).get(action, 0.0)
