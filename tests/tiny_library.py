"""A small library of videos of one's own: features drawn at random, a zero-shot model, one long video."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ral_core.data.captions import Caption, write_captions
from ral_core.features.joint_text import JointText
from ral_core.features.store import VideoFeatures, write_features
from ral_core.index.build import IndexConfig, build_index
from ral_core.index.folder import IndexFolder, VideoRow
from ral_core.models import ZeroShot
from ral_core.models.checkpoint import save_model
from ral_core.models.zero_shot import zero_shot_config
from ral_core.search.engine import Explorer

QUERY = "a dog runs on the beach"
WINDOW, WINDOWS = 8.0, 3


@dataclass(frozen=True)
class Library:
    """A folder of one's own videos: `short` (6 s), `long` (three windows of 8 s), `other` (6 s)."""

    root: Path
    encoder: Path
    index: IndexFolder
    text: JointText

    def open(self, **changes: object) -> Explorer:
        return Explorer.open(self.root, device="cpu", **changes)  # type: ignore[arg-type]


def make_library(
    root: Path, encoder: Path, *, collection: str = "mine", captions: bool = False, seed: int = 0
) -> Library:
    rng = np.random.default_rng(seed)
    text = JointText.open(encoder)

    def seen(name: str, start: float, end: float) -> VideoFeatures:
        times = np.arange(start, end).astype(np.float32) + 0.1
        return VideoFeatures(name, rng.standard_normal((len(times), text.width)), times, end - start, start)

    windows = [seen(f"long#{k}", k * WINDOW, (k + 1) * WINDOW) for k in range(WINDOWS)]
    items = [seen("short", 0, 6), *windows, seen("other", 0, 6)]
    write_features(root / "features", items, encoder=text.id, fps=1)
    rows = [VideoRow("short", "Short one", 6.0)]
    rows += [
        VideoRow(w.id, "Long one", w.duration, source="long", start=w.start, end=w.start + w.duration)
        for w in windows
    ]
    rows.append(VideoRow("other", "Another", 6.0))
    if captions:
        said = [("a#0", "short", 1, 3), ("b#0", "long", 17, 20), ("c#0", "other", 0, 6)]
        write_captions(
            root / "captions.jsonl",
            [Caption(i, f, f"about {i} and {f}", "mid", a, b, (f,), 1) for i, f, a, b in said],
        )
    model = ZeroShot(zero_shot_config(text.width))
    save_model(root / "models" / "zero_shot", model)
    index = build_index(
        root / "indexes" / f"{collection}-zero_shot",
        model,
        root / "models" / "zero_shot",
        root / "features",
        text,
        IndexConfig(name=f"{collection}-zero_shot", collection=collection, text_spec=f"joint:{encoder}"),
        rows=rows,
        captions=root / "captions.jsonl" if captions else None,
    )
    return Library(root, encoder, index, text)
