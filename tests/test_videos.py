"""Video files: what is written can be read at the right second, and bad files are refused in one sentence."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from ral_core.data.videos import (
    filmstrip,
    probe,
    read_clip_images,
    read_frames,
    read_images,
    regular_times,
    write_jpeg,
    write_video,
)
from ral_core.errors import DataError, RALError

FPS, SECONDS, WIDTH, HEIGHT = 4, 12, 64, 36


def clock(count: int) -> list[np.ndarray]:
    """Frames whose grey level says their number; distinct enough to survive the codec."""
    return [np.full((HEIGHT, WIDTH, 3), 20 + 4 * (number % 50), np.uint8) for number in range(count)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("film") / "clock.mp4"
    assert write_video(path, clock(FPS * SECONDS), fps=FPS) == FPS * SECONDS
    return path


def shown_number(image: np.ndarray) -> int:
    return round((float(image.mean()) - 20) / 4)


def test_probe_tells_what_was_written(film: Path) -> None:
    info = probe(film)
    assert (info.width, info.height, info.fps, info.codec) == (WIDTH, HEIGHT, FPS, "h264")
    assert info.duration == pytest.approx(SECONDS)


def test_frames_come_back_at_their_second(film: Path) -> None:
    frames = read_frames(film, fps=2, size=(32, 18))
    assert frames.images.shape == (2 * SECONDS, 18, 32, 3)
    np.testing.assert_allclose(frames.times, np.arange(2 * SECONDS) / 2)
    assert [shown_number(image) for image in frames.images] == list(range(0, FPS * SECONDS, 2))


@pytest.mark.parametrize("times", [[0.0, 0.3, 0.3, 11.9], [9.4], [0.1, 8.0, 8.25, 99.0]])
def test_any_seconds_can_be_asked_for(film: Path, times: list[float]) -> None:
    images, shown = read_images(film, times, size=(WIDTH, HEIGHT))
    nearest = [min(round(time * FPS), FPS * SECONDS - 1) for time in times]
    assert [shown_number(image) for image in images] == nearest
    np.testing.assert_allclose(shown, np.array(nearest) / FPS)


def test_long_films_are_looked_at_evenly(film: Path) -> None:
    frames = read_frames(film, fps=4, size=(16, 8), max_frames=5)
    assert len(frames) == 5
    assert frames.times[0] == 0 and frames.times[-1] == pytest.approx(SECONDS - 1 / FPS)
    assert np.ptp(np.diff(frames.times)) <= 1 / FPS + 1e-6


def test_no_picture_comes_twice_when_asked_faster_than_the_film(film: Path) -> None:
    assert len(read_frames(film, fps=16, size=(16, 8))) == FPS * SECONDS


def test_regular_times_stay_inside() -> None:
    for duration in (0.1, 0.5, 10.0, 10.2, 64.0, 64.5, 300.0):
        times = regular_times(duration, 2, 128)
        assert 1 <= len(times) <= 128
        assert times[0] == 0 and times[-1] < duration
        assert (np.diff(times) > 0).all()


def test_keyframes_and_index_serve_a_browser(film: Path) -> None:
    with av.open(str(film)) as container:
        keys = [float(p.pts * p.time_base) for p in container.demux(video=0) if p.is_keyframe and p.size]
    assert np.diff([*keys, SECONDS]).max() <= 2.0
    data = film.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_colours_survive(tmp_path: Path) -> None:
    bands = np.array([[230, 50, 60], [60, 180, 80], [50, 90, 220], [240, 200, 60]], np.uint8)
    image = np.repeat(np.repeat(bands[None], 64, 0), 32, 1)
    write_video(tmp_path / "bands.mp4", [image] * 4, fps=4)
    back, _ = read_images(tmp_path / "bands.mp4", [0.5], size=(32, 16))
    assert np.abs(back[0, 8, 4::8].astype(int) - bands).max() < 8


def test_writing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        write_video(tmp_path / name, clock(12), fps=4)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_a_failed_writing_leaves_nothing(tmp_path: Path) -> None:
    def breaking():  # type: ignore[no-untyped-def]
        yield from clock(3)
        raise RuntimeError("the renderer fell over")

    with pytest.raises(RuntimeError, match="fell over"):
        write_video(tmp_path / "broken.mp4", breaking(), fps=4)
    assert list(tmp_path.iterdir()) == []


def test_unwritable_frames_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no frames"):
        write_video(tmp_path / "none.mp4", [], fps=4)
    with pytest.raises(DataError, match="even width"):
        write_video(tmp_path / "odd.mp4", [np.zeros((9, 15, 3), np.uint8)], fps=4)


def bad_file(kind: str, folder: Path, film: Path) -> Path:
    path = folder / f"{kind}.mp4"
    data = film.read_bytes()
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("this is no film " * 100)
    elif kind == "cut":
        path.write_bytes(data[: data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 3])
    elif kind == "headless":
        path.write_bytes(data[len(data) // 2 :])
    elif kind == "sound":
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=16000)
            sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            sound.rate = 16000
            container.mux(stream.encode(sound))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "cut", "headless", "sound"])
def test_a_bad_file_is_named_in_one_sentence(kind: str, tmp_path: Path, film: Path) -> None:
    path = bad_file(kind, tmp_path, film)
    with pytest.raises(RALError) as caught:
        read_frames(path, fps=2, size=(32, 18))
    assert isinstance(caught.value, DataError)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_picture_inside_is_still_a_video(tmp_path: Path) -> None:
    """One frame only: it has a length and a first second."""
    write_video(tmp_path / "one.mp4", clock(1), fps=4)
    frames = read_frames(tmp_path / "one.mp4", fps=2, size=(32, 18))
    assert len(frames) == 1 and frames.times[0] == 0


def test_strips_and_posters(tmp_path: Path, film: Path) -> None:
    images, times = read_clip_images(film, 2.0, 6.0, count=4, size=(32, 18))
    np.testing.assert_allclose(times, [2.5, 3.5, 4.5, 5.5])
    strip = filmstrip(images)
    assert strip.shape == (18, 128, 3)
    write_jpeg(tmp_path / "strip.jpg", strip)
    assert (tmp_path / "strip.jpg").read_bytes()[:2] == b"\xff\xd8"
