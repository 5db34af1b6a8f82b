"""Asking with a picture: the browser sends a small one, the index looks for moments like it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ral_core.errors import BadQuery
from ral_core.search.engine import Explorer
from ral_core.views import wording
from ral_core.views.cards import results_list
from ral_core.views.media import Shelf
from ral_core.views.parts import fresh, nothing
from ral_core.views.requests import Request

LARGEST = 1_500_000
"""Characters of a picture as the browser sends it; assets/pictures.js makes it 448 pixels wide at most."""
START = ("data:image/jpeg;base64,", "data:image/png;base64,", "data:image/webp;base64,")
SIDE = 4096
"""Pixels of a side; a larger picture is refused before it is unpacked."""


def read_picture(data: object) -> NDArray[np.uint8] | None:
    """The picture (H, W, 3) that an event carries, or None without one. Raises BadQuery where it is none."""
    sent = data.get("picture") if isinstance(data, Mapping) else None
    if not isinstance(sent, str) or not sent:
        return None
    start = next((start for start in START if sent.startswith(start)), None)
    if start is None or len(sent) > LARGEST:
        raise BadQuery("This is no picture that can be asked with; use a JPEG, PNG or WebP file.")
    try:
        with Image.open(BytesIO(base64.b64decode(sent[len(start) :], validate=True))) as image:
            if max(image.size) > SIDE:
                raise BadQuery(f"The picture is larger than {SIDE} pixels; make it smaller.")
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, binascii.Error, SyntaxError) as problem:
        raise BadQuery("The picture cannot be read.") from problem


def seen(
    explorer: Explorer, shelf: Shelf, request: Request, index: str | None, picture: NDArray[np.uint8]
) -> tuple[Any, Any, Any, Any]:
    """The notice, the list, the time line and the reasons of a picture; only words have reasons.

    Raises BadQuery for an index that can be asked in words only.
    """
    result = explorer.search_image(picture, request.k, model=request.model, index=index)
    result = replace(result, query="")
    listed = results_list(result, shelf, request.k, result.hits[0].video, None)
    return "", fresh(listed), fresh(""), fresh(nothing(wording.PICTURE_REASONS))
