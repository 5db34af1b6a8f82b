"""Exports: other programs read what is written, numbers survive, and a failure leaves nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pyarrow.parquet as parquet
import pytest
from helpers_search import HashText, World
from world_server import make_site

from ral_core.analysis.maps import film_map, film_vectors
from ral_core.cli import main
from ral_core.data.groundtruth import read_qrels, read_run, trec
from ral_core.export import parquet as parquet_files
from ral_core.export.tables import Table, reported, write_table
from ral_core.export.trec import captions_of, run_lines
from ral_core.features.store import FeatureStore
from ral_core.files import write_json
from ral_core.search import engine, libraries


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_site(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture
def world(shipped: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The tiny world in the place of the shipped one."""
    monkeypatch.setattr(engine, "PRECOMPUTED", shipped.root)
    monkeypatch.setattr(libraries, "open_text_encoder", lambda *args, **kwargs: HashText())
    return shipped


def export(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict[str, object]:
    assert main(["export", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_film_vectors_as_parquet(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = export(capsys, "world-ral-tiny", "--what", "features", "--out", tmp_path / "a.parquet")
    table = parquet.read_table(tmp_path / "a.parquet")
    gallery = (explorer := world.open()).gallery(explorer.resolve(None, "world-ral-tiny"))
    assert said["rows"] == len(gallery) == table.num_rows
    assert table.column("id").to_pylist() == [video.id for video in gallery.videos]
    vectors = np.stack(table.column("vector").to_pandas().to_list())
    np.testing.assert_allclose(vectors, film_vectors(gallery), atol=1e-6)
    posters = table.column("poster").to_pylist()
    assert all(Path(path).is_file() for path in posters[:3]) and posters[3] is None
    assert table.schema.metadata[b"index"] == b"world-ral-tiny"


@pytest.mark.parametrize(("per", "array"), [("clip", "clips"), ("frame", "frames")])
def test_clips_and_frames_have_their_seconds(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], per: str, array: str
) -> None:
    export(capsys, "world-tiny", "--what", "features", "--per", per, "--out", tmp_path / "a.parquet")
    rows = parquet.read_table(tmp_path / "a.parquet").to_pandas()
    stored = np.asarray(world.indexes["tiny"][array], dtype=np.float32)
    np.testing.assert_allclose(np.stack(rows["vector"]), stored.reshape(-1, stored.shape[-1]))
    assert rows["id"].is_unique and set(rows["video"]) == {f"film-{number}" for number in range(7)}
    assert (rows["end"] > rows["start"]).all() and (rows["end"] <= rows["duration"] + 1e-3).all()
    one = rows[rows["video"] == "film-0"]
    np.testing.assert_allclose(one["start"][1:], one["end"][:-1], atol=1e-5)


def test_maps_as_parquet(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(capsys, "world-ral-tiny", "--what", "map", "--pictures", "--out", tmp_path / "a.parquet")
    rows = parquet.read_table(tmp_path / "a.parquet").to_pandas()
    points = film_map(world.open(), "world-ral-tiny", "pca").points
    np.testing.assert_allclose(rows[["pca_x", "pca_y"]], points, atol=1e-6)
    np.testing.assert_allclose(rows[["x", "y"]], points, atol=1e-6)  # no UMAP is fitted here, and it says so
    assert set(rows["map"]) == {"pca"}
    picture = rows["picture"][0]
    assert picture["bytes"][:2] == b"\xff\xd8" and picture["path"] == "film-0.jpg"
    assert rows["picture"][5] is None


def test_feature_folders_go_out_and_come_back(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = export(capsys, world.features, "--what", "features", "--out", tmp_path / "raw.parquet")
    assert said["encoder"] == "eyes@1"
    arguments = ["import-features", str(tmp_path / "raw.parquet"), "--encoder", "eyes@1"]
    assert main([*arguments, "--out", str(tmp_path / "back")]) == 0
    capsys.readouterr()
    before, after = FeatureStore.open(world.features), FeatureStore.open(tmp_path / "back")
    assert before.ids == after.ids
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)


def test_a_run_and_judgements_fit_together(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for what in ("run", "qrels"):
        export(capsys, "world-ral-tiny", "--what", what, "--out", tmp_path / what, "-k", 5)
    run, truth = read_run(tmp_path / "run"), read_qrels(tmp_path / "qrels")
    explorer = world.open()
    assert run.keys() == truth.keys() and len(run) == 7
    for number in range(3):
        found = explorer.search(f"a man number {number} kicks a red ball", 5, index="world-ral-tiny")
        assert run[f"film-{number}#0"] == tuple(hit.video for hit in found.hits)
        assert truth[f"film-{number}#0"] == set(found.truth.relevant)  # type: ignore[union-attr]
    assert main(["score-run", str(tmp_path / "run"), "--qrels", str(tmp_path / "qrels")]) == 0


def test_ids_with_blanks_stay_one_column() -> None:
    assert trec("a b\tc%20") == "a%20b%09c%2520"
    assert len(trec("ä\u00a0🎬\n").split()) == 1


def test_an_index_as_npz(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export(capsys, "world-ral-tiny", "--what", "npz", "--out", tmp_path / "index.npz")
    with np.load(tmp_path / "index.npz", allow_pickle=False) as arrays:
        assert list(arrays["ids"]) == [f"film-{number}" for number in range(7)]
        assert json.loads(str(arrays["manifest"]))["model"] == "ral-tiny"
        for name, stored in world.indexes["ral-tiny"].arrays.items():
            np.testing.assert_array_equal(arrays[name], stored)


def test_a_projector_folder(world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "board"
    for _ in range(2):  # the second time replaces the first
        export(capsys, "world-ral-tiny", "--what", "projector", "--out", folder)
    vectors = np.loadtxt(folder / "vectors.tsv", delimiter="\t")
    lines = (folder / "metadata.tsv").read_text().splitlines()
    assert len(vectors) == 7 and len(lines) == 8 and lines[0].split("\t")[0] == "id"
    assert {path.name for path in folder.iterdir()} == {
        "vectors.tsv", "metadata.tsv", "posters.png", "projector_config.pbtxt"
    }  # fmt: skip
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "diary.txt").write_text("dear")
    assert main(["export", "--what", "projector", "--out", str(tmp_path / "mine")]) == 1
    assert (tmp_path / "mine" / "diary.txt").read_text() == "dear"


@pytest.mark.parametrize("suffix", [".tex", ".csv", ".md"])
def test_leaderboards_as_tables(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    out = tmp_path / f"table{suffix}"
    assert export(capsys, "--what", "table", "--report", "test", "--out", out)["rows"] == 2
    text = out.read_text()
    assert text.index("ral-tiny") < text.rindex("tiny") and "50.0" in text and "SumR" in text


def test_the_zoos_table_has_spreads_and_costs(tmp_path: Path) -> None:
    def row(mean: float, seeds: int, size: int) -> dict[str, object]:
        names = ("R@1", "R@5", "R@10", "SumR", "hit@1", "R1@0.5", "mIoU")
        scores = {name: {"mean": mean, "std": 0.5} for name in names}
        return {"seeds": list(range(seeds)), "index_bytes": size, **scores}

    write_json(tmp_path / "zoo.json", {"systems": {"a_b": row(40.0, 3, 900), "c": row(30.0, 1, 500)}})
    table = reported(tmp_path, "zoo")
    write_table(tmp_path / "zoo.tex", table)
    text = (tmp_path / "zoo.tex").read_text()
    assert r"a\_b & \textbf{40.0 $\pm$ 0.5}" in text and r"& \textbf{500} \\" in text
    write_table(tmp_path / "zoo.csv", table)
    lines = (tmp_path / "zoo.csv").read_text().splitlines()
    assert lines[0].startswith("system,R@1,R@1 std") and lines[0].endswith(",index_bytes")
    assert lines[2].startswith("c,30.0,,30.0,")


def test_the_best_moment_of_a_query_is_cut(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    query, film = "a man number 1 kicks a red ball", "film-1"
    hits = world.open().search(query, 10, index="world-ral-tiny").hits
    hit = next(one for one in hits if one.video == film)
    said = export(
        capsys, "world-ral-tiny", "--what", "moment", "--query", query, "--video", film, "--out", tmp_path / "m.mp4"
    )  # fmt: skip
    assert (said["video"], said["start"]) == (film, hit.start)
    with av.open(str(tmp_path / "m.mp4")) as container:
        assert len(list(container.decode(video=0))) == said["pictures"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--what", "moment", "--video", "film-5", "--start", "0", "--end", "1"], "no video file"),
        (["--what", "moment", "--video", "film-1"], "which moment"),
        (["--what", "moment", "--video", "none", "--start", "0", "--end", "1"], "no film 'none'"),
        (["--what", "table", "--report", "nope"], "no report 'nope'"),
        (["--what", "table", "--report", "test"], "must end in"),
        (["--what", "run", "-k", "0"], "at least 1"),
        (["nope", "--what", "map"], "no index 'nope'"),
    ],
)
def test_failures_are_one_sentence_and_leave_nothing(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], expected: str
) -> None:
    assert main(["export", *arguments, "--out", str(tmp_path / "out.xyz")]) == 1
    said = capsys.readouterr().err.strip()
    assert expected in said and "\n" not in said and said.endswith(".")
    assert list(tmp_path.iterdir()) == []


def test_without_pyarrow_a_sentence_says_what_to_install(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    assert main(["export", "--what", "map", "--out", str(tmp_path / "a.parquet")]) == 1
    assert "pip install pyarrow" in capsys.readouterr().err


def test_a_disk_that_fills_up_leaves_no_file(tmp_path: Path) -> None:
    def blocks():  # type: ignore[no-untyped-def]
        yield {"id": ["a"], "vector": np.zeros((1, 2), np.float32)}
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        parquet_files.write_parquet(tmp_path / "a.parquet", blocks(), about={})
    assert list(tmp_path.iterdir()) == []


def test_missing_numbers_are_dashes(tmp_path: Path) -> None:
    table = Table(("model", "R@1", "mIoU"), (("a", ((1.0, None), None)), ("b", ((2.0, None), (3.0, None)))))
    write_table(tmp_path / "t.md", table)
    assert "| a | 1.0 | – |" in (tmp_path / "t.md").read_text()


def test_a_video_of_several_windows_stands_once_in_a_run(world: World) -> None:
    explorer = world.open()
    entry = explorer.resolve(None, "world-ral-tiny")
    gallery = explorer.gallery(entry)
    before = [line.split() for line in run_lines(explorer, entry, captions_of(explorer, entry)[:1], 7)]
    windows = {"film-2", "film-4"}
    gallery.videos = tuple(
        replace(video, source="long film") if video.id in windows else video for video in gallery.videos
    )
    lines = [line.split() for line in run_lines(explorer, entry, captions_of(explorer, entry)[:1], 7)]
    assert len(lines) == len(before) - 1
    best = max(float(line[4]) for line in before if line[2] in windows)
    assert [float(line[4]) for line in lines if line[2] == "long%20film"] == [best]
    assert [int(line[3]) for line in lines] == list(range(1, len(lines) + 1))
