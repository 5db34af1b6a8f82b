"""A blind duel: two models' answers to one query without their names, a vote, and what many votes say."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from ral_core.errors import BadQuery, DataError
from ral_core.files import read_text
from ral_core.search.engine import Explorer
from ral_core.search.results import Answer, SearchResult

Choice = Literal["a", "b", "both", "neither"]
CHOICES: tuple[Choice, ...] = ("a", "b", "both", "neither")
"""A is better, B is better, both are good, both are bad."""
SHOWN = 5
"""Films of each answer."""
MOST = 100_000
"""Votes that are counted at most."""


@dataclass(frozen=True)
class Corner(Answer):
    """One model in a duel."""

    model: str
    index: str
    model_sha256: str
    films: tuple[str, ...]  # its first films, best first


@dataclass(frozen=True)
class Duel:
    """Two answers to one query; `a` and `b` are drawn, so neither place tells the model."""

    query: str
    collection: str
    seed: int
    a: Corner
    b: Corner
    answers: tuple[SearchResult, SearchResult]  # of a and of b

    def vote(self, choice: Choice) -> dict[str, Any]:
        """The line of a vote file."""
        corners = {"a": self.a.to_json(), "b": self.b.to_json()}
        return {
            "query": self.query,
            "collection": self.collection,
            "seed": self.seed,
            **corners,
            "choice": choice,
        }


@dataclass(frozen=True)
class Standing(Answer):
    """How one side did, against one other or all."""

    model: str
    against: str | None  # None for all others together
    wins: int
    losses: int
    both: int  # both were good
    neither: int  # both were bad
    rate: float | None  # wins among the decided votes (0-1); None where nothing was decided
    low: float | None  # Wilson interval of the rate, 95 %
    high: float | None


@dataclass(frozen=True)
class Tally(Answer):
    """What all votes say."""

    votes: int
    standings: tuple[Standing, ...]  # each model against all others, best rate first
    pairs: tuple[Standing, ...]  # each two models that met


def duel(explorer: Explorer, query: str | None, seed: int, *, index: str | Path | None = None) -> Duel:
    """Draw two models of a collection and let both answer; without a query one of its captions is drawn, too.

    The same seed draws the same. Raises BadQuery where there are no two models, or neither query nor captions.
    """
    entry = explorer.resolve(None, index)
    entries = sorted(explorer.siblings(entry), key=lambda e: e.name)
    if len(entries) < 2:
        raise BadQuery(f"A duel needs two models of the collection {entry.manifest.collection}.")
    drawn = random.Random(f"duel {seed}")
    sides = drawn.sample(entries, 2)
    if query is None or not query.strip():
        captions = list(explorer.collection(entry).captions.values())
        if not captions:
            raise BadQuery("This collection has no captions to draw from; type a query for the duel.")
        query = drawn.choice(captions).text
    answers = tuple(
        explorer.search(query, SHOWN, model=side.manifest.model, index=side.name) for side in sides
    )
    a, b = (
        Corner(
            side.manifest.model,
            side.name,
            side.manifest.model_sha256,
            tuple(hit.video for hit in answer.hits),
        )
        for side, answer in zip(sides, answers, strict=True)
    )
    return Duel(answers[0].query, entry.manifest.collection, seed, a, b, (answers[0], answers[1]))


def read_votes(text: str, where: str = "the votes") -> list[dict[str, Any]]:
    """The lines of a vote file. Raises DataError with the line that is no vote."""
    found: list[dict[str, Any]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        if len(found) == MOST:
            raise DataError(f"{where} holds more than {MOST:,} votes.")
        try:
            vote = json.loads(line)
            models = {side: vote[side]["model"] for side in ("a", "b")}
            good = vote["choice"] in CHOICES and all(
                isinstance(name, str) and name for name in models.values()
            )
        except (json.JSONDecodeError, KeyError, TypeError, RecursionError):
            good = False
        if not good or models["a"] == models["b"]:
            raise DataError(
                f"Line {number} of {where} is no vote: it needs two models `a` and `b` and a `choice`."
            )
        found.append(vote)
    return found


def open_votes(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The votes of several files, one after the other. Raises DataError as `read_votes`."""
    return [vote for path in paths for vote in read_votes(read_text(path), str(path))]


def tally(votes: Iterable[Mapping[str, Any]]) -> Tally:
    """Count votes. A model's rate is its share of the decided ones; ties are counted beside, not in it."""
    met: dict[tuple[str, str], list[int]] = {}
    count = 0
    for vote in votes:
        count += 1
        a, b = vote["a"]["model"], vote["b"]["model"]
        choice = vote["choice"]
        for one, other, wins, loses in ((a, b, "a", "b"), (b, a, "b", "a")):
            row = met.setdefault((one, other), [0, 0, 0, 0])
            row[(wins, loses, "both", "neither").index(choice)] += 1
    models = sorted({one for one, _ in met})
    whole = [
        standing(
            one, None, [sum(row) for row in zip(*(met[pair] for pair in met if pair[0] == one), strict=True)]
        )
        for one in models
    ]
    pairs = [
        standing(one, other, met[one, other]) for one, other in combinations(models, 2) if (one, other) in met
    ]
    whole.sort(key=lambda one: (-1.0 if one.rate is None else one.rate, one.wins), reverse=True)
    return Tally(count, tuple(whole), tuple(pairs))


def standing(model: str, against: str | None, counts: list[int]) -> Standing:
    """A rate with its interval from (wins, losses, both, neither)."""
    wins, losses, both, neither = counts
    if wins + losses == 0:
        return Standing(model, against, wins, losses, both, neither, None, None, None)
    from scipy.stats import binomtest  # imported late: slow to load and only needed once votes are in

    interval = binomtest(wins, wins + losses).proportion_ci(0.95, method="wilson")
    return Standing(
        model,
        against,
        wins,
        losses,
        both,
        neither,
        wins / (wins + losses),
        float(interval.low),
        float(interval.high),
    )
