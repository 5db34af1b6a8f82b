"""Single pictures of films, taken when a page asks for them: a card shows the moment it found."""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from PIL import Image

from ral_core.data.videos import read_images

SIZE = (320, 180)
KEPT = 512
"""Stills that stay in memory, about 12 kB each."""


@lru_cache(maxsize=KEPT)
def still(film: Path, second: float) -> bytes:
    """The picture of a film at a second, as JPEG. Raises DataError for a film that cannot be decoded."""
    images, _ = read_images(film, [second], size=SIZE)
    target = BytesIO()
    Image.fromarray(images[0]).save(target, "JPEG", quality=82)
    return target.getvalue()
