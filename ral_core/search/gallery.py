"""One index in memory with the model that made it: the whole collection as one batch, ready to be scored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ral_core.index.build import token_batch
from ral_core.index.candidates import ClipIndex, candidate_videos, open_clip_index, unit
from ral_core.index.folder import IndexFolder
from ral_core.index.rows import video_numbers
from ral_core.models import PRVRModel
from ral_core.search.moments import MomentConfig, combined_curve, moments_in_windows, moments_of
from ral_core.search.results import Moment
from ral_core.tensors import QueryTokens, VideoTokens

Array = NDArray[np.floating]


@dataclass(frozen=True)
class Scored:
    """Every film's scores for one query; films that were no candidates have -inf."""

    total: Array  # (V,)
    clip: Array  # (V,)
    frame: Array  # (V,)
    candidates: int | None  # how many films were scored, None for all of them


@dataclass(frozen=True)
class Timed:
    """One film's scores for a query over its F frames, all windows of a long film together."""

    times: Array  # (F,) s
    score: Array  # (F,) what moments are read from
    clip: Array  # (F,) the clip curve, interpolated
    frame: Array  # (F,) the frame curve
    window: slice  # the frames of the row that gives the film its score
    stretch: tuple[float, float]  # s, where that row begins and ends
    duration: float  # s

    def moments(self, config: MomentConfig, events: int = 1) -> tuple[Moment, ...]:
        """The film's moments, best first; see `moments_in_windows` for a film of several windows."""
        if self.window == slice(0, len(self.times)):
            return moments_of(
                self.score, self.times, self.duration, config, events=events, start=self.stretch[0]
            )
        return moments_in_windows(
            self.score, self.times, self.duration, self.window, self.stretch, config, events=events
        )


class Gallery:
    """V encoded films and their model. Safe to use from several threads: nothing changes after the start."""

    def __init__(self, folder: IndexFolder, model: PRVRModel, device: torch.device) -> None:
        self.folder, self.manifest, self.videos = folder, folder.manifest, folder.videos
        self.model = model.to(device).eval()
        self.device = device
        with torch.inference_mode():
            self.tokens: VideoTokens = self.model.prepared(token_batch(folder.arrays).to(device))
        self.films: NDArray[np.int64] = video_numbers(folder.videos)
        """The number (V,) of each row's film; the windows of a long film are rows of their own."""
        self.first: NDArray[np.int64] = np.unique(self.films, return_index=True)[1]
        """The first row (films,) of each film."""
        self.rows = {video.video: int(row) for row in self.first[::-1] for video in [folder.videos[row]]}
        self.rows |= {video.id: row for row, video in enumerate(folder.videos)}
        self.clips: ClipIndex = open_clip_index(folder)

    def __len__(self) -> int:
        return len(self.videos)

    @property
    def film_count(self) -> int:
        """How many films there are, however many windows they have."""
        return len(self.first)

    def film(self, video: str) -> int:
        """The number of a film by its id or that of one of its windows. Raises KeyError for an unknown id."""
        return int(self.films[self.rows[video]])

    def best_rows(self, total: Array) -> NDArray[np.int64]:
        """The row of each film's best window by fused scores (V,), in the order of the films: (films,)."""
        if self.film_count == len(self):
            return np.arange(len(self))
        return np.lexsort((-total, self.films))[self.first]

    def by_film(self, totals: Array) -> Array:
        """Scores of all rows (..., V) as scores of all films (..., films): each film's best window."""
        return totals if self.film_count == len(self) else np.maximum.reduceat(totals, self.first, axis=-1)

    def windows(self, row: int) -> range:
        """The rows of the film that a row is a window of."""
        film = int(self.films[row])
        last = film + 1 == self.film_count
        return range(int(self.first[film]), len(self) if last else int(self.first[film + 1]))

    def stretch(self, row: int) -> tuple[float, float]:
        """Where a row begins and ends in its film (s)."""
        video = self.videos[row]
        return video.start or 0.0, video.duration if video.end is None else video.end

    def length(self, row: int) -> float:
        """Seconds of the whole film that a row belongs to."""
        return max(self.stretch(one)[1] for one in self.windows(row))

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

    def timed(self, query: QueryTokens, best: Sequence[int], config: MomentConfig) -> list[Timed]:
        """The scores over time of the films that the rows `best` belong to, all their windows in a row."""
        windows = [self.windows(row) for row in best]
        rows = [row for some in windows for row in some]
        curves = dict(zip(rows, self.curves(query, rows, config), strict=True))
        return [self._joined(row, some, curves) for row, some in zip(best, windows, strict=True)]

    def _joined(self, row: int, rows: range, curves: Mapping[int, tuple[Array, Array, Array]]) -> Timed:
        counts = [len(curves[one][0]) for one in rows]
        before = sum(counts[: row - rows.start])
        score, clip, frame = (np.concatenate([curves[one][part] for one in rows]) for part in range(3))
        return Timed(
            times=np.concatenate([self.times(one) for one in rows]),
            score=score,
            clip=clip,
            frame=frame,
            window=slice(before, before + counts[row - rows.start]),
            stretch=self.stretch(row),
            duration=self.length(row),
        )

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
