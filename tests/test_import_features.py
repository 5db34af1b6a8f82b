"""Features extracted elsewhere become a feature folder, or a sentence says which video and row is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from ral_core.cli import main
from ral_core.errors import DataError
from ral_core.features.importing import ImportConfig, import_features
from ral_core.features.store import write_features

CONFIG = ImportConfig(encoder="other/one", fps=5)
ROWS = {"a": np.arange(12, dtype=np.float32).reshape(4, 3), "b": np.ones((2, 3), dtype=np.float32)}


def source(kind: str, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    if kind in ("npy", "npz"):
        for name, rows in ROWS.items():
            np.save(folder / f"{name}.npy", rows) if kind == "npy" else np.savez(
                folder / f"{name}.npz", x=rows
            )
        return folder
    if kind == "safetensors":
        save_file(ROWS, folder / "all.safetensors")
        return folder / "all.safetensors"
    h5py = pytest.importorskip("h5py", reason="h5py reads HDF5 files")
    with h5py.File(folder / "all.h5", "w") as file:
        for name, rows in ROWS.items():
            file[name] = rows
    return folder / "all.h5"


@pytest.mark.parametrize("kind", ["npy", "npz", "safetensors", "h5"])
def test_sources_give_the_same_folder_as_our_own_writer(kind: str, tmp_path: Path) -> None:
    store = import_features(source(kind, tmp_path / "in"), tmp_path / "out", CONFIG)
    assert set(store.ids) == {"a", "b"} and store.fps == 5 and store.encoder == "other/one"
    ours = write_features(tmp_path / "ours", list(store), encoder="other/one", fps=5)
    for name, rows in ROWS.items():
        np.testing.assert_array_equal(store.video(name).frames, rows)
        np.testing.assert_array_equal(ours.video(name).times, np.arange(len(rows), dtype=np.float32) / 5)
    store.verify()
    assert not [path for path in (tmp_path / "out").iterdir() if "part" in path.name]


def test_missing_surplus_and_not_a_number_are_named(tmp_path: Path) -> None:
    folder = source("npy", tmp_path / "in")
    with pytest.raises(DataError, match="lacks 1 of 3 ids, for example 'c'"):
        import_features(folder, tmp_path / "out", CONFIG, wanted=["a", "b", "c"])
    with pytest.raises(DataError, match="features of 'b'"):
        import_features(folder, tmp_path / "out", CONFIG, wanted=["a"])
    rows = ROWS["a"].copy()
    rows[2, 1] = np.nan
    np.save(folder / "a.npy", rows)
    with pytest.raises(DataError, match="'a' hold a value in row 2"):
        import_features(folder, tmp_path / "out", CONFIG)
    assert not list((tmp_path / "out").iterdir())


def test_clips_are_joined_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        np.save(tmp_path / f"x_y_{number}.npy", np.full(3, number, dtype=np.float32))
    config = ImportConfig(encoder="e", clip_ids=r"(?P<video>.+)_(?P<clip>\d+)")
    video = import_features(tmp_path, tmp_path / "out", config).video("x_y")
    assert video.frames[:, 0].tolist() == [1, 2, 10]


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = source("npy", tmp_path / "in")
    arguments = ["import-features", str(folder), "--encoder", "e", "--out", str(tmp_path / "out"), "--json"]
    assert main(arguments) == 0 and '"videos": 2' in capsys.readouterr().out
