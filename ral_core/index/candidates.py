"""The first stage: films with a clip near the sentence, by FAISS or, without it, by NumPy.

RAL's score is no single inner product, so this only proposes films; every proposal is then scored exactly.
FAISS is imported on first use and after torch, with one thread: both bring an OpenMP of their own.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.index.folder import CLIP_INDEX, IndexFolder

log = logging.getLogger(__name__)
FloatArray = NDArray[np.float32]


class ClipIndex(Protocol):
    """Finds the rows of unit clip vectors nearest to unit sentence vectors."""

    name: str

    def nearest(self, sentences: FloatArray, k: int) -> NDArray[np.int64]:
        """The k best rows (Q, k) for sentences (Q, D), best first."""
        ...


class ExactClips:
    """Inner products with every clip, in NumPy: always right and always there."""

    name = "numpy"

    def __init__(self, clips: FloatArray) -> None:
        self.clips = clips

    def nearest(self, sentences: FloatArray, k: int) -> NDArray[np.int64]:
        scores = sentences @ self.clips.T
        best = np.argpartition(-scores, min(k, scores.shape[1]) - 1, axis=1)[:, :k]
        order = np.argsort(-np.take_along_axis(scores, best, 1), axis=1, kind="stable")
        return np.take_along_axis(best, order, 1)


class FaissClips:
    """The same through a FAISS flat inner-product index."""

    name = "faiss"

    def __init__(self, index: Any) -> None:
        self.index = index

    def nearest(self, sentences: FloatArray, k: int) -> NDArray[np.int64]:
        _, rows = self.index.search(np.ascontiguousarray(sentences, dtype=np.float32), k)
        return rows


def load_faiss() -> Any | None:
    """The faiss module on one thread, or None where it is not installed."""
    try:
        import faiss
    except ImportError:
        return None
    faiss.omp_set_num_threads(1)
    return faiss


def unit(rows: NDArray[Any]) -> FloatArray:
    """Rows (..., D) scaled to length 1, in float32; zero rows stay zero."""
    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)


def write_clip_index(folder: Path, clips: NDArray[Any]) -> bool:
    """Save the FAISS index of clips (V, C, D) in an index folder; False where FAISS is not installed.

    The file is a cache: it is not in the manifest and may be deleted at any time.
    """
    faiss = load_faiss()
    if faiss is None:
        return False
    path = folder / CLIP_INDEX
    path.parent.mkdir(exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        faiss.write_index(flat_index(faiss, clips), str(temporary))
        temporary.replace(path)
    except (RuntimeError, OSError) as problem:
        log.warning("The FAISS index was not saved in %s (%s); it is rebuilt at each start.", path, problem)
        return False
    finally:
        temporary.unlink(missing_ok=True)
    return True


def flat_index(faiss: Any, clips: NDArray[Any]) -> Any:
    """An exact inner-product index over the unit rows of clips (V, C, D); row v*C+c is clip c of video v."""
    rows = unit(clips).reshape(-1, clips.shape[-1])
    index = faiss.IndexFlatIP(rows.shape[1])
    index.add(np.ascontiguousarray(rows))
    return index


def open_clip_index(folder: IndexFolder) -> ClipIndex:
    """The saved FAISS index, one rebuilt from the arrays when that is missing or does not fit, or NumPy's."""
    clips = folder["clips"]
    faiss = load_faiss()
    if faiss is None:
        return ExactClips(unit(clips).reshape(-1, clips.shape[-1]))
    saved = read_saved(faiss, folder.path / CLIP_INDEX)
    if saved is None or not holds(saved, clips):
        return FaissClips(flat_index(faiss, clips))
    return FaissClips(saved)


def holds(index: Any, clips: NDArray[Any], probes: int = 64) -> bool:
    """Whether a saved index was made from these clips (V, C, D): size, and `probes` evenly spread rows."""
    videos, per_video, width = clips.shape
    if (index.ntotal, index.d) != (videos * per_video, width):
        return False
    rows = np.linspace(0, index.ntotal - 1, min(probes, index.ntotal)).astype(np.int64)
    kept = np.stack([index.reconstruct(int(row)) for row in rows])
    return np.allclose(kept, unit(clips[rows // per_video, rows % per_video]), atol=1e-5)


def read_saved(faiss: Any, path: Path) -> Any | None:
    """A saved FAISS index, or None where there is none that can be read or it is not a flat one."""
    if not path.is_file():
        return None
    try:
        index = faiss.read_index(str(path))
    except (RuntimeError, MemoryError) as problem:
        log.warning("%s cannot be read (%s) and is rebuilt.", path, str(problem).splitlines()[0])
        return None
    return index if index.metric_type == faiss.METRIC_INNER_PRODUCT else None


def candidate_videos(
    index: ClipIndex, sentence: FloatArray, clips: int, videos: int, count: int
) -> list[int]:
    """The `count` videos with the nearest clips to one unit sentence (D,), nearest first.

    `clips` and `videos` are the collection's C and V. Many clips of one video come together, so the number
    of rows asked for doubles until enough different videos are among them.
    """
    count, rows = min(count, videos), min(count * 4, clips * videos)
    while True:
        found = index.nearest(sentence[None], rows)[0]
        distinct = list(dict.fromkeys((found[found >= 0] // clips).tolist()))
        if len(distinct) >= count or rows >= clips * videos:
            return distinct[:count]
        rows = min(rows * 2, clips * videos)


def candidate_recall(proposed: list[list[int]], exact: torch.Tensor, k: int = 10) -> float:
    """The share of the exact k best videos that were proposed; exact (Q, V) fused scores of the same queries."""
    best = exact.topk(min(k, exact.shape[1]), dim=1).indices.tolist()
    shared = [len(set(top) & set(rows)) / len(top) for top, rows in zip(best, proposed, strict=True)]
    return sum(shared) / len(shared)
