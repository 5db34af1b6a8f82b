"""Which word would decide it? Words that the collection's captions offer and that part the films close to the top."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ral_core.data.captions import Caption
from ral_core.errors import BadQuery
from ral_core.features.words import WORD
from ral_core.search.engine import Explorer
from ral_core.search.reading import cleaned, events_in
from ral_core.search.results import Answer
from ral_core.search.sayings import OPEN, Saying, Sayings, added

Array = NDArray[np.floating]

CLOSE = 20
"""The most films that are told apart; further ones are no candidates for the top."""
TRIED = 40
"""Words that are added to the query and searched, about 15 ms each on one CPU core."""
USUAL = 4
"""Places in the captions from which on a phrase counts as usual."""


@dataclass(frozen=True)
class Decider(Answer):
    """A word or phrase that parts the close films."""

    word: str  # as the captions say it, such as "in the park"
    query: str  # the query with the word
    bits: float  # of the answer to "is it there?": 1 where it halves the films, 0 where it keeps or loses all
    keeps: tuple[str, ...]  # close films that stay close to the best once the word is said
    first: str  # the film that is then first in the whole collection
    said_of: tuple[str, ...]  # close films whose captions of the found moment say the word
    usual: float  # how usual the word is in the collection's captions, 0-1


@dataclass(frozen=True)
class Decision(Answer):
    """The films between which a query does not decide, and words that would."""

    query: str
    model: str
    index: str
    close: tuple[str, ...]  # films whose score is within the index's margin of the best, best first
    words: tuple[Decider, ...]  # the most useful first; no two of them keep the same films
    tried: int  # words that were searched
    notes: tuple[str, ...] = ()


def decide(
    explorer: Explorer,
    query: str,
    *,
    model: str | None = None,
    index: str | Path | None = None,
    most: int = 6,
) -> Decision:
    """Words that, added to the query, would tell its close films apart by the model's own scores.

    Words are taken from what the collection's captions say about the moments found in them, never made up: where a collection has no
    captions, or one film leads clearly, there are none and a note says so. Raises BadQuery as `search` does.
    """
    if most < 1:
        raise BadQuery(f"most must be at least 1, not {most}.")
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    _, tokens = explorer.encoded(entry, typed.text)
    total = gallery.score(tokens).total
    best = gallery.best_rows(total)  # (films,)
    close = close_rows(total[best], entry.manifest.margin)
    rows = [int(row) for row in best[close]]
    videos = [gallery.videos[row].video for row in rows]
    spans = {}
    for video, timed in zip(videos, gallery.timed(tokens, rows, explorer.moments), strict=True):
        first = timed.moments(explorer.moments, events_in(typed.text))[0]
        spans[video] = (first.start, first.end)
    collection = explorer.collection(entry)
    sayings = collection.sayings
    said = phrases_said(collection.captions.values(), spans, sayings)
    words = candidates(said, videos, typed.text, sayings)
    notes: tuple[str, ...] = ()
    if len(rows) == 1:
        notes, words = ("One film leads clearly; no further word is needed.",), []
    elif not any(said.values()):
        notes = (
            f"The collection {entry.manifest.collection} has no captions of these films to take words from.",
        )
    found: list[Decider] = []
    if words:
        shown = [sayings.shown(one) for one in words]
        queries = [added(typed.text, text, one.kind) for one, text in zip(words, shown, strict=True)]
        _, tokens = explorer.tokens(entry, queries)
        table = gallery.by_film(gallery.totals(tokens).float().cpu().numpy())
        for one, text, asked, scores in zip(words, shown, queries, table, strict=True):
            inside = within(scores[close], scores, entry.manifest.margin)
            found.append(
                Decider(
                    word=text,
                    query=asked,
                    bits=binary_entropy(float(inside.mean())),
                    keeps=tuple(video for video, stays in zip(videos, inside, strict=True) if stays),
                    first=gallery.videos[gallery.first[int(scores.argmax())]].video,
                    said_of=tuple(video for video in videos if one in said[video]),
                    usual=usual(one, sayings),
                )
            )
    return Decision(
        query=typed.text,
        model=entry.manifest.model,
        index=entry.name,
        close=tuple(videos),
        words=varied(found, most),
        tried=len(words),
        notes=notes,
    )


def close_rows(total: Array, margin: float) -> list[int]:
    """Places in `total` (films,) of the films within `margin` standard deviations of the best, best first, at most `CLOSE`."""
    order = np.argsort(-total, kind="stable")[:CLOSE]
    return [int(row) for row in order[within(total[order], total, margin)]]


def within(some: Array, total: Array, margin: float) -> NDArray[np.bool_]:
    """Which of `some` scores (N,) lie within `margin` standard deviations of all scores (V,) of the best of `some`."""
    return np.asarray(some.max() - some <= margin * max(float(total.std()), 1e-6))


def phrases_said(
    captions: Iterable[Caption], spans: Mapping[str, tuple[float, float]], sayings: Sayings
) -> dict[str, frozenset[Saying]]:
    """For each film of `spans`, what its captions say about that stretch (s), in whole phrases.

    Captions without times count for the whole film.
    """
    said: dict[str, set[Saying]] = {video: set() for video in spans}
    for caption in captions:
        if caption.film in spans and told_of(caption, *spans[caption.film]):
            said[caption.film] |= sayings.of(caption.text)
    return {video: frozenset(found) for video, found in said.items()}


def told_of(caption: Caption, start: float, end: float) -> bool:
    """Whether the middle of the caption's moment lies between start and end (s), or theirs within it; True untimed."""
    return not (start > (caption.start + caption.end) / 2 or end < (caption.start + caption.end) / 2) or (
        caption.start <= (start + end) / 2 <= caption.end
    )


def candidates(
    said: Mapping[str, frozenset[Saying]], videos: Sequence[str], query: str, sayings: Sayings
) -> list[Saying]:
    """Phrases said of some of the films but not of all that add to the query, the most promising first.

    They are nearer to half of the films and more usual in the collection; a subject is offered only where the query
    leaves it open.
    """
    known = frozenset(match.group().lower() for match in WORD.finditer(query))
    counts = {one: sum(one in said[video] for video in videos) for one in set().union(*said.values())}
    parting = [
        one
        for one, count in counts.items()
        if count < len(videos)
        and one.words
        and not one.words & known
        and (one.kind != "subject" or OPEN.search(query))
    ]
    parting.sort(key=lambda one: (-usual(one, sayings) * binary_entropy(counts[one] / len(videos)), one.text))
    return parting[:TRIED]


def usual(one: Saying, sayings: Sayings) -> float:
    """How usual a phrase is in the collection's captions, 0-1: half where it is said so often as `USUAL`."""
    return sayings.counts[one] / (sayings.counts[one] + USUAL)


def binary_entropy(share: float) -> float:
    """Bits in the answer to a question that `share` of the cases answer with yes.

    >>> binary_entropy(0.5), binary_entropy(1.0)
    (1.0, 0.0)
    """
    return 0.0 if share in (0.0, 1.0) else float(-share * np.log2(share) - (1 - share) * np.log2(1 - share))


def varied(found: Sequence[Decider], most: int) -> tuple[Decider, ...]:
    """The words of most worth, no two of which keep the same films."""
    best: dict[frozenset[str], Decider] = {}
    for one in sorted(found, key=lambda one: (-worth(one), one.word)):
        if worth(one) > 0:
            best.setdefault(frozenset(one.keeps), one)
    return tuple(best.values())[:most]


def worth(one: Decider) -> float:
    """Bits of the answer, times how far model and captions agree on what it means, times how usual the word is."""
    return one.bits * agreement(one) * one.usual


def agreement(one: Decider) -> float:
    """How far the films that the model keeps are those whose captions say the word: their overlap, 0-1."""
    keeps, said = set(one.keeps), set(one.said_of)
    return len(keeps & said) / max(len(keeps | said), 1)
