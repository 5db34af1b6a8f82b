"""Training batches: a film with some of its captions, as tensors."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from ral_core.tensors import QueryBatch, TensorRecord, VideoBatch


@dataclass(frozen=True)
class TrainBatch(TensorRecord):
    """V videos with Q queries written for them; the queries of one video are contiguous."""

    videos: VideoBatch
    queries: QueryBatch
    owner: Tensor  # (Q,) int64, the row in `videos` of each query's video; never decreases

    def __len__(self) -> int:
        return len(self.videos)
