"""The feature store keeps what it was given and refuses what nobody could use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ral_core.errors import DataError, EncoderMismatch
from ral_core.features.encoders import require_encoder
from ral_core.features.store import HEADER, TENSORS, FeatureStore, VideoFeatures, write_features
from ral_core.files import read_json, write_json

WIDTH = 6


def random_videos(count: int = 4) -> list[VideoFeatures]:
    random = np.random.default_rng(0)
    return [
        VideoFeatures(
            id=f"film-{number}",
            frames=random.normal(size=(number + 1, WIDTH)).astype(np.float16).astype(np.float32),
            times=np.arange(number + 1, dtype=np.float32) / 2,
            duration=number / 2 + 0.5,
        )
        for number in range(count)
    ]


def test_features_come_back_as_they_were(tmp_path: Path) -> None:
    videos = random_videos()
    store = write_features(tmp_path, videos, encoder="eye@1", fps=2)
    assert (store.ids, store.encoder, store.width) == (tuple(v.id for v in videos), "eye@1", WIDTH)
    assert store.durations == tuple(v.duration for v in videos)
    for wanted, found in zip(videos, store, strict=True):
        np.testing.assert_array_equal(found.frames, wanted.frames)
        np.testing.assert_array_equal(found.times, wanted.times)
        assert found.frames.dtype == found.times.dtype == np.float32
        assert (found.id, found.duration) == (wanted.id, wanted.duration)
    store.verify()


def test_a_video_can_be_asked_for_by_name(tmp_path: Path) -> None:
    store = write_features(tmp_path, random_videos(), encoder="eye@1")
    assert "film-2" in store and "film-9" not in store and len(store) == 4
    assert len(store.video("film-2")) == 3
    with pytest.raises(DataError, match="film-9"):
        store.video("film-9")


def spoilt(kind: str) -> list[VideoFeatures]:
    first, second = random_videos(2)
    frames, times = second.frames.copy(), second.times.copy()
    if kind in ("nan", "inf", "huge"):
        frames[1, 3] = {"nan": np.nan, "inf": np.inf, "huge": 1e6}[kind]
    elif kind == "narrow":
        frames = frames[:, :4]
    elif kind == "frozen":
        times[:] = 1.0
    elif kind == "untimed":
        times = times[:1]
    elif kind == "blank":
        frames, times = frames[:0], times[:0]
    name = first.id if kind == "twice" else second.id
    return [first, VideoFeatures(name, frames, times, 0.0 if kind == "instant" else second.duration)]


@pytest.mark.parametrize(
    "kind, sentence",
    [
        ("nan", "row 1 .at 0.50 s."),
        ("inf", "row 1"),
        ("huge", "half precision"),
        ("narrow", "4 wide"),
        ("frozen", "increasing times"),
        ("untimed", "increasing times"),
        ("blank", "F >= 1"),
        ("twice", "come twice"),
        ("instant", "duration"),
    ],
)
def test_useless_features_are_refused(kind: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=sentence) as caught:
        write_features(tmp_path, spoilt(kind), encoder="eye@1")
    assert "film-" in str(caught.value)
    assert not (tmp_path / HEADER).exists()


def test_nothing_is_no_collection(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no features"):
        write_features(tmp_path, [], encoder="eye@1")


def test_a_damaged_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    write_features(tmp_path / "a", random_videos(4), encoder="eye@1")
    write_features(tmp_path / "b", random_videos(3), encoder="eye@1")
    with pytest.raises(DataError, match="no file"):
        FeatureStore.open(tmp_path / "c")
    header = read_json(tmp_path / "a" / HEADER)
    write_json(tmp_path / "a" / HEADER, {**header, "version": 99})
    with pytest.raises(DataError, match="version 1"):
        FeatureStore.open(tmp_path / "a")
    write_json(tmp_path / "a" / HEADER, read_json(tmp_path / "b" / HEADER))
    with pytest.raises(DataError, match="different extractions"):
        FeatureStore.open(tmp_path / "a")
    data = (tmp_path / "b" / TENSORS).read_bytes()
    (tmp_path / "b" / TENSORS).write_bytes(data[:-20])
    with pytest.raises(DataError, match="cannot be read"):
        FeatureStore.open(tmp_path / "b")


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    store = write_features(tmp_path, random_videos(), encoder="eye@1")
    data = bytearray((tmp_path / TENSORS).read_bytes())
    data[-1] ^= 1
    (tmp_path / TENSORS).write_bytes(bytes(data))
    with pytest.raises(DataError, match="not the file that was written"):
        store.verify()


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    class Eye:
        id, width = "eye@2", WIDTH

    store = write_features(tmp_path, random_videos(), encoder="eye@1")
    with pytest.raises(EncoderMismatch, match=r"eye@1.*eye@2"):
        require_encoder(Eye(), store.encoder, store.folder)
