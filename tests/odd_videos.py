"""Small video files of every odd kind, made where they are needed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from ral_core.data.videos import write_video

SIZE = (96, 64)


def picture(second: float, size: tuple[int, int] = SIZE, cut: float = 1.5) -> np.ndarray:
    """A square that moves over a ground whose colour changes at `cut` seconds; bright on top, dark below."""
    width, height = size
    image = np.full((height, width, 3), (40, 90, 160) if second < cut else (210, 150, 30), np.uint8)
    image[: max(1, height // 8)] = 250
    image[-max(1, height // 8) :] = 5
    left = int(10 * second) % max(1, width - 16)
    image[height // 3 : height // 2, left : left + 16] = (230, 60, 60)
    return image


def changing_film(
    path: Path, *, seconds: float = 9.0, fps: int = 10, size: tuple[int, int] = (96, 64)
) -> Path:
    """A video whose colour changes all the time."""
    images = [
        np.full((size[1], size[0], 3), (20 + number, 200 - number, 3 * number % 256), np.uint8)
        for number in range(int(seconds * fps))
    ]
    write_video(path, images, fps=fps)
    return path


def make_video(
    path: Path,
    *,
    seconds: float = 3.0,
    fps: int = 10,
    size: tuple[int, int] = SIZE,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    container: str | None = None,
    rotation: int = 0,
    sound: bool = False,
    times: list[float] | None = None,
    aspect: Fraction | None = None,
    options: Mapping[str, str] | None = None,
    faststart: bool = True,
    live: bool = False,
) -> Path:
    """Write a film; `times` gives the second of each picture where they are not evenly spaced.

    A `live` one does not say how long it is, as browsers record them.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = {"movflags": "+faststart"} if faststart and path.suffix == ".mp4" else {}
    flags |= {"live": "1"} if live else {}
    with av.open(str(path), "w", format=container, options=flags) as target:
        stream = target.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        stream.codec_context.gop_size = fps
        stream.codec_context.thread_count = 1
        if times is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation:
            stream.set_display_rotation(rotation)
        fast = {"preset": "ultrafast"} if codec in ("libx264", "libx265") else {}
        stream.options = {**fast, **(options or {})}
        voice = target.add_stream("aac", rate=16000) if sound else None
        for number, second in enumerate(times or [n / fps for n in range(round(seconds * fps))]):
            frame = av.VideoFrame.from_ndarray(picture(second, size), format="rgb24")
            if times is not None:
                frame.pts, frame.time_base = round(1000 * second), Fraction(1, 1000)
            else:
                frame.pts, frame.time_base = number, Fraction(1, fps)
            target.mux(stream.encode(frame))
        target.mux(stream.encode(None))
        if voice is not None:
            add_sound(target, voice, seconds)
    return path


def make_sound(path: Path, seconds: float = 1.0) -> Path:
    """A file without pictures."""
    with av.open(str(path), "w") as target:
        add_sound(target, target.add_stream("aac", rate=16000), seconds)
    return path


def add_sound(target: av.container.OutputContainer, voice: av.AudioStream, seconds: float) -> None:
    """A tone of so many seconds."""
    for block in range(int(seconds * 16000 / 1024)):
        wave = 0.1 * np.sin(np.arange(1024, dtype=np.float32) / 9)[None]
        frame = av.AudioFrame.from_ndarray(wave, format="fltp", layout="mono")
        frame.sample_rate, frame.pts = 16000, 1024 * block
        target.mux(voice.encode(frame))
    target.mux(voice.encode(None))


def cut_off(path: Path, share: float) -> Path:
    """Keep the first part of a file's bytes."""
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


def odd_folder(folder: Path) -> dict[str, str]:
    """A folder of every kind; returns what should become of each file: `taken`, or a word of the reason to skip."""
    lossless = {"codec": "ffv1", "pixels": "yuv444p"}
    films: dict[str, dict[str, object]] = {
        "plain.mp4": {"sound": True},
        "silent.mp4": {},
        "deep/er/matroska.mkv": {},
        "nine.webm": {"codec": "libvpx-vp9"},
        "eight.webm": {"codec": "libvpx"},
        "recorded.webm": {"codec": "libvpx", "live": True},
        "old.avi": {"codec": "mpeg4"},
        "older.mpg": {"codec": "mpeg2video", "fps": 25},
        "stream.ts": {"sound": True},
        "quick.mov": {"codec": "mpeg4"},
        "ten-bit.mp4": {"pixels": "yuv420p10le"},
        "hevc.mp4": {"codec": "libx265", "options": {"x265-params": "log-level=none"}},
        "lossless.mkv": lossless,
        "portrait.mp4": {"rotation": 90},
        "wide-pixels.mp4": {"aspect": Fraction(2, 1)},
        "uneven.mp4": {"times": [0.0, 0.1, 0.2, 1.0, 1.05, 1.1, 1.9, 2.4, 2.9]},
        "one picture.mp4": {"seconds": 0.1},
        "moving.gif": {"codec": "gif", "pixels": "rgb8"},
        "two words.mp4": {},
        'it\'s "quoted".mp4': {},
        "café 🎬👩‍👩‍👧.mp4": {},
        "two\nlines.mp4": {},
        "sharp#1.mp4": {},
        "no_ending": {"container": "mp4"},
        "wrong.txt.dat": {"container": "matroska"},
    }
    if "libsvtav1" in av.codecs_available:
        films["one.mp4"] = {"codec": "libsvtav1", "options": {"preset": "12"}}
    # SVT-AV1 gives the thread that opens it real-time priority where it may (as root), and every process started
    # from there inherits it: a browser at that priority starves the machine. So all encoders run in a thread of their own.
    with ThreadPoolExecutor(1) as apart:
        for name, settings in films.items():
            apart.submit(make_video, folder / name, **settings).result()  # type: ignore[arg-type]
    fate = dict.fromkeys(films, "taken")
    cut_off(make_video(folder / "broken-tail.mp4", seconds=8), 0.6)
    cut_off(make_video(folder / "broken-tail.mkv", seconds=8), 0.6)
    fate |= {"broken-tail.mp4": "taken", "broken-tail.mkv": "taken"}
    cut_off(make_video(folder / "headless.mp4", faststart=False), 0.7)
    (folder / "empty.mp4").write_bytes(b"")
    (folder / "text.mp4").write_text("this is no film " * 100)
    make_video(folder / "dot.mkv", size=(1, 1), **lossless)  # type: ignore[arg-type]
    make_sound(folder / "sound.m4a")
    make_sound(folder / "sound-only.mp4")
    fate |= {"headless.mp4": "read", "empty.mp4": "empty", "text.mp4": "read", "dot.mkv": "small"}
    return fate | {"sound.m4a": "no video stream", "sound-only.mp4": "no video stream"}


def damage(path: Path, seed: int) -> None:
    """Change some bytes of a file, and sometimes cut it off."""
    chance = random.Random(f"{seed} {path.name}")
    data = bytearray(path.read_bytes())
    for _ in range(chance.choice((1, 5, 30))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    path.write_bytes(data[: chance.randrange(len(data))] if chance.random() < 0.3 else data)
