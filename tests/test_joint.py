"""Image-text encoders: pictures and sentences in one space, from local files only."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from odd_videos import changing_film
from tiny_joint import PICTURE, WIDTH, tiny_clip, tiny_siglip

from ral_core.errors import DataError, MissingDependency, UnknownName
from ral_core.features import video_encoder
from ral_core.features.joint import JointEncoder
from ral_core.features.store import write_features
from ral_core.features.video_encoder import open_video_encoder

MAKERS = {"clip": tiny_clip, "siglip": tiny_siglip}
SENTENCES = ["a dog runs", "Two CATS sleep on the red bed, then wake!", "x"]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("encoders")
    return {name: make(root / f"tiny-{name}") for name, make in MAKERS.items()}


@pytest.fixture(scope="module", params=list(MAKERS))
def encoder(request: pytest.FixtureRequest, folders: dict[str, Path]) -> JointEncoder:
    return JointEncoder.open(folders[request.param], batch=2)


def pictures(count: int, height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def reference(folder: Path, texts: list[str], images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the model of a folder says when used as its authors do."""
    from transformers import AutoImageProcessor, AutoModel, PreTrainedTokenizerFast

    model = AutoModel.from_pretrained(folder)
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(list(images), return_tensors="pt")
    padding = "max_length" if model.config.model_type == "siglip" else True
    tokens = PreTrainedTokenizerFast.from_pretrained(folder)(
        texts, padding=padding, truncation=True, max_length=64, return_tensors="pt"
    )
    ids = {"input_ids": tokens["input_ids"]}
    with torch.inference_mode():
        said = model.get_text_features(**ids).pooler_output
        seen = model.get_image_features(**pixels).pooler_output
    return tuple((v / v.norm(dim=-1, keepdim=True)).numpy() for v in (said, seen))


def test_pictures_and_texts_are_unit_vectors_of_one_width(encoder: JointEncoder) -> None:
    seen, said = encoder.images(pictures(5)), encoder.texts(SENTENCES)
    assert seen.shape == (5, encoder.width) and said.shape == (3, encoder.width)
    assert seen.dtype == said.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(np.concatenate([seen, said]), axis=1), 1, atol=1e-5)
    assert np.linalg.norm(seen[0] - seen[1]) > 1e-3 and np.linalg.norm(said[0] - said[1]) > 1e-3


def test_the_vectors_are_those_of_the_models_own_processor(encoder: JointEncoder) -> None:
    plain = ["a dog runs", "cat"]
    said, seen = reference(encoder.folder, plain, pictures(3))
    np.testing.assert_allclose(encoder.texts(plain), said, atol=1e-5)
    np.testing.assert_allclose(encoder.images(pictures(3)), seen, atol=1e-5)


def test_company_changes_nothing(encoder: JointEncoder) -> None:
    images = pictures(5)
    alone = np.concatenate([encoder.images(images[row : row + 1]) for row in range(5)])
    np.testing.assert_allclose(alone, encoder.images(images), atol=1e-5)
    said = np.concatenate([encoder.texts([text]) for text in SENTENCES])
    np.testing.assert_allclose(said, encoder.texts(SENTENCES), atol=1e-5)
    assert encoder.texts([]).shape == (0, encoder.width)


def test_a_picture_decoded_to_size_is_only_cut(encoder: JointEncoder) -> None:
    width, height = encoder.picture_size(1920, 1080)
    assert (width, height) == ((56, PICTURE) if encoder.kind == "clip" else encoder.size)
    assert encoder.size == (PICTURE, PICTURE)
    image = pictures(1, height, width)
    left = (width - PICTURE) // 2
    kept = image[:, :, left : left + PICTURE]
    np.testing.assert_array_equal(encoder.prepared(image).permute(0, 2, 3, 1).numpy(), kept)
    assert encoder.picture_size(1080, 1920) == ((PICTURE, 56) if encoder.kind == "clip" else encoder.size)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 2)])
def test_extreme_pictures_are_seen_too(encoder: JointEncoder, shape: tuple[int, int]) -> None:
    assert np.isfinite(encoder.images(pictures(1, *shape))).all()
    assert max(encoder.picture_size(*shape)) <= 4 * PICTURE


def test_settings_as_openai_wrote_them_are_understood(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folders["clip"], tmp_path / "copy"))
    about = json.loads((copy / "preprocessor_config.json").read_text())
    kept = {
        name: about[name]
        for name in ("do_center_crop", "do_normalize", "do_resize", "image_mean", "image_std")
    }
    old = kept | {
        "feature_extractor_type": "CLIPFeatureExtractor",
        "resample": 3,
        "size": 32,
        "crop_size": 32,
    }
    (copy / "preprocessor_config.json").write_text(json.dumps(old))
    encoder = JointEncoder.open(copy)
    assert encoder.size == (32, 32) and encoder.picture_size(1920, 1080) == (56, 32)
    expected = JointEncoder.open(folders["clip"]).images(pictures(2))
    np.testing.assert_allclose(encoder.images(pictures(2)), expected, atol=1e-6)


def test_half_precision_that_overflows_gives_way(folders: dict[str, Path]) -> None:
    encoder, exact = JointEncoder.open(folders["clip"]), JointEncoder.open(folders["clip"])
    encoder._model.half()
    np.testing.assert_allclose(encoder.images(pictures(2)), exact.images(pictures(2)), atol=0.02)
    assert encoder._model.dtype == torch.float16
    encoder._model.visual_projection.weight.mul_(2e4)  # the direction stays, the numbers leave half precision
    np.testing.assert_allclose(encoder.images(pictures(2)), exact.images(pictures(2)), atol=0.02)
    assert encoder._model.dtype == torch.float32


def test_siglip_reads_without_capitals_and_punctuation(folders: dict[str, Path]) -> None:
    encoder = JointEncoder.open(folders["siglip"])
    loud, plain = encoder.texts(["A Dog, runs!", "a dog runs"])
    np.testing.assert_allclose(loud, plain, atol=1e-6)


def test_long_texts_are_cut_and_say_so(encoder: JointEncoder) -> None:
    assert encoder.too_long("kites " * 40) and not encoder.too_long("a kite")
    assert np.isfinite(encoder.texts(["kites " * 40])).all()


def test_the_id_is_name_and_weights(folders: dict[str, Path], tmp_path: Path) -> None:
    first, other = (
        JointEncoder.open(folders["clip"]),
        JointEncoder.open(tiny_clip(tmp_path / "tiny-clip", seed=1)),
    )
    assert first.id.startswith("tiny-clip@") and len(first.id) == len("tiny-clip@") + 8
    assert first.id != other.id and first.width == other.width == WIDTH
    assert JointEncoder.open(f"joint:{folders['clip']}/").id == first.id


def test_no_pictures_or_no_colours_are_refused(encoder: JointEncoder) -> None:
    for bad in (pictures(0), pictures(1)[..., :1], pictures(1).astype(np.float32), pictures(1)[0]):
        with pytest.raises(DataError, match="uint8 RGB"):
            encoder.images(bad)


def test_a_missing_encoder_comes_with_size_and_command() -> None:
    with pytest.raises(
        UnknownName, match=r"0\.8 GB; get it with: hf download google/siglip-base-patch16-224 "
    ):
        JointEncoder.open("google/siglip-base-patch16-224")
    with pytest.raises(UnknownName, match="hf download some/thing --include"):
        JointEncoder.open("some/thing")
    for name in ("/no/such/folder", "nothing", "a/b/c"):
        with pytest.raises(UnknownName, match="There is no folder"):
            JointEncoder.open(name)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "preprocessor_config.json"])
def test_a_missing_file_is_named(folders: dict[str, Path], tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(folders["clip"], tmp_path / "copy"))
    (copy / name).unlink()
    with pytest.raises(DataError, match=f"lacks {name}"):
        JointEncoder.open(copy)


def test_pickled_weights_are_not_read(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folders["clip"], tmp_path / "copy"))
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    with pytest.raises(DataError, match="pickled weights are not read"):
        JointEncoder.open(copy)


def test_other_models_and_broken_weights_are_refused(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folders["clip"], tmp_path / "copy"))
    (copy / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(DataError, match="can be read"):
        JointEncoder.open(copy)
    shutil.copy(folders["siglip"] / "model.safetensors", copy)
    with pytest.raises(DataError, match=r"lack .* more that|can be read"):
        JointEncoder.open(copy)
    (copy / "config.json").write_text(json.dumps({"model_type": "bert"}))
    with pytest.raises(DataError, match="type 'bert'"):
        JointEncoder.open(copy)


def test_a_tokenizer_that_needs_a_package_says_which(folders: dict[str, Path], tmp_path: Path) -> None:
    copy = Path(shutil.copytree(folders["siglip"], tmp_path / "copy"))
    (copy / "tokenizer.json").rename(copy / "spiece.model")
    with pytest.raises((MissingDependency, DataError), match=r"sentencepiece|cannot|can be read"):
        JointEncoder.open(copy)


@pytest.mark.parametrize("kind", ["joint", "demo"])
def test_a_window_has_the_seconds_of_its_file(kind: str, folders: dict[str, Path], tmp_path: Path) -> None:
    encoder = open_video_encoder("demo" if kind == "demo" else folders["clip"], fps=2)
    video = changing_film(tmp_path / "my film.mp4")
    whole = encoder.encode_window(video)
    assert (whole.id, whole.start, whole.duration) == ("my film", 0.0, pytest.approx(9.0))
    assert whole.frames.shape == (18, encoder.width)
    np.testing.assert_allclose(whole.times, np.arange(18) / 2, atol=0.06)
    part = encoder.encode_window(video, 4.0, 7.0)
    assert (part.start, part.duration) == (4.0, 3.0)
    np.testing.assert_allclose(part.times, whole.times[8:14], atol=1e-6)
    np.testing.assert_allclose(part.frames, whole.frames[8:14], atol=1e-4)
    last = encoder.encode_window(video, 8.0, 60.0)
    assert last.duration == pytest.approx(1.0) and len(last) == 2
    with pytest.raises(DataError, match="there is nothing from 9"):
        encoder.encode_window(video, 9.5, 12.0)


def test_few_pictures_are_in_memory_at_once(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = changing_film(tmp_path / "film.mp4")
    encoder = open_video_encoder(folders["siglip"], fps=4)
    at_once = encoder.encode_window(video)
    monkeypatch.setattr(video_encoder, "HELD", 5)
    held: list[int] = []
    images = encoder.encoder.images
    monkeypatch.setattr(encoder.encoder, "images", lambda some: (held.append(len(some)), images(some))[1])
    np.testing.assert_allclose(encoder.encode_window(video).frames, at_once.frames, atol=1e-5)
    assert sum(held) == len(at_once) == 36 and max(held) == 5


def test_pictures_faster_than_the_film_come_once(folders: dict[str, Path], tmp_path: Path) -> None:
    encoder = open_video_encoder(folders["clip"], fps=30)
    found = encoder.encode_window(changing_film(tmp_path / "film.mp4", seconds=2))
    assert len(found) == 20 and (np.diff(found.times) > 0).all()


def test_windows_are_kept_with_their_start(folders: dict[str, Path], tmp_path: Path) -> None:
    encoder = open_video_encoder(folders["clip"], fps=2)
    video = changing_film(tmp_path / "film.mp4")
    windows = [replace(encoder.encode_window(video, 4.0 * k, 4.0 * k + 4), id=f"film#{k}") for k in range(3)]
    store = write_features(tmp_path / "features", windows, encoder=encoder.id, fps=2)
    assert store.starts == (0.0, 4.0, 8.0) and store.video("film#2").start == 8.0
    np.testing.assert_array_equal(store.video("film#1").times, windows[1].times)


@pytest.mark.parametrize("fps", [0, -1, float("nan"), 1000])
def test_a_rate_that_cannot_be_is_refused(folders: dict[str, Path], fps: float) -> None:
    with pytest.raises(DataError, match="fps must be"):
        open_video_encoder(folders["clip"], fps=fps)
