"""What every encoder has in common, and how to get one by name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import torch

from ral_core.errors import EncoderMismatch

if TYPE_CHECKING:
    from ral_core.features.joint_text import JointText
    from ral_core.features.text import TextEncoder
    from ral_core.features.visual import VisualEncoder

VISUAL_FOLDER = Path("precomputed/encoders/visual")


class Encoder(Protocol):
    """A frozen network whose outputs are stored: its `id` changes whenever its outputs would."""

    @property
    def id(self) -> str:
        """Name and a short hash of the weights."""
        ...

    @property
    def width(self) -> int:
        """Width of one vector."""
        ...


def open_text_encoder(
    spec: str | Path = "minilm", *, device: torch.device | str = "cpu"
) -> TextEncoder | JointText:
    """The text encoder called `spec`: `minilm`, a folder, or a hub id that is on this machine.

    `joint:` before a folder or hub id opens the text side of an image-text encoder.
    """
    if str(spec).startswith("joint:"):
        from ral_core.features.joint_text import JointText

        return JointText.open(spec, device=device)
    from ral_core.features.text import TextEncoder

    return TextEncoder.open(spec, device=device)


def open_visual_encoder(
    folder: str | Path = VISUAL_FOLDER, *, device: torch.device | str = "cpu"
) -> VisualEncoder:
    """The visual encoder in `folder`."""
    from ral_core.features.visual import VisualEncoder

    return VisualEncoder.open(folder, device=device)


def require_encoder(encoder: Encoder, recorded: str, where: Path | str) -> None:
    """Raise EncoderMismatch unless `encoder` is the one that `where` says it was made with."""
    if encoder.id != recorded:
        raise EncoderMismatch(
            f"{where} was made with the encoder {recorded!r}, but {encoder.id!r} is open; "
            "open the former or make it again."
        )
