"""A video file as frames and seconds, and back. Decoding and encoding are FFmpeg's, through PyAV.

Times are seconds from the first picture of the file, as a player shows them, never frame counts divided by a
nominal rate: a file may drop frames or change its rate.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from pathlib import Path

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import Interpolation
from numpy.typing import NDArray
from PIL import Image

from ral_core.errors import DataError
from ral_core.files import replacing

Images = NDArray[np.uint8]  # (N, H, W, 3) or one (H, W, 3), RGB
Size = tuple[int, int]  # (width, height)

SEEK_GAP = 4.0  # seconds; beyond this, jumping to a keyframe is cheaper than decoding everything between


@dataclass(frozen=True)
class VideoInfo:
    """What the header of a video file says."""

    width: int  # as it is shown: upright, with square pixels
    height: int
    fps: float
    duration: float  # seconds
    codec: str
    rotation: int = 0  # quarter turns to the left that make its pictures upright


@dataclass(frozen=True)
class Frames:
    """N pictures of one video and when they are shown."""

    images: Images  # (N, H, W, 3) uint8 RGB
    times: NDArray[np.float32]  # (N,) seconds, increasing

    def __len__(self) -> int:
        return len(self.images)


def write_video(
    path: Path | str,
    frames: Iterable[Images],
    *,
    fps: float,
    crf: int = 28,
    preset: str = "medium",
    tune: str = "animation",
    keyframe_seconds: float = 2.0,
) -> int:
    """Encode RGB frames (H, W, 3) as H.264 that browsers play and seek at once; returns how many there were.

    The index stands at the head of the file (+faststart) and a keyframe comes at least every
    `keyframe_seconds`. The file appears whole or not at all. Raises DataError for no frames and odd sizes.
    """
    path, rate = Path(path), Fraction(fps).limit_denominator(1001)
    iterator = iter(frames)
    first = next(iterator, None)
    if first is None:
        raise DataError(f"There are no frames to write to {path}.")
    height, width = first.shape[:2]
    if height % 2 or width % 2:
        raise DataError(f"{path}: frames are {width}x{height}, but H.264 needs an even width and height.")
    written = 0
    with (
        replacing(path) as temporary,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as container,
    ):
        stream = container.add_stream("libx264", rate=rate)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.gop_size = max(1, int(fps * keyframe_seconds))
        stream.codec_context.thread_count = 1  # same bytes each time; callers run one film per process
        stream.options = {
            "crf": str(crf),
            "preset": preset,
            "tune": tune,
            # The matrix is what the RGB conversion uses, said so players agree. The macroblock tree hangs on what
            # lies in memory before, so that one film became other bytes each time.
            "x264-params": "colormatrix=smpte170m:no-mbtree=1",
        }
        for image in chain([first], iterator):
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")
            container.mux(stream.encode(picture))
            written += 1
        container.mux(stream.encode(None))
    return written


def probe(path: Path | str) -> VideoInfo:
    """Size, rate, length and codec of a video. Raises DataError naming a file that is no readable video."""
    with opened_video(path) as (container, stream):
        rate = stream.average_rate or stream.guessed_rate or Fraction(0)
        width, height, turns = _shown_size(stream)
        duration = _duration(path, container, stream)
        return VideoInfo(width, height, float(rate), duration, stream.codec_context.name, turns)


def regular_times(duration: float, fps: float, max_frames: int | None = None) -> NDArray[np.float64]:
    """The seconds at which to look at a video: every 1/fps from 0, or `max_frames` evenly spread if fewer.

    Returns (N,) with N >= 1; every time lies in [0, duration).
    """
    count = max(1, int(np.ceil(duration * fps - 1e-6)))
    if max_frames is None or count <= max_frames:
        return np.arange(count) / fps
    return np.linspace(0.0, (count - 1) / fps, max_frames)


def read_frames(path: Path | str, *, fps: float, size: Size, max_frames: int | None = None) -> Frames:
    """Pictures of a whole video at about `fps`, area-resized to `size` (width, height), with their real times.

    A video with more than `max_frames` such moments is looked at in `max_frames` evenly spread ones. A picture
    is given once even when it is the nearest of two moments. Raises DataError naming the file.
    """
    images, times = read_images(path, regular_times(probe(path).duration, fps, max_frames), size=size)
    keep = np.concatenate([[True], np.diff(times) > 0])
    return Frames(images[keep], times[keep])


def read_images(
    path: Path | str, times: Sequence[float] | NDArray[np.floating], *, size: Size
) -> tuple[Images, NDArray[np.float32]]:
    """The pictures nearest to `times` (N,), ascending seconds, and the times at which they are really shown.

    Returns images (N, H, W, 3) area-resized to `size` (width, height), and times (N,). Beyond the last picture
    the last one is given. Raises DataError for a file that cannot be decoded or ends before its header says.
    """
    wanted = np.asarray(times, np.float64)
    if len(wanted) == 0 or (np.diff(wanted) < 0).any():
        raise ValueError("times must be ascending and not empty")
    images = np.empty((len(wanted), size[1], size[0], 3), np.uint8)
    shown = np.empty(len(wanted), np.float32)
    with opened_video(path) as (_, stream):
        filled = 0
        for filled, (time, picture) in enumerate(_nearest(stream, wanted), start=1):
            images[filled - 1] = rgb_picture(picture, size)
            shown[filled - 1] = time
        if filled == 0:
            raise DataError(f"{path} holds no picture that can be decoded; make or download it again.")
        _check_end(path, stream, wanted[-1], float(shown[filled - 1]))
        images[filled:], shown[filled:] = images[filled - 1], shown[filled - 1]
    return images, shown


def read_clip_images(
    path: Path | str, start: float, end: float, *, count: int, size: Size
) -> tuple[Images, NDArray[np.float32]]:
    """`count` pictures from the middle of equal parts of [start, end], for filmstrips and previews."""
    edges = np.linspace(start, end, count + 1)
    return read_images(path, (edges[:-1] + edges[1:]) / 2, size=size)


def write_jpeg(path: Path | str, image: Images, *, quality: int = 82) -> None:
    """Write one picture (H, W, 3) as a progressive JPEG, whole or not at all."""
    with replacing(Path(path)) as temporary:
        Image.fromarray(image).save(temporary, "JPEG", quality=quality, optimize=True, progressive=True)


def filmstrip(images: Images) -> Images:
    """N pictures (N, H, W, 3) side by side: (H, N * W, 3)."""
    return np.concatenate(list(images), axis=1)


@contextmanager
def opened_video(path: Path | str) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """A container and its first video stream; whatever FFmpeg says becomes one sentence."""
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no video file {path}.")
    if path.stat().st_size == 0:
        raise DataError(f"{path} is empty (0 bytes); make or download it again.")
    try:
        with av.open(str(path), metadata_errors="replace") as container:
            stream = shown_stream(container)
            if stream is None:
                raise DataError(f"{path} holds no video stream.")
            stream.thread_type = "AUTO"
            yield container, stream
    except av.FFmpegError as problem:
        raise DataError(f"{path} cannot be read as a video ({problem.strerror}).") from None


def shown_stream(container: av.container.InputContainer) -> av.VideoStream | None:
    """The film of a container: its first video stream of a known codec that is no cover picture; None without one."""
    streams = container.streams.video
    return next(
        (s for s in streams if s.codec_context and not s.disposition & Disposition.attached_pic), None
    )


def quarter_turns(picture: av.VideoFrame) -> int:
    """Quarter turns to the left that make a picture upright: phones store portrait films lying, with such a note."""
    return round(picture.rotation / 90) % 4


def _shown_size(stream: av.VideoStream) -> tuple[int, int, int]:
    """Width and height with square pixels, and quarter turns, which stand with the first picture."""
    width, height = stream.codec_context.width, stream.codec_context.height
    ratio = stream.codec_context.sample_aspect_ratio
    if ratio and 0.1 < ratio < 10:
        width = max(1, round(width * ratio))
    first = next(timed_pictures(stream, 0.0), None)
    turns = 0 if first is None else quarter_turns(first[1])
    return (height, width, turns) if turns % 2 else (width, height, turns)


def _duration(path: Path | str, container: av.container.InputContainer, stream: av.VideoStream) -> float:
    """Seconds from the first picture to the end of the last; counted from the packets if the header is silent."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration:
        return float(container.duration / av.time_base)
    container.seek(0)
    ends = [(p.pts + (p.duration or 0)) for p in container.demux(stream) if p.pts is not None]
    if not ends or not stream.time_base:
        raise DataError(f"{path} does not say how long it is and holds no pictures.")
    return float((max(ends) - (stream.start_time or 0)) * stream.time_base)


def _nearest(stream: av.VideoStream, wanted: NDArray[np.float64]) -> Iterator[tuple[float, av.VideoFrame]]:
    """For each wanted time the nearest decoded picture, while there are pictures (the last time may lack one)."""
    pictures = timed_pictures(stream, wanted[0])
    before = next(pictures, None)
    after = next(pictures, None) if before else None
    for index, time in enumerate(wanted):
        if index and before and time - max(before[0], wanted[index - 1]) > SEEK_GAP:
            pictures = timed_pictures(stream, time)
            before = next(pictures, before)
            after = next(pictures, None)
        while after and after[0] <= time:
            before, after = after, next(pictures, None)
        if not before:
            return
        closer_after = after is not None and after[0] - time < time - before[0]
        yield after if closer_after and after else before


def timed_pictures(stream: av.VideoStream, start: float) -> Iterator[tuple[float, av.VideoFrame]]:
    """Decoded pictures with their seconds, from the keyframe at or before `start` on.

    What cannot be decoded is left out: the pictures then end early or have a gap. Where a file without an index
    cannot be entered before `start`, it is decoded from its beginning.
    """
    origin = (stream.start_time or 0) * stream.time_base
    pictures = decoded_pictures(stream)
    if start > SEEK_GAP:
        pictures = _from_keyframe(stream, pictures, int((start + float(origin)) / stream.time_base))
    for picture in pictures:
        yield float(picture.pts * stream.time_base - origin), picture


def _from_keyframe(
    stream: av.VideoStream, pictures: Iterator[av.VideoFrame], start: int
) -> Iterator[av.VideoFrame]:
    """The pictures from the keyframe at or before `start` (in ticks of the stream) on, or from the first."""
    try:
        stream.container.seek(start, stream=stream, backward=True)
        first = next(pictures, None)
        if first is not None and first.pts <= start:
            return chain([first], pictures)
        stream.container.seek(0)
    except av.FFmpegError:  # cannot be entered in the middle
        pass
    return decoded_pictures(stream)


def decoded_pictures(stream: av.VideoStream) -> Iterator[av.VideoFrame]:
    """The pictures with a time that can be decoded from where the container stands."""
    packets = stream.container.demux(stream)
    while True:
        try:
            pictures = next(packets).decode()
        except StopIteration:
            return
        except av.FFmpegError:  # of one packet, or of the file: then the next is the end
            continue
        yield from (picture for picture in pictures if picture.pts is not None)


def rgb_picture(picture: av.VideoFrame, size: Size, how: Interpolation = Interpolation.AREA) -> Images:
    """The picture as RGB, upright, resized (by area, so that sources of any size come out alike)."""
    turns = quarter_turns(picture)
    width, height = size[::-1] if turns % 2 else size
    resized = picture.reformat(width=width, height=height, format="rgb24", interpolation=how)
    image = resized.to_ndarray()
    return np.rot90(image, turns) if turns else image


def _check_end(path: Path | str, stream: av.VideoStream, wanted: float, shown: float) -> None:
    """Refuse a file that was cut short: the header promises pictures that are not there."""
    if not stream.duration:
        return
    promised = min(wanted, float(stream.duration * stream.time_base))
    if promised - shown > max(1.0, 3.0 / float(stream.average_rate or 1)):
        raise DataError(
            f"{path} is damaged or cut short: it should reach {promised:.1f} s, but its last picture "
            f"is at {shown:.1f} s; make or download it again."
        )
