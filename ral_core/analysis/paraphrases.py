"""The same said otherwise: does the ranking depend on the wording?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from ral_core.analysis.rerank import ranks
from ral_core.analysis.runs import agreement, kendall
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer
from ral_core.world import wording
from ral_core.world.grammar import inflect

Kind = Literal["synonym", "drop", "order", "given"]
DROPPED = ("a", "an", "the", "is", "are", "there")
"""Words that a search box can do without."""
ANIMAL = re.compile(r"\b(?:dog|puppy|doggy|cat|kitten|kitty|animal|pet)\b", re.IGNORECASE)
UNBOUND = r"(?! (?:an?|the|his|her|its|their|some|something) )"
"""A verb with its object after it is left alone: "eats an ice cream" is not "has something to eat an ice cream"."""
PLACED = re.compile(
    r"^(.+?) ((?:in|on|at|by|under|with|near|beside|next to|while|during) .+)$", re.IGNORECASE
)
"""A sentence whose end can stand in front of it."""
NOT_HERE = (
    "No synonyms are known for this collection; only little words are left out and the order is changed."
)


@dataclass(frozen=True)
class Paraphrase(Answer):
    """The query said otherwise, and what that does to the answer."""

    text: str
    kind: Kind
    change: str  # what was put for what
    first: str  # its first film
    rank: int  # of the film that is first for the query itself
    overlap: float  # share (0-1) of the first k films that both have
    tau: float | None  # Kendall's tau over the films both have among their first k


@dataclass(frozen=True)
class ParaphraseStability(Answer):
    """How far the answer depends on the wording."""

    query: str
    model: str
    index: str
    k: int
    first: str  # the query's own first film
    paraphrases: tuple[Paraphrase, ...]  # the one that changes most first
    same: float | None  # share (0-1) of the paraphrases with the same first film; None without any
    overlap: float | None  # mean
    notes: tuple[str, ...] = ()


def paraphrase_stability(
    explorer: Explorer,
    query: str,
    *,
    model: str | None = None,
    index: str | Path | None = None,
    k: int = 10,
    given: tuple[str, ...] = (),
    most: int = 24,
) -> ParaphraseStability:
    """Search the query's paraphrases, and those that are `given`, and compare their first k films with its own.

    For the rendered world the grammar's synonyms are put in, held-out ones too; for other collections nothing is
    known to mean the same, so words like articles are left out and the order is changed. Raises as `search` does.
    """
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    worldly = entry.manifest.films is not None
    said: list[tuple[str, Kind, str]] = [(cleaned(text).text, "given", "") for text in given]
    said += [*(synonyms(typed.text) if worldly else ()), *shorter(typed.text), *turned(typed.text)]
    kept = {text: (kind, change) for text, kind, change in reversed(said) if text != typed.text}
    texts = list(reversed(kept))[:most]
    _, tokens = explorer.tokens(entry, [typed.text, *texts])
    table = gallery.by_film(gallery.totals(tokens).float().cpu().numpy())
    order = np.argsort(-table, axis=1, kind="stable")[:, :k]
    lists = [[gallery.videos[row].video for row in gallery.first[one]] for one in order]
    found = [
        Paraphrase(
            text=text,
            kind=kept[text][0],
            change=kept[text][1],
            first=ours[0],
            rank=int(ranks(scores)[order[0, 0]]),
            overlap=agreement([lists[0], ours])[0][1],
            tau=kendall(lists[0], ours),
        )
        for text, ours, scores in zip(texts, lists[1:], table[1:], strict=True)
    ]
    return ParaphraseStability(
        query=typed.text,
        model=entry.manifest.model,
        index=entry.name,
        k=k,
        first=lists[0][0],
        paraphrases=tuple(sorted(found, key=lambda one: (-one.rank, one.overlap))),
        same=float(np.mean([one.rank == 1 for one in found])) if found else None,
        overlap=float(np.mean([one.overlap for one in found])) if found else None,
        notes=() if worldly else (NOT_HERE,),
    )


@dataclass(frozen=True)
class ParaphraseCheck(Answer):
    """What one kind of change does to the answers, over many captions."""

    kind: Kind
    paraphrases: int
    same: float  # per cent with the same first film
    overlap: float  # per cent of the first ten films that stay, on average


def check_paraphrases(
    explorer: Explorer, entry: IndexEntry, *, asked: int = 150, seed: int = 0
) -> tuple[ParaphraseCheck, ...]:
    """Say captions drawn at random otherwise, at most twelve times each."""
    captions = list(explorer.collection(entry).captions.values())
    found: dict[Kind, list[Paraphrase]] = {}
    for place in np.random.default_rng(seed).permutation(len(captions))[:asked]:
        for one in paraphrase_stability(
            explorer, captions[place].text, index=entry.folder, most=12
        ).paraphrases:
            found.setdefault(one.kind, []).append(one)
    return tuple(
        ParaphraseCheck(
            kind=kind,
            paraphrases=len(some),
            same=100.0 * float(np.mean([one.rank == 1 for one in some])),
            overlap=100.0 * float(np.mean([one.overlap for one in some])),
        )
        for kind, some in sorted(found.items())
    )


@cache
def meanings(animal: bool) -> tuple[tuple[str, ...], ...]:
    """Groups of phrases that the world's grammar uses for the same thing, held-out ones among them."""
    plain = [words for _, words in (*wording.NOUNS, *wording.GENERAL_NOUNS, *wording.GARMENTS.values())]
    for table in (wording.HAIR_ADJECTIVES, wording.HATS_SAID, wording.PLACES, wording.TIMES):
        plain += table.values()
    plain += [words for action, words in wording.PROPS.items() if (action in ("play", "eat")) == animal]
    plain += [wording.GLASSES_SAID, *(words for _, words in wording.GENERAL_PLACES)]
    groups = [tuple(dict.fromkeys(word.removeprefix("!") for word in words)) for words in plain]
    for deeds in (wording.DEEDS | (wording.ANIMAL_DEEDS if animal else {})).values():
        bare = [deed.removeprefix("!") for deed in deeds if "{" not in deed]
        groups += [tuple(inflect(deed, form) for deed in bare) for form in ("progressive", "present")]
    return tuple(group for group in groups if len(group) > 1)


def synonyms(text: str) -> Iterator[tuple[str, Kind, str]]:
    """The text with one phrase at a time put otherwise; of overlapping phrases only the longest is touched."""
    animal = bool(ANIMAL.search(text))
    found = [
        (match, group)
        for group in meanings(animal)
        for phrase in group
        for match in re.finditer(rf"(?<![\w-]){re.escape(phrase)}(?![\w-]){UNBOUND}", text, re.IGNORECASE)
    ]
    found.sort(key=lambda one: one[0].start() - one[0].end())
    taken: list[tuple[int, int]] = []
    for match, group in found:
        start, end = match.span()
        if any(start < last and first < end and (first, last) != (start, end) for first, last in taken):
            continue
        taken.append((start, end))
        for other in group:
            if other != match.group().lower():
                yield with_article(text[:start], other) + text[end:], "synonym", f"{match.group()} → {other}"


def with_article(before: str, phrase: str) -> str:
    """`before` and the phrase, with the article between them as its first letter asks for."""
    fitting = "an" if phrase[0] in "aeiou" else "a"
    return (
        re.sub(r"\b(an?)( (?:\w+ )?)$", lambda m: (fitting if m[2] == " " else m[1]) + m[2], before) + phrase
    )


def shorter(text: str) -> Iterator[tuple[str, Kind, str]]:
    """The text as people type it into a search box."""
    words = text.split()
    kept = [word for word in words if word.lower() not in DROPPED]
    if kept and len(kept) < len(words):
        yield " ".join(kept), "drop", "without articles"


def turned(text: str) -> Iterator[tuple[str, Kind, str]]:
    """The text with its last "in the park" or "while ..." in front."""
    if found := PLACED.match(text.rstrip(" .")):
        yield f"{found[2]}, {found[1]}", "order", f"{found[2]} in front"
