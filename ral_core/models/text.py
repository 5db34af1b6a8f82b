"""The sentence branch: words in, one vector per query out."""

from __future__ import annotations

from torch import Tensor, nn

from ral_core.errors import BadQuery, DataError
from ral_core.models.layers import AttentionPool, Branch
from ral_core.tensors import QueryBatch


class SentenceBranch(Branch):
    """Projection, positions, one text layer of the backbone's kind, attention pooling."""

    def __init__(self, features: int, width: int, max_words: int, drop: float, encoder: nn.Module) -> None:
        super().__init__(features, width, max_words, drop)
        self.encoder = encoder
        self.pooling = AttentionPool(width)

    def tokens(self, queries: QueryBatch) -> Tensor:
        """Encoded words (Q, W, D); rows of padding hold nothing of meaning."""
        return self.encoder(self.embed(queries.words), queries.word_mask)

    def forward(self, queries: QueryBatch) -> Tensor:
        """Sentence vectors (Q, D)."""
        return self.pooling(self.tokens(queries), queries.word_mask)


def checked_queries(queries: QueryBatch, max_words: int) -> QueryBatch:
    """The batch without columns of padding beyond `max_words`.

    The official code scores an empty query NaN; here it is refused with BadQuery. A query with more words
    than the position table has raises DataError.
    """
    if not bool(queries.word_mask.any(-1).all()):
        raise BadQuery("A query has no words to search with; write at least one.")
    words, word_mask = fitted(queries.words, queries.word_mask, max_words, "words in a query")
    return QueryBatch(words, word_mask)


def fitted(x: Tensor, mask: Tensor, longest: int, what: str) -> tuple[Tensor, Tensor]:
    """`x` (N, L, D) and `mask` (N, L), cut to `longest` when only padding goes; else DataError."""
    if x.shape[1] <= longest:
        return x, mask
    if bool(mask[:, longest:].any()):
        raise DataError(
            f"There are {int(mask.sum(-1).max())} {what}, but this model takes {longest}; cut them."
        )
    return x[:, :longest], mask[:, :longest]
