"""Writing the captions of a split: sentences, and for each the truth about it."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from ral_core.data.captions import Caption
from ral_core.data.captions import Span as SlotSpan
from ral_core.world.language import Sentence, describe, describe_pair
from ral_core.world.logic import Logic, is_temporal
from ral_core.world.scene import Event, Film
from ral_core.world.splits import Split, Twin, held_out
from ral_core.world.truth import Corpus

LEVELS = {"vague": 25, "mid": 50, "full": 25}
"""Levels of detail and how common they are."""
TEMPORAL = 1 / 9
"""Captions about two events, for each one about a single event."""
PATIENCE = 12
"""How often to look for a sentence that the split does not have yet."""
WORD = re.compile(r"[^\s,]+")


@dataclass(frozen=True)
class _Rival:
    """The twin of an event: its film, and the slot in which they differ."""

    film: str
    slot: str


def split_captions(split: Split, films: Sequence[Film], twins: Sequence[Twin] = ()) -> list[Caption]:
    """All captions of a split, film by film."""
    rng = random.Random(split.first_seed + 1)
    corpus = Corpus(films)
    rivals = {(twin.film, twin.event): _Rival(twin.twin_film, twin.slot) for twin in twins}
    rivals |= {(twin.twin_film, twin.twin_event): _Rival(twin.film, twin.slot) for twin in twins}
    used: set[str] = set()
    captions: list[Caption] = []
    for film in films:
        drafts = _film_drafts(rng, split, film, rivals, used)
        for number, draft in enumerate(drafts):
            captions.append(_with_truth(replace(draft, id=f"{film.id}#{number}"), corpus, split.truth))
    return captions


def _film_drafts(
    rng: random.Random, split: Split, film: Film, rivals: dict[tuple[str, int], _Rival], used: set[str]
) -> list[Caption]:
    """The captions of one film, the truth still missing."""
    drafts: list[Caption] = []
    for index, event in enumerate(film.events):
        rival = rivals.get((film.id, index))
        for _ in range(int(split.captions) + (rng.random() < split.captions % 1)):
            level = rng.choices(list(LEVELS), list(LEVELS.values()))[0]
            must = [rival.slot] if rival and rng.random() < 0.7 else []

            def sentence(event: Event = event, level: str = level, must: Sequence[str] = must) -> Sentence:
                return describe(rng, film, event, level, open=split.open, must=must)

            said = _new(sentence, used)
            twin = rival.film if rival and rival.slot in said.logic else None
            triple = held_out(film.cast[event.actor].kind, event.action, event.setting)
            drafts.append(_draft(film, (index,), level, said, triple, twin))
    for _ in range(_rounded(rng, len(drafts) * TEMPORAL)):
        pair = _pair(rng, film)
        if pair:
            first, then = (film.events[index] for index in pair)

            def sentence_of_two(first: Event = first, then: Event = then) -> Sentence:
                return describe_pair(rng, film, first, then, open=split.open)

            said = _new(sentence_of_two, used)
            triple = any(held_out(film.cast[e.actor].kind, e.action, e.setting) for e in (first, then))
            drafts.append(_draft(film, pair, "temporal", said, triple, None))
    return drafts


def _new(sentence: Callable[[], Sentence], used: set[str]) -> Sentence:
    """A sentence that was not said before, if one turns up."""
    for _ in range(PATIENCE):
        said = sentence()
        if said.text not in used:
            break
    used.add(said.text)
    return said


def _pair(rng: random.Random, film: Film) -> tuple[int, int] | None:
    """Two events that follow each other closely and show different actions, rather by the same actor."""
    events = film.events
    near = [(i, j) for i in range(len(events)) for j in (i + 1, i + 2) if j < len(events)]
    pairs = [(i, j) for i, j in near if events[i].action != events[j].action]
    same = [(i, j) for i, j in pairs if events[i].actor == events[j].actor]
    if same and rng.random() < 0.5:
        return rng.choice(same)
    return rng.choice(pairs) if pairs else None


def _rounded(rng: random.Random, number: float) -> int:
    """A whole number that is `number` on average."""
    return int(number) + (rng.random() < number % 1)


def _draft(
    film: Film, events: tuple[int, ...], level: str, said: Sentence, triple: bool, twin: str | None
) -> Caption:
    return Caption(
        id="",
        film=film.id,
        text=said.text,
        level=level,
        start=film.events[events[0]].start,
        end=film.events[events[-1]].end,
        relevant=(),
        ambiguity=0,
        event=events,
        logic=said.logic,
        spans=tuple(SlotSpan(span.slot, span.start, span.end) for span in said.spans),
        heldout_synonym=said.heldout,
        heldout_triple=triple,
        twin=twin,
    )


def _with_truth(draft: Caption, corpus: Corpus, everything: bool) -> Caption:
    """The caption with its ambiguity and, unless it is one of many for training, films and importance."""
    relevant = corpus.relevant(draft.logic)
    if not everything:
        return replace(draft, ambiguity=int(relevant.sum()))
    films = tuple(corpus.relevant_ids(draft.logic))
    importance = corpus.importance(draft.logic)
    return replace(
        draft,
        relevant=films,
        ambiguity=len(films),
        importance=importance,
        word_importance=word_importance(draft.text, draft.spans, dict(importance)),
        twin=None if draft.twin in films else draft.twin,
    )


def word_importance(
    text: str, spans: Sequence[SlotSpan], bits: dict[str, float]
) -> tuple[tuple[int, int, float], ...]:
    """(start, end, bits) of every word: a slot's bits are shared equally by the words that say it.

    So the words of a caption sum to the worth of the slots it says; words that say no slot have exactly 0.
    """
    words = [(match.start(), match.end()) for match in WORD.finditer(text)]
    slots = [next((s.slot for s in spans if s.start <= start and end <= s.end), None) for start, end in words]
    return tuple(
        (start, end, round(bits.get(slot, 0.0) / slots.count(slot), 3) if slot else 0.0)
        for (start, end), slot in zip(words, slots)
    )


def slots_of(logic: Logic) -> list[str]:
    """The slots a form has conditions on, as importance names them."""
    if is_temporal(logic):
        return [f"{part}.{slot}" for part in ("first", "then") for slot in logic[part]]
    return list(logic)
