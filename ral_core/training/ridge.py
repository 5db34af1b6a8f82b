"""The plainest thing that can learn: ridge regression from a caption's words to the features of its moment.

What a trained system must beat to have been worth its training.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ral_core.evaluation.splits import Split
from ral_core.training.start import moment_means

WORD = re.compile(r"\w\w+")
MOST_WORDS = 4000
"""Words that are known at most, the commonest first."""
ALPHA = 1.0
CHUNK = 2048


@dataclass(frozen=True)
class Ridge:
    """A linear map (words, Dv) from TF-IDF vectors to centred features."""

    places: dict[str, int]
    rarity: Tensor  # (words,) inverse document frequencies
    weights: Tensor  # (words, Dv)
    centre: Tensor  # (Dv,)

    @classmethod
    def fit(cls, data: Split) -> Ridge:
        """The map that fits the captions and moments of a split best, in closed form."""
        texts = [caption.text for caption in data.captions]
        seen = Counter(word for text in texts for word in set(WORD.findall(text.lower())))
        common = sorted(seen, key=lambda word: (-seen[word], word))[:MOST_WORDS]
        places = {word: place for place, word in enumerate(common)}
        counts = torch.tensor([seen[word] for word in common], dtype=torch.float32)
        rarity = ((1 + len(texts)) / (1 + counts)).log() + 1
        moments = moment_means(data)
        centre = moments.mean(0)
        targets = F.normalize(moments - centre, dim=-1)
        words, gram = len(common), ALPHA * torch.eye(len(common))
        cross = torch.zeros(words, targets.shape[1])
        for part in torch.arange(len(texts)).split(CHUNK):
            vectors = tf_idf([texts[row] for row in part.tolist()], places, rarity)
            gram += vectors.T @ vectors
            cross += vectors.T @ targets[part]
        return cls(places, rarity, torch.linalg.solve(gram, cross), centre)

    def scores(self, split: Split) -> NDArray[np.floating]:
        """The cosine of what a caption suggests with the nearest clip or frame of each video, (Q, V)."""
        texts, batch = [caption.text for caption in split.captions], split.packed.batch
        guessed = F.normalize(tf_idf(texts, self.places, self.rarity) @ self.weights, dim=-1)
        best = []
        for part in torch.arange(len(split.videos)).split(CHUNK // 32):
            rows = torch.cat([batch.clips[part], batch.frames[part]], dim=1).float()
            every = torch.ones(batch.clips[part].shape[:2], dtype=torch.bool)
            real = torch.cat([every, batch.frame_mask[part]], dim=1)
            cosines = torch.einsum("qd,vrd->qvr", guessed, F.normalize(rows - self.centre, dim=-1))
            best.append(cosines.masked_fill(~real, -torch.inf).amax(-1))
        return np.asarray(torch.cat(best, dim=1))


def tf_idf(texts: Sequence[str], places: dict[str, int], rarity: Tensor) -> Tensor:
    """Unit vectors (Q, words) of damped word counts times rarity; zeros for a text without a known word."""
    counts = torch.zeros(len(texts), len(places))
    for row, text in enumerate(texts):
        for word, count in Counter(WORD.findall(text.lower())).items():
            if word in places:
                counts[row, places[word]] = 1 + np.log(count)
    return F.normalize(counts * rarity, dim=-1)
