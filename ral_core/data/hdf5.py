"""HDF5 files with one array an item, as the papers' word features and CLIP features come."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.errors import DataError, MissingDependency


@dataclass(frozen=True)
class ArrayFile:
    """Arrays (L, D) by name. The file is opened when first read, once in each process that reads it.

    A handle that was open before a fork would share its place in the file with the other process, so a handle is
    kept with the process that opened it and never travels.
    """

    path: Path
    _open: dict[int, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def file(self) -> Any:
        """The open file. Raises DataError when it is missing or no HDF5 file."""
        if os.getpid() not in self._open:
            self._open.clear()
            self._open[os.getpid()] = opened(self.path)
        return self._open[os.getpid()]

    @property
    def width(self) -> int:
        """Width of the rows, by the first array."""
        name = next(iter(self.file), None)
        if name is None:
            raise DataError(f"{self.path} holds no arrays.")
        return self._matrix(name).shape[-1]

    def require(self, names: Iterable[str], what: str) -> None:
        """Raise DataError, naming the first, when some of `names` are missing."""
        names = list(names)
        missing = [name for name in names if name not in self.file]
        if missing:
            raise DataError(
                f"{self.path} lacks {len(missing)} of the {len(names)} {what}, for example {missing[0]!r}; "
                "get the file that belongs to these captions."
            )

    def read(self, name: str, most: int | None = None) -> NDArray[np.float32]:
        """The rows of one array, at most the first `most`. Raises DataError, naming it, for what is no matrix."""
        try:
            return np.asarray(self._matrix(name)[:most], dtype=np.float32)
        except OSError as problem:
            raise DataError(
                f"{self.path}: {name!r} cannot be read ({problem}); copy the file again."
            ) from None

    def _matrix(self, name: str) -> Any:
        array = self.file[name]
        shape = getattr(array, "shape", None)
        if shape is None or len(shape) != 2 or not all(shape):
            raise DataError(f"{self.path}: {name!r} has shape {shape}, expected rows of features.")
        return array

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_open": {}}


def opened(path: Path) -> Any:
    """The HDF5 file at `path`, for reading."""
    try:
        import h5py
    except ImportError:
        raise MissingDependency(
            f"{path} is an HDF5 file; install h5py to read it: pip install h5py."
        ) from None
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    try:
        return h5py.File(path, "r")
    except OSError as problem:
        raise DataError(
            f"{path} cannot be read as an HDF5 file ({problem}); it may be cut short: copy it again."
        ) from None
