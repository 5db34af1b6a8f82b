"""A split made of noise and meaning, small enough to train on in a second."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ral_core.data.captions import Caption, write_captions
from ral_core.features.store import VideoFeatures, write_features

WIDTH = 24
WORDS = ("dog", "cat", "robot", "runs", "sleeps", "dances", "beach", "kitchen", "street", "park")


def meaning(word: str) -> np.ndarray:
    """A vector (WIDTH,) that belongs to the word."""
    return np.random.default_rng(zlib.crc32(word.encode())).standard_normal(WIDTH).astype(np.float32)


@dataclass(frozen=True)
class TinyText:
    """A text encoder that knows words by heart, one piece each."""

    id: str = "tiny-text@0"
    width: int = WIDTH

    def encode(self, texts: list[str]) -> list[TinyQuery]:
        return [TinyQuery(text) for text in texts]


class TinyQuery:
    """One sentence of the tiny encoder."""

    def __init__(self, text: str) -> None:
        starts = np.cumsum([0] + [len(word) + 1 for word in text.split()[:-1]])
        self.offsets = [(int(s), int(s) + len(w)) for s, w in zip(starts, text.split(), strict=True)]
        self.vectors = np.stack([meaning(word) for word in text.split()])


def write_split(folder: Path, films: int = 12, seed: int = 0, encoder: str = "tiny-eyes@0") -> Path:
    """A split folder: each film has three events of 5 s, each event three words that its frames show."""
    random = np.random.default_rng(seed)
    said = [[random.choice(WORDS, 3, replace=False).tolist() for _ in range(3)] for _ in range(films)]
    ids = [f"{folder.name}-{number:04d}" for number in range(films)]
    videos, captions = [], []
    for film, events in zip(ids, said, strict=True):
        count = int(random.integers(20, 45))
        times = (np.arange(count) * 0.5 + 0.25).astype(np.float32)
        frames = 0.3 * random.standard_normal((count, WIDTH)).astype(np.float32)
        for number, words in enumerate(events):
            start = number * count / 6
            inside = (times >= start) & (times < start + 2.5)
            frames[inside] += sum(meaning(word) for word in words)
            text = " ".join(words)
            level = ("vague", "mid", "full")[number]
            relevant = tuple(other for other, its in zip(ids, said, strict=True) if words in its)
            bits = tuple(
                (text.index(word), text.index(word) + len(word), float(i)) for i, word in enumerate(words)
            )
            captions.append(
                Caption(
                    id=f"{film}#{number}",
                    film=film,
                    text=text,
                    level=level,
                    start=start,
                    end=start + 2.5,
                    relevant=relevant,
                    ambiguity=len(relevant),
                    event=(number,),
                    word_importance=bits,
                    heldout_synonym=number == 2,
                )
            )
        videos.append(VideoFeatures(film, frames, times, count / 2))
    write_features(folder, videos, encoder=encoder)
    write_captions(folder / "captions.jsonl", captions)
    return folder
