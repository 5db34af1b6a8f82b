"""Features extracted elsewhere become a feature folder, or a sentence says which video and row is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from tiny_joint import tiny_clip

from ral_core.cli import main
from ral_core.errors import DataError
from ral_core.features.importing import ImportConfig, import_features, read_clip_times
from ral_core.features.sources import Names
from ral_core.features.store import write_features
from ral_core.search.engine import Explorer

CONFIG = ImportConfig(encoder="other/one", fps=5)
ROWS = {"a": np.arange(12, dtype=np.float32).reshape(4, 3), "b": np.ones((2, 3), dtype=np.float32)}
TIMES = {"a": np.array([0.0, 100, 250, 900]), "b": np.array([10.0, 20])}
CLIP = r"(?P<video>.+)_(?P<clip>\d+)"
KINDS = ("npy", "npz", "safetensors", "h5", "groups", "parquet", "bigfile", "columns")
REAL = Path(__file__).resolve().parents[2] / "shared" / "annotations" / "real_features"


def source(kind: str, folder: Path) -> Path:
    """The rows (and times, in ms, where the kind can have them) as a source of a kind."""
    folder.mkdir(exist_ok=True)
    flat = {f"{name}_x": rows for name, rows in ROWS.items()} | {
        f"{name}_ms": at for name, at in TIMES.items()
    }
    if kind == "npy":
        for name, rows in flat.items():
            np.save(folder / f"{name}.npy", rows)
    elif kind == "npz":
        for name, rows in ROWS.items():
            np.savez(folder / f"{name}.npz", _x=rows, _ms=TIMES[name])
    elif kind == "bigfile":
        names = [f"{video}_{row}" for video, rows in ROWS.items() for row in range(len(rows))]
        (folder / "shape.txt").write_text(f"{len(names)} 3")
        (folder / "id.txt").write_text(" ".join(names))
        np.concatenate(list(ROWS.values())).astype("<f4").tofile(folder / "feature.bin")
        owned = {video: [f"{video}_{row}" for row in range(len(rows))] for video, rows in ROWS.items()}
        (folder / "video2frames.txt").write_text(str(owned))
    elif kind == "safetensors":
        save_file(flat, folder / "all.safetensors")
        return folder / "all.safetensors"
    elif kind in ("parquet", "columns"):
        arrow = pytest.importorskip("pyarrow", reason="pyarrow reads parquet")
        parquet = pytest.importorskip("pyarrow.parquet", reason="pyarrow reads parquet")
        vectors = [row.tolist() for rows in ROWS.values() for row in rows]
        ids = [name for name, rows in ROWS.items() for _ in rows]
        column = (
            arrow.array(vectors)
            if kind == "parquet"
            else arrow.array(vectors, arrow.list_(arrow.float32(), 3))
        )
        columns = {"video": ids, "_x": column, "_ms": np.concatenate(list(TIMES.values()))}
        parquet.write_table(arrow.table(columns), folder / "all.parquet")
        return folder / "all.parquet"
    else:
        h5py = pytest.importorskip("h5py", reason="h5py reads HDF5 files")
        with h5py.File(folder / "all.h5", "w") as file:
            for name, rows in flat.items():
                file[name if kind == "h5" else name.replace("_", "/_")] = rows
        return folder / "all.h5"
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_sources_give_the_same_folder_as_our_own_writer(kind: str, tmp_path: Path) -> None:
    config = ImportConfig(encoder="other/one", fps=5, names=Names(rows="_x"))
    store = import_features(source(kind, tmp_path / "in"), tmp_path / "out", config)
    assert set(store.ids) == {"a", "b"} and store.fps == 5 and store.encoder == "other/one"
    ours = write_features(tmp_path / "ours", list(store), encoder="other/one", fps=5)
    for name, rows in ROWS.items():
        np.testing.assert_array_equal(store.video(name).frames, rows)
        np.testing.assert_array_equal(ours.video(name).times, np.arange(len(rows), dtype=np.float32) / 5)
    store.verify()
    assert not [path for path in (tmp_path / "out").iterdir() if "part" in path.name]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "bigfile"])
def test_times_of_a_file_are_kept(kind: str, tmp_path: Path) -> None:
    config = ImportConfig(encoder="e", names=Names(rows="_x", times="_ms"))
    store = import_features(source(kind, tmp_path / "in"), tmp_path / "out", config)
    for name, times in TIMES.items():
        np.testing.assert_allclose(store.video(name).times, times / 1000, rtol=1e-6)
    assert store.video("a").duration == pytest.approx(0.9 + 0.65)


def test_rates_lengths_and_spreading(tmp_path: Path) -> None:
    folder, names = source("npy", tmp_path / "in"), Names(rows="_x")
    rates = ImportConfig(encoder="e", names=names, rates={"a": 4.0, "b": 1.0})
    store = import_features(folder, tmp_path / "rates", rates)
    assert store.video("a").times.tolist() == [0, 0.25, 0.5, 0.75] and store.durations == (1.0, 2.0)
    spread = ImportConfig(encoder="e", names=names, spread=True)
    store = import_features(folder, tmp_path / "spread", spread, durations={"a": 8.0, "b": 2.0})
    assert store.video("a").times.tolist() == [1, 3, 5, 7] and store.durations == (8.0, 2.0)
    with pytest.raises(DataError, match="length of 'b' is not known"):
        import_features(folder, tmp_path / "no", spread, durations={"a": 8.0})
    with pytest.raises(DataError, match="rates lacks 'b'"):
        import_features(folder, tmp_path / "no", ImportConfig(encoder="e", names=names, rates={"a": 1.0}))


def test_a_rate_that_cannot_be_is_told_from_one_that_is_odd(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", np.ones((100, 3)))
    with pytest.raises(
        DataError, match=r"'v' go on to 19.8 s, but the video lasts 10.0 s; at 10 rows a second"
    ):
        import_features(tmp_path, tmp_path / "out", CONFIG, durations={"v": 10.0})
    said: list[str] = []
    import_features(tmp_path, tmp_path / "out", CONFIG, durations={"v": 100.0}, say=said.append)
    assert "less than half their length" in said[0]
    np.save(tmp_path / "w.npy", np.zeros((2, 3)))
    said.clear()
    import_features(tmp_path, tmp_path / "out2", CONFIG, durations={"v": 20.0}, say=said.append)
    assert ["known length" in said[0], "zeros" in said[1]] == [True, True]


def test_missing_surplus_and_not_a_number_are_named(tmp_path: Path) -> None:
    folder, config = source("npy", tmp_path / "in"), ImportConfig(encoder="e", names=Names(rows="_x"))
    with pytest.raises(DataError, match="lacks 1 of 3 ids, for example 'c'"):
        import_features(folder, tmp_path / "out", config, wanted=["a", "b", "c"])
    with pytest.raises(DataError, match="features of 'b'"):
        import_features(folder, tmp_path / "out", config, wanted=["a"])
    rows = ROWS["a"].copy()
    rows[2, 1] = np.nan
    np.save(folder / "a_x.npy", rows)
    with pytest.raises(DataError, match="'a' hold a value in row 2"):
        import_features(folder, tmp_path / "out", config)
    assert not list((tmp_path / "out").iterdir())


def test_clips_are_joined_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for number in (10, 2, 1):
        np.save(tmp_path / f"x_y_{number}.npy", np.full(3, number, dtype=np.float32))
    config = ImportConfig(encoder="e", fps=0.1, pattern=CLIP)
    video = import_features(tmp_path, tmp_path / "out", config).video("x_y")
    assert video.frames[:, 0].tolist() == [1, 2, 10] and video.times.tolist() == [15, 25, 105]
    np.save(tmp_path / "x_y_02.npy", np.ones(3))
    with pytest.raises(DataError, match="Clip 2 of 'x_y' comes twice"):
        import_features(tmp_path, tmp_path / "out", config)


def test_a_matrix_takes_names_and_times_of_clips_from_tables(tmp_path: Path) -> None:
    np.save(tmp_path / "all.npy", np.arange(9.0).reshape(3, 3))
    (tmp_path / "ids.jsonl").write_text("".join(f'{{"video": "{name}"}}\n' for name in ("v_1", "v_0", "w_0")))
    (tmp_path / "times.csv").write_text("id,start,end\nv_0,0,4\nv_1,4,10\nw_0,1,3\n")
    config = ImportConfig(encoder="e", pattern=CLIP)
    times = read_clip_times(tmp_path / "times.csv", CLIP)
    source, ids = tmp_path / "all.npy", tmp_path / "ids.jsonl"
    store = import_features(source, tmp_path / "out", config, row_ids=ids, clip_times=times)
    assert store.video("v").frames[:, 0].tolist() == [3, 0] and store.video("v").times.tolist() == [2, 7]
    (tmp_path / "captions.jsonl").write_text(
        "".join(json.dumps({"film": "v", "start": s, "end": s + 2}) + "\n" for s in (0, 4))
    )
    assert read_clip_times(tmp_path / "captions.jsonl", CLIP) == {("v", 0): (0, 2), ("v", 1): (4, 6)}
    del times["w", 0]
    with pytest.raises(DataError, match="no time for clip 0 of 'w'"):
        import_features(source, tmp_path / "out", config, row_ids=ids, clip_times=times)
    with pytest.raises(DataError, match="say what its rows are"):
        import_features(source, tmp_path / "out", config)


BAD = {
    "text": np.array([["a", "b"]]),
    "cube": np.ones((2, 3, 4)),
    "empty": np.ones((0, 3)),
}


@pytest.mark.parametrize("rows", BAD.values(), ids=BAD)
def test_arrays_that_are_no_rows_of_numbers_are_refused(rows: np.ndarray, tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", rows)
    with pytest.raises(DataError, match="'v'"):
        import_features(tmp_path, tmp_path / "out", CONFIG)


def test_files_of_no_known_kind_are_refused(tmp_path: Path) -> None:
    for name in ("v.pt", "v.txt", "v.npy", "v.parquet", "v.safetensors", "v.h5"):
        (tmp_path / name).write_text("nothing")
        (tmp_path / "ids.txt").write_text("v\n")
        with pytest.raises(DataError, match=name):
            import_features(tmp_path / name, tmp_path / "out", CONFIG, row_ids=tmp_path / "ids.txt")
    for pattern in ("(", "x", CLIP):
        with pytest.raises(DataError, match=r"pattern|group|fit"):
            import_features(
                source("npy", tmp_path / "in"), tmp_path / "out", ImportConfig(encoder="e", pattern=pattern)
            )
    for key in (None, "_y"):
        with pytest.raises(DataError, match=r"name one with --key|no array '_y'"):
            config = ImportConfig(encoder="e", names=Names(rows=key))
            import_features(source("npz", tmp_path / "packed"), tmp_path / "out", config)


def test_the_verb(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = source("npy", tmp_path / "in")
    (tmp_path / "rates.csv").write_text("id,fps\na,4\nb,2\n")
    arguments = [
        "import-features",
        str(folder),
        "--encoder",
        "e",
        "--out",
        str(tmp_path / "out"),
        "--key",
        "_x",
    ]
    assert main([*arguments, "--fps", str(tmp_path / "rates.csv"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["videos"], told["rows"], told["seconds"], told["notes"]) == (2, 6, 2.0, [])
    assert main([*arguments, "--clip-times", "x"]) == 1


def test_embeddings_of_an_encoder_that_is_here_are_searchable_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip, folder, out = tiny_clip(tmp_path / "clip"), tmp_path / "in", tmp_path / "mine" / "features"
    folder.mkdir()
    random = np.random.default_rng(0)
    for name in "abc":
        np.save(folder / f"{name}.npy", random.standard_normal((4, 16)))
    arguments = ["import-features", str(folder), "--encoder", f"joint:{clip}", "--out", str(out)]
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["index"].endswith("mine-zero_shot")
    hits = Explorer.open(out.parent, device="cpu").search("a b").hits
    assert {hit.video for hit in hits} == set("abc") and not any(hit.media for hit in hits)
    np.save(folder / "d.npy", np.ones((4, 15)))
    assert main(arguments) == 1 and "'d' are 15 wide, but those of" in capsys.readouterr().err


@pytest.mark.skipif(not REAL.is_dir(), reason="the published features are not beside this repository")
def test_published_features_with_their_own_timestamps(tmp_path: Path) -> None:
    folder = REAL / "activitynet_v_GGSY1Qvo990"
    pattern = r"clip__(?P<video>.{13})_ViT-B_32_1_5"
    (tmp_path / "in").mkdir()
    for path in folder.glob("clip__*_1_5_*.npy"):
        (tmp_path / "in" / path.name).write_bytes(path.read_bytes())
    config = ImportConfig(encoder="clip", names=Names(rows="_clip", times="_timestamps_ms"), pattern=pattern)
    store = import_features(tmp_path / "in", tmp_path / "out", config, durations={"v_GGSY1Qvo990": 18.16})
    video = store.video("v_GGSY1Qvo990")
    assert video.frames.shape == (90, 512) and video.times[-1] == pytest.approx(17.8)
