"""Queries that are pictures or moments of a video, for indexes whose space holds pictures and words alike."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageOps
from torch import Tensor

from ral_core.data.videos import Images
from ral_core.errors import BadQuery, DataError
from ral_core.features.joint_text import JointText
from ral_core.features.video_encoder import JointVideoEncoder
from ral_core.search.gallery import Gallery
from ral_core.search.reading import ReadsText

Picture = Path | str | NDArray[np.uint8]
MOMENT = re.compile(r"(?P<video>.+)@(?P<start>\d+(?:\.\d+)?)-(?P<end>\d+(?:\.\d+)?)")
FRAMES = 32
"""Pictures of a moment outside the index that are looked at, at most."""


class Span(NamedTuple):
    """A moment as it is written on the command line."""

    video: str
    start: float  # s
    end: float  # s


def read_span(text: str) -> Span:
    """`VIDEO@START-END` in seconds. Raises BadQuery for anything else.

    >>> read_span("my film.mp4@12-15.5")
    Span(video='my film.mp4', start=12.0, end=15.5)
    """
    found = MOMENT.fullmatch(text.strip())
    if found is None:
        raise BadQuery(
            f"A moment is written VIDEO@START-END in seconds, such as film-3@12-15.5, not {text!r}."
        )
    return Span(found["video"], float(found["start"]), float(found["end"]))


def require_pictures(gallery: Gallery) -> None:
    """Raise BadQuery unless the index's model compares pictures with pictures."""
    about = gallery.manifest
    if "images" not in gallery.model.capabilities:
        raise BadQuery(
            f"The index {about.name} can be asked in words only: {about.model} was trained to compare sentences with "
            "videos and has no place for a picture; ask a zero-shot index."
        )


def read_picture(picture: Picture) -> Images:
    """One upright RGB picture (1, H, W, 3). Raises DataError for a file or array that is none."""
    if isinstance(picture, np.ndarray):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[-1] != 3 or not picture.size:
            raise DataError(
                f"A picture is uint8 RGB (H, W, 3), not {picture.dtype} {picture.shape}; convert it."
            )
        return picture[None]
    try:
        with Image.open(picture) as image:
            upright = ImageOps.exif_transpose(image)
            return np.asarray(upright.convert("RGB"))[None]
    except FileNotFoundError:
        raise DataError(f"There is no picture {picture}.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
        raise DataError(f"{picture} cannot be read as a picture ({str(problem).splitlines()[0]}).") from None


def picture_vector(text: ReadsText, picture: Picture) -> Tensor:
    """The unit vector (1, D) of a picture, by the encoder whose text side is `text`."""
    return torch.from_numpy(joint_of(text).encoder.images(read_picture(picture)))


def moment_vector(gallery: Gallery, text: ReadsText, span: Span) -> tuple[Tensor, str | None]:
    """The mean (1, D) of the unit frames in a moment, and the id of its film where the index has it.

    The film is an id of the index, or a video file. A moment that falls between two frames is its nearest frame.
    Raises BadQuery for a moment that is empty or outside its film, DataError for a file that cannot be read.
    """
    if not 0 <= span.start < span.end:
        raise BadQuery(f"A moment must end after it starts, unlike {span.start:g} to {span.end:g} s.")
    if span.video in gallery.rows:
        row = gallery.rows[span.video]
        return frames_between(gallery, row, span).mean(0, keepdim=True), gallery.videos[row].video
    if not Path(span.video).is_file():
        raise BadQuery(
            f"There is no video {span.video!r} in the index {gallery.manifest.name}, and no such file."
        )
    encoder = JointVideoEncoder(joint_of(text).encoder, min(60.0, max(1.0, FRAMES / (span.end - span.start))))
    seen = encoder.encode_window(span.video, span.start, span.end)
    return torch.from_numpy(seen.frames).mean(0, keepdim=True), None


def frames_between(gallery: Gallery, row: int, span: Span) -> Tensor:
    """The unit frames (N, D) of a film between two seconds, N >= 1."""
    if span.start >= gallery.length(row):
        raise BadQuery(
            f"{span.video} is {gallery.length(row):.1f} s long; nothing of it starts at {span.start:g} s."
        )
    rows = gallery.windows(row)
    times = np.concatenate([gallery.times(one) for one in rows])
    frames = torch.cat([gallery.tokens.frames[one, : len(gallery.times(one))] for one in rows]).float().cpu()
    inside = np.flatnonzero((times >= span.start) & (times <= span.end))
    if not len(inside):
        inside = np.array([int(np.abs(times - (span.start + span.end) / 2).argmin())])
    return frames[torch.from_numpy(inside)]


def joint_of(text: ReadsText) -> JointText:
    """The text encoder, if it is the text side of a joint one. Raises BadQuery otherwise."""
    if not isinstance(text, JointText):
        raise BadQuery(f"The encoder {text.id} knows no pictures; ask an index of an image-text encoder.")
    return text
