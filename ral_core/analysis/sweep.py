"""How much hangs on each word: small edits of a query, what they do to the answer, and which one moves most."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from ral_core.analysis.paraphrases import shorter, turned
from ral_core.analysis.rerank import by_word, ranks
from ral_core.analysis.runs import agreement
from ral_core.errors import BadQuery
from ral_core.features.words import WORD
from ral_core.models import RAL
from ral_core.search.engine import Explorer
from ral_core.search.known import Vocabulary
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer

Edit = Literal["query", "given", "left out", "number", "articles", "order"]
MOST = 24
"""Variants at most, the query itself not counted."""
LITTLE = frozenset(
    ["a", "an", "the", "is", "are", "was", "were", "in", "on", "at", "of", "to", "and", "by", "with"]
)
"""Words that are not left out one by one; the edit `articles` drops them together."""


@dataclass(frozen=True)
class GatedWord(Answer):
    """A word of a variant and its gate."""

    text: str
    gate: float | None  # None where the model has none


@dataclass(frozen=True)
class Variant(Answer):
    """The query, or one edit of it."""

    text: str
    edit: Edit
    change: str  # what was put for what; empty for the query itself
    overlap: float  # share (0-1) of the first k films that it has in common with the query
    rank: int  # of the query's first film
    words: tuple[GatedWord, ...]


@dataclass(frozen=True)
class Sweep(Answer):
    """A query among its edits."""

    query: str
    model: str
    index: str
    k: int
    first: str  # the query's first film
    variants: tuple[Variant, ...]  # the query itself first, then in the order they were made
    overlaps: tuple[tuple[float, ...], ...]  # (N, N) of the first k films, for every two variants
    mover: int | None  # position of the variant that moves most; None where none moves anything
    notes: tuple[str, ...] = ()


def sweep(
    explorer: Explorer,
    query: str,
    given: Sequence[str] = (),
    *,
    model: str | None = None,
    index: str | Path | None = None,
    k: int = 10,
) -> Sweep:
    """Search the query and its variants: the `given` lines, or without them edits made by rules.

    The rules: each word that carries meaning left out, singular for plural and back where the captions say that
    form, articles dropped, a last "in the park" put first. Which variant moves most is decided by the overlap, then
    by the rank of the query's first film. Raises BadQuery where k is below 1 or nothing can be changed, else as `search`.
    """
    if k < 1:
        raise BadQuery(f"k must be a whole number of at least 1, not {k}.")
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    lines = [cleaned(line).text for line in given if line.strip()]
    made = (
        [(line, "given", changed(typed.text, line)) for line in lines]
        if lines
        else edits(typed.text, explorer.collection(entry).vocabulary)
    )
    asked: dict[str, tuple[Edit, str]] = {typed.text: ("query", "")}
    for text, edit, change in made:
        asked.setdefault(text, (edit, change))  # type: ignore[arg-type]
    left = len(asked) - 1 - MOST
    texts = list(asked)[: MOST + 1]
    if len(texts) == 1:
        raise BadQuery("There is nothing to change in this query; paste some other wordings, one a line.")
    encoded, tokens = explorer.tokens(entry, texts)
    totals = gallery.by_film(gallery.totals(tokens).float().cpu().numpy())
    order = np.argsort(-totals, axis=1, kind="stable")[:, :k]
    lists = [[gallery.videos[row].video for row in gallery.first[one]] for one in order]
    shared = agreement(lists)
    gates = None
    if isinstance(gallery.model, RAL):
        with torch.inference_mode():
            gates = gallery.model.gate(tokens).float().cpu().numpy()
    variants = []
    for place, (text, one, scores) in enumerate(zip(texts, encoded, totals, strict=True)):
        words = [word for word in one.words() if min(word.pieces) < gallery.model.config.max_words]
        weights = [None] * len(words) if gates is None else by_word(gates[place], words)
        variants.append(
            Variant(
                text=text,
                edit=asked[text][0],
                change=asked[text][1],
                overlap=shared[0][place],
                rank=int(ranks(scores)[order[0, 0]]),
                words=tuple(GatedWord(word.text, gate) for word, gate in zip(words, weights, strict=True)),
            )
        )
    worst = min(range(1, len(variants)), key=lambda n: (variants[n].overlap, -variants[n].rank))
    moved = variants[worst].overlap < 1.0 or variants[worst].rank > 1
    return Sweep(
        query=typed.text,
        model=entry.manifest.model,
        index=entry.name,
        k=k,
        first=lists[0][0],
        variants=tuple(variants),
        overlaps=tuple(tuple(row) for row in shared),
        mover=worst if moved else None,
        notes=(f"{left} more lines were left out; {MOST} are compared.",) if left > 0 else (),
    )


def edits(text: str, said: Vocabulary | None = None) -> Iterator[tuple[str, Edit, str]]:
    """Edits made by rules, each with what was changed; of other numbers only forms that are `said`, where that is known."""
    for match in WORD.finditer(text):
        word = match.group()
        if word.lower() in LITTLE or not word[0].isalnum():
            continue
        rest = " ".join((text[: match.start()] + text[match.end() :]).split())
        if any(sign.isalnum() for sign in rest):
            yield rest, "left out", f"without {word}"
    for match in WORD.finditer(text):
        word = match.group()
        if word.lower() not in LITTLE and (other := renumbered(word)) and (not said or other in said):
            yield text[: match.start()] + other + text[match.end() :], "number", f"{word} → {other}"
    for shortened, _, change in shorter(text):
        yield shortened, "articles", change
    for order, _, change in turned(text):
        yield order, "order", change


def renumbered(word: str) -> str | None:
    """A noun's or verb's other form in s, by spelling alone; None for words that have none.

    >>> renumbered("dogs"), renumbered("beach"), renumbered("dress"), renumbered("flies"), renumbered("red")
    ('dog', 'beaches', None, 'fly', None)
    """
    low = word.lower()
    if len(low) < 4 or not low.isalpha() or low.endswith(("ss", "us", "is", "ing", "ed")):
        return None
    if low.endswith("ies"):
        return word[:-3] + "y"
    if low.endswith(("ches", "shes", "xes")):
        return word[:-2]
    if low.endswith("s"):
        return word[:-1]
    if low.endswith(("ch", "sh", "x")):
        return word + "es"
    return word[:-1] + "ies" if low.endswith("y") and low[-2] not in "aeiou" else word + "s"


def changed(text: str, other: str) -> str:
    """What a given line puts for what, word by word.

    >>> changed("a dog runs", "a cat runs fast")
    'dog → cat; + fast'
    """
    before, after = text.lower().split(), other.lower().split()
    parts = []
    for kind, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone, come = " ".join(before[a:b]), " ".join(after[c:d])
        if kind == "replace":
            parts.append(f"{gone} → {come}")
        elif kind == "delete":
            parts.append(f"− {gone}")
        elif kind == "insert":
            parts.append(f"+ {come}")
    return "; ".join(parts)
