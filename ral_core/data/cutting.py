"""A moment of a video as a file of its own: exact to the picture and, in the sound, to the sample."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from heapq import merge
from itertools import chain
from pathlib import Path

import av
import numpy as np

from ral_core.data.videos import opened_video, quarter_turns, timed_pictures
from ral_core.errors import DataError
from ral_core.files import replacing

TICKS = 90_000
"""Time units a second in the written file; fine enough for every frame rate in use."""
SAME = 1e-3
"""Seconds within which two times are the same: some containers round to milliseconds."""
SOUND_RATES = (48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000)
"""Sample rates that AAC can have; sound of any other is written with the first."""

Picture = tuple[float, av.VideoFrame]  # seconds from the start of the moment
Packets = Iterator[tuple[float, av.Packet]]


@dataclass(frozen=True)
class Cut:
    """What was written."""

    path: Path
    start: float  # s in the source
    end: float  # s in the source; the video's end where the moment was said to end later
    pictures: int
    sound: bool


def cut_moment(
    path: Path | str,
    start: float,
    end: float,
    out: Path | str,
    *,
    crf: int = 20,
    watch: Callable[[float], None] | None = None,
) -> Cut:
    """Write the seconds [start, end) of a video to `out` as an mp4 that browsers play, with its sound.

    Pictures keep their own times, so that a variable frame rate stays one; the picture on show at `start` comes
    first, and none that begins at `end` or later is taken. A video that is shown turned is written upright, and an
    odd size loses a row or column. `watch` is told the seconds that are written. The file appears whole or not at
    all. Raises DataError for a moment that is empty or begins after the video's end, and for files that cannot be
    decoded.
    """
    source, out = Path(path), Path(out)
    if not (np.isfinite([start, end]).all() and 0 <= start < end):
        raise DataError(f"A moment begins at 0 s or later and ends after that, not at {start} to {end} s.")
    if out.exists() and source.exists() and out.samefile(source):
        raise DataError(f"{out} is the video itself; write the moment to another file.")
    with (
        opened_video(source) as (_, video),
        opened_video(source) as (second, _),  # read on its own: a file is decoded at one place at a time
        replacing(out) as temporary,
        av.open(str(temporary), "w", format="mp4", options={"movflags": "+faststart"}) as target,
    ):
        shots = pictures_between(video, start, end)
        first = next(shots, None)
        if first is None:
            raise DataError(f"{source} ends before {start:.2f} s; choose a moment inside the video.")
        step = 1 / float(video.average_rate or 25)
        picture = picture_stream(target, video, first[1], crf)
        ends = [first[0] + step]
        tracks = [picture_packets(picture, noting(chain([first], shots), ends, step, watch))]
        sound = next((one for one in second.streams.audio if one.codec_context), None)
        if sound is not None:
            layout = "mono" if sound.channels == 1 else "stereo"
            voice = target.add_stream("aac", rate=sound_rate(sound), layout=layout)
            origin = float((video.start_time or 0) * video.time_base)
            tracks.append(sound_packets(voice, sound_blocks(sound, voice, origin + start, origin + end)))
        for _, packet in merge(*tracks, key=lambda pair: pair[0]):
            target.mux(packet)
    return Cut(out, start, min(end, start + ends[-1]), len(ends) - 1, sound is not None)


def noting(
    pictures: Iterator[Picture], ends: list[float], step: float, watch: Callable[[float], None] | None
) -> Iterator[Picture]:
    """The pictures as they come, the end of each put into `ends` and told to `watch`."""
    for time, picture in pictures:
        ends.append(time + step)
        if watch is not None:
            watch(ends[-1])
        yield time, picture


def pictures_between(stream: av.VideoStream, start: float, end: float) -> Iterator[Picture]:
    """The pictures on show within [start, end), the first at second 0."""
    before: Picture | None = None
    for time, picture in timed_pictures(stream, start):
        if time <= start + SAME:
            before = time, picture
            continue
        if before:
            yield 0.0, before[1]
            before = None
        if time >= end - SAME:
            return
        yield time - start, picture
    # The video's last picture is on show for as long as the others.
    if before and start < before[0] + 1 / float(stream.average_rate or 25):
        yield 0.0, before[1]


def picture_stream(
    target: av.container.OutputContainer, source: av.VideoStream, first: av.VideoFrame, crf: int
) -> av.VideoStream:
    """An H.264 stream of the size in which the source is shown."""
    turned = quarter_turns(first) % 2 == 1
    width, height = (first.height, first.width) if turned else (first.width, first.height)
    stream = target.add_stream("libx264", rate=source.average_rate or Fraction(25))
    stream.width, stream.height = max(2, width - width % 2), max(2, height - height % 2)
    stream.pix_fmt = "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, TICKS)
    if (ratio := source.codec_context.sample_aspect_ratio) and ratio != 1:
        stream.codec_context.sample_aspect_ratio = 1 / ratio if turned else ratio
    stream.options = {"crf": str(crf), "preset": "veryfast"}
    return stream


def picture_packets(stream: av.VideoStream, pictures: Iterator[Picture]) -> Packets:
    """The encoded pictures with the second by which each is needed."""
    for time, picture in pictures:
        frame = upright(picture).reformat(stream.width, stream.height, "yuv420p")
        frame.pts, frame.time_base, frame.pict_type = round(time * TICKS), Fraction(1, TICKS), 0
        yield from timed(stream.encode(frame))
    yield from timed(stream.encode(None))


def upright(picture: av.VideoFrame) -> av.VideoFrame:
    """The picture as it is meant to be seen: phones store portrait films lying, with a note on how to turn them."""
    turns = quarter_turns(picture)
    if not turns:
        return picture
    image = np.rot90(picture.to_ndarray(format="rgb24"), turns)
    return av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="rgb24")


def sound_rate(sound: av.AudioStream) -> int:
    """Samples a second to write."""
    return sound.rate if sound.rate in SOUND_RATES else SOUND_RATES[0]


def sound_blocks(
    sound: av.AudioStream, voice: av.AudioStream, start: float, end: float
) -> Iterator[av.AudioFrame]:
    """The sound of [start, end), seconds of the container's clock, as `voice` takes it; silence until it begins."""
    container, rate, layout = sound.container, voice.rate, voice.layout.name
    container.seek(int(max(0.0, start - 1) * av.time_base), backward=True)  # AAC needs some run-up
    resampler = av.AudioResampler(format="fltp", layout=layout, rate=rate)
    length, written = round((end - start) * rate), 0
    for frame in container.decode(sound):
        for block in resampler.resample(frame) if frame.pts is not None else ():
            samples = block.to_ndarray()
            place = round((block.pts * float(block.time_base) - start) * rate)
            if 0 <= written < place < length:
                yield sounding(np.zeros((len(samples), place - written), np.float32), rate, written)
                written = place
            kept = samples[:, max(0, written - place) : max(0, length - place)]
            if kept.size:
                yield sounding(kept, rate, written)
                written += kept.shape[1]
        if written >= length:
            return


def sounding(samples: np.ndarray, rate: int, place: int) -> av.AudioFrame:
    """Samples (channels, N) as a frame that begins at sample `place`."""
    layout = "mono" if len(samples) == 1 else "stereo"
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
    frame.sample_rate, frame.pts, frame.time_base = rate, place, Fraction(1, rate)
    return frame


def sound_packets(stream: av.AudioStream, blocks: Iterator[av.AudioFrame]) -> Packets:
    """The encoded sound with the second by which each packet is needed."""
    queue = av.AudioFifo()
    for block in blocks:
        queue.write(block)
        while (frame := queue.read(stream.codec_context.frame_size or 1024)) is not None:
            yield from timed(stream.encode(frame))
    if (rest := queue.read(0, partial=True)) is not None:
        yield from timed(stream.encode(rest))
    yield from timed(stream.encode(None))


def timed(packets: list[av.Packet]) -> Packets:
    """Packets with their seconds."""
    for packet in packets:
        yield float((packet.dts or 0) * packet.time_base), packet
