"""One index in memory with the model that made it: the whole collection as one batch, ready to be scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ral_core.index.build import token_batch
from ral_core.index.candidates import ClipIndex, candidate_videos, open_clip_index, unit
from ral_core.index.folder import IndexFolder
from ral_core.models import PRVRModel
from ral_core.search.moments import MomentConfig, combined_curve
from ral_core.tensors import QueryTokens, VideoTokens

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Scored:
    """Every film's scores for one query; films that were no candidates have -inf."""

    total: Array  # (V,)
    clip: Array  # (V,)
    frame: Array  # (V,)
    candidates: int | None  # how many films were scored, None for all of them


class Gallery:
    """V encoded films and their model. Safe to use from several threads: nothing changes after the start."""

    def __init__(self, folder: IndexFolder, model: PRVRModel, device: torch.device) -> None:
        self.folder, self.manifest, self.videos = folder, folder.manifest, folder.videos
        self.model = model.to(device).eval()
        self.device = device
        with torch.inference_mode():
            self.tokens: VideoTokens = self.model.prepared(token_batch(folder.arrays).to(device))
        self.rows = {video.id: row for row, video in enumerate(folder.videos)}
        self.clips: ClipIndex = open_clip_index(folder)

    def __len__(self) -> int:
        return len(self.videos)

    @torch.inference_mode()
    def score(self, query: QueryTokens, candidates: int | None = None) -> Scored:
        """Score one query against every film, or only against `candidates` films with a clip near it."""
        rows = None if candidates is None else self.candidates(query, candidates)
        tokens = self.tokens if rows is None else self.tokens.rows(torch.tensor(rows, device=self.device))
        scores = self.model.score(query, tokens)
        fused = scores.total(self.manifest.clip_weight, self.manifest.frame_weight)
        total, clip, frame = (part[0].float().cpu().numpy() for part in (fused, scores.clip, scores.frame))
        if rows is None:
            return Scored(total, clip, frame, None)
        total, clip, frame = (spread(part, rows, len(self)) for part in (total, clip, frame))
        return Scored(total, clip, frame, len(rows))

    @torch.inference_mode()
    def totals(self, queries: QueryTokens) -> Tensor:
        """Fused scores of Q queries against every film: (Q, V)."""
        return self.model.score(queries, self.tokens).total(
            self.manifest.clip_weight, self.manifest.frame_weight
        )

    def candidates(self, query: QueryTokens, count: int) -> list[int]:
        """The rows of the `count` films with the nearest clips to one query, nearest first."""
        sentence = unit(query.sentence[0].float().cpu().numpy())
        return candidate_videos(self.clips, sentence, self.manifest.clips, len(self), count)

    @torch.inference_mode()
    def curves(
        self, query: QueryTokens, rows: Sequence[int], config: MomentConfig
    ) -> list[tuple[Array, Array, Array]]:
        """For each film of `rows`: the curve moments are read from, the clip and the frame curve, all (F,)."""
        tokens = self.tokens.rows(torch.tensor(list(rows), device=self.device))
        curves = self.model.curves(query, tokens)
        clip, frame = curves.clip[0].float().cpu().numpy(), curves.frame[0].float().cpu().numpy()
        answer = []
        for place, row in enumerate(rows):
            times = self.times(row)
            real = frame[place, : len(times)]
            mixed, on_frames = combined_curve(
                clip[place], real, np.asarray(self.folder["clip_times"][row]), times, config
            )
            answer.append((mixed, on_frames, real))
        return answer

    def times(self, row: int) -> Array:
        """The seconds (F,) of one film's frames."""
        return np.asarray(self.folder["frame_times"][self.folder.frame_slice(row)])

    def z(self, total: Array) -> Array | None:
        """Fused scores (V,) against what each film gets for unrelated sentences; None without statistics."""
        if "null_mean" not in self.folder:
            return None
        return (total - self.folder["null_mean"]) / self.folder["null_std"]


def spread(values: Array, rows: Sequence[int], size: int) -> Array:
    """`values` at their `rows` in an array of `size`, -inf elsewhere."""
    whole = np.full(size, -np.inf, dtype=np.float32)
    whole[list(rows)] = values
    return whole
