"""Whether a browser plays a file as it is."""

from __future__ import annotations

import av

CONTAINERS = ("mp4", "webm")
CODECS = ("h264", "vp8", "vp9", "av1")
PIXELS = ("yuv420p", "yuvj420p")
"""8 bits, colour at half size: what every browser decodes."""
SOUNDS = ("aac", "mp3", "opus", "vorbis", "flac")


def why_not_playable(container: av.container.InputContainer, stream: av.VideoStream) -> str | None:
    """None for a file that browsers play, else why not, in one clause."""
    codec = stream.codec_context.codec.canonical_name
    names = container.format.name.split(",")
    if not is_known(names, container.name):
        return f"browsers do not play the container {names[0]}"
    if codec not in CODECS:
        return f"browsers do not play the codec {codec}"
    if stream.codec_context.pix_fmt not in PIXELS:
        return f"browsers do not show the pixels {stream.codec_context.pix_fmt}"
    sounds = [one.codec_context.codec.canonical_name for one in container.streams.audio if one.codec_context]
    other = next((name for name in sounds[:1] if name not in SOUNDS), None)
    return None if other is None else f"browsers do not play the sound {other}"


def is_known(names: list[str], path: str) -> bool:
    """Whether FFmpeg's names of a format mean a container of browsers: it calls webm and mkv, mp4 and mov the same."""
    if "webm" in names:
        return path.lower().endswith(".webm")
    return any(name in names for name in CONTAINERS)
