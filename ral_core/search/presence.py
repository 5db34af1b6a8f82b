"""The signs of a query in a gallery, and what its detector makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.features.text import EncodedQuery
from ral_core.features.words import Word
from ral_core.index.presence import Detector, missing_words, signs_of
from ral_core.models import RAL
from ral_core.models.scoring import word_maxima
from ral_core.search.gallery import Gallery, Scored
from ral_core.tensors import QueryTokens
from ral_core.world.grammar import FUNCTION_WORDS
from ral_core.world.wording import FINDERS, LEADS, NAMELESS, SHOTS, TAILS

Array = NDArray[np.floating]
ORDER = frozenset(("first", "then", "next", "afterwards", "afterward", "after", "before", "later", "finally"))
FRAMES = frozenset(word for text in (*FINDERS, *LEADS, *SHOTS, *TAILS, *NAMELESS) for word in text.split())
SILENT = FUNCTION_WORDS | ORDER | FRAMES
"""Words that name nothing one could miss in a film: they join, put events in order, or speak of the film."""


@dataclass(frozen=True)
class Presence:
    """Whether some film holds the moment, by the index's detector."""

    odds: float  # log odds, if half of all sentences had a film
    line: float  # below, the moment is called absent
    missing: (
        str | None
    )  # of the words that name something, the one that fits the first film worst against other films
    taught: str  # what the detector was taught on


@dataclass(frozen=True)
class Seen:
    """What one query scores in V films."""

    total: Array  # (V,)
    clip: Array  # (V,)
    words: Array | None  # (W, V) each word piece's best cosine in each film
    gate: Array | None  # (W,)

    def signs(self, among: NDArray[np.bool_] | None = None) -> dict[str, float]:
        """The signs of `index.presence`, among all films or those of a mask (V,)."""
        if among is None:
            return signs_of(self.total, self.clip, self.words, self.gate)
        words = None if self.words is None else self.words[:, among]
        return signs_of(self.total[among], self.clip[among], words, self.gate)


@torch.inference_mode()
def seen(gallery: Gallery, tokens: QueryTokens) -> Iterator[Seen]:
    """What each of Q queries scores; a film of several windows counts by its best one."""
    scores = gallery.model.score(tokens, gallery.tokens)
    fused = scores.total(gallery.manifest.clip_weight, gallery.manifest.frame_weight)
    total, clip = (part.float().cpu().numpy() for part in (fused, scores.clip))
    for query, (words, gate) in enumerate(word_matches(gallery, tokens)):
        yield by_film(gallery, total[query], clip[query], words, gate)


def by_film(gallery: Gallery, total: Array, clip: Array, words: Array | None, gate: Array | None) -> Seen:
    """What the rows score (R,), words (W, R), as what the films do: each by its best window."""
    rows = gallery.best_rows(total)
    return Seen(total[rows], clip[rows], None if words is None else words[:, rows], gate)


@torch.inference_mode()
def word_matches(gallery: Gallery, tokens: QueryTokens) -> Iterator[tuple[Array | None, Array | None]]:
    """For each query its word pieces' best cosine in every row (W, R) and their gates (W,); Nones without words."""
    if not isinstance(gallery.model, RAL) or tokens.words is None:
        yield from [(None, None)] * len(tokens)
        return
    videos, mask = gallery.tokens, tokens.word_mask
    best, _ = word_maxima(tokens.words[mask], videos.frames, videos.frame_mask)
    gates = gallery.model.gate(tokens).cpu().numpy()
    for words, gate in zip(best.float().cpu().split(mask.sum(1).tolist()), gates, strict=True):
        yield words.numpy(), gate[: len(words)]


def presence(gallery: Gallery, encoded: EncodedQuery, tokens: QueryTokens, scored: Scored) -> Presence | None:
    """Judge one query by its scores; None where the index carries no detector or not every film was scored.

    Raises DataError where the detector is damaged.
    """
    if gallery.manifest.detector is None or scored.candidates is not None:
        return None
    detector = Detector.from_json(gallery.manifest.detector)
    words, gate = next(word_matches(gallery, tokens))
    one = by_film(gallery, scored.total, scored.clip, words, gate)
    missing = None
    if one.words is not None and one.gate is not None:
        gaps = missing_words(one.words, one.gate, int(one.total.argmax()))
        worst = {
            word.text: max(gaps[p] for p in word.pieces if p < len(gaps)) for word in read(encoded, len(gaps))
        }
        missing = max(worst, key=lambda word: worst[word], default=None)
    return Presence(detector(one.signs()), detector.line, missing, detector.taught)


def read(encoded: EncodedQuery, pieces: int) -> list[Word]:
    """The words of a query that name something, of those with one of the first `pieces` pieces."""
    return [
        word
        for word in encoded.words()
        if min(word.pieces) < pieces and word.text[0].isalnum() and word.text.lower() not in SILENT
    ]
