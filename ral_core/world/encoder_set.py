"""What the visual encoder is taught with: what each frame of a film shows, from its scene graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ral_core.errors import DataError
from ral_core.features.visual_data import LabelGroup, LabelledVideo, Labels
from ral_core.files import read_json
from ral_core.world.sampling import hair_seen
from ral_core.world.scene import Actor, Character, Film, Shot
from ral_core.world.splits import held_out
from ral_core.world.visibility import hidden_slots
from ral_core.world.vocabulary import (
    ACTIONS,
    BALD,
    COLORS,
    FUR_COLORS,
    GARMENTS,
    HAIR,
    HATS,
    HUMANS,
    IDLE,
    KINDS,
    OUTDOOR,
    SETTINGS,
    SKIES,
)

NOBODY, NONE = "nobody", "none"
YES_NO = ("no", "yes")
SHOWN_ACTIONS = (*ACTIONS, IDLE)
OUTFITS = tuple(f"{kind} in {color}" for kind in HUMANS for color in COLORS)
DOINGS = tuple(f"{action} {color}" for action in ACTIONS for color in COLORS)
TRANSITION_SECONDS = 0.45
MIDDLE, ANIMAL_MIDDLE = 36.0, 22.0
"""How high above the ground the middle of a body is, in body units."""

GROUPS = (
    LabelGroup("actions", SHOWN_ACTIONS, many=True, weight=0.5),
    LabelGroup("kinds", KINDS, many=True, weight=0.5),
    LabelGroup("outfits", OUTFITS, many=True, weight=0.3),
    LabelGroup("action", SHOWN_ACTIONS, weight=2.0),
    LabelGroup("kind", (*KINDS, NOBODY)),
    LabelGroup("top", COLORS),
    LabelGroup("prop", COLORS),
    LabelGroup("garment", GARMENTS, weight=0.3),
    LabelGroup("fur", FUR_COLORS, weight=0.5),
    LabelGroup("hair", (*HAIR, BALD), weight=0.5),
    LabelGroup("hat", (*HATS, NONE), weight=0.3),
    LabelGroup("glasses", YES_NO, weight=0.3),
    LabelGroup("beard", YES_NO, weight=0.3),
    LabelGroup("company", (*KINDS, NOBODY), weight=0.5),
    LabelGroup("company_top", COLORS, weight=0.3),
    LabelGroup("setting", SETTINGS, weight=0.5),
    LabelGroup("sky", SKIES, weight=0.5),
)
"""Plural groups hold for anybody in the picture; the others are about the main actor, its company and the place."""


def lesson(film: Film, second: float) -> Labels | None:
    """What the film shows at `second`, by group of `GROUPS`; None during a fade or wipe."""
    shot = film.shot_at(second)
    if shot.transition != "cut" and second - shot.start < TRANSITION_SECONDS:
        return None
    people = [(film.cast[actor.who], actor) for actor in shot.actors]
    labels: dict[str, str | Sequence[str] | None] = {
        "actions": tuple(actor.action for _, actor in people),
        "kinds": tuple(who.kind for who, _ in people),
        "outfits": tuple(
            f"{who.kind} in {top}" for who, actor in people if (top := seen_top(who, actor.action))
        ),
        "kind": NOBODY,
        "company": NOBODY,
        "setting": shot.setting,
        "sky": shot.sky if shot.setting in OUTDOOR else None,
    }
    if people:
        labels |= actor_labels(*people[0])
    if len(people) > 1:
        who, actor = people[1]
        labels |= {"company": who.kind, "company_top": seen_top(who, actor.action)}
    return labels


def actor_labels(who: Character, actor: Actor) -> dict[str, str | None]:
    """What can be seen of the main actor."""
    hidden = hidden_slots(who.kind, actor.action)
    human = who.kind in HUMANS and who.kind != "robot"
    top = seen_top(who, actor.action)
    return {
        "kind": who.kind,
        "action": actor.action,
        "top": top,
        "prop": actor.prop,
        "fur": who.fur,
        "garment": garment(who) if human and top else None,
        "hair": (BALD if who.style == BALD else who.hair) if human and hair_seen(who) else None,
        "hat": (who.hat or NONE) if human and "hat" not in hidden else None,
        "glasses": YES_NO[who.glasses] if human else None,
        "beard": YES_NO[who.beard] if who.kind == "man" else None,
    }


def garment(who: Character) -> str:
    """What somebody wears above: dress, tshirt or sweater."""
    if who.dress:
        return "dress"
    return "tshirt" if who.sleeve == "short" else "sweater"


def seen_top(who: Character, action: str) -> str | None:
    """The colour of somebody's top, where there is one and it can be seen."""
    return None if "top" in hidden_slots(who.kind, action) else who.top


def labelled_runs(film: Film, video: Path) -> LabelledVideo:
    """A video of runs of frames (`media.write_runs`) with what its frames show. Raises DataError for others'."""
    runs = read_json(video.with_suffix(".json"))
    if runs.get("film") != film.id:
        raise DataError(f"{video.with_suffix('.json')} is not about {film.id!r}; draw that film again.")
    return labelled_video(film, video, tuple(runs["times"]), float(runs["fps"]), int(runs["run"]))


def labelled_video(film: Film, video: Path, times: Sequence[float], fps: float, run: int) -> LabelledVideo:
    """A video whose frames, read at `fps`, show the seconds `times` of the film."""
    return LabelledVideo(
        path=video,
        fps=fps,
        run=run,
        labels=tuple(lesson(film, second) for second in times),
        places=main_places(film, times),
        heldout=tuple(is_held_out(film, film.shot_at(second)) for second in times),
    )


def main_places(film: Film, times: Sequence[float]) -> tuple[tuple[float, float] | None, ...]:
    """Where the middle of the main actor is in the picture, as shares of width and height; None for nobody."""
    from ral_core.world.film import Staging  # needs the drawing library
    from ral_core.world.framing import view_at

    staged: dict[float, Staging] = {}
    places: list[tuple[float, float] | None] = []
    for second in times:
        shot = film.shot_at(second)
        staging = staged.get(shot.start) or staged.setdefault(shot.start, Staging(shot, film.cast))
        if not staging.tracks:
            places.append(None)
            continue
        since = second - shot.start
        view = view_at(shot, staging.tracks, staging.company, since)
        track = staging.tracks[0]
        human = film.cast[shot.actors[0].who].kind in HUMANS
        height = (MIDDLE if human else ANIMAL_MIDDLE) * track.scale
        across, down = track.at(since)[0] - view.x, track.y - height - view.y
        places.append((0.5 + across * view.zoom / 320, 0.5 + down * view.zoom / 180))
    return tuple(places)


def is_held_out(film: Film, shot: Shot) -> bool:
    """Whether the main actor of a shot is one of the combinations that training never sees."""
    if shot.event is None or not shot.actors:
        return False
    main = shot.actors[0]
    return held_out(film.cast[main.who].kind, main.action, shot.setting)
