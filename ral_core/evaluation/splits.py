"""A split on disk as everything that training and evaluation need: features, words, captions and their truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ral_core.data.annotations import Annotation
from ral_core.data.annotations.policy import plain
from ral_core.data.captions import Caption, read_captions
from ral_core.data.groundtruth import Truth
from ral_core.data.official import is_official, open_official
from ral_core.errors import DataError
from ral_core.features.official import OfficialVideos, OfficialWords
from ral_core.features.packed import EncodesText, PackedVideos, Videos, Words, pack_videos, pack_words
from ral_core.features.store import FeatureStore
from ral_core.models.config import ModelConfig

Say = Callable[[str], None]


class Clock(NamedTuple):
    """Seconds in one video."""

    clips: NDArray[np.floating]  # (C,) the middle of each clip
    frames: NDArray[np.floating]  # (F,)
    duration: float


@dataclass(frozen=True)
class Split:
    """Q captions over V videos."""

    name: str
    captions: tuple[Caption, ...]
    videos: Videos
    words: Words
    owner: NDArray[np.int64]  # (Q,) the row of each caption's own video; never decreases
    visual_encoder: str
    text_encoder: str
    lengths: NDArray[np.floating] | None = None
    """(V,) seconds of each video, nan where unknown, for videos that do not say it themselves."""

    @property
    def durations(self) -> NDArray[np.floating]:
        """Seconds of each video, (V,); nan where unknown."""
        if isinstance(self.videos, PackedVideos):
            return self.videos.durations.double().numpy()
        return self.lengths if self.lengths is not None else np.full(len(self.videos), np.nan)

    @property
    def shares(self) -> NDArray[np.floating]:
        """The moment's part of its video, (Q,); nan where it is not known."""
        moments = np.array([caption.end - caption.start for caption in self.captions])
        return moments / self.durations[self.owner]

    @property
    def timed(self) -> NDArray[np.bool_]:
        """Whether it is known when each caption's moment is, (Q,)."""
        return np.isfinite(self.shares)

    @property
    def packed(self) -> PackedVideos:
        """The videos in memory. Raises DataError for a published data set, which is read when asked for."""
        if not isinstance(self.videos, PackedVideos):
            raise DataError(f"The features of {self.name} are not kept in memory, so this cannot be done.")
        return self.videos

    def clock(self, video: int, clips: int, frames: int) -> Clock:
        """When the `clips` clips and `frames` frames of a video are, and how long it is.

        Features that come without times are taken to lie evenly over their video, which is how they were extracted.
        """
        if isinstance(self.videos, PackedVideos):
            clip, frame = self.videos.clip_times[video], self.videos.frame_times[video, :frames]
            return Clock(clip.double().numpy(), frame.double().numpy(), float(self.durations[video]))
        duration = float(self.durations[video])
        middles = ((np.arange(count) + 0.5) / count * duration for count in (clips, frames))
        return Clock(next(middles), next(middles), duration)

    @property
    def first(self) -> NDArray[np.int64]:
        """Where each video's captions begin, (V + 1,): those of video v are first[v] to first[v + 1]."""
        return np.searchsorted(self.owner, np.arange(len(self.videos) + 1)).astype(np.int64)

    def relevant(self) -> NDArray[np.bool_]:
        """Which videos of this split satisfy which caption, (Q, V)."""
        column = {video_id: number for number, video_id in enumerate(self.videos.ids)}
        truth = np.zeros((len(self.captions), len(column)), dtype=bool)
        truth[np.arange(len(self.captions)), self.owner] = True
        pairs = [
            (row, column[film])
            for row, caption in enumerate(self.captions)
            for film in caption.relevant
            if film in column
        ]
        truth[tuple(np.array(pairs).T)] = True
        return truth


def load_split(
    folder: Path,
    config: ModelConfig,
    text: EncodesText | None,
    *,
    feature: str | None = None,
    cache: Path | None = None,
    say: Say | None = None,
) -> Split:
    """Read a split folder (captions.jsonl and features), pooled as `config` asks, captions grouped by video.

    Of `config` only what decides the pooling matters. Captions come in the order of the features' videos, those of a video in file order. `cache`: see `pack_words`.
    A published data set is read where it lies: `folder` is then .../tvr/test, say, `feature` one of its frame
    features, and `text` has nothing to encode. Raises DataError when a file is missing or the two do not fit together.
    """
    if is_official(folder.parent):
        return official_split(folder, config, feature)
    if text is None:
        raise DataError(f"The captions in {folder} need a text encoder.")
    store = FeatureStore.open(folder)
    captions = read_captions(folder / "captions.jsonl")
    return packed_split(folder.name, store, captions, store.ids, config, text, cache=cache, say=say)


def packed_split(
    name: str,
    store: FeatureStore,
    captions: Sequence[Caption],
    ids: tuple[str, ...],
    config: ModelConfig,
    text: EncodesText,
    *,
    cache: Path | None = None,
    say: Say | None = None,
) -> Split:
    """The videos `ids` of a feature store with their captions, in memory. Raises DataError as `by_video` does."""
    grouped, owner = by_video(captions, ids, store.folder)
    return Split(
        name=name,
        captions=grouped,
        videos=pack_videos(
            store,
            ids,
            clips=config.clips,
            max_frames=config.max_frames,
            legacy_bins=config.choices.legacy_bins,
        ),
        words=pack_words(text, [caption.text for caption in grouped], cache=cache, say=say),
        owner=owner,
        visual_encoder=store.encoder,
        text_encoder=text.id,
    )


def with_truth(split: Split, truth: Truth) -> tuple[Split, str]:
    """The split with other judgements of which videos satisfy which caption, and a sentence on what they did not say.

    A caption's own video always counts. Captions that are not judged keep their own video alone; judged videos that
    the split does not hold cannot be found and are left out. Raises DataError when no caption is judged.
    """
    known, judged = set(split.videos.ids), [caption for caption in split.captions if caption.id in truth]
    if not judged:
        raise DataError(
            f"The judgements are about queries such as {next(iter(truth))!r}, {split.name} has captions such as "
            f"{split.captions[0].id!r}; none is the same."
        )
    captions, lost = [], 0
    for caption in split.captions:
        videos = truth.get(caption.id, frozenset()) | {caption.film}
        lost += len(videos - known)
        kept = tuple(sorted(videos & known))
        captions.append(replace(caption, relevant=kept, ambiguity=len(kept)))
    note = (
        f"{len(judged)} of {len(split.captions)} captions are judged, the others keep their own video; "
        f"{lost} judged videos are not in {split.name}; {len(truth) - len(judged)} judged queries are not either."
    )
    return replace(split, captions=tuple(captions)), note


def with_moments(
    split: Split, known: Iterable[Annotation], durations: Mapping[str, float]
) -> tuple[Split, str]:
    """The split with moments from an annotation file, and a sentence on how many captions have one.

    A caption takes the moment of the annotation with its video and its words; where several have the same, they go
    in order. durations: seconds of each video, where the annotations do not say. Raises DataError when none fits.
    """
    waiting: dict[tuple[str, str], list[Annotation]] = {}
    lengths = dict(durations)
    for one in known:
        waiting.setdefault((one.video, plain(one.text)), []).append(one)
        if one.duration is not None:
            lengths.setdefault(one.video, one.duration)
    captions = []
    for caption in split.captions:
        same = waiting.get((caption.film, plain(caption.text)), [])
        captions.append(placed(caption, same.pop(0) if same else None, lengths.get(caption.film, np.nan)))
    seconds = np.array([lengths.get(video, np.nan) for video in split.videos.ids])
    timed = replace(split, captions=tuple(captions), lengths=seconds)
    if not timed.timed.any():
        raise DataError(
            f"No caption of {split.name} has a moment in the annotations in a video of known length; they are of "
            f"another split or data set, or need the lengths of the videos (--durations)."
        )
    return timed, f"{timed.timed.sum()} of {len(captions)} captions have a moment in a video of known length."


def placed(caption: Caption, one: Annotation | None, length: float) -> Caption:
    """The caption with an annotation's moment, which ends with its video; as it was where there is none in it."""
    if one is None or one.start is None or one.end is None or not 0 <= one.start < min(one.end, length):
        return caption
    return replace(caption, start=one.start, end=min(one.end, length))


def official_split(folder: Path, config: ModelConfig, feature: str | None) -> Split:
    """A split of a published data set, its features left on disk."""
    split = open_official(folder.parent, folder.name, feature)
    msc = config.name == "msc"
    return Split(
        name=folder.name,
        captions=split.captions,
        videos=OfficialVideos(
            split.ids,
            split.frames,
            config.clips,
            config.max_frames,
            config.choices.legacy_bins,
            stretch=msc and config.profile == "reference",
        ),
        words=OfficialWords(
            tuple(caption.id for caption in split.captions),
            split.words,
            keep_last=msc and config.profile != "reference",
        ),
        owner=split.owner,
        visual_encoder=f"official/{split.frames.name}",
        text_encoder=f"official/{split.words.path.stem}",
    )


def by_video(
    captions: Sequence[Caption], ids: tuple[str, ...], folder: Path
) -> tuple[tuple[Caption, ...], NDArray[np.int64]]:
    """The captions in the order of their videos, and the row of each one's video.

    Raises DataError when a caption's video has no features.
    """
    row = {video_id: number for number, video_id in enumerate(ids)}
    missing = next((caption for caption in captions if caption.film not in row), None)
    if missing is not None:
        raise DataError(
            f"{folder}: caption {missing.id!r} belongs to {missing.film!r}, which has no features."
        )
    owner = np.array([row[caption.film] for caption in captions], dtype=np.int64)
    order = np.argsort(owner, kind="stable")
    return tuple(captions[place] for place in order), owner[order]
