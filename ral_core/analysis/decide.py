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
from ral_core.world.grammar import FUNCTION_WORDS
from ral_core.world.wording import FINDERS, LEADS, NAMELESS, SHOTS, TAILS

Array = NDArray[np.floating]

CLOSE = 20
"""The most films that are told apart; further ones are no candidates for the top."""
TRIED = 40
"""Words that are added to the query and searched, about 15 ms each on one CPU core."""
EMPTY = FUNCTION_WORDS.union(
    *(text.split() for text in (*FINDERS, *LEADS, *SHOTS, *TAILS, *NAMELESS)),
    (
        "be",
        "been",
        "being",
        "but",
        "he",
        "him",
        "if",
        "me",
        "my",
        "not",
        "off",
        "or",
        "our",
        "she",
        "so",
        "than",
    ),
    (
        "these",
        "they",
        "this",
        "those",
        "was",
        "we",
        "were",
        "which",
        "will",
        "you",
        "your",
        "person",
        "people",
    ),
)
"""Words that name nothing one could see, or frame the sentence only."""


@dataclass(frozen=True)
class Decider(Answer):
    """A word that parts the close films."""

    word: str
    query: str  # the query with the word
    bits: float  # of the answer to "is it there?": 1 where it halves the films, 0 where it keeps or loses all
    keeps: tuple[str, ...]  # close films that stay close to the best once the word is said
    first: str  # the film that is then first in the whole collection
    said_of: tuple[str, ...]  # close films whose captions of the found moment say the word


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
    said = words_said(explorer.collection(entry).captions.values(), spans)
    words = candidates(said, videos, typed.text)
    notes: tuple[str, ...] = ()
    if len(rows) == 1:
        notes, words = ("One film leads clearly; no further word is needed.",), []
    elif not words:
        notes = (
            f"The collection {entry.manifest.collection} has no captions of these films to take words from.",
        )
    found: list[Decider] = []
    if words:
        queries = [f"{typed.text.rstrip(' .')}, {word}" for word in words]
        _, added = explorer.tokens(entry, queries)
        table = gallery.by_film(gallery.totals(added).float().cpu().numpy())
        for word, asked, scores in zip(words, queries, table, strict=True):
            inside = within(scores[close], scores, entry.manifest.margin)
            found.append(
                Decider(
                    word=word,
                    query=asked,
                    bits=binary_entropy(float(inside.mean())),
                    keeps=tuple(video for video, stays in zip(videos, inside, strict=True) if stays),
                    first=gallery.videos[gallery.first[int(scores.argmax())]].video,
                    said_of=tuple(video for video in videos if word in said[video]),
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


def words_said(
    captions: Iterable[Caption], spans: Mapping[str, tuple[float, float]]
) -> dict[str, frozenset[str]]:
    """For each film of `spans`, what its captions say about that stretch (s): words that name something.

    Captions without times count for the whole film.
    """
    texts: dict[str, list[str]] = {video: [] for video in spans}
    for caption in captions:
        if caption.film in spans and told_of(caption, *spans[caption.film]):
            texts[caption.film].append(caption.text)
    return {video: meaningful(" ".join(said)) for video, said in texts.items()}


def told_of(caption: Caption, start: float, end: float) -> bool:
    """Whether the middle of the caption's moment lies between start and end (s), or theirs within it; True untimed."""
    return not (start > (caption.start + caption.end) / 2 or end < (caption.start + caption.end) / 2) or (
        caption.start <= (start + end) / 2 <= caption.end
    )


def meaningful(text: str) -> frozenset[str]:
    """The words of a text that name something, in lower case."""
    found = (match.group().lower() for match in WORD.finditer(text))
    return frozenset(word for word in found if word[0].isalpha() and word not in EMPTY)


def candidates(said: Mapping[str, frozenset[str]], videos: Sequence[str], query: str) -> list[str]:
    """Words said of some of the films but not of all and not in the query, nearest to half of the films first."""
    known = meaningful(query)
    counts = {
        word: sum(word in said[video] for video in videos) for word in set().union(*said.values()) - known
    }
    parting = [word for word, count in counts.items() if count < len(videos)]
    parting.sort(key=lambda word: (abs(2 * counts[word] - len(videos)), word))
    return parting[:TRIED]


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
    """Bits of the answer, times how far model and captions agree on what the answer means."""
    return one.bits * agreement(one)


def agreement(one: Decider) -> float:
    """How far the films that the model keeps are those whose captions say the word: their overlap, 0-1."""
    keeps, said = set(one.keeps), set(one.said_of)
    return len(keeps & said) / max(len(keeps | said), 1)
