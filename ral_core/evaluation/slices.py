"""The kinds of queries that numbers are reported for apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ral_core.data.captions import LEVELS
from ral_core.evaluation.splits import Split

Mask = NDArray[np.bool_]
SHARES = (0.0, 0.2, 0.4, 1.0)
LENGTHS = (0, 8, 12, 16, 1000)
AMBIGUITIES = (1, 2, 4, 10, 30, 10**9)


def slices_of(split: Split) -> dict[str, dict[str, Mask]]:
    """Masks (Q,) over the queries, by family and name; empty ones are left out.

    What only our own corpus knows of its captions (level, wording, combination, twin) is left out where all are alike.
    `share` is the moment's part of its video, as in the papers' tables; `words` counts what stands between spaces.
    """
    captions = split.captions
    share = split.shares
    words = np.array([len(caption.text.split()) for caption in captions])
    level = np.array([caption.level for caption in captions])
    synonym = np.array([caption.heldout_synonym for caption in captions])
    triple = np.array([caption.heldout_triple for caption in captions])
    twin = np.array([caption.twin is not None for caption in captions])
    families = {
        "level": {name: level == name for name in LEVELS},
        "wording": {"known": ~synonym, "new synonym": synonym},
        "combination": {"known": ~triple, "new triple": triple},
        "twin": {"without": ~twin, "with": twin},
        "share": {f"{low:g}-{high:g}": mask & ~np.isnan(share) for low, high, mask in _bins(share, SHARES)},
        "words": {_span(low, high, LENGTHS): mask for low, high, mask in _bins(words, LENGTHS)},
        "ambiguity": {
            _span(low, high, AMBIGUITIES): mask for low, high, mask in _bins(ambiguity_of(split), AMBIGUITIES)
        },
    }
    kept = {
        family: {name: mask for name, mask in masks.items() if mask.any()}
        for family, masks in families.items()
    }
    return {
        family: masks
        for family, masks in kept.items()
        if masks and (len(masks) > 1 or family in ("share", "words", "ambiguity"))
    }


def ambiguity_of(split: Split) -> NDArray[np.int64]:
    """How many videos of the split satisfy each query, (Q,)."""
    return split.relevant().sum(axis=1)


def _bins(values: NDArray[np.generic], edges: Sequence[float]) -> list[tuple[float, float, Mask]]:
    """(low, high, mask) of each bin [low, high); the last one holds everything from its low edge on."""
    place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
    return [(edges[n], edges[n + 1], place == n) for n in range(len(edges) - 1)]


def _span(low: float, high: float, edges: Sequence[float]) -> str:
    """A bin of whole numbers in words: "1", "2-3", "30+"."""
    if high == edges[-1]:
        return f"{low:g}+"
    return f"{low:g}" if high - low == 1 else f"{low:g}-{high - 1:g}"
