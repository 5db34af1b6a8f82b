"""How wide a query and a film are for the model, against everything else in the collection."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.models import RAL
from ral_core.search.gallery import Gallery
from ral_core.search.results import Uncertainty
from ral_core.tensors import QueryTokens

Array = NDArray[np.floating]


def percentile(value: float, reference: Array) -> float:
    """The share (0-100) of `reference` (N,) that lies below `value`; equal ones count half.

    >>> percentile(2.0, np.array([1.0, 2.0, 3.0]))
    50.0
    """
    below, equal = (reference < value).sum(), (reference == value).sum()
    return float(100.0 * (below + 0.5 * equal) / len(reference))


def deciles(values: Array) -> tuple[float, ...]:
    """Minimum, nine deciles and maximum."""
    return tuple(float(value) for value in np.quantile(values, np.linspace(0, 1, 11)))


@torch.inference_mode()
def uncertainty(gallery: Gallery, query: QueryTokens, row: int) -> Uncertainty | None:
    """Mean log variances and their percentiles; None where model or index has no Gaussians.

    Queries are compared with the index's reference sentences, films with the films of the index.
    """
    wanted = ("gaussian_log_var", "query_log_var")
    if not isinstance(gallery.model, RAL) or any(name not in gallery.folder for name in wanted):
        return None
    of_query = gallery.model.query_gaussian(query).log_var[0].cpu().numpy()
    of_videos = np.asarray(gallery.folder["gaussian_log_var"], dtype=np.float32)
    means, queries = of_videos.mean(axis=1), np.asarray(gallery.folder["query_log_var"])
    return Uncertainty(
        query=float(of_query.mean()),
        query_percentile=percentile(float(of_query.mean()), queries),
        video=float(means[row]),
        video_percentile=percentile(float(means[row]), means),
        queries=deciles(queries),
        videos=deciles(means),
        query_dims=tuple(of_query.tolist()),
        video_dims=tuple(of_videos[row].tolist()),
    )
