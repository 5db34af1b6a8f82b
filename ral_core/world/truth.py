"""The truth about captions: which films satisfy them, how ambiguous they are, and what their words are worth.

The plain definitions are in `logic`; a `Corpus` gives the same answers for thousands of captions in seconds by
keeping one boolean row over all readings of all events for each condition it has met.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import factorial

import numpy as np
from numpy.typing import NDArray

from ral_core.world.logic import Logic, is_temporal, readings
from ral_core.world.scene import Film

Mask = NDArray[np.bool_]
Bits = tuple[tuple[str, float], ...]


class Corpus:
    """The films of a split, ready for many questions. V films, R readings of events, S subsets of slots."""

    def __init__(self, films: Sequence[Film]) -> None:
        """Index the films; their order is the order of all answers."""
        self.ids = tuple(film.id for film in films)
        rows = []
        for number, film in enumerate(films):
            for event in film.events:
                actor, *others = readings(film, event)
                rows.append((number, event.actor, event, actor))
                rows.extend((number, 1000 + round(event.start * 10), event, other) for other in others)
        rows.sort(key=lambda row: (row[0], row[1], row[2].start))
        self._readings = [row[3] for row in rows]
        self._starts = np.array([row[2].start for row in rows])
        self._ends = np.array([row[2].end for row in rows])
        owners = np.array([(row[0], row[1]) for row in rows])
        changed = np.any(np.diff(owners, axis=0) != 0, axis=1)
        self._actor_edges = np.concatenate([[0], np.flatnonzero(changed) + 1])
        self._film_edges = np.searchsorted(owners[:, 0], np.arange(len(films)))
        self._films_of_actors = np.searchsorted(self._actor_edges, self._film_edges)
        self._known: dict[tuple[str, tuple[str, ...]], Mask] = {}

    def relevant(self, logic: Logic) -> Mask:
        """(V,) whether each film holds a moment that satisfies the form."""
        if is_temporal(logic):
            first, then = (self._all(logic[part])[None] for part in ("first", "then"))
            return self._ordered(first, then, bool(logic.get("same_actor")))[0, 0]
        return np.logical_or.reduceat(self._all(logic), self._film_edges)

    def relevant_ids(self, logic: Logic) -> list[str]:
        """Ids of the films that satisfy the form, in order."""
        return [self.ids[number] for number in np.flatnonzero(self.relevant(logic))]

    def importance(self, logic: Logic) -> Bits:
        """What each slot contributes to narrowing the search, in bits.

        The worth of a set of slots is log2(V / number of films that satisfy them); a slot's bits are its mean
        contribution over all orders in which slots could be learnt (its Shapley value). They sum to the worth of
        the whole form. Slots of a temporal form are called `first.kind`, `then.action`, and so on.
        """
        if not is_temporal(logic):
            names = list(logic)
            films = np.logical_or.reduceat(self._subsets(logic), self._film_edges, axis=1)
        else:
            names = [f"{part}.{slot}" for part in ("then", "first") for slot in logic[part]]
            first, then = self._subsets(logic["first"]), self._subsets(logic["then"])
            films = self._ordered(first, then, bool(logic.get("same_actor"))).reshape(
                len(first) * len(then), -1
            )
        worth = np.log2(films.shape[1] / films.sum(axis=1))
        bits = dict(zip(names, _shapley(worth - worth[0])))
        in_order = (
            names if not is_temporal(logic) else sorted(names, key=lambda name: name.startswith("then"))
        )
        return tuple((name, round(float(bits[name]), 3)) for name in in_order)

    def _mask(self, slot: str, accepted: Sequence[str]) -> Mask:
        """(R,) whether each reading shows an accepted value of the slot."""
        key = (slot, tuple(accepted))
        if key not in self._known:
            empty: frozenset[str] = frozenset()
            hits = (not reading.get(slot, empty).isdisjoint(accepted) for reading in self._readings)
            self._known[key] = np.fromiter(hits, bool, len(self._readings))
        return self._known[key]

    def _all(self, logic: Logic) -> Mask:
        """(R,) whether each reading meets every condition."""
        result = np.ones(len(self._readings), bool)
        for slot, accepted in logic.items():
            result &= self._mask(slot, accepted)
        return result

    def _subsets(self, logic: Logic) -> Mask:
        """(S, R) which readings meet each of the 2^slots sets of conditions; bit n of the row stands for slot n."""
        table = np.ones((1, len(self._readings)), bool)
        for slot, accepted in logic.items():
            table = np.concatenate([table, table & self._mask(slot, accepted)])
        return table

    def _ordered(self, first: Mask, then: Mask, same_actor: bool) -> Mask:
        """(S1, S2, V) whether a film has an event of `first` (S1, R) that is over before one of `then` (S2, R)."""
        edges = self._actor_edges if same_actor else self._film_edges
        soonest = np.minimum.reduceat(np.where(first, self._ends, np.inf), edges, axis=1)
        latest = np.maximum.reduceat(np.where(then, self._starts, -np.inf), edges, axis=1)
        found = soonest[:, None] <= latest[None]
        return np.logical_or.reduceat(found, self._films_of_actors, axis=2) if same_actor else found


def _shapley(worth: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shapley values of n players from the worth (2^n,) of each coalition, players being the bits of the index."""
    count = len(worth).bit_length() - 1
    index = np.arange(len(worth))
    size = ((index[:, None] >> np.arange(count)) & 1).sum(axis=1)
    weights = np.array([factorial(k) * factorial(count - k - 1) / factorial(count) for k in range(count)])
    values = np.zeros(count)
    for player in range(count):
        without = index[(index >> player) & 1 == 0]
        values[player] = (weights[size[without]] * (worth[without | (1 << player)] - worth[without])).sum()
    return values


def strict_ceilings(ambiguity: Sequence[int], cutoffs: Sequence[int] = (1, 5, 10, 100)) -> dict[str, float]:
    """The recall in percent that perfect understanding reaches when only a caption's own film counts.

    A caption that n films satisfy finds its own among the first k with chance min(1, k / n).
    """
    counts = np.asarray(ambiguity, float)
    return {f"R@{k}": round(100 * float(np.minimum(1.0, k / counts).mean()), 1) for k in cutoffs}
