"""Captions and features of one's own: divided by video, trained on, indexed, and judged on videos never seen."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_joint import tiny_clip
from tiny_world import WIDTH, TinyText, write_split

from ral_core.cli import main
from ral_core.data.captions import Caption, read_captions
from ral_core.errors import DataError
from ral_core.features.encoders import open_text_encoder
from ral_core.features.store import FeatureStore, VideoFeatures, write_features
from ral_core.features.windows import lengths_of, source_of
from ral_core.files import read_json
from ral_core.index.folder import open_index
from ral_core.index.own import index_library, renew_indexes
from ral_core.models.checkpoint import load_model, save_model
from ral_core.models.zero_shot import ZeroShot, zero_shot_config
from ral_core.search.engine import Explorer
from ral_core.training.before_after import by_source, chance, comparison
from ral_core.training.config import read_config
from ral_core.training.own import (
    collection_of,
    divided,
    feature_folder,
    own_captions,
    part_split,
    placed,
    scaled,
)
from ral_core.training.ridge import Ridge

FILMS = 24
TINY = """
name = "ral"
[model]
name = "gmmformer_v2"
ral = true
width = 16
heads = 2
clips = 4
max_frames = 16
windows = [0.0, 1.0]
[training]
epochs = 2
"""


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library of features alone, with a csv of its captions."""
    folder = tmp_path / "mine"
    write_split(folder / "features", films=FILMS, seed=3)
    captions = read_captions(folder / "features" / "captions.jsonl")
    (folder / "features" / "captions.jsonl").unlink()
    with (tmp_path / "captions.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["Video", "Start", "End", "Sentence"])
        rows.writerows([c.film, f"00:00:{c.start:06.3f}", c.end, c.text] for c in captions)
    return folder


def windowed(folder: Path) -> FeatureStore:
    """Two files, one of them in two windows of 10 s."""
    rows = np.ones((5, 3), dtype=np.float32)
    times = np.arange(5, dtype=np.float32) * 2
    videos = [
        VideoFeatures("a.mp4#0", rows, times, 10.0),
        VideoFeatures("a.mp4#1", rows, times + 10, 10.0, start=10.0),
        VideoFeatures("b.mp4", rows, times, 10.0),
    ]
    return write_features(folder, videos, encoder="e")


def caption(film: str, start: float = math.nan, end: float = math.nan, *others: str) -> Caption:
    return Caption(f"{film}#{start}", film, "a dog", "full", start, end, (film, *others), 1 + len(others))


def test_captions_go_to_the_window_that_holds_most_of_their_moment(tmp_path: Path) -> None:
    found = placed(
        [
            caption("a.mp4", 8, 16),
            caption("a.mp4"),
            caption("b.mp4", 1, 2, "a.mp4"),
            caption("b.mp4"),
            caption("gone", 1, 2),
            caption("a.mp4#0", 1, 2),
        ],
        windowed(tmp_path),
    )
    assert [one.film for one in found.captions] == ["a.mp4#1", "b.mp4", "b.mp4", "a.mp4#0"]
    assert [one.relevant for one in found.captions[:2]] == [
        ("a.mp4#1", "a.mp4#0"),
        ("b.mp4", "a.mp4#0", "a.mp4#1"),
    ]
    assert found.unknown == {"gone": 1} and found.untimed == 1
    assert lengths_of(FeatureStore.open(tmp_path)) == {"a.mp4": 20.0, "b.mp4": 10.0}
    assert [source_of(row) for row in ("a.mp4#12", "b#c.mp4", "v")] == ["a.mp4", "b#c.mp4", "v"]


def test_videos_are_divided_by_name_alone() -> None:
    names = [f"video {number}" for number in range(40)]
    parts = divided(names)
    assert parts == divided(reversed(names)) and sorted(sum(parts.values(), ())) == sorted(names)
    assert [len(parts[name]) for name in ("train", "val", "heldout")] == [26, 6, 8]
    assert all(divided("abcd").values())
    with pytest.raises(DataError, match="Only 3 videos"):
        divided("abc")


def test_a_preset_is_made_small_for_few_captions_and_left_whole_for_many() -> None:
    few = scaled(read_config("ral_tvr"), 200, [7] * 10 + [300])
    assert few.model["width"] == 128 and few.model["clips"] == 32 and few.model["max_frames"] == 128
    assert few.training.start == "canonical" and few.data.feature is None
    many = scaled(read_config("ral"), 30_000, [500] * 10)
    assert many.model["width"] == 192 and many.training == read_config("ral").training
    few.model_config(768, 384)


def test_figures_count_a_file_once_by_its_best_window() -> None:
    scores = np.array([[0.1, 0.9, 0.5], [0.8, 0.1, 0.2]])
    assert by_source(scores, np.array([0, 0, 1])).tolist() == [[0.9, 0.5], [0.8, 0.2]]
    assert chance(4) == {"R@1": 25.0, "R@5": 100.0, "R@10": 100.0, "MRR": pytest.approx(25 / 48), "MedR": 2.5}


def test_ridge_learns_what_words_look_like(library: Path) -> None:
    store = FeatureStore.open(library / "features")
    captions = own_captions(library, store, library.parent / "captions.csv", print)
    config = scaled(read_config("ral"), len(captions), store.lengths).model_config(WIDTH, WIDTH)
    parts = divided(store.ids)
    data, held = (
        part_split(name, parts[name], captions, store, config, TinyText()) for name in ("train", "heldout")
    )
    scores = Ridge.fit(data).scores(held)
    result = comparison(held, {"ridge": scores, "none": np.zeros_like(scores)}, "none", "ridge")
    assert result["systems"]["ridge"]["MRR"] > result["systems"]["chance"]["MRR"] + 0.2
    assert result["systems"]["none"]["R@1"] == 0 and "too few" in result["warnings"][0]
    worse = comparison(held, {"ridge": scores, "none": np.zeros_like(scores)}, "ridge", "none")
    assert "worth nothing" in worse["warnings"][1] and worse["MRR gain"]["interval"][1] < 0


def test_a_library_of_features_is_trained_on_indexed_and_judged(
    library: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ral_core.commands.train_library.open_text_encoder", lambda *_, **__: TinyText())
    small = library.parent / "ral.toml"
    small.write_text(TINY)
    arguments = ["train", str(small), "--library", str(library), "--device", "cpu", "--json"]
    assert main(arguments) == 1 and "no captions yet" in capsys.readouterr().err
    arguments += ["--captions", str(library.parent / "captions.csv")]
    assert main(arguments) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["videos"] == 5 and told["queries"] == 15 and set(told["systems"]) >= {"chance", "ral"}
    model = library / "models" / "ral"
    assert read_json(model / "before_after.json") == told
    assert "## Before and after" in (model / "README.md").read_text()
    manifest = read_json(library / "indexes" / "mine-ral" / "manifest.json")
    assert (manifest["collection"], manifest["videos"], manifest["model"]) == ("mine", FILMS, "ral")
    assert len(read_captions(library / "captions.jsonl")) == 3 * FILMS
    parts = read_json(model / "parts.json")
    assert not set(parts["heldout"]) & {*parts["train"], *parts["val"]}
    assert main(arguments) == 0  # finished already: nothing is trained, the figures are the same
    assert json.loads(capsys.readouterr().out) == told
    assert main([*arguments[:-2], "--resume", "never", "--name", "again", "--json"]) == 0
    again = json.loads(capsys.readouterr().out)["systems"]
    assert again["again"] == told["systems"]["ral"]  # the same seed on the same parts
    write_split(library / "features", films=FILMS + 6, seed=3)
    (library / "features" / "captions.jsonl").replace(library / "captions.jsonl")
    assert (
        main(arguments[:-2]) == 1
        and "trained with other train, val, heldout, captions;" in capsys.readouterr().err
    )


def test_a_zero_shot_model_is_what_there_was_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    library, folder = tmp_path / "mine", tiny_clip(tmp_path / "clip")
    text = open_text_encoder(f"joint:{folder}")
    random = np.random.default_rng(0)
    rows = [random.standard_normal((6, text.width)).astype(np.float32) for _ in range(8)]
    times = np.arange(6, dtype=np.float32)
    videos = [VideoFeatures(f"{name}.mp4", frames, times, 6.0) for name, frames in zip("abcdefgh", rows)]
    write_features(library / "features", videos, encoder=text.id)
    config = zero_shot_config(text.width)
    before = library / "models" / "zero_shot"
    save_model(before, ZeroShot(config), {"visual_encoder": text.id, "text_encoder": text.id})
    model = load_model(before, torch.device("cpu"))
    index_library(library, "mine", model, before, library / "features", text, f"joint:{folder}")
    (tmp_path / "said").mkdir()
    for name in "abcdefgh":
        said = f"a {name * 3} b. c {name * 2}"
        (tmp_path / "said" / f"{name}.en.vtt").write_text(f"WEBVTT\n\n00:01.000 --> 00:03.000\n{said}\n")
    arguments = [
        "train",
        "ms_sl",
        "--library",
        str(library),
        "--captions",
        str(tmp_path / "said"),
        "--epochs",
        "1",
    ]
    arguments += ["--name", "sl", "--text", f"joint:{folder}", "--device", "cpu"]
    assert main([*arguments[:-4], "--name", "..", "--device", "cpu"]) == 1
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "| zero_shot (before) |" in told and "| sl (after) |" in told and "16 captions" in told
    manifest = read_json(library / "indexes" / "mine-sl" / "manifest.json")
    assert manifest["text_spec"] == f"joint:{folder}" and manifest["text_encoder"] == text.id
    systems = read_json(library / "models" / "sl" / "before_after.json")["systems"]
    best = max(("zero_shot", "sl"), key=lambda name: systems[name]["MRR"])
    explorer = Explorer.open(library, device="cpu")
    assert explorer.resolve(None, None).manifest.model == best and f"{best} answers when no model" in told
    (library / "indexes" / "default.json").write_text("{")
    assert Explorer.open(library, device="cpu").resolve(None, None).name == "mine-sl"
    write_features(library / "features", [*videos[1:], replace(videos[0], id="z.mp4")], encoder=text.id)
    new = index_library(library, "mine", model, before, library / "features", text, f"joint:{folder}")
    renew_indexes(library, new, library / "features", device=torch.device("cpu"))
    renewed = open_index(library / "indexes" / "mine-sl")
    assert [row.id for row in renewed.videos] == [row.id for row in new.videos]
    assert renewed.manifest.captions == manifest["captions"] and renewed.videos[-1].id == "z.mp4"


def test_where_features_and_names_come_from(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no features"):
        feature_folder(tmp_path)
    windowed(tmp_path)
    assert feature_folder(tmp_path) == tmp_path and collection_of(tmp_path) == tmp_path.name
