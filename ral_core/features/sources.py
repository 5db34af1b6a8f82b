"""Files of features made elsewhere, as items: an id with its rows, and their times where the file has them.

A source is a folder of .npy or .npz files (one an item), one .npy matrix with a list of ids, an HDF5 or safetensors
file (one array an item, or one group), a BigFile, or a parquet table with a column of vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.data.bigfile import FRAMES, SHAPE, BigFile
from ral_core.data.hdf5 import opened
from ral_core.data.official import BigFrames
from ral_core.errors import DataError, MissingDependency
from ral_core.files import read_jsonl, read_text

Array = NDArray[Any]
IDS = ("id", "video", "video_id", "vid", "item_id", "name")
PICKLES = {".pt", ".pth", ".pkl", ".pickle"}


@dataclass(frozen=True)
class Item:
    """What a file has about one video, or about one clip."""

    id: str
    rows: Array
    times: Array | None = None
    """(F,) seconds."""


@dataclass(frozen=True, kw_only=True)
class Names:
    """What arrays are called that belong to one item: names within an .npz file, an HDF5 group or a parquet table,
    or the endings of the names in a folder of .npy files, a safetensors or a flat HDF5 file (`_clip`)."""

    rows: str | None = None
    times: str | None = None
    """Milliseconds where the name ends in `ms`, else seconds."""

    def seconds(self, times: Any) -> Array:
        """Times as seconds."""
        return np.asarray(times, dtype=np.float64).reshape(-1) / (
            1000.0 if (self.times or "").endswith("ms") else 1.0
        )


def read_source(source: Path, names: Names, row_ids: Path | None = None) -> Iterator[Item]:
    """The items at `source`, one in memory at a time; `row_ids` names the rows of a single matrix.

    Raises DataError for what is missing, damaged or of no known kind.
    """
    if not source.exists():
        raise DataError(f"There is no file or folder {source}.")
    if (source / SHAPE).is_file():
        return from_bigfile(source)
    if source.is_dir():
        return from_folder(source, names)
    readers: dict[str, Callable[[], Iterator[Item]]] = {
        ".npy": lambda: from_matrix(source, row_ids),
        ".h5": lambda: from_hdf5(source, names),
        ".hdf5": lambda: from_hdf5(source, names),
        ".safetensors": lambda: from_safetensors(source, names),
        ".parquet": lambda: from_parquet(source, names),
    }
    if source.suffix.lower() not in readers:
        why = "may run code when read; save it with numpy" if source.suffix in PICKLES else "cannot be read"
        raise DataError(f"{source} {why}. Known kinds: {', '.join(readers)}, and folders.")
    return readers[source.suffix.lower()]()


def from_bigfile(folder: Path) -> Iterator[Item]:
    """Videos of a BigFile, or its single rows where it does not say which belong together."""
    if (folder / FRAMES).is_file():
        big = BigFrames.open(folder)
        for video in big.frames:
            yield Item(video, big.read([video])[0])
        return
    flat = BigFile.open(folder)
    for name, row in flat.names.items():
        yield Item(name, flat.rows[row])


def from_folder(folder: Path, names: Names) -> Iterator[Item]:
    """One .npy or .npz file an item, called by its path below the folder."""
    files = {
        path.relative_to(folder).with_suffix("").as_posix(): path
        for path in sorted(folder.rglob("*"))
        if path.suffix in (".npy", ".npz")
    }
    if not files:
        raise DataError(f"{folder} holds no .npy or .npz files.")
    packed = {name: path for name, path in files.items() if path.suffix == ".npz"}
    for name, path in packed.items():
        with loaded(path) as arrays:
            yield in_group(name, arrays, names, path)
    if len(packed) < len(files):
        arrays = {name: path for name, path in files.items() if path.suffix == ".npy"}
        yield from flat_items(arrays, lambda name: loaded(arrays[name]), names, folder)


def from_matrix(path: Path, row_ids: Path | None) -> Iterator[Item]:
    """The rows of one matrix (N, Dv), named by a list: a text file, or a jsonl with ids."""
    if row_ids is None:
        raise DataError(f"{path} is one matrix; say what its rows are with --row-ids FILE.")
    rows = loaded(path)
    if row_ids.suffix == ".jsonl":
        ids = [str(id_in(row, f"{row_ids}, line {n}")) for n, row in enumerate(read_jsonl(row_ids), start=1)]
    else:
        ids = [line.strip() for line in read_text(row_ids).splitlines() if line.strip()]
    if rows.ndim != 2 or len(rows) != len(ids):
        raise DataError(f"{path} has shape {rows.shape}, but {row_ids} names {len(ids)} rows.")
    for name, row in zip(ids, rows, strict=True):
        yield Item(name, row)


def from_hdf5(path: Path, names: Names) -> Iterator[Item]:
    """One array or one group an item."""
    file = opened(path)
    groups = [name for name in file if not hasattr(file[name], "shape")]
    for name in groups:
        yield in_group(name, file[name], names, path)
    arrays = [name for name in file if hasattr(file[name], "shape")]
    if arrays:
        yield from flat_items(arrays, lambda name: file[name][...], names, path)


def from_safetensors(path: Path, names: Names) -> Iterator[Item]:
    """One tensor an item."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            yield from flat_items(list(file.keys()), file.get_tensor, names, path)
    except (SafetensorError, OSError, TypeError) as problem:
        raise DataError(f"{path} cannot be read ({problem}); copy it again, as float32 or float16.") from None


def from_parquet(path: Path, names: Names) -> Iterator[Item]:
    """A column of ids and one of vectors; rows of one id that follow each other are one item."""
    try:
        import pyarrow.parquet as parquet  # type: ignore[import-untyped,import-not-found,unused-ignore]
    except ImportError:
        raise MissingDependency(f"{path} is parquet; to read it: pip install pyarrow.") from None
    try:
        table = parquet.ParquetFile(path)
    except (OSError, ValueError) as problem:
        raise DataError(f"{path} cannot be read ({problem}); copy it again.") from None
    columns = table.schema_arrow.names
    which = next((name for name in IDS if name in columns), None)
    lists = [field.name for field in table.schema_arrow if "list" in str(field.type)]
    key = names.rows or (lists[0] if len(lists) == 1 else "vector")
    if which is None or key not in columns or (names.times and names.times not in columns):
        wanted = f"a column {' or '.join(IDS)} and a column {key}"
        raise DataError(f"{path} needs {wanted}, but has {', '.join(columns)}; name the vectors with --key.")
    chosen = [which, key, *([names.times] if names.times else [])]
    name: str | None = None
    rows: list[Array] = []
    times: list[Any] = []
    done: set[str] = set()

    def item(name: str) -> Item:
        return Item(name, np.stack(rows), names.seconds(times) if names.times else None)

    for batch in table.iter_batches(1024, columns=chosen):
        vectors = batch.column(key).to_numpy(zero_copy_only=False)
        at = batch.column(names.times).to_pylist() if names.times else [None] * len(vectors)
        for given, vector, time in zip(batch.column(which).to_pylist(), vectors, at, strict=True):
            if vector is None or (rows and vector.shape != rows[0].shape and str(given) == name):
                raise DataError(f"{path}: {given!r} has vectors of different widths, or none.")
            if name is not None and str(given) != name:
                yield item(name)
                done.add(name)
                rows, times = [], []
            name = str(given)
            if name in done:
                raise DataError(f"{path}: rows of {name!r} do not follow each other; sort the table by id.")
            rows.append(vector)
            times.append(time)
    if name is not None:
        yield item(name)


def in_group(name: str, arrays: Mapping[str, Any], names: Names, path: Path) -> Item:
    """An item whose arrays lie together under their own names."""
    inside = list(arrays)
    others = [one for one in inside if one != names.times]
    key = names.rows or (others[0] if len(others) == 1 else None)
    for wanted in (key, names.times):
        if wanted is not None and wanted not in inside:
            raise DataError(f"{path}: {name!r} has no array {wanted!r}, only {', '.join(inside)}.")
    if key is None:
        raise DataError(f"{path}: {name!r} holds {', '.join(inside) or 'nothing'}; name one with --key.")
    times = None if names.times is None else names.seconds(arrays[names.times][...])
    return Item(name, np.asarray(arrays[key][...]), times)


def flat_items(
    arrays: Sequence[str] | Mapping[str, Any], read: Callable[[str], Array], names: Names, path: Path
) -> Iterator[Item]:
    """Items whose arrays lie side by side: `<id>` and the ending of their kind."""
    ending = names.rows or ""
    chosen = [
        name
        for name in arrays
        if name.endswith(ending) and not (names.times and name.endswith(names.times) and not ending)
    ]
    if not chosen:
        raise DataError(f"{path}: no name ends in {ending!r}; there is {next(iter(arrays), 'nothing')!r}.")
    for name in chosen:
        stem = name.removesuffix(ending)
        times = None
        if names.times is not None:
            if stem + names.times not in arrays:
                raise DataError(f"{path}: {name!r} has no times; there is no {stem + names.times!r}.")
            times = names.seconds(read(stem + names.times))
        yield Item(stem, read(name), times)


def id_in(row: Mapping[str, Any], where: str) -> Any:
    """The id in a row of a table. Raises DataError where there is none."""
    for name in IDS:
        if name in row:
            return row[name]
    raise DataError(f"{where}: it has none of {', '.join(IDS)}.")


def loaded(path: Path) -> Any:
    """The array of an .npy file, memory-mapped, or the arrays of an .npz file; never pickles."""
    try:
        return np.load(path, mmap_mode="r" if path.suffix == ".npy" else None, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        raise DataError(f"{path} cannot be read ({problem}); copy it again.") from None
