"""A split on disk as everything that training and evaluation need: features, words, captions and their truth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ral_core.data.captions import Caption, read_captions
from ral_core.errors import DataError
from ral_core.features.packed import EncodesText, PackedVideos, PackedWords, pack_videos, pack_words
from ral_core.features.store import FeatureStore
from ral_core.models.config import ModelConfig

Say = Callable[[str], None]


@dataclass(frozen=True)
class Split:
    """Q captions over V videos."""

    name: str
    captions: tuple[Caption, ...]
    videos: PackedVideos
    words: PackedWords
    owner: NDArray[np.int64]  # (Q,) the row of each caption's own video; never decreases
    visual_encoder: str
    text_encoder: str

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
    text: EncodesText,
    *,
    cache: Path | None = None,
    say: Say | None = None,
) -> Split:
    """Read a split folder (captions.jsonl and features), pooled as `config` asks, captions grouped by video.

    Of `config` only what decides the pooling matters. Captions come in the order of the features' videos, those of a video in file order. `cache`: see `pack_words`.
    Raises DataError when a file is missing or the two do not fit together.
    """
    store = FeatureStore.open(folder)
    captions = read_captions(folder / "captions.jsonl")
    grouped, owner = by_video(captions, store.ids, folder)
    return Split(
        name=folder.name,
        captions=grouped,
        videos=pack_videos(
            store,
            clips=config.clips,
            max_frames=config.max_frames,
            legacy_bins=config.choices.legacy_bins,
        ),
        words=pack_words(text, [caption.text for caption in grouped], cache=cache, say=say),
        owner=owner,
        visual_encoder=store.encoder,
        text_encoder=text.id,
    )


def by_video(
    captions: list[Caption], ids: tuple[str, ...], folder: Path
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
