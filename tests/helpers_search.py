"""A tiny searchable world: random features, a random model, and a text encoder made of hashes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ral_core.features.store import VideoFeatures, write_features
from ral_core.features.text import EncodedQuery
from ral_core.features.words import WORD, words_of  # noqa: F401
from ral_core.files import write_jsonl
from ral_core.index.build import IndexConfig, build_index
from ral_core.index.folder import IndexFolder
from ral_core.models import ModelConfig, PRVRModel, RALConfig, build_model
from ral_core.models.checkpoint import save_model
from ral_core.search.engine import Explorer

VISUAL, TEXT, FILMS = 12, 8, 7


class HashText:
    """One piece a word; its vector depends on nothing but the word. Reads 12 words."""

    def __init__(self, id: str = "hash@1") -> None:
        self.id, self.width = id, TEXT

    def encode(self, texts: Sequence[str]) -> list[EncodedQuery]:
        return [self._encode(text) for text in texts]

    def _encode(self, text: str) -> EncodedQuery:
        found = list(WORD.finditer(text))
        kept = found[:12]
        return EncodedQuery(
            text=text,
            vectors=np.stack([word_vector(match.group()) for match in kept]),
            pieces=tuple(match.group() for match in kept),
            offsets=tuple(match.span() for match in kept),
            truncated=len(found) > len(kept),
        )


def word_vector(word: str) -> np.ndarray:
    seed = int.from_bytes(hashlib.sha256(word.lower().encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(TEXT).astype(np.float32)


def tiny_model(
    *, name: str = "gmmformer_v2", ral: bool = True, seed: int = 0, text_width: int = TEXT
) -> PRVRModel:
    torch.manual_seed(seed)
    config = ModelConfig(
        name=name,
        visual_width=VISUAL,
        text_width=text_width,
        width=16,
        heads=2,
        clips=4,
        max_frames=24,
        max_words=10,
        ral=RALConfig() if ral else None,
    )
    return build_model(config).eval()


def write_films(folder: Path, *, films: int = FILMS, seed: int = 0, encoder: str = "eyes@1") -> Path:
    """Features, captions and scene graphs of a few films of 5 to 20 s, one of them of a single frame."""
    rng = np.random.default_rng(seed)
    items = []
    for number in range(films):
        frames = 1 if number == films - 1 else int(rng.integers(10, 40))
        items.append(
            VideoFeatures(
                id=f"film-{number}",
                frames=rng.standard_normal((frames, VISUAL)).astype(np.float32),
                times=(np.arange(frames) * 0.5 + 0.25).astype(np.float32),
                duration=frames * 0.5,
            )
        )
    write_features(folder, items, encoder=encoder)
    write_jsonl(folder / "captions.jsonl", [caption(item, number) for number, item in enumerate(items)])
    shots = [{"setting": "beach"}, {"setting": "kitchen"}, {"setting": "beach"}]
    write_jsonl(
        folder / "films.jsonl", [{"id": item.id, "profile": "short", "shots": shots} for item in items]
    )
    return folder


def caption(item: VideoFeatures, number: int) -> dict[str, object]:
    other = f"film-{(number + 1) % 3}"
    return {
        "id": f"{item.id}#0",
        "film": item.id,
        "text": f"a man number {number} kicks a red ball",
        "level": "mid",
        "start": 0.0,
        "end": item.duration / 2,
        "relevant": sorted({item.id, other}),
        "ambiguity": len({item.id, other}),
    }


@dataclass(frozen=True)
class World:
    """A `precomputed` folder with one collection and two models."""

    root: Path
    features: Path
    indexes: dict[str, IndexFolder]
    text: HashText

    def open(self, **changes: object) -> Explorer:
        return Explorer.open(self.root, device="cpu", **({"text": self.text} | changes))  # type: ignore[arg-type]


def make_world(root: Path, *, dtype: str = "float32", films: int = FILMS) -> World:
    features, text = write_films(root / "world" / "test", films=films), HashText()
    indexes = {}
    for name, ral in (("ral-tiny", True), ("tiny", False)):
        model = tiny_model(ral=ral)
        save_model(root / "models" / name, model)
        indexes[name] = build_index(
            root / "indexes" / f"world-{name}",
            model,
            root / "models" / name,
            features,
            text,
            IndexConfig(name=f"world-{name}", collection="world/test", dtype=dtype, batch=3),
            captions=features / "captions.jsonl",
            films=features / "films.jsonl",
            media=features,
        )
    return World(root, features, indexes, text)


def edit_manifest(folder: Path, **changes: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changes))
