"""What a model answers to every caption of a collection, and what is right, in the forms of the TREC conferences.

Their columns stand between blanks, so blanks and per cent signs of our ids are written as in addresses (`%20`, `%25`),
in the run and in the judgements alike.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from ral_core.data.captions import Caption
from ral_core.data.groundtruth import trec as trec  # part of this module, too
from ral_core.errors import DataError
from ral_core.files import replacing, write_text
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer

BATCH = 64
"""Captions encoded at a time."""
Say = Callable[[str], None]


def captions_of(explorer: Explorer, entry: IndexEntry) -> Sequence[Caption]:
    """The captions of an index's collection, in file order. Raises DataError where it has none."""
    captions = list(explorer.collection(entry).captions.values())
    if not captions:
        raise DataError(
            f"The collection {entry.manifest.collection} has no captions; a run and judgements need them."
        )
    return captions


def write_run(
    explorer: Explorer, entry: IndexEntry, path: Path, *, k: int = 100, say: Say = lambda line: None
) -> int:
    """Ask every caption and write the first k films of each as `query Q0 video rank score tag`; returns the lines."""
    captions = captions_of(explorer, entry)
    lines = 0
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        for start in range(0, len(captions), BATCH):
            some = captions[start : start + BATCH]
            for line in run_lines(explorer, entry, some, k):
                file.write(line + "\n")
                lines += 1
            say(f"asked {start + len(some)} of {len(captions)} captions")
    return lines


@torch.inference_mode()
def run_lines(explorer: Explorer, entry: IndexEntry, captions: Sequence[Caption], k: int) -> Iterator[str]:
    """The answers to some captions; equal scores keep the order of the index."""
    gallery = explorer.gallery(entry)
    _, tokens = explorer.tokens(entry, [caption.text for caption in captions])
    totals = gallery.totals(tokens).float().cpu().numpy()
    names = [trec(video.video) for video in gallery.videos]
    tag = trec(entry.name)
    for caption, scores in zip(captions, totals, strict=True):
        query = trec(caption.id)
        best: dict[str, float] = {}  # a video of several windows counts with its best one
        for row in np.argsort(-scores, kind="stable"):
            best.setdefault(names[row], float(scores[row]))
        for rank, (name, score) in enumerate(islice(best.items(), k), start=1):
            yield f"{query} Q0 {name} {rank} {score:.9g} {tag}"


def write_qrels(explorer: Explorer, entry: IndexEntry, path: Path) -> int:
    """Write which films satisfy which caption as `query 0 video 1`; returns the lines."""
    lines = [
        f"{trec(caption.id)} 0 {trec(film)} 1"
        for caption in captions_of(explorer, entry)
        for film in dict.fromkeys((caption.film, *caption.relevant))
    ]
    write_text(path, "\n".join(lines) + "\n")
    return len(lines)
