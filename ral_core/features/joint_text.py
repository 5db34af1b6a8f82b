"""Queries in a joint image-text space: the sentence as a whole, and each of its words as a text of its own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
import torch

from ral_core.errors import BadQuery
from ral_core.features.joint import JointEncoder, Vectors
from ral_core.features.text import MAX_PIECES, EncodedQuery
from ral_core.features.words import WORD, Span

REMEMBERED = 4096
"""Texts (words and sentences) whose vectors are kept."""


class JointText:
    """The text side of a joint encoder. Safe to use from several threads."""

    def __init__(self, encoder: JointEncoder, max_words: int = MAX_PIECES) -> None:
        self.encoder, self.max_words = encoder, max_words
        self.id, self.width = encoder.id, encoder.width
        self._known: OrderedDict[str, Vectors] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def open(cls, spec: str | Path, *, device: torch.device | str = "cpu") -> JointText:
        """The text side of the encoder that `JointEncoder.open` opens by this spec."""
        return cls(JointEncoder.open(spec, device=device))

    def encode(self, texts: Sequence[str]) -> list[EncodedQuery]:
        """One unit row for each word, in reading order, and the sentence's own; punctuation gets no row.

        Raises BadQuery for a text without words.
        """
        spans = [word_spans(text) for text in texts]
        words = [text[a:b] for text, its in zip(texts, spans, strict=True) for a, b in its[: self.max_words]]
        vectors = self._vectors([*words, *(text.strip() for text in texts)])
        return [self._encoded(text, its, vectors) for text, its in zip(texts, spans, strict=True)]

    def _encoded(self, text: str, spans: list[Span], vectors: dict[str, Vectors]) -> EncodedQuery:
        kept = spans[: self.max_words]
        words = tuple(text[start:end] for start, end in kept)
        return EncodedQuery(
            text=text,
            vectors=np.stack([vectors[word] for word in words]),
            pieces=words,
            offsets=tuple(kept),
            truncated=len(spans) > len(kept) or self.encoder.too_long(text),
            sentence=vectors[text.strip()],
        )

    def _vectors(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vector (D,) of each text; recent ones are remembered."""
        with self._lock:
            wanted = dict.fromkeys(texts)
            missing = [text for text in wanted if text not in self._known]
            new = dict(zip(missing, self.encoder.texts(missing), strict=True))
            found = {text: new[text] if text in new else self._known[text] for text in wanted}
            for text, vector in found.items():
                self._known[text] = vector
                self._known.move_to_end(text)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return found


def word_spans(text: str) -> list[Span]:
    """Where the words of a text are; its other signs only where it has no words. Raises BadQuery for neither.

    >>> word_spans("a dog, then"), word_spans("!?")
    ([(0, 1), (2, 5), (7, 11)], [(0, 2)])
    """
    found = list(WORD.finditer(text))
    spans = [m.span() for m in found if m.group()[0].isalnum()] or [m.span() for m in found]
    if not spans:
        raise BadQuery("The query is empty; type a few words that describe a moment.")
    return spans
