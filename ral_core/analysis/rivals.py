"""The film that beat the right one: where it scores, which words prefer it, and whether it is wrong at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.analysis.explain import word_similarity
from ral_core.analysis.rerank import ranks
from ral_core.data.captions import Caption
from ral_core.errors import BadQuery, UnknownName
from ral_core.models import RAL
from ral_core.search.engine import Explorer
from ral_core.search.reading import cleaned
from ral_core.search.results import Answer, Curve, Explanation, Moment
from ral_core.world.logic import is_temporal, readings
from ral_core.world.scene import Film

Array = NDArray[np.floating]
Verdict = Literal["also right", "wrong", "unknown"]
LISTED = 12
"""Rivals that are offered, and captions of the rival that are compared, at most."""


@dataclass(frozen=True)
class Side(Answer):
    """One of the two films."""

    video: str
    title: str
    rank: int
    score: float
    clip: float
    frame: float
    duration: float  # s
    curve: Curve
    moments: tuple[Moment, ...]  # found, best first
    true: tuple[tuple[float, float], ...]  # where the film really shows it (s)


@dataclass(frozen=True)
class Preference(Answer):
    """What one word does to the difference of the two films; above 0, it speaks for the rival."""

    text: str
    start: int  # character offsets into the query
    end: int
    effect: float  # what the rival's lead loses when the word is left out
    matched: float | None  # gate times how much better it matches in the rival; None without a word branch


@dataclass(frozen=True)
class SlotTruth(Answer):
    """One thing that the caption asks for, and what the rival's nearest event shows instead."""

    slot: str
    asked: tuple[str, ...]
    shown: tuple[str, ...]  # empty where it cannot be seen
    met: bool


@dataclass(frozen=True)
class Nearby(Answer):
    """A caption written for the rival's found moment."""

    text: str
    start: float  # s
    end: float
    cosine: float  # of the two sentences, by this model


@dataclass(frozen=True)
class Other(Answer):
    """A film that can be taken as the rival."""

    video: str
    title: str
    rank: int
    fits: bool | None  # whether it satisfies the query, too; None where nobody knows


@dataclass(frozen=True)
class Rivalry(Answer):
    """The right film and its rival, side by side."""

    query: str
    model: str
    index: str
    caption: str | None  # id, where the query is one
    right: Side
    rival: Side
    verdict: Verdict
    twin: bool  # the rival was made to differ in one thing
    gap: float  # the rival's score minus the right film's; the two parts below add up to it
    clip_gap: float  # from the clip score, weighted
    frame_gap: float  # from the frame score, weighted
    words: tuple[Preference, ...]
    slots: tuple[SlotTruth, ...]  # empty without a scene graph
    event: tuple[float, float] | None  # the rival's event that comes nearest to the caption (s)
    captions: tuple[Nearby, ...]
    others: tuple[Other, ...]


def rivalry(
    explorer: Explorer,
    query: str,
    *,
    right: str | None = None,
    rival: str | None = None,
    model: str | None = None,
    index: str | Path | None = None,
) -> Rivalry:
    """Hold the right film of a caption against the film that beat it, or against the nearest wrong one.

    For a query that is no caption `right` must say which film is meant. Raises BadQuery where that is not known or
    both are the same film, UnknownName for films the index lacks, else as `explain`.
    """
    typed = cleaned(query)
    entry = explorer.resolve(model, index)
    gallery, collection = explorer.gallery(entry), explorer.collection(entry)
    truth = collection.truth(typed.text)
    own = right or (truth.video if truth else None)
    if own is None:
        raise BadQuery("The query is no caption of this collection; say which film is meant by it.")
    for video in (own, rival):
        if video is not None and video not in gallery.rows:
            raise UnknownName(f"The index {entry.name} has no video {video!r}.")
    films = [gallery.videos[row] for row in gallery.first]
    own = films[gallery.film(own)].video
    rival = None if rival is None else films[gallery.film(rival)].video
    _, tokens = explorer.encoded(entry, typed.text)
    total = gallery.by_film(gallery.score(tokens).total)
    order = [int(film) for film in np.argsort(-total, kind="stable")]
    place = ranks(total)
    relevant = None if truth is None else set(truth.relevant)
    if len(order) < 2:
        raise BadQuery("There is only one film, so it has no rival.")
    other = rival or chosen([films[film].video for film in order], own, relevant)
    if other == own:
        raise BadQuery("A film is no rival of itself; name another one.")
    wanted: dict[str, Any] = {"model": entry.manifest.model, "index": entry.folder}
    mine, theirs = (explorer.explain(typed.text, video, **wanted) for video in (own, other))
    caption = None if truth is None else collection.captions.get(truth.caption)
    scene = collection.scene(other)
    slots, event = nearest(scene, caption, theirs.moments[0]) if scene and caption else ((), None)
    matched = matches(explorer, theirs, mine, wanted)
    listed = [film for film in order[:LISTED] if films[film].video not in (own, other)]
    listed = sorted([*listed, gallery.film(other)], key=lambda film: place[film])
    return Rivalry(
        query=typed.text,
        model=entry.manifest.model,
        index=entry.name,
        caption=None if truth is None else truth.caption,
        right=side(mine),
        rival=side(theirs),
        verdict="unknown" if relevant is None else "also right" if other in relevant else "wrong",
        twin=caption is not None and caption.twin == other,
        gap=theirs.score - mine.score,
        clip_gap=mine.clip_weight * (theirs.clip - mine.clip),
        frame_gap=mine.frame_weight * (theirs.frame - mine.frame),
        words=tuple(
            Preference(one.text, one.start, one.end, one.drop - its.drop, match)
            for one, its, match in zip(theirs.words, mine.words, matched, strict=True)
        ),
        slots=slots,
        event=event,
        captions=nearby(explorer, theirs, wanted),
        others=tuple(
            Other(
                films[film].video,
                films[film].title,
                int(place[film]),
                None if relevant is None else films[film].video in relevant,
            )
            for film in listed
        ),
    )


def chosen(ranked: list[str], own: str, relevant: set[str] | None) -> str:
    """The rival of `own` among ranked ids: the first film, or behind it the first that does not fit."""
    if ranked[0] != own:
        return ranked[0]
    others = ranked[1:]
    return next((video for video in others if relevant is None or video not in relevant), others[0])


def side(found: Explanation) -> Side:
    """What is needed of an explanation to stand on one side."""
    return Side(
        video=found.video,
        title=found.title,
        rank=found.rank,
        score=found.score,
        clip=found.clip,
        frame=found.frame,
        duration=found.duration,
        curve=found.curve,
        moments=found.moments,
        true=found.truth.moments.get(found.video, ()) if found.truth else (),
    )


@torch.inference_mode()
def matches(
    explorer: Explorer, rival: Explanation, right: Explanation, wanted: Mapping[str, Any]
) -> list[float | None]:
    """For each word, gate times (its best cosine in the rival minus in the right film), summed over its pieces.

    Where the model has nothing but the gated frame score, the words add up to the difference of the frame scores.
    """
    entry = explorer.resolve(**wanted)
    gallery = explorer.gallery(entry)
    encoded, tokens = explorer.encoded(entry, rival.query)
    words = [word for word in encoded.words() if min(word.pieces) < gallery.model.config.max_words]
    if not isinstance(gallery.model, RAL):
        return [None] * len(words)
    best: list[Array] = []
    rows = gallery.best_rows(gallery.score(tokens).total)
    for video in (rival.video, right.video):
        row = int(rows[gallery.film(video)])
        similarity = word_similarity(gallery, tokens, row)
        assert similarity is not None  # a RAL model has a word branch
        [timed] = gallery.timed(tokens, [row], explorer.moments)
        best.append(similarity[:, timed.window].max(axis=1))
    worth = gallery.model.gate(tokens)[0].cpu().numpy() * (best[0] - best[1])
    return [float(sum(worth[p] for p in word.pieces if p < len(worth))) for word in words]


def nearby(explorer: Explorer, found: Explanation, wanted: Mapping[str, Any]) -> tuple[Nearby, ...]:
    """The captions of a film that overlap its best found moment, most alike first."""
    entry = explorer.resolve(**wanted)
    best = found.moments[0]
    captions = [
        caption
        for caption in explorer.collection(entry).captions.values()
        if caption.film == found.video and caption.start < best.end and caption.end > best.start
    ][:LISTED]
    if not captions:
        return ()
    _, tokens = explorer.tokens(entry, [found.query, *(caption.text for caption in captions)])
    vectors = torch.nn.functional.normalize(tokens.sentence.float(), dim=-1).cpu().numpy()
    near = vectors[1:] @ vectors[0]
    order = np.argsort(-near, kind="stable")
    return tuple(Nearby(captions[i].text, captions[i].start, captions[i].end, float(near[i])) for i in order)


def nearest(
    scene: Film, caption: Caption, moment: Moment
) -> tuple[tuple[SlotTruth, ...], tuple[float, float] | None]:
    """What of a caption the film's nearest event (or pair of events in order) shows, and when.

    Nearest is the one with most of the asked things; among equals the one that the found moment lies in.
    """
    if not caption.logic:
        return (), None
    options = list(
        pairs(scene, caption.logic) if is_temporal(caption.logic) else events(scene, caption.logic)
    )
    if not options:
        return (), None

    def worth(option: tuple[tuple[SlotTruth, ...], tuple[float, float]]) -> tuple[int, float]:
        slots, (start, end) = option
        return sum(slot.met for slot in slots), min(end, moment.end) - max(start, moment.start)

    return max(options, key=worth)


def events(
    scene: Film, logic: Mapping[str, Any], prefix: str = ""
) -> Iterator[tuple[tuple[SlotTruth, ...], tuple[float, float]]]:
    """Every event of a film, read against a form that is not temporal."""
    for event in scene.events:
        for reading in readings(scene, event):
            slots = tuple(
                SlotTruth(
                    prefix + slot,
                    tuple(asked),
                    tuple(sorted(reading.get(slot, ()))),
                    not reading.get(slot, frozenset()).isdisjoint(asked),
                )
                for slot, asked in logic.items()
            )
            yield slots, (event.start, event.end)


def pairs(
    scene: Film, logic: Mapping[str, Any]
) -> Iterator[tuple[tuple[SlotTruth, ...], tuple[float, float]]]:
    """Every two events in order, read against a temporal form."""
    for first, (start, end) in events(scene, logic["first"], "first "):
        for then, (later, last) in events(scene, logic["then"], "then "):
            if end <= later:
                yield (*first, *then), (start, last)
