"""Image-text encoders: pictures and sentences in one space, from local files only."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_joint import PICTURE, WIDTH, tiny_clip, tiny_siglip

from ral_core.errors import DataError, MissingDependency, UnknownName
from ral_core.features.joint import JointEncoder

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
