"""Whether an answer can be believed: clear, ambiguous, or probably not in the collection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ral_core.index.folder import Manifest
from ral_core.search.presence import Presence
from ral_core.search.results import State

SENTENCE = 3
"""Words from which on a query can be compared with the sentences behind the cut-off."""

STRANGE = "No sentence about these films says any of these words, and no film fits them well."


@dataclass(frozen=True)
class Verdict:
    """A state and the sentence that gives its reason."""

    state: State
    reason: str


def verdict(
    total: NDArray[np.floating],
    z: NDArray[np.floating] | None,
    manifest: Manifest,
    words: int,
    presence: Presence | None = None,
    strange: bool = False,
) -> Verdict:
    """Judge a query of so many words from its fused scores (V,) and z-scores (V,); films not scored have -inf.

    *unlikely*: the index's detector (`index.presence`) says so or, where it has none, the first film's z lies
    below the index's cut-off; nine of ten sentences that describe something in a collection lie above either.
    *clear*: the first film leads by at least the index's margin, measured in standard deviations of this query's
    scores. *ambiguous*: everything else. Cut-off and margin were set when the index was made, from sentences whose
    films are known (`index.calibration`); as those are whole sentences, shorter queries are called unlikely only
    where they are `strange`, made of words that no caption of the collection says, and the first film's z is below
    the cut-off, too: a word that the captions lack but the model knows reaches it.
    """
    scored = total[np.isfinite(total)]
    first = 0.0 if z is None else float(z[total.argmax()])
    comparable = z is not None and manifest.cutoff is not None
    judged = comparable and words >= SENTENCE
    if strange and comparable and first < (manifest.cutoff or 0.0):
        return Verdict("unlikely", STRANGE)
    if presence is not None and words >= SENTENCE:
        if presence.odds < presence.line:
            return Verdict("unlikely", absent(presence))
    elif judged and first < (manifest.cutoff or 0.0):
        return Verdict(
            "unlikely",
            f"Even the best film scores only {first:.1f} standard deviations above what it gets for unrelated "
            f"sentences; below {manifest.cutoff:.1f}, the moment is probably not in this collection.",
        )
    if len(scored) < 2:
        return Verdict("clear", "There is only one film to choose from.")
    spread = max(float(scored.std()), 1e-6)
    behind = (float(scored.max()) - scored) / spread
    close = int((behind < manifest.margin).sum())
    if close == 1:
        lead = float(np.partition(behind, 1)[1])
        return Verdict(
            "clear", f"The first film leads by {lead:.1f} standard deviations of this query's scores."
        )
    return Verdict("ambiguous", f"{close} films fit about equally well; say more to tell them apart.")


def absent(presence: Presence) -> str:
    """Why the detector does not believe in the first film."""
    worst = f"; “{presence.missing}” fits it worst" if presence.missing else ""
    return (
        f"The best film fits less well than the films of nine in ten described moments do{worst}. "
        "The moment is probably not in this collection."
    )
