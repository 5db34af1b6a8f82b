"""The visual encoder: how it looks at films, that training goes on exactly, and extraction from files."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ral_core.data.videos import write_video
from ral_core.errors import DataError
from ral_core.features.encoders import open_visual_encoder
from ral_core.features.extract import extract_split, extract_video
from ral_core.features.store import FeatureStore
from ral_core.features.visual import (
    WEIGHTS,
    VisualConfig,
    VisualEncoder,
    VisualNet,
    look,
    sample_times,
    save_visual,
)
from ral_core.features.visual_card import CARD, REPORT, evaluate
from ral_core.features.visual_data import (
    UNKNOWN,
    LabelGroup,
    LabelledVideo,
    augment,
    encode_labels,
    load_frames,
)
from ral_core.features.visual_learner import VisualTraining, place_loss
from ral_core.features.visual_report import average_precision
from ral_core.features.visual_training import open_learner, train
from ral_core.files import read_json, write_jsonl

TINY = VisualConfig(
    picture=(32, 18), appearance=(4, 6, 8), motion=(4, 6, 8), appearance_width=8, motion_width=4
)
GROUPS = (
    LabelGroup("side", ("left", "right")),
    LabelGroup("things", ("ball", "box"), many=True),
)
TRAINING = VisualTraining(epochs=3, batch=4, checkpoint_every=2)


def ball(frames: int, right: bool, start: int = 0) -> list[np.ndarray]:
    """A white square that goes across a dark half of the picture."""
    images = np.full((frames, 36, 64, 3), 30, np.uint8)
    for number, image in enumerate(images):
        x = (32 if right else 0) + (start + 3 * number) % 20
        image[10:22, x : x + 12] = 240
    return list(images)


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledVideo]:
    folder = tmp_path_factory.mktemp("runs")
    found = []
    for number in range(6):
        right = number % 2 == 1
        path = folder / f"run-{number}.mp4"
        write_video(path, ball(8, right, number), fps=4)
        label = {"side": "right" if right else "left", "things": ("ball",)}
        place = (0.75 if right else 0.25, 0.45)
        found.append(LabelledVideo(path, 4.0, 4, (label,) * 8, (place,) * 8, (number > 3,) * 8))
    return found


@pytest.fixture(scope="module")
def encoder_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("encoder")
    torch.manual_seed(0)
    save_visual(folder, VisualNet(TINY))
    return folder


def test_films_are_looked_at_twice_a_second_and_128_times_at_most() -> None:
    assert sample_times(3.0).tolist() == [0, 0.5, 1, 1.5, 2, 2.5]
    assert len(sample_times(64.0)) == 128 == len(sample_times(300.0))
    assert sample_times(300.0)[-1] < 300


def test_a_glimpse_is_a_picture_and_its_neighbours(tmp_path: Path) -> None:
    frames = [np.full((36, 64, 3), 40 + 10 * number, np.uint8) for number in range(16)]
    write_video(tmp_path / "film.mp4", frames, fps=4)
    glimpses = look(tmp_path / "film.mp4", TINY)
    np.testing.assert_allclose(glimpses.times, np.arange(8) / 2)
    assert glimpses.pictures.shape == (8, 18, 32, 3) and glimpses.greys.shape == (8, 3, 18, 32)
    levels = glimpses.greys.mean(axis=(2, 3))
    np.testing.assert_allclose(levels[3], [90, 100, 110], atol=3)
    np.testing.assert_allclose(levels[0], [40, 40, 50], atol=3)
    assert glimpses.duration == pytest.approx(4.0)


def test_size_and_rate_of_the_file_hardly_matter(tmp_path: Path, encoder_folder: Path) -> None:
    """Small training films and large page films must look alike to the encoder."""
    encoder = VisualEncoder.open(encoder_folder)
    for name, scale, times in (("small", 1, 1), ("large", 4, 3)):
        frames = [np.kron(image, np.ones((scale, scale, 1), np.uint8)) for image in ball(16, True)]
        write_video(
            tmp_path / f"{name}.mp4", [f for f in frames for _ in range(times)], fps=4 * times, crf=12
        )
    small, large = (extract_video(tmp_path / f"{name}.mp4", encoder) for name in ("small", "large"))
    np.testing.assert_allclose(small.times, large.times)
    cosine = (small.frames * large.frames).sum(1) / np.linalg.norm(small.frames, axis=1)
    assert (cosine / np.linalg.norm(large.frames, axis=1)).min() > 0.97


def test_an_encoder_comes_back_from_its_folder(encoder_folder: Path, tmp_path: Path) -> None:
    write_video(tmp_path / "film.mp4", ball(8, False), fps=4)
    first, again = open_visual_encoder(encoder_folder), VisualEncoder.open(encoder_folder)
    assert first.id == again.id and first.id.startswith("two-stream@")
    assert first.width == 12
    glimpses = look(tmp_path / "film.mp4", first.config)
    np.testing.assert_array_equal(first.encode(glimpses), again.encode(glimpses))
    np.testing.assert_allclose(first.encode(glimpses, batch=1), first.encode(glimpses), atol=1e-4)


def test_a_damaged_encoder_is_refused_in_a_sentence(encoder_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        VisualEncoder.open(tmp_path)
    for name in ("config.json", WEIGHTS):
        (tmp_path / name).write_bytes((encoder_folder / name).read_bytes())
    (tmp_path / WEIGHTS).write_bytes(b"nonsense")
    with pytest.raises(DataError, match="visual encoder"):
        VisualEncoder.open(tmp_path)


def test_frames_without_neighbours_or_labels_are_no_examples(videos: list[LabelledVideo]) -> None:
    blind = replace(videos[0], labels=(None, *videos[0].labels[1:5], None, None, None))
    frames = load_frames([blind, videos[1]], GROUPS, TINY.picture)
    assert frames.centres.tolist() == [1, 2, 9, 10, 13, 14]  # runs of four: only the inner two
    batch = frames.batch(np.array([2, 4]))
    assert batch.targets["side"].tolist() == [1, 1]
    assert batch.greys.shape == (2, 3, 18, 32)
    np.testing.assert_allclose(batch.greys[0, 1] * 255, frames.greys[9], atol=1e-3)


def test_labels_that_do_not_fit_are_refused(videos: list[LabelledVideo]) -> None:
    with pytest.raises(DataError, match="7"):
        load_frames([replace(videos[0], labels=videos[0].labels[:7])], GROUPS, TINY.picture)
    with pytest.raises(DataError, match="upwards"):
        encode_labels([{"side": "upwards"}], GROUPS[0])
    assert encode_labels([{}, {"side": "right"}], GROUPS[0]).tolist() == [UNKNOWN, 1]
    assert encode_labels([{}, {"things": ("ball", "box")}], GROUPS[1]).tolist() == [[0, 0], [1, 1]]


def test_a_changed_picture_keeps_the_actor_under_its_place(videos: list[LabelledVideo]) -> None:
    """Cutting and mirroring move the bright square and the place alike."""
    batch = load_frames(videos, GROUPS, TINY.picture).batch(np.arange(12))
    for seed in range(8):
        changed = augment(batch, torch.Generator().manual_seed(seed))
        brightness = changed.pictures.mean(1)
        brightness = (brightness - brightness.amin((1, 2), keepdim=True)).square()
        centre = (brightness.sum(1) * torch.linspace(0, 1, 32)).sum(1) / brightness.sum((1, 2))
        assert (centre - changed.places[:, 0]).abs().max() < 0.3
        assert changed.pictures.shape == batch.pictures.shape


def test_attending_to_the_place_costs_least() -> None:
    logits = torch.zeros(1, 6, 10)
    logits[0, 2, 7] = 9.0
    there, away = torch.tensor([[0.75, 0.42]]), torch.tensor([[0.25, 0.42]])
    assert place_loss(logits, there) < place_loss(logits, away)
    assert place_loss(logits, torch.full((1, 2), torch.nan)) == 0


def test_a_stopped_training_goes_on_as_if_nothing_had_happened(
    videos: list[LabelledVideo], tmp_path: Path
) -> None:
    frames = load_frames(videos, GROUPS, TINY.picture)

    class Stop(Exception):
        pass

    def stop_at_four(line: str) -> None:
        if "step 4/" in line:
            raise Stop

    for name, say in (("whole", lambda line: None), ("parts", stop_at_four)):
        args = (frames, frames, GROUPS, tmp_path / name, tmp_path / name / "work")
        try:
            train(*args, config=TINY, training=TRAINING, say=say)
        except Stop:
            said: list[str] = []
            train(*args, config=TINY, training=TRAINING, say=said.append)
            assert "going on after step 4" in said[0]
    whole, parts = (VisualEncoder.open(tmp_path / name) for name in ("whole", "parts"))
    assert whole.id == parts.id


def test_a_trained_encoder_is_judged_and_gets_its_card(videos: list[LabelledVideo], tmp_path: Path) -> None:
    frames = load_frames(videos, GROUPS, TINY.picture)
    said: list[str] = []
    train(
        frames, frames, GROUPS, tmp_path, tmp_path / "work", config=TINY, training=TRAINING, say=said.append
    )
    assert any("unseen films" in line and "side top1" in line for line in said)
    report = evaluate(tmp_path, {"films": frames}, facts={"Data": "squares"})
    assert set(report) == {"films, seen combinations", "films, held-out combinations"}
    assert 0 <= report["films, held-out combinations"]["side top1"] <= 1
    assert read_json(tmp_path / REPORT)["scores"] == report
    assert "side top1" in (tmp_path / CARD).read_text() and "squares" in (tmp_path / CARD).read_text()
    assert open_learner(tmp_path).groups == GROUPS


def test_too_few_frames_are_refused(videos: list[LabelledVideo], tmp_path: Path) -> None:
    frames = load_frames(videos[:1], GROUPS, TINY.picture)
    with pytest.raises(DataError, match="one batch"):
        train(frames, frames, GROUPS, tmp_path, tmp_path, config=TINY, training=replace(TRAINING, batch=64))


def test_average_precision_by_hand() -> None:
    assert average_precision(np.array([True, False, True]), np.array([3.0, 2, 1])) == pytest.approx(5 / 6)
    assert np.isnan(average_precision(np.array([False]), np.array([1.0])))


@pytest.fixture
def split(tmp_path: Path) -> Path:
    for number in range(3):
        write_video(tmp_path / "video" / f"film-{number}.mp4", ball(8 + 4 * number, True), fps=4)
    write_jsonl(tmp_path / "films.jsonl", ({"id": f"film-{number}"} for number in range(3)))
    return tmp_path


def test_a_split_is_extracted_and_a_stopped_one_goes_on(split: Path, encoder_folder: Path) -> None:
    encoder = VisualEncoder.open(encoder_folder)

    def stop(line: str) -> None:
        raise KeyboardInterrupt

    (split / "video" / "film-2.mp4").rename(split / "film-2.mp4")
    (split / "video" / "film-2.mp4").write_bytes(b"no film")
    with pytest.raises(DataError, match=r"film-2\.mp4"):
        extract_split(split, split / "video", encoder_folder, jobs=1)
    done = sorted(path.name for path in (split / f".parts-{encoder.id}").iterdir())
    assert done == ["film-0.safetensors", "film-1.safetensors"]
    (split / "film-2.mp4").rename(split / "video" / "film-2.mp4")
    said: list[str] = []
    store = extract_split(split, split / "video", encoder_folder, jobs=1, say=said.append)
    assert "2 of 3 videos are there already" in said[0]
    assert store.ids == ("film-0", "film-1", "film-2") and store.encoder == encoder.id
    assert [len(video) for video in store] == [4, 6, 8]
    assert not any(path.name.startswith(".parts") for path in split.iterdir())
    direct = extract_video(split / "video" / "film-1.mp4", encoder)
    np.testing.assert_allclose(store.video("film-1").frames, direct.frames, atol=5e-3, rtol=2e-3)


def test_processes_give_what_one_gives(split: Path, encoder_folder: Path) -> None:
    alone = extract_split(split, split / "video", encoder_folder, jobs=1)
    frames = [video.frames for video in alone]
    os.remove(split / "features.json")
    together = extract_split(split, split / "video", encoder_folder, jobs=2)
    for one, two in zip(frames, together, strict=True):
        np.testing.assert_allclose(one, two.frames, atol=2e-3)
    assert len(FeatureStore.open(split)) == 3


def test_a_film_that_is_missing_is_named(split: Path, encoder_folder: Path) -> None:
    (split / "video" / "film-1.mp4").unlink()
    with pytest.raises(DataError, match=r"film-1\.mp4"):
        extract_split(split, split / "video", encoder_folder, jobs=1)
