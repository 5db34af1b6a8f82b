"""From n frames to a fixed number of rows, and rows of length 1.

Source: the preprocessing shared by MS-SL, GMMFormer and RAL.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Rows = TypeVar("Rows", NDArray[np.floating], Tensor)
EPS = 1e-5
"""Added to a row's length before dividing, as the official preprocessing does (not a lower bound)."""


def bin_edges(length: int, count: int, *, legacy: bool = False) -> NDArray[np.int64]:
    """The count + 1 edges that cut `length` rows into `count` bins; bin k is [edge k, edge k + 1).

    A bin whose edges are equal stands for the row at its edge, so short inputs repeat rows. Every row is in a
    bin. The official edges (`legacy`) round half to even and stop at the last row, which for one and a half
    times `count` rows or more never counts.

    >>> bin_edges(5, 2).tolist(), bin_edges(5, 2, legacy=True).tolist()
    ([0, 2, 5], [0, 2, 4])
    """
    steps = np.arange(count + 1)
    if legacy:
        return np.minimum(np.round(steps / count * length), length - 1).astype(np.int64)
    return steps * length // count


def pool_rows(rows: Rows, count: int, *, legacy: bool = False) -> Rows:
    """Mean of the rows of each bin: (n, D) to (count, D), array or tensor as given; sums run in float64.

    Raises ValueError for no rows. `legacy`: see `bin_edges`.
    """
    if not len(rows):
        raise ValueError("there are no rows to pool")
    edges = bin_edges(len(rows), count, legacy=legacy)
    array = rows.numpy(force=True) if isinstance(rows, Tensor) else rows
    starts = edges if legacy else edges[:-1]  # reduceat's last bin runs to the end of the rows
    sums = np.add.reduceat(array.astype(np.float64), starts, axis=0)[:count]
    means = (sums / np.maximum(np.diff(edges), 1)[:, None]).astype(array.dtype)
    return torch.from_numpy(means).to(rows.device) if isinstance(rows, Tensor) else means


def unit_rows(rows: Rows) -> Rows:
    """Rows (..., D) divided by their length plus `EPS`, array or tensor as given."""
    if isinstance(rows, Tensor):
        return rows / (rows.norm(dim=-1, keepdim=True) + EPS)
    return rows / (np.linalg.norm(rows, axis=-1, keepdims=True) + EPS)


def pool_ragged(
    rows: NDArray[np.floating], lengths: NDArray[np.int64], count: int, *, legacy: bool = False
) -> NDArray[np.float64]:
    """`pool_rows` of many items at once: rows (sum n, D) end to end, lengths (B,) to (B, count, D)."""
    steps, size = np.arange(count + 1), lengths[:, None]
    if legacy:
        edges = np.minimum(np.round(steps / count * size), size - 1).astype(np.int64)
    else:
        edges = steps * size // count
    starts = edges + (np.cumsum(lengths) - lengths)[:, None]
    padded = np.concatenate([rows, np.zeros_like(rows[:1])])  # the last edge may be the end of the rows
    sums = np.add.reduceat(padded.astype(np.float64), starts.ravel(), axis=0)
    means = sums.reshape(len(lengths), count + 1, -1)[:, :-1]
    return means / np.maximum(np.diff(edges), 1)[..., None]
