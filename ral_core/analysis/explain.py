"""Why one film fits one query: the parts of its score, over words and over time. Numbers only, no drawing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.analysis.uncertainty import uncertainty
from ral_core.errors import UnknownName
from ral_core.features.words import Word
from ral_core.models import ZeroShot
from ral_core.search.answers import query_words
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.libraries import unknown
from ral_core.search.reading import cleaned, events_in
from ral_core.search.results import Curve, Explanation, WordEvidence
from ral_core.tensors import QueryTokens

Array = NDArray[np.floating]


def explain(
    explorer: Explorer,
    query: str,
    video: str,
    model: str | None = None,
    index: str | Path | None = None,
) -> Explanation:
    """Take the score of `video` for `query` apart.

    A word's `drop` is measured: the query is encoded and scored again without it. Its gate is what the model
    gives it; the two need not agree. Where the model has no word branch, those fields are None and a note
    says so. Raises BadQuery for an empty query and UnknownName for a video that the index lacks.
    """
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    if video not in gallery.rows:
        raise UnknownName(unknown("video", video, gallery.rows, f" in the index {entry.name}"))
    encoded, tokens = explorer.encoded(entry, typed.text)
    scored = gallery.score(tokens)
    z, best = gallery.z(scored.total), gallery.best_rows(scored.total)
    row = int(best[gallery.films[gallery.rows[video]]])  # a long film is judged by its best window
    timed = gallery.timed(tokens, [row], explorer.moments)[0]
    about, window = gallery.videos[row], timed.window
    similarity = word_similarity(gallery, tokens, row)
    words = [word for word in encoded.words() if min(word.pieces) < gallery.model.config.max_words]
    truth = explorer.collection(entry).truth(typed.text)
    return Explanation(
        query=typed.text,
        video=about.video,
        title=about.title,
        model=entry.manifest.model,
        index=entry.name,
        duration=timed.duration,
        score=float(scored.total[row]),
        clip=float(scored.clip[row]),
        frame=float(scored.frame[row]),
        clip_weight=entry.manifest.clip_weight,
        frame_weight=entry.manifest.frame_weight,
        z=None if z is None else float(z[row]),
        rank=int((scored.total[best] > scored.total[row]).sum()) + 1,
        moments=timed.moments(explorer.moments, events_in(typed.text)),
        curve=Curve(
            times=floats(timed.times),
            score=floats(timed.score),
            clip=floats(timed.clip),
            frame=floats(timed.frame),
            baseline=float(np.quantile(timed.score, explorer.moments.baseline)),
        ),
        words=evidence(
            words,
            [word.weight for word in query_words(encoded, gallery, tokens)],
            None if similarity is None else by_word(similarity[:, window], words),
            timed.times[window],
            drops(explorer, entry, typed.text, words, row, float(scored.total[row])),
        ),
        similarity=None if similarity is None else tuple(floats(r) for r in by_word(similarity, words)),
        uncertainty=uncertainty(gallery, tokens, row),
        truth=truth,
        notes=missing(gallery, known=truth is not None),
    )


@torch.inference_mode()
def word_similarity(gallery: Gallery, tokens: QueryTokens, row: int) -> Array | None:
    """Cosines of every word piece with every frame of a row's film (W, F); None without a word branch."""
    if "word_frame" not in gallery.model.capabilities:
        return None
    rows = gallery.windows(row)
    film = gallery.tokens.rows(slice(rows.start, rows.stop))
    cosines = gallery.model.word_frame(tokens, film)[0].cpu().numpy()  # (windows, W, F)
    return np.concatenate([one[:, : len(gallery.times(row))] for row, one in zip(rows, cosines)], axis=1)


def by_word(similarity: Array, words: Sequence[Word]) -> Array:
    """Rows of pieces (W, F) as rows of words: the highest of a word's pieces at each frame."""
    kept = len(similarity)
    return np.stack([similarity[[p for p in word.pieces if p < kept]].max(axis=0) for word in words])


def drops(
    explorer: Explorer, entry: IndexEntry, text: str, words: Sequence[Word], row: int, score: float
) -> list[float]:
    """For each word, the film's score minus its score for the query without that word.

    Where nothing is left without a word, all of the score is its own.
    """
    rests = [" ".join((text[: word.start] + " " + text[word.end :]).split()) for word in words]
    left = {rest: place for place, rest in enumerate(dict.fromkeys(rest for rest in rests if rest))}
    if not left:
        return [score] * len(words)
    _, tokens = explorer.tokens(entry, left)
    totals = explorer.gallery(entry).totals(tokens)[:, row].tolist()
    return [score - totals[left[rest]] if rest else score for rest in rests]


def evidence(
    words: Sequence[Word],
    weights: Sequence[float | None],
    similarity: Array | None,
    times: Array,
    dropped: Sequence[float],
) -> tuple[WordEvidence, ...]:
    """Each word with its gate, its best second and what it is worth."""
    answer = []
    for place, (word, weight, drop) in enumerate(zip(words, weights, dropped, strict=True)):
        best = None if similarity is None else int(similarity[place].argmax())
        answer.append(
            WordEvidence(
                text=word.text,
                start=word.start,
                end=word.end,
                weight=weight,
                second=None if best is None else float(times[best]),
                similarity=None if best is None or similarity is None else float(similarity[place, best]),
                drop=drop,
            )
        )
    return tuple(answer)


def missing(gallery: Gallery, *, known: bool) -> tuple[str, ...]:
    """What this explanation cannot show, and why."""
    said = []
    name = gallery.manifest.model
    can = gallery.model.capabilities
    if "word_frame" not in can:
        said.append(f"{name} reads the query as one vector: it has no word gates and no words over time.")
    if "gaussian" not in can:
        said.append(f"{name} has no Gaussian heads, so there are no variances.")
    if isinstance(gallery.model, ZeroShot):
        said.append(f"{name} was not trained on such videos, and every word counts the same.")
    if not known:
        said.append("The query is no caption of this collection, so the true moment is not known.")
    return tuple(said)


def floats(values: Array) -> tuple[float, ...]:
    """An array (N,) as plain numbers."""
    return tuple(float(value) for value in values)
