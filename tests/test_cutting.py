"""Cut moments: the right pictures, the right sound, upright, whole or not at all."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from ral_core.data.cutting import cut_moment
from ral_core.data.videos import write_video
from ral_core.errors import DataError

FPS, SECONDS, RATE = 5, 8, 48_000


def with_sound(path: Path, *, codec: str = "libx264", size: tuple[int, int] = (64, 48)) -> Path:
    """Grey pictures that tell their number, and a tone whose loudness tells its second (0 to 7 eighths)."""
    with av.open(str(path), "w") as target:
        picture = target.add_stream(codec, rate=FPS)
        picture.width, picture.height, picture.pix_fmt = *size, "yuv420p"
        picture.bit_rate = 1_000_000
        voice = target.add_stream("aac", rate=RATE, layout="mono")
        for number in range(FPS * SECONDS):
            image = np.full((size[1], size[0], 3), 20 + 5 * number, np.uint8)
            target.mux(picture.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        target.mux(picture.encode(None))
        seconds = np.arange(RATE * SECONDS) / RATE
        tone = (np.floor(seconds) / 8 * np.sin(2 * np.pi * 440 * seconds)).astype(np.float32)
        for start in range(0, len(tone), 1024):
            block = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = RATE, start, Fraction(1, RATE)
            target.mux(voice.encode(block))
        target.mux(voice.encode(None))
    return path


@pytest.fixture(scope="module")
def talkie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return with_sound(tmp_path_factory.mktemp("talkie") / "talkie.mp4")


def pictures(path: Path) -> tuple[list[int], list[float]]:
    """The numbers that the pictures show, and when."""
    with av.open(str(path)) as container:
        frames = list(container.decode(video=0))
    shown = [round((float(frame.to_ndarray(format="rgb24").mean()) - 20) / 5) for frame in frames]
    return shown, [float(frame.time) for frame in frames]


def loudness(path: Path) -> np.ndarray:
    """The sound's mean amplitude in each tenth of a second."""
    with av.open(str(path)) as container:
        sound = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    tenths = len(sound) // 4800
    return np.abs(sound[: 4800 * tenths]).reshape(tenths, -1).mean(1)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [(0.0, 1.0, 0, 4), (5.0, 6.2, 25, 30), (5.1, 5.3, 25, 26), (7.5, 99.0, 37, 39), (2.05, 2.1, 10, 10)],
)
def test_the_pictures_are_exactly_those_on_show(
    talkie: Path, tmp_path: Path, start: float, end: float, first: int, last: int
) -> None:
    cut = cut_moment(talkie, start, end, tmp_path / "cut.mp4")
    shown, times = pictures(cut.path)
    assert shown == list(range(first, last + 1))
    assert cut.pictures == len(shown)
    assert cut.end == pytest.approx(min(end, SECONDS), abs=1 / FPS)
    assert times == pytest.approx([max(0.0, number / FPS - start) for number in shown], abs=1e-3)


def test_the_sound_comes_along_in_step(talkie: Path, tmp_path: Path) -> None:
    cut = cut_moment(talkie, 2.5, 4.5, tmp_path / "cut.mp4")
    assert cut.sound
    expected = np.repeat([2, 3, 4], [5, 10, 5]) / 8 * 2 / np.pi
    np.testing.assert_allclose(
        loudness(cut.path)[:20], expected, atol=0.05
    )  # levels are 0.08 apart; AAC adds noise


def test_a_silent_film_stays_silent(tmp_path: Path) -> None:
    write_video(tmp_path / "silent.mp4", [np.zeros((32, 32, 3), np.uint8)] * 8, fps=4)
    cut = cut_moment(tmp_path / "silent.mp4", 0.5, 1.5, tmp_path / "cut.mp4")
    with av.open(str(cut.path)) as container:
        assert not container.streams.audio
    assert (cut.sound, cut.pictures) == (False, 4)


def test_a_browser_can_play_it(talkie: Path, tmp_path: Path) -> None:
    cut_moment(talkie, 1, 2, tmp_path / "cut.mp4")
    data = (tmp_path / "cut.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "cut.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert float(stream.duration * stream.time_base) == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("suffix", ["mkv", "mov"])
def test_odd_sizes_and_other_containers(tmp_path: Path, suffix: str) -> None:
    source = with_sound(tmp_path / f"odd.{suffix}", codec="mpeg4", size=(65, 49))
    cut = cut_moment(source, 1, 2, tmp_path / "cut.mp4")
    with av.open(str(cut.path)) as container:
        assert (container.streams.video[0].width, container.streams.video[0].height) == (64, 48)
    assert pictures(cut.path)[0] == list(range(5, 10))


def turned(path: Path, quarter: tuple[int, int, int, int]) -> None:
    """Write a rotation into the picture track's header, as phones do: the matrix (a, b, c, d) of `tkhd`."""
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 4 + 40  # version 0: the matrix follows 40 bytes of the box
    a, b, c, d = (value << 16 for value in quarter)
    data[matrix : matrix + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)


def test_a_portrait_film_is_written_upright(tmp_path: Path) -> None:
    image = np.zeros((32, 64, 3), np.uint8)
    image[:, :16] = 255  # the left edge of the stored picture ...
    write_video(tmp_path / "phone.mp4", [image] * 8, fps=4)
    turned(tmp_path / "phone.mp4", (0, 1, -1, 0))  # ... is the top once turned a quarter clockwise
    cut_moment(tmp_path / "phone.mp4", 0, 1, tmp_path / "cut.mp4")
    with av.open(str(tmp_path / "cut.mp4")) as container:
        frame = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert frame.shape == (64, 32, 3)
    assert frame[:12].mean() > 240 and frame[20:].mean() < 15


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [(3, 3, "ends after"), (-1, 2, "begins at 0"), (float("nan"), 2, "begins"), (60, 70, "ends before 60")],
)
def test_bad_moments_are_refused_and_leave_nothing(
    talkie: Path, tmp_path: Path, start: float, end: float, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        cut_moment(talkie, start, end, tmp_path / "cut.mp4")
    assert list(tmp_path.iterdir()) == []


def test_the_source_is_never_overwritten(talkie: Path) -> None:
    before = talkie.read_bytes()
    with pytest.raises(DataError, match="is the video itself"):
        cut_moment(talkie, 0, 1, talkie)
    assert talkie.read_bytes() == before


def test_no_video_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    with pytest.raises(DataError, match="cannot be read as a video"):
        cut_moment(tmp_path / "text.mp4", 0, 1, tmp_path / "cut.mp4")
