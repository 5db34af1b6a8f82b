"""A collection asked all its captions: every score with the truth beside it, so that a claim can be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.data.captions import Caption
from ral_core.errors import DataError
from ral_core.models import RAL
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer

Array = NDArray[np.floating]
BATCH = 64
"""Sentences encoded at a time."""


@dataclass(frozen=True)
class Asked:
    """Q captions against V films; a film of several windows counts by its best one."""

    captions: tuple[Caption, ...]
    total: Array  # (Q, V) fused scores
    rows: NDArray[np.int64]  # (Q, V) the row of each film's best window
    own: NDArray[np.int64]  # (Q,) number of the film each caption was written for
    relevant: NDArray[np.bool_]  # (Q, V) the films that satisfy it
    mean: Array | None  # (Q, D) of each query's distribution; None without Gaussians
    log_var: Array | None  # (Q, D)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the first film satisfies the caption, (Q,)."""
        return self.relevant[np.arange(len(self.total)), self.total.argmax(axis=1)]

    @property
    def ambiguity(self) -> NDArray[np.int64]:
        """How many films satisfy each caption, (Q,)."""
        return self.relevant.sum(axis=1)


@torch.inference_mode()
def ask(explorer: Explorer, entry: IndexEntry, captions: Sequence[Caption] | None = None) -> Asked:
    """Score captions, by default all of the index's collection. Slow: some 20 ms a caption on one CPU core.

    Raises DataError where there are none, or where one was written for a film that the index lacks.
    """
    gallery = explorer.gallery(entry)
    asked = list(explorer.collection(entry).captions.values()) if captions is None else list(captions)
    if not asked:
        raise DataError(
            f"The collection {entry.manifest.collection} has no captions, so nothing is known to be true."
        )
    lost = next((caption for caption in asked if caption.film not in gallery.rows), None)
    if lost is not None:
        raise DataError(f"The caption {lost.id} is about {lost.film}, which the index {entry.name} lacks.")
    totals, means, log_vars = [], [], []
    for start in range(0, len(asked), BATCH):
        _, tokens = explorer.tokens(entry, [caption.text for caption in asked[start : start + BATCH]])
        totals.append(gallery.totals(tokens).float().cpu().numpy())
        if isinstance(gallery.model, RAL):
            found = gallery.model.query_gaussian(tokens)
            means.append(found.mean.cpu().numpy())
            log_vars.append(found.log_var.cpu().numpy())
    relevant = np.zeros((len(asked), gallery.film_count), dtype=bool)
    for query, caption in enumerate(asked):
        relevant[
            query, [gallery.film(film) for film in (caption.film, *caption.relevant) if film in gallery.rows]
        ] = True
    total = np.concatenate(totals)
    return Asked(
        captions=tuple(asked),
        total=gallery.by_film(total),
        rows=np.stack([gallery.best_rows(one) for one in total]),
        own=np.array([gallery.film(caption.film) for caption in asked]),
        relevant=relevant,
        mean=np.concatenate(means) if means else None,
        log_var=np.concatenate(log_vars) if log_vars else None,
    )
