"""The index folder: round trips, missing and damaged files, wrong encoders, FAISS as a mere cache."""

from __future__ import annotations

import builtins
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers_search import HashText, World, edit_manifest, make_world, tiny_model, write_films

from ral_core.errors import DataError, EncoderMismatch
from ral_core.features.packed import pack_videos
from ral_core.features.store import FeatureStore
from ral_core.index.build import IndexConfig, build_index, extend_index, token_batch
from ral_core.index.calibration import calibrate, clear_margin, leads, separation
from ral_core.index.candidates import (
    ExactClips,
    FaissClips,
    candidate_recall,
    candidate_videos,
    open_clip_index,
    unit,
)
from ral_core.index.folder import CLIP_INDEX, SHAPES, IndexFolder, open_index, write_index
from ral_core.models.checkpoint import save_model

ARRAYS = [f"{name}.npy" for name in SHAPES if name != "clip_spans"]
"""What an index of a model with equal segments has."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture
def copy(world: World, tmp_path: Path) -> Path:
    """An index that a test may damage."""
    return Path(shutil.copytree(world.indexes["ral-tiny"].path, tmp_path / "index"))


def build(folder: Path, features: Path, **changes: object) -> IndexFolder:
    model_folder = features.parent.parent / "models" / "ral-tiny"
    config = IndexConfig(name=folder.name, collection="c", **changes)  # type: ignore[arg-type]
    return build_index(folder, tiny_model(), model_folder, features, HashText(), config)


def test_an_index_holds_what_the_model_says(world: World) -> None:
    index, model = world.indexes["ral-tiny"], tiny_model()
    store = FeatureStore.open(world.features)
    packed = pack_videos(store, clips=4, max_frames=24)
    with torch.inference_mode():
        tokens = model.encode_video(packed.batch)
        gaussian = model.video_gaussian(tokens)
    again = token_batch(index.arrays)
    torch.testing.assert_close(again.clips, tokens.clips)
    torch.testing.assert_close(again.frames[again.frame_mask], tokens.frames[tokens.frame_mask])
    torch.testing.assert_close(torch.tensor(index["gaussian_log_var"]), gaussian.log_var)
    assert [video.id for video in index.videos] == list(store.ids)
    assert index.frame_slice(0).stop == packed.batch.frame_mask[0].sum()
    assert index["frame_times"][index.frame_slice(0)] == pytest.approx(
        packed.frame_times[0][packed.batch.frame_mask[0]]
    )
    assert isinstance(index["frames"], np.memmap)


def test_the_manifest_says_who_made_it(world: World) -> None:
    about = world.indexes["ral-tiny"].manifest
    assert (about.model, about.visual_encoder, about.text_encoder) == ("ral-tiny", "eyes@1", "hash@1")
    assert (about.videos, about.clips, about.width, about.dtype) == (7, 4, 16, "float32")
    assert about.frames == len(world.indexes["ral-tiny"]["frames"])
    assert about.collection == "world/test" and about.captions == "../../world/test/captions.jsonl"
    assert world.indexes["ral-tiny"].videos[0].title == "Beach · kitchen"
    assert "gaussian_mean" not in world.indexes["tiny"]


def test_nothing_half_written_is_left(world: World) -> None:
    hidden = [path.name for path in (world.root / "indexes").iterdir() if path.name.startswith(".")]
    assert not hidden


def test_a_failed_build_leaves_the_old_index_alone(world: World, copy: Path) -> None:
    before = (copy / "manifest.json").read_bytes()
    index = open_index(copy)
    broken = {name: np.asarray(array) for name, array in index.arrays.items()}
    broken["frames"] = np.full_like(broken["frames"], np.nan)
    with pytest.raises(DataError, match="not finite"):
        write_index(copy, index.manifest, index.videos, broken)
    assert (copy / "manifest.json").read_bytes() == before and not open_index(copy).verify()
    assert [path.name for path in copy.parent.iterdir()] == ["index"]


def test_a_swap_that_fails_brings_the_old_index_back(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, rename = open_index(copy).manifest, Path.rename

    def refused(path: Path, target: Path) -> Path:
        if path.suffix == ".part":
            raise OSError("no space left on device")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refused)
    index = open_index(copy)
    with pytest.raises(OSError, match="no space"):
        write_index(copy, index.manifest, index.videos, index.arrays)
    assert open_index(copy).manifest == before and not list(copy.parent.glob(".*"))


def test_an_index_never_replaces_other_files(world: World, tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(DataError, match="no index"):
        build(tmp_path, world.features)
    assert (tmp_path / "precious.txt").read_text() == "mine"


def test_float16_is_declared_and_close(world: World, tmp_path: Path) -> None:
    half, whole = build(tmp_path / "half", world.features, dtype="float16"), world.indexes["ral-tiny"]
    assert half.manifest.dtype == "float16" and half["frames"].dtype == np.float16
    assert half["frame_times"].dtype == np.float32
    np.testing.assert_allclose(half["clips"], whole["clips"], atol=5e-3)
    with pytest.raises(DataError, match="float32 or float16"):
        IndexConfig(name="x", collection="x", dtype="int8")


@pytest.mark.parametrize("name", [*ARRAYS, "videos.jsonl", "manifest.json"])
def test_a_missing_file_is_one_sentence(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(DataError) as caught:
        open_index(copy)
    said = str(caught.value)
    assert name in said and "\n" not in said and said.endswith(".")


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("harm", ["cut", "empty", "noise", "shape"])
def test_a_damaged_array_is_one_sentence(copy: Path, name: str, harm: str) -> None:
    path = copy / name
    if harm == "cut":
        path.write_bytes(path.read_bytes()[:-3])
    elif harm == "empty":
        path.write_bytes(b"")
    elif harm == "noise":
        path.write_bytes(b"\x00\xff" * 200)
    else:
        np.save(path, np.zeros((2, 2), dtype=np.float32))
    with pytest.raises(DataError) as caught:
        open_index(copy)
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_changed_bytes_are_found_by_verify_only(copy: Path) -> None:
    array = np.load(copy / "clips.npy")
    array[0, 0, 0] += 1
    np.save(copy / "clips.npy", array)
    faults = open_index(copy).verify()
    assert len(faults) == 1 and "clips.npy" in faults[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"version": 99}, "version 99"),
        ({"format": "other"}, "does not describe"),
        ({"videos": 8}, "shape"),
        ({"files": {}}, "lists no clips.npy"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(copy: Path, change: dict[str, object], said: str) -> None:
    edit_manifest(copy, **change)
    with pytest.raises(DataError, match=said):
        open_index(copy)


def test_a_manifest_without_a_field_is_refused(copy: Path) -> None:
    manifest = json.loads((copy / "manifest.json").read_text())
    del manifest["text_encoder"]
    (copy / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(DataError, match="incomplete"):
        open_index(copy)


def test_offsets_that_do_not_divide_the_frames_are_refused(copy: Path) -> None:
    offsets = np.load(copy / "frame_offsets.npy")
    offsets[1] = offsets[2]
    np.save(copy / "frame_offsets.npy", offsets)
    with pytest.raises(DataError, match="frame_offsets"):
        open_index(copy)


def test_features_of_another_width_are_refused(world: World, tmp_path: Path) -> None:
    class Wide(HashText):
        def __init__(self) -> None:
            super().__init__()
            self.width = 99

    config = IndexConfig(name="x", collection="x")
    model_folder = world.root / "models" / "ral-tiny"
    with pytest.raises(EncoderMismatch, match="width 8"):
        build_index(tmp_path / "x", tiny_model(), model_folder, world.features, Wide(), config)


def test_a_model_trained_on_other_encoders_is_refused(world: World, tmp_path: Path) -> None:
    save_model(tmp_path / "model", tiny_model(), {"visual_encoder": "other@2", "text_encoder": "hash@1"})
    config = IndexConfig(name="x", collection="x")
    with pytest.raises(EncoderMismatch, match="visual encoder 'other@2'"):
        build_index(tmp_path / "x", tiny_model(), tmp_path / "model", world.features, HashText(), config)
    assert not (tmp_path / "x").exists()


def test_videos_are_added_only_from_the_same_encoder(world: World, copy: Path, tmp_path: Path) -> None:
    more = write_films(tmp_path / "more", films=9, seed=1)
    index = extend_index(copy, tiny_model(), more, HashText())
    assert [video.id for video in index.videos] == [f"film-{n}" for n in range(9)]
    old = world.indexes["ral-tiny"]
    np.testing.assert_array_equal(index["clips"][:7], old["clips"])
    assert index["frame_offsets"][7] == old.manifest.frames and not index.verify()
    other = write_films(tmp_path / "other", films=12, encoder="other@2")
    with pytest.raises(EncoderMismatch, match="other@2"):
        extend_index(copy, tiny_model(), other, HashText())
    with pytest.raises(EncoderMismatch, match="hash@2"):
        extend_index(copy, tiny_model(), more, HashText("hash@2"))


def test_faiss_is_rebuilt_when_missing_damaged_or_of_other_clips(world: World, copy: Path) -> None:
    rows = unit(world.indexes["ral-tiny"]["clips"]).reshape(-1, 16)
    queries = unit(np.random.default_rng(0).standard_normal((5, 16)))
    truth = ExactClips(rows).nearest(queries, 6)

    def found() -> np.ndarray:
        clips = open_clip_index(open_index(copy))
        assert isinstance(clips, FaissClips)
        return clips.nearest(queries, 6)

    assert (copy / CLIP_INDEX).is_file()
    np.testing.assert_array_equal(found(), truth)
    (copy / CLIP_INDEX).write_bytes(b"no index at all")
    np.testing.assert_array_equal(found(), truth)
    (copy / CLIP_INDEX).unlink()
    np.testing.assert_array_equal(found(), truth)
    shutil.copy(world.indexes["tiny"].path / CLIP_INDEX, copy / CLIP_INDEX)
    other = np.load(copy / "clips.npy") * np.random.default_rng(1).standard_normal((7, 4, 16))
    np.save(copy / "clips.npy", other.astype(np.float32))
    np.testing.assert_array_equal(found(), ExactClips(unit(other).reshape(-1, 16)).nearest(queries, 6))


def test_without_faiss_numpy_answers(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_faiss(name: str, *args: object, **kwargs: object) -> object:
        if name == "faiss":
            raise ImportError(name)
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", no_faiss)
    assert isinstance(open_clip_index(open_index(copy)), ExactClips)


def test_candidates_are_distinct_videos_nearest_first() -> None:
    rng = np.random.default_rng(0)
    clips = unit(
        np.repeat(rng.standard_normal((20, 1, 8)), 5, axis=1) + 0.01 * rng.standard_normal((20, 5, 8))
    )
    index, sentence = ExactClips(clips.reshape(-1, 8)), unit(rng.standard_normal(8))
    best = (clips @ sentence).max(axis=1)
    for count in (1, 7, 20, 50):
        found = candidate_videos(index, sentence, clips=5, videos=20, count=count)
        assert found == np.argsort(-best)[:count].tolist()


def test_candidate_recall_counts_the_share_found() -> None:
    exact = torch.tensor([[3.0, 2.0, 1.0, 0.0]])
    assert candidate_recall([[0, 3]], exact, k=2) == 0.5
    assert candidate_recall([[1, 0]], exact, k=2) == 1.0


def test_null_statistics_leave_out_the_films_that_satisfy() -> None:
    scores = np.array([[9.0, 1.0, 2.0], [3.0, 9.0, 4.0], [5.0, 3.0, 9.0]])
    null = calibrate(scores, np.arange(3), np.eye(3, dtype=bool))
    assert null.null_mean == pytest.approx([4.0, 2.0, 3.0])
    assert null.null_std == pytest.approx([1.0, 1.0, 1.0])
    assert null.null_top == pytest.approx([-1.0, 1.0, 1.0])
    assert null.separation == 1.0


def test_statistics_of_unrelated_sentences_have_no_separation() -> None:
    scores = np.random.default_rng(0).standard_normal((50, 6))
    null = calibrate(scores, np.full(50, -1), np.zeros((50, 6), dtype=bool))
    assert null.separation is None and (null.null_top < null.cutoff).mean() == pytest.approx(0.9, abs=0.02)


def test_the_clear_margin_is_a_lead_that_can_be_trusted() -> None:
    rng = np.random.default_rng(0)
    scores, own = rng.standard_normal((400, 10)), rng.integers(0, 10, 400)
    scores[np.arange(400), own] += rng.uniform(0, 5, 400)
    margin, lead = clear_margin(scores, own), leads(scores)
    right = scores.argmax(axis=1) == own
    assert right[lead >= margin].mean() >= 0.8 > right[lead < margin].mean()


def test_separation_is_the_area_under_the_curve() -> None:
    assert separation(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert separation(np.array([1.0]), np.array([1.0])) == 0.5
    assert separation(np.array([0.0]), np.array([1.0])) == 0.0


def test_one_film_can_be_indexed(world: World, tmp_path: Path) -> None:
    features = write_films(tmp_path / "one", films=1)
    index = build_index(
        tmp_path / "index",
        tiny_model(),
        world.root / "models" / "ral-tiny",
        features,
        HashText(),
        IndexConfig(name="one", collection="one"),
        captions=features / "captions.jsonl",
    )
    assert index.manifest.videos == 1 and np.isfinite([index.manifest.cutoff, index.manifest.margin]).all()
