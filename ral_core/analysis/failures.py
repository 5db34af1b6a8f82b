"""Why are answers wrong? What the winning films lack, and which kinds of query fail most, over a stored run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ral_core.analysis.runs import Failure, Run, open_runs
from ral_core.data.captions import LEVELS, Caption
from ral_core.errors import DataError
from ral_core.search.collections import Collection
from ral_core.search.engine import Explorer
from ral_core.search.results import Answer
from ral_core.world.logic import Logic, is_temporal, meets, moments, readings, satisfies
from ral_core.world.scene import Film

Mask = NDArray[np.bool_]

SLOTS = {
    "kind": "who it is",
    "fur": "the colour of the fur",
    "hair": "the hair",
    "beard": "the beard",
    "glasses": "the glasses",
    "hat": "the hat",
    "hat_color": "the colour of the hat",
    "top": "the colour of the clothes",
    "garment": "the garment",
    "action": "what is done",
    "prop": "the colour of the thing held",
    "setting": "the place",
    "sky": "the weather or light",
    "bystander": "who else is there",
}
"""What a caption can ask for, in words."""
OTHERS = {
    "two things": "The nearest event of the first film has two things wrong.",
    "more things": "The nearest event of the first film has three or more things wrong.",
    "order": "Both events happen in the first film, in the other order or at the same time.",
    "someone else": "Both events happen in the first film in this order, but to different people.",
    "one of two": "Only one of the two events happens in the first film.",
    "neither": "Neither of the two events happens in the first film.",
}
"""The other ways to be wrong; the last four are about captions of two events in order."""
MANY = 10
"""Satisfying films from which on a caption is called ambiguous."""


@dataclass(frozen=True)
class Reason(Answer):
    """One way in which first films are wrong; each failure has exactly one."""

    name: str
    says: str
    count: int
    share: float  # per cent of all failures
    twins: int  # of these, with a first film that was made to differ in one thing
    examples: tuple[Failure, ...]  # worst rank of the described film first


@dataclass(frozen=True)
class Kind(Answer):
    """A kind of query, against all others. A query can be of several kinds."""

    name: str
    asked: int
    wrong: int
    rate: float  # per cent of these with a wrong first film
    rest: float | None  # per cent of all other queries; None where there are no others


@dataclass(frozen=True)
class FailureReport(Answer):
    """All failures of a run, by reason and by kind of query."""

    model: str
    index: str
    queries: int
    wrong: int  # first film does not satisfy the caption
    also_right: int  # first film is not the described one and satisfies the caption as well: no failures
    reasons: tuple[Reason, ...]  # the commonest first
    kinds: tuple[Kind, ...]  # the highest rate first
    notes: tuple[str, ...] = ()


def failure_report(
    explorer: Explorer, *, model: str | None = None, index: str | Path | None = None, examples: int = 5
) -> FailureReport:
    """Sort the failures of a model's stored run. Raises DataError where there is no run of these weights."""
    entry = explorer.resolve(model, index)
    runs = open_runs(explorer, entry.manifest.collection, explorer.siblings(entry))
    if entry.manifest.model not in runs:
        raise DataError(
            f"There is no run of {entry.manifest.model} on {entry.manifest.collection}; make it with "
            f"`python -m ral_core runs --index {entry.name}`."
        )
    run, collection = runs[entry.manifest.model], explorer.collection(entry)
    captions = list(collection.captions.values())
    if len(captions) != len(run.rank):
        raise DataError(
            f"The run of {run.model} is about other captions than {collection.name} has; make it again."
        )
    winners = [explorer.gallery(entry).videos[int(row)].video for row in run.top[:, 0]]
    reasons = sorted_failures(collection, captions, winners, run, examples)
    known = any(caption.logic for caption in captions)
    return FailureReport(
        model=run.model,
        index=run.index,
        queries=len(captions),
        wrong=int((~run.right).sum()),
        also_right=int((run.right & (run.rank > 1)).sum()),
        reasons=reasons,
        kinds=kinds(captions, ~run.right),
        notes=()
        if known
        else (
            f"What happens in the films of {collection.name} is not known, so the reasons are not either.",
        ),
    )


def sorted_failures(
    collection: Collection, captions: Sequence[Caption], winners: Sequence[str], run: Run, examples: int
) -> tuple[Reason, ...]:
    """Every failure under its reason; those without a scene graph or a logical form are left out."""
    scenes = {film: collection.scene(film) for film in sorted(set(winners))}
    found: dict[str, list[int]] = {}
    for place in np.flatnonzero(~run.right).tolist():
        scene = scenes[winners[place]]
        if scene is not None and captions[place].logic:
            found.setdefault(reason(scene, captions[place].logic), []).append(place)
    total = max(sum(map(len, found.values())), 1)
    return tuple(
        Reason(
            name=name,
            says=OTHERS.get(name)
            or f"All is right in some event of the first film but {SLOTS.get(name, name)}.",
            count=len(places),
            share=100.0 * len(places) / total,
            twins=sum(winners[place] == captions[place].twin for place in places),
            examples=tuple(
                failure(captions[place], winners[place], int(run.rank[place]))
                for place in sorted(places, key=lambda place: -run.rank[place])[:examples]
            ),
        )
        for name, places in sorted(found.items(), key=lambda item: (-len(item[1]), item[0]))
    )


def failure(caption: Caption, winner: str, rank: int) -> Failure:
    """One failure as the pages show it."""
    return Failure(
        caption.text, caption.id, caption.level, caption.film, rank, winner, winner in caption.relevant
    )


def reason(scene: Film, logic: Logic) -> str:
    """What keeps a film from making a form true: a slot, or a key of `OTHERS`.

    By the film's nearest event, the one with the fewest wrong slots; of several the first.
    """
    if is_temporal(logic):
        return temporal_reason(scene, logic)
    missed = min(
        (
            [slot for slot, accepted in logic.items() if not meets(reading, {slot: accepted})]
            for event in scene.events
            for reading in readings(scene, event)
        ),
        key=len,
        default=list(logic),
    )
    return missed[0] if len(missed) == 1 else "two things" if len(missed) == 2 else "more things"


def temporal_reason(scene: Film, logic: Logic) -> str:
    """What keeps a film from making a form of two events in order true."""
    there = [
        any(satisfies(scene, event, logic[part]) for event in scene.events) for part in ("first", "then")
    ]
    if all(there):
        anyone: Mapping[str, object] = {"first": logic["first"], "then": logic["then"]}
        return "someone else" if next(moments(scene, anyone), None) is not None else "order"
    return "one of two" if any(there) else "neither"


def kinds(captions: Sequence[Caption], wrong: Mask) -> tuple[Kind, ...]:
    """How often each kind of query fails, (Q,) wrong, against the others; kinds that nobody asked are left out."""
    masks: dict[str, list[bool]] = {f"level: {name}": [c.level == name for c in captions] for name in LEVELS}
    masks |= {
        "held-out wording": [c.heldout_synonym for c in captions],
        "combination never seen in training": [c.heldout_triple for c in captions],
        "a twin film exists": [c.twin is not None for c in captions],
        "one film satisfies it": [c.ambiguity == 1 for c in captions],
        f"{MANY} or more films satisfy it": [c.ambiguity >= MANY for c in captions],
        "8 words or fewer": [len(c.text.split()) <= 8 for c in captions],
        "16 words or more": [len(c.text.split()) >= 16 for c in captions],
    }
    found = []
    for name, mask in masks.items():
        inside = np.array(mask)
        if inside.any():
            found.append(
                Kind(
                    name=name,
                    asked=int(inside.sum()),
                    wrong=int(wrong[inside].sum()),
                    rate=100.0 * float(wrong[inside].mean()),
                    rest=100.0 * float(wrong[~inside].mean()) if (~inside).any() else None,
                )
            )
    return tuple(sorted(found, key=lambda kind: (-kind.rate, kind.name)))
