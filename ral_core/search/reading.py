"""What a person typed, as a query that a model can read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from ral_core.errors import BadQuery
from ral_core.features.pooling import unit_rows
from ral_core.features.text import EncodedQuery
from ral_core.tensors import QueryBatch, pad_stack

ORDER = re.compile(
    r"(?<!^)\bthen\b|\b(?:afterwards|afterward|later|subsequently|followed by|before)\b"
    r"|(?<!\bgo )(?<!\bgoes )(?<!\bgoing )(?<!\bwent )\bafter (?!dark\b|sunset\b|all\b)",
    re.IGNORECASE,
)
"""Words that put two events in order; not a `then` that opens the sentence, nor to `go after` something."""

LONGEST = 5000
"""Characters that are looked at; the text encoder reads far fewer."""


class ReadsText(Protocol):
    """What search needs of a text encoder."""

    @property
    def id(self) -> str: ...
    @property
    def width(self) -> int: ...
    def encode(self, texts: Sequence[str]) -> Sequence[EncodedQuery]: ...


@dataclass(frozen=True)
class Typed:
    """A query as it was understood."""

    text: str
    cut: bool  # more than `LONGEST` characters were typed


def cleaned(query: object) -> Typed:
    """The query without control characters and outer spaces. Raises BadQuery when nothing is left of it."""
    if not isinstance(query, str):
        raise BadQuery(f"A query is a sentence, not {type(query).__name__}.")
    visible = "".join(
        sign if sign.isprintable() or sign in "\u200d\ufe0f" else " " for sign in query[:LONGEST]
    )
    text = visible.encode("utf-8", "ignore").decode("utf-8").strip()
    if not text:
        raise BadQuery("The query is empty; describe a moment, for example: a man kicks a ball on the beach.")
    return Typed(text, len(query) > LONGEST)


def events_in(text: str) -> int:
    """How many events a query tells in order: 2 for "first ... then ..." and its like, else 1.

    >>> events_in("a man jumps before he sleeps"), events_in("then a kitten goes after a ball")
    (2, 1)
    """
    return 2 if ORDER.search(text.strip()) else 1


def query_batch(encoded: Sequence[EncodedQuery], max_words: int) -> QueryBatch:
    """Encoded sentences as one padded batch of normalised words, each cut to its first `max_words`."""
    rows = [torch.as_tensor(unit_rows(query.vectors[:max_words])).float() for query in encoded]
    words, mask = pad_stack(rows)
    wholes = [query.sentence for query in encoded]
    sentence = torch.from_numpy(np.stack(wholes)) if all(whole is not None for whole in wholes) else None  # type: ignore[arg-type]
    return QueryBatch(words=words, word_mask=mask, sentence=sentence)
