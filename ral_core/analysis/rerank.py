"""What if: the ranking with other gates, and how much of it survives when a word is left out."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.errors import BadQuery
from ral_core.features.words import Word
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Moved(Answer):
    """One film in the changed ranking."""

    video: str
    title: str
    rank: int
    before: int  # its rank with the model's own gates
    score: float
    z: float | None


@dataclass(frozen=True)
class Reranking(Answer):
    """The ranking with changed gates."""

    model: str
    index: str
    gates: tuple[float, ...]  # of each word, as used; they sum to 1
    usual: tuple[float, ...]  # as the model sets them
    films: tuple[Moved, ...]  # best first
    moved: int  # films of the first k that were not there before, or stand elsewhere


@dataclass(frozen=True)
class Stability(Answer):
    """Where a film ranks when each word in turn is left out."""

    video: str
    rank: int
    low: int  # best rank
    high: int  # worst rank
    worst: str  # the word without which it ranks worst


def rerank(
    explorer: Explorer,
    query: str,
    *,
    model: str | None = None,
    index: str | Path | None = None,
    off: Collection[int] = (),
    on: Collection[int] = (),
    even: bool = False,
    k: int = 10,
) -> Reranking:
    """Rank all films with some gates changed; words are named by their place in `Explanation.words`.

    `off` shuts a word's gate. `on` gives it a weight of 1 beside the others, whatever the model says. `even` lets
    all words count alike. The weights are divided by their sum, so they add up to 1 as the model's do. Raises
    BadQuery where the model has no gates or all of them are shut.
    """
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    if "gate" not in gallery.model.capabilities:
        raise BadQuery(f"{entry.manifest.model} has no word gates to change; choose a model with RAL.")
    encoded, tokens = explorer.encoded(entry, typed.text)
    words = [word for word in encoded.words() if min(word.pieces) < gallery.model.config.max_words]
    with torch.inference_mode():
        usual = gallery.model.gate(tokens)[0].cpu().numpy()
        best = gallery.model.word_frame(tokens, gallery.tokens)[0].amax(-1).cpu().numpy()  # (V, W)
    gates = changed(usual, words, off, on, even)
    before = gallery.score(tokens)
    total = entry.manifest.clip_weight * before.clip + entry.manifest.frame_weight * (best @ gates)
    rows = gallery.best_rows(total)  # (films,)
    z, old, new = gallery.z(total), ranks(gallery.by_film(before.total)), ranks(total[rows])
    films = tuple(
        Moved(
            video=gallery.videos[row].video,
            title=gallery.videos[row].title,
            rank=int(new[film]),
            before=int(old[film]),
            score=float(total[row]),
            z=None if z is None else float(z[row]),
        )
        for film in np.argsort(-total[rows], kind="stable")[:k]
        for row in [rows[film]]
    )
    return Reranking(
        model=entry.manifest.model,
        index=entry.name,
        gates=by_word(gates, words),
        usual=by_word(usual, words),
        films=films,
        moved=sum(film.rank != film.before for film in films),
    )


def changed(
    usual: Array, words: Sequence[Word], off: Collection[int], on: Collection[int], even: bool
) -> Array:
    """Gates of word pieces (W,) after the changes, summing to 1. Raises BadQuery when nothing is left."""
    gates = usual.copy()
    if even:
        real = np.flatnonzero(usual > 0)
        gates[real] = 1 / len(real)
    for place, word in enumerate(words):
        pieces = [piece for piece in word.pieces if piece < len(gates)]
        if place in off:
            gates[pieces] = 0.0
        elif place in on:
            gates[pieces] = 1.0 / len(pieces)
    if gates.sum() <= 0:
        raise BadQuery("All gates are shut, so there is nothing to look for; open at least one word.")
    return np.asarray(gates / gates.sum())


def by_word(gates: Array, words: Sequence[Word]) -> tuple[float, ...]:
    """Gates of pieces (W,) as gates of words: the sum over a word's pieces."""
    return tuple(float(sum(gates[p] for p in word.pieces if p < len(gates))) for word in words)


def ranks(scores: Array) -> NDArray[np.int64]:
    """The rank of each film (films,), 1 is best; ties in their order."""
    found = np.empty(len(scores), dtype=np.int64)
    found[np.argsort(-scores, kind="stable")] = np.arange(1, len(scores) + 1)
    return found


def stability(
    explorer: Explorer, query: str, *, model: str | None = None, index: str | Path | None = None, k: int = 10
) -> tuple[Stability, ...]:
    """For each of the first k films, the ranks it takes when one word after the other is left out of the query.

    A jackknife over words: it works for every model, and a film that keeps its rank does not hang on one word.
    Empty for queries of a single word.
    """
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery: Gallery = explorer.gallery(entry)
    encoded, tokens = explorer.encoded(entry, typed.text)
    words = encoded.words()
    rests = [" ".join((typed.text[: w.start] + " " + typed.text[w.end :]).split()) for w in words]
    kept = [(word.text, rest) for word, rest in zip(words, rests, strict=True) if rest.strip(" .,!?")]
    if not kept:
        return ()
    _, others = explorer.tokens(entry, [rest for _, rest in kept])
    full = gallery.by_film(gallery.score(tokens).total)
    without = gallery.by_film(gallery.totals(others).float().cpu().numpy())
    table = np.stack([ranks(row) for row in without])  # (W, films)
    first = ranks(full)
    found = []
    for film in np.argsort(-full, kind="stable")[:k]:
        column = table[:, film]
        found.append(
            Stability(
                video=gallery.videos[gallery.first[film]].video,
                rank=int(first[film]),
                low=int(min(first[film], column.min())),
                high=int(max(first[film], column.max())),
                worst=kept[int(column.argmax())][0],
            )
        )
    return tuple(found)
