"""Parquet as viewers of embeddings read it: one row a point, a column of vectors, places, paths, pictures.

Renumics Spotlight takes `vector` as an embedding and `poster` as an image by its path; Apple's Embedding Atlas takes
`--vector vector`, or `--x x --y y`, and pictures from a column of (bytes, path), which `picture` is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from ral_core.errors import DataError, MissingDependency
from ral_core.export.rows import Columns
from ral_core.features.store import FeatureStore
from ral_core.files import replacing


def write_parquet(path: Path, blocks: Iterable[Columns], *, about: dict[str, str]) -> int:
    """Write blocks of columns as the row groups of one file, whole or not at all; returns how many rows there are.

    `about` is kept in the file's own metadata. Raises MissingDependency without pyarrow and DataError for no rows.
    """
    arrow, parquet = pyarrow()
    rows = 0
    with replacing(path) as temporary:
        writer = None
        try:
            for columns in blocks:
                table = as_table(arrow, columns, about)
                writer = writer or parquet.ParquetWriter(temporary, table.schema, compression="zstd")
                writer.write_table(table)
                rows += table.num_rows
        finally:
            if writer is not None:
                writer.close()
        if not rows:
            raise DataError(f"There is nothing to write to {path}.")
    return rows


def pyarrow() -> tuple[ModuleType, ModuleType]:
    """The package and its parquet part. Raises MissingDependency with the command that gets it."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingDependency("Parquet files need the package pyarrow: pip install pyarrow.") from None
    return pyarrow, pyarrow.parquet


def as_table(arrow: ModuleType, columns: Columns, about: dict[str, str]) -> Any:
    """Columns as an Arrow table; vectors (N, D) become lists of float32, which every reader takes."""
    arrays = {name: as_array(arrow, name, values) for name, values in columns.items()}
    return arrow.table(arrays).replace_schema_metadata(about)


def as_array(arrow: ModuleType, name: str, values: Any) -> Any:
    """One column; text columns stay text where every value is missing."""
    if isinstance(values, np.ndarray) and values.ndim == 2:
        flat = arrow.array(np.ascontiguousarray(values, dtype=np.float32).reshape(-1))
        offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
        return arrow.ListArray.from_arrays(arrow.array(offsets), flat)
    if isinstance(values, np.ndarray):
        return arrow.array(values)
    if name == "picture":
        return arrow.array(values, type=arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())]))
    return arrow.array(values, type=arrow.string())


def with_pictures(blocks: Iterable[Columns]) -> Iterator[Columns]:
    """The blocks with each row's poster inside the file, so that it can be looked at on another machine."""
    for columns in blocks:
        posters = [None if path is None else Path(path) for path in columns["poster"]]
        pictures = [path and {"bytes": path.read_bytes(), "path": path.name} for path in posters]
        yield columns | {"picture": pictures}


def raw_features(store: FeatureStore) -> Iterator[Columns]:
    """The frames of a feature folder, one video at a time, in the columns that `import-features` reads back."""
    for video in store:
        yield {
            "id": [video.id] * len(video),
            "second": np.asarray(video.times, dtype=np.float32),
            "duration": np.full(len(video), video.duration, dtype=np.float32),
            "vector": video.frames,
        }
