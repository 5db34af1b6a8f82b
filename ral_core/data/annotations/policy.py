"""From sentences as found to captions: one policy for each oddity (`record.POLICIES`), each counted."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from ral_core.data.annotations.naming import meant, names_of
from ral_core.data.annotations.record import Annotation, Tally
from ral_core.data.captions import Caption
from ral_core.errors import DataError

LONG = 30
"""Words beyond which a sentence is called long: text encoders here keep about so many pieces."""


@dataclass(frozen=True)
class Imported:
    """Captions, and what was done to get them."""

    captions: tuple[Caption, ...]
    tally: Tally
    read: int
    """Sentences in the file."""
    unnamed: tuple[str, ...]
    """Videos of the collection for which there is no caption."""

    def report(self) -> dict[str, object]:
        """Counts for people and programs."""
        return {
            "sentences": self.read,
            "captions": len(self.captions),
            "videos": len({caption.film for caption in self.captions}),
            "with_moment": sum(not math.isnan(caption.start) for caption in self.captions),
            "with_several_videos": sum(caption.ambiguity > 1 for caption in self.captions),
            "videos_without_caption": {"count": len(self.unnamed), "examples": list(self.unnamed[:3])},
            "oddities": self.tally.to_json(),
        }


def settled(
    found: Sequence[Annotation],
    tally: Tally,
    *,
    durations: Mapping[str, float] | None = None,
    truth: Mapping[str, tuple[str | None, frozenset[str]]] | None = None,
    videos: Collection[str] | None = None,
) -> Imported:
    """Captions with ids `<video>#enc#<n>`, n counted in file order as the papers do.

    durations: lengths in s, for files that give none. truth: by query id, its sentence and all videos that
    satisfy it. videos: the collection's ids; captions of others are dropped. Raises DataError for an id that
    comes twice and when nothing is left.
    """
    durations, known = durations or {}, None if videos is None else set(videos)
    names = names_of(known or ())
    count: Counter[str] = Counter()
    captions: dict[str, Caption] = {}
    for one in found:
        if known is not None and one.video not in known and (real := meant(one.video, names)):
            tally.add("named_otherwise", f"{one.where}: {one.video}")
            one = replace(one, video=real)
        name = one.id or f"{one.video}#enc#{count[one.video]}"
        count[one.video] += 1
        if name in captions:
            raise DataError(f"{one.where}: the id {name!r} comes twice.")
        text = " ".join(one.text.split())
        text = text if any(char.isalnum() for char in text) else ""
        if not one.video or not text or (known is not None and one.video not in known):
            lost = "no_video" if not one.video else "no_sentence" if not text else "not_in_collection"
            tally.add(lost, one.where)
            continue
        if text != one.text:
            tally.add("trimmed", one.where)
        if len(text.split()) > LONG:
            tally.add("long_sentence", one.where)
        start, end = moment(one, durations.get(one.video, one.duration), tally)
        relevant = judged(name, text, one, truth, known, tally)
        captions[name] = Caption(
            name, one.video, text, "full", start, end, relevant=relevant, ambiguity=len(relevant)
        )
    for name in sorted(truth.keys() - {one.id or "" for one in captions.values()}) if truth else ():
        tally.add("truth_without_caption", name)
    if not captions:
        raise DataError(f"No caption is left of {len(found)}: {summary(tally)}.")
    repeats(captions.values(), tally)
    named = {caption.film for caption in captions.values()}
    return Imported(tuple(captions.values()), tally, len(found), tuple(sorted((known or set()) - named)))


def moment(one: Annotation, duration: float | None, tally: Tally) -> tuple[float, float]:
    """Start and end within the video; not-a-number for both where the file's times say nothing."""
    unknown = (math.nan, math.nan)
    if one.start is None or one.end is None:
        tally.add("moment_unknown", one.where)
        return unknown
    start, end = one.start, one.end
    if end <= start:
        tally.add("moment_empty", one.where)
        return unknown
    if duration is None:
        tally.add("duration_unknown", one.where)
    elif start >= duration:
        tally.add("moment_outside", one.where)
        return unknown
    elif end > duration:
        tally.add("end_clamped", one.where)
        end = duration
    if start < 0:
        tally.add("start_clamped", one.where)
        start = 0.0
    if end <= start:
        tally.add("moment_outside", one.where)
        return unknown
    return start, end


def judged(
    name: str,
    text: str,
    one: Annotation,
    truth: Mapping[str, tuple[str | None, frozenset[str]]] | None,
    known: set[str] | None,
    tally: Tally,
) -> tuple[str, ...]:
    """All videos that satisfy a sentence, its own first."""
    worded, relevant = None, frozenset(one.relevant)
    if truth is not None and name in truth:
        worded, relevant = truth[name]
    elif truth is not None:
        tally.add("without_truth", one.where)
    if worded is not None and plain(worded) != plain(text):
        tally.add("other_text", one.where)
    if relevant and one.video not in relevant:
        tally.add("own_video_added", one.where)
    for video in sorted(relevant - known) if known is not None else ():
        tally.add("truth_not_in_collection", f"{one.where}: {video}")
    others = relevant - {one.video} if known is None else (relevant & known) - {one.video}
    return (one.video, *sorted(others))


def plain(text: str) -> str:
    """A sentence without what releases of one data set write differently: case, points and spaces."""
    return " ".join(text.lower().replace(".", " ").replace(",", " ").split())


def repeats(captions: Collection[Caption], tally: Tally) -> None:
    """Count sentences that come again, for the same video or for others."""
    owners: dict[str, set[str]] = defaultdict(set)
    for caption in captions:
        owners[plain(caption.text)].add(caption.film)
    seen: set[tuple[str, str]] = set()
    for caption in captions:
        key = (caption.film, plain(caption.text))
        if len(owners[key[1]]) > 1:
            tally.add("same_sentence", caption.id)
        if key in seen:
            tally.add("repeated", caption.id)
        seen.add(key)


def summary(tally: Tally) -> str:
    """The counts in one line."""
    return ", ".join(f"{name} {count}" for name, count in tally.counts.items()) or "the file is empty"
