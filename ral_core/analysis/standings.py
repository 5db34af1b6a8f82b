"""Several systems over a whole split, from stored answers: nothing is searched, so all of it is there at once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ral_core.analysis.runs import TOP, Run
from ral_core.data.groundtruth import Run as Ranked
from ral_core.data.groundtruth import read_run
from ral_core.errors import DataError
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.search.results import Answer

CUTOFFS = (1, 5, 10)


@dataclass(frozen=True)
class Standing(Answer):
    """One system over a split, in per cent but for the last two."""

    name: str
    queries: int
    recall: dict[str, float]  # R@k: the film the caption was written for is among the first k
    hit: float  # hit@1: the first film satisfies the caption
    mrr: float  # mean reciprocal rank of the caption's own film, 0 to 1
    median: float  # rank of the caption's own film


@dataclass(frozen=True)
class Divided(Answer):
    """A caption on which the systems differ."""

    query: str
    caption: str
    video: str
    ranks: tuple[int, ...]  # of its own film, in the order of the systems


def standing(run: Run) -> Standing:
    """The numbers of one run."""
    ranks = np.asarray(run.rank)
    return Standing(
        name=run.model,
        queries=len(ranks),
        recall={f"R@{k}": 100.0 * float((ranks <= k).mean()) for k in CUTOFFS},
        hit=100.0 * float(np.asarray(run.right).mean()),
        mrr=float((1.0 / ranks).mean()),
        median=float(np.median(ranks)),
    )


def divided(explorer: Explorer, index: str, runs: Sequence[Run], most: int = 15) -> tuple[Divided, ...]:
    """The captions on which the ranks of the right film lie furthest apart, by their ratio, the furthest first.

    Raises DataError where the runs are not about the same captions.
    """
    captions = list(explorer.collection(explorer.resolve(None, index)).captions.values())
    if any(len(run.rank) != len(captions) for run in runs):
        raise DataError("The runs are about other captions than the collection has now; make them again.")
    if len(runs) < 2:
        return ()
    table = np.log(np.stack([np.asarray(run.rank, dtype=float) for run in runs]))  # (systems, Q)
    gap = table.max(axis=0) - table.min(axis=0)
    return tuple(
        Divided(
            captions[place].text,
            captions[place].id,
            captions[place].film,
            tuple(int(run.rank[place]) for run in runs),
        )
        for place in np.argsort(-gap, kind="stable")[:most]
        if gap[place] > 0
    )


def read_ranked(text: str, name: str) -> Ranked:
    """Another system's answers: a TREC run, or JSON {query id: [video ids, best first]}.

    Raises DataError, naming the file by `name` and the line that does not fit.
    """
    if text.lstrip().startswith("{"):
        return ranked_json(text, name)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "run.trec"
        path.write_text(text, encoding="utf-8")
        try:
            return read_run(path)
        except DataError as problem:
            raise DataError(str(problem).replace(str(path), name)) from None


def ranked_json(text: str, name: str) -> Ranked:
    """A JSON object of query ids with lists of video ids. Raises DataError where it is none."""
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(f"{name} begins like JSON and cannot be read as such.") from None
    fits = all(
        isinstance(videos, list) and videos and all(isinstance(video, str) for video in videos)
        for videos in content.values()
    )
    if not content or not fits:
        raise DataError(f"{name}: expected an object of query ids, each with a list of video ids.")
    twice = next((query for query, videos in content.items() if len(set(videos)) < len(videos)), None)
    if twice is not None:
        raise DataError(f"{name}: the query {twice!r} names a video twice.")
    return {query: tuple(videos) for query, videos in content.items()}


def foreign_run(explorer: Explorer, entry: IndexEntry, name: str, ranked: Ranked) -> Run:
    """Another system's answers to the captions of an index's collection, in their order.

    A caption that is not answered, or whose own film is not named, ranks behind all films. Leads, calibrated
    scores and variances are not known. Raises DataError where queries or films are other ones.
    """
    captions = list(explorer.collection(entry).captions.values())
    if not captions:
        raise DataError(f"The collection {entry.manifest.collection} has no captions to compare answers to.")
    if not any(caption.id in ranked for caption in captions):
        raise DataError(
            f"{name} answers queries such as {next(iter(ranked))!r}; the captions of this collection are "
            f"called like {captions[0].id!r}."
        )
    gallery = explorer.gallery(entry)
    rows = gallery.rows
    if not any(video in rows for videos in ranked.values() for video in videos):
        raise DataError(
            f"{name} names no film of this collection; they are called like {next(iter(rows))!r}."
        )
    answers = [ranked.get(caption.id, ()) for caption in captions]
    top = np.full((len(captions), TOP), -1)
    for place, videos in enumerate(answers):
        known = [rows[video] for video in videos[:TOP] if video in rows]
        top[place, : len(known)] = known
    blank = np.full(len(captions), np.nan)
    return Run(
        model=name,
        index=entry.name,
        model_sha256="",
        rank=np.array(
            [own_rank(c.film, v, gallery.film_count) for c, v in zip(captions, answers, strict=True)]
        ),
        right=np.array([v[:1] != () and v[0] in c.relevant for c, v in zip(captions, answers, strict=True)]),
        top=top,
        margin=blank,
        z=blank,
        variance=blank,
    )


def own_rank(film: str, videos: Sequence[str], films: int) -> int:
    """The rank of a film in a list, or the one behind all films.

    >>> own_rank("b", ["a", "b"], 9), own_rank("x", [], 9)
    (2, 10)
    """
    return videos.index(film) + 1 if film in videos else films + 1
