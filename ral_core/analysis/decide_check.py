"""Does a word that `analysis.decide` offers help? A made-up user who knows the film answers, and the ranks are compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ral_core.analysis.decide import close_rows, decide, phrases_said
from ral_core.analysis.rerank import ranks
from ral_core.errors import DataError
from ral_core.features.words import WORD
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.results import Answer
from ral_core.search.sayings import added


@dataclass(frozen=True)
class DecideCheck(Answer):
    """What the offered words are worth, in per cent of the undecided captions."""

    model: str
    index: str
    asked: int  # captions tried
    undecided: int  # of these, with several close films, the described one among them
    answered: float  # an offered word is true of the described moment, by its other captions
    before: float  # described film first
    after: float  # the same once the first true word is said; without one the query stays as it was
    random: float  # the same with a true word of the moment taken at random instead of an offered one


def check_decide(
    explorer: Explorer, entry: IndexEntry, *, asked: int = 400, seed: int = 0, most: int = 6
) -> DecideCheck:
    """Try captions drawn at random. The user says the first offered word that other captions of the moment say, too.

    `random` has the user volunteer a word in as many of the cases. Raises DataError where nothing can be tried.
    """
    gallery, sayings = explorer.gallery(entry), explorer.collection(entry).sayings
    captions = list(explorer.collection(entry).captions.values())
    rng = np.random.default_rng(seed)
    before, answered, after, random = [], [], [], []
    drawn = [captions[place] for place in rng.permutation(len(captions))[:asked]]
    for caption in drawn:
        _, tokens = explorer.encoded(entry, caption.text)
        total, own = gallery.by_film(gallery.score(tokens).total), gallery.film(caption.film)
        rows = close_rows(total, entry.manifest.margin)
        if len(rows) < 2 or own not in rows:
            continue
        others = (other for other in captions if other.id != caption.id)
        span = {caption.film: (caption.start, caption.end)}
        said = phrases_said(others, span, sayings)[caption.film]
        true = {sayings.shown(one): one for one in said}
        offered = decide(explorer, caption.text, index=entry.folder, most=most).words
        word = next((one for one in offered if one.word in true), None)
        known = {match.group() for match in WORD.finditer(caption.text.lower())}
        volunteered = sorted(text for text, one in true.items() if not one.words & known)
        queries = []
        if word is not None:
            other = true[str(rng.choice(volunteered))]
            queries = [word.query, added(caption.text, sayings.shown(other), other.kind)]
        ours = [caption.text, *queries] if word else [caption.text] * 3
        _, all_three = explorer.tokens(entry, ours)
        table = gallery.totals(all_three).float().cpu().numpy()
        first = [int(ranks(row)[own]) == 1 for row in gallery.by_film(table)]
        before.append(first[0])
        answered.append(word is not None)
        after.append(first[1])
        random.append(first[2])
    if not before:
        raise DataError("None of the captions left several films close to the top.")
    return DecideCheck(
        model=entry.manifest.model,
        index=entry.name,
        asked=len(drawn),
        undecided=len(before),
        **{
            name: 100.0 * float(np.mean(values))
            for name, values in (
                ("answered", answered),
                ("before", before),
                ("after", after),
                ("random", random),
            )
        },
    )
