"""Can this answer be believed? Every film's calibrated score against the cut line and against absent moments."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ral_core.search.answers import ranked
from ral_core.search.engine import Explorer
from ral_core.search.presence import presence
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer, State
from ral_core.search.verdict import verdict


@dataclass(frozen=True)
class Diagnosis(Answer):
    """A verdict with everything it rests on."""

    state: State
    reason: str
    z: tuple[float, ...]  # of every film, falling; empty without calibration
    cutoff: float | None
    above: int  # films above the cut line
    lead: float  # of the first film over the second, in standard deviations of this query's scores
    margin: float  # lead from which on an answer is called clear
    absent: tuple[float, ...]  # deciles (11) of the best film's z when the moment is in no film
    absent_share: float | None  # share (0-1) of absent moments whose best film scores higher than this one
    separation: float | None  # how well the best z tells present from absent moments: AUROC
    odds: (
        float | None
    )  # log odds that the moment is there, by the index's detector, if half of all sentences had one
    line: float | None  # odds below which it is called absent; nine of ten present moments lie above
    missing: str | None  # the word that fits the first film worst against other films
    taught: str | None  # what the detector was taught on


def diagnose(
    explorer: Explorer, query: str, *, model: str | None = None, index: str | Path | None = None
) -> Diagnosis:
    """Judge a query as `Explorer.search` does and say on what grounds. Raises as `search` does."""
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery = explorer.gallery(entry)
    encoded, tokens = explorer.encoded(entry, typed.text)
    scored = gallery.score(tokens)
    found = ranked(gallery, scored, gallery.z(scored.total), 1)
    total, z = found.total, found.z
    there = presence(gallery, encoded, tokens, scored)
    judged = verdict(total, z, entry.manifest, len(encoded.words()), there)
    top = np.sort(total)[::-1]
    absent = np.asarray(gallery.folder["null_top"]) if "null_top" in gallery.folder else np.empty(0)
    first = None if z is None else float(z[total.argmax()])
    cutoff = entry.manifest.cutoff
    return Diagnosis(
        state=judged.state,
        reason=judged.reason,
        z=() if z is None else tuple(float(value) for value in np.sort(z)[::-1]),
        cutoff=cutoff,
        above=0 if z is None or cutoff is None else int((z >= cutoff).sum()),
        lead=float((top[0] - top[1]) / max(float(total.std()), 1e-6)) if len(top) > 1 else 0.0,
        margin=entry.manifest.margin,
        absent=tuple(float(v) for v in np.quantile(absent, np.linspace(0, 1, 11))) if len(absent) else (),
        absent_share=float((absent > first).mean()) if len(absent) and first is not None else None,
        separation=entry.manifest.separation,
        odds=None if there is None else there.odds,
        line=None if there is None else there.line,
        missing=None if there is None else there.missing,
        taught=None if there is None else there.taught,
    )
