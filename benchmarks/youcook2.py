"""Train and evaluate systems on 251 real cooking videos, with a linear model beside them.

    python benchmarks/youcook2.py FOLDER --systems ms_sl ral_ms_sl --seeds 5

FOLDER holds `youcook2_items.jsonl` (video `<id>_<segment>` and its caption, one a line) and
`youcook2_video_768.npy`, one VideoMAE embedding a line. Segments of one video, in order, are the clips of one
untrimmed video; a caption describes one of them. Each seed draws 50 videos to test on and 25 to choose the epoch
on; the rest trains. Embeddings are whitened by the training clips' (shrunk) covariance, for every system alike.

The linear model is ridge regression from TF-IDF to the embeddings, and the highest cosine over a video's clips.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.data.captions import Caption, write_captions
from ral_core.evaluation.evaluate import validate
from ral_core.evaluation.metrics import ranks_of, recall_report
from ral_core.evaluation.splits import load_split
from ral_core.features.encoders import open_text_encoder
from ral_core.features.packed import EncodesText
from ral_core.features.store import VideoFeatures, write_features
from ral_core.files import read_jsonl, write_json
from ral_core.models.checkpoint import load_model
from ral_core.training.config import RunConfig, read_config
from ral_core.training.run import train

Array = NDArray[np.floating]
SEGMENT_SECONDS = 10.0
"""Segments have no times here; they are laid end to end."""
SHRINKAGE = 0.3
TEST, VAL = 50, 25
CUTOFFS = ("R@1", "R@5", "R@10")


@dataclass(frozen=True)
class Corpus:
    """N clips of untrimmed videos, one caption each."""

    vectors: Array  # (N, 768)
    captions: tuple[str, ...]
    videos: NDArray[np.str_]  # (N,)

    def of(self, ids: NDArray[np.str_]) -> NDArray[np.int64]:
        """The clips of some videos."""
        return np.flatnonzero(np.isin(self.videos, ids))


def read_corpus(folder: Path) -> Corpus:
    """The clips, those of one video in their order."""
    rows = list(read_jsonl(folder / "youcook2_items.jsonl"))
    names = [row["video"].rsplit("_", 1) for row in rows]
    order = sorted(range(len(rows)), key=lambda at: (names[at][0], int(names[at][1])))
    vectors = np.load(folder / "youcook2_video_768.npy")
    return Corpus(
        vectors[[rows[at]["row"] for at in order]],
        tuple(rows[at]["captions"][0] for at in order),
        np.array([names[at][0] for at in order]),
    )


def drawn(corpus: Corpus, seed: int) -> dict[str, NDArray[np.str_]]:
    """Videos for train, val and test, at random."""
    ids = np.random.default_rng(seed).permutation(np.unique(corpus.videos))
    return {"test": ids[:TEST], "val": ids[TEST : TEST + VAL], "train": ids[TEST + VAL :]}


def whitened(vectors: Array, train: NDArray[np.int64]) -> Array:
    """Vectors with the training clips' mean taken off and their covariance, shrunk to its mean, divided out."""
    centred = vectors.astype(np.float64) - vectors[train].mean(0)
    covariance = np.cov(centred[train].T)
    spread, axes = np.linalg.eigh(covariance)
    scale = 1 / np.sqrt((1 - SHRINKAGE) * spread.clip(0) + SHRINKAGE * spread.mean())
    return np.asarray((centred @ (axes * scale)) @ axes.T, dtype=np.float32)


def write_splits(corpus: Corpus, parts: dict[str, NDArray[np.str_]], vectors: Array, root: Path) -> None:
    """The splits as folders that training reads."""
    for name, ids in parts.items():
        items, captions = [], []
        for video in sorted(ids):
            which = corpus.of(np.array([video]))
            times = (np.arange(len(which), dtype=np.float32) + 0.5) * SEGMENT_SECONDS
            items.append(VideoFeatures(video, vectors[which], times, len(which) * SEGMENT_SECONDS))
            captions += [
                Caption(
                    id=f"{video}#{number}",
                    film=video,
                    text=corpus.captions[row],
                    level="full",
                    start=number * SEGMENT_SECONDS,
                    end=(number + 1) * SEGMENT_SECONDS,
                    relevant=(video,),
                    ambiguity=1,
                )
                for number, row in enumerate(which)
            ]
        write_features(root / name, items, encoder="videomae-whitened", fps=1 / SEGMENT_SECONDS)
        write_captions(root / name / "captions.jsonl", captions)


def config_of(system: str, seed: int, root: Path, start: str = "canonical") -> RunConfig:
    """The system's preset, made small and strict for a few hundred captions."""
    preset = read_config(system)
    return replace(
        preset,
        model={**preset.model, "width": 128, "max_frames": 16, "clips": 16, "input_drop": 0.5, "drop": 0.3},
        objective=replace(preset.objective, precision="float32", hard_from_epoch=1000),
        training=replace(
            preset.training,
            epochs=15,
            patience=15,
            batch_videos=64,
            learning_rate=5e-4,
            start=start,
            seed=seed,
        ),
        data=replace(preset.data, root=str(root), captions_per_video=None),
    )


def trained(
    system: str, seed: int, corpus: Corpus, text: EncodesText, start: str, cache: Path | None
) -> dict[str, float]:
    """The test recalls of a system on one draw of videos."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        parts = drawn(corpus, seed)
        write_splits(corpus, parts, whitened(corpus.vectors, corpus.of(parts["train"])), root)
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        config = config_of(system, seed, root, start)
        out = train(config, root / "model", text, device=device, cache=cache, say=lambda _: None)
        model = load_model(out, device)
        return validate(model, load_split(root / "test", model.config, text, cache=cache))


def ridge(seed: int, corpus: Corpus) -> dict[str, float]:
    """The linear model on the same test videos; it trains on the others, having no epoch to choose."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import Ridge

    parts = drawn(corpus, seed)
    test = corpus.of(parts["test"])
    rest = corpus.of(np.concatenate([parts["train"], parts["val"]]))
    words = TfidfVectorizer(sublinear_tf=True)
    known = words.fit_transform([corpus.captions[row] for row in rest])
    asked = words.transform([corpus.captions[row] for row in test])
    centre = corpus.vectors[rest].mean(0)
    vectors = corpus.vectors - centre
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    guessed = Ridge(alpha=1.0).fit(known, vectors[rest]).predict(asked)
    guessed /= np.linalg.norm(guessed, axis=1, keepdims=True)
    clips = guessed @ vectors[test].T
    names, owner = np.unique(corpus.videos[test], return_inverse=True)
    scores = np.stack([clips[:, owner == video].max(1) for video in range(len(names))], axis=1)
    return recall_report(ranks_of(scores, owner))


def measured(args: argparse.Namespace) -> Iterator[tuple[str, list[dict[str, float]]]]:
    """Each system with its numbers on every draw."""
    corpus = read_corpus(args.folder)
    yield "tf-idf ridge", [ridge(seed, corpus) for seed in range(args.seeds)]
    text = open_text_encoder("minilm")
    for system in args.systems:
        yield (
            system,
            [trained(system, seed, corpus, text, args.start, args.cache) for seed in range(args.seeds)],
        )


def row_of(name: str, numbers: Sequence[dict[str, float]]) -> str:
    """One line of the table: mean and standard deviation over the draws."""
    cells = [[one[key] for one in numbers] for key in CUTOFFS]
    spread = [np.std(cell, ddof=1) if len(cell) > 1 else 0.0 for cell in cells]
    parts = [f"{np.mean(cell):5.1f} ± {by:.1f}" for cell, by in zip(cells, spread, strict=True)]
    return f"{name:<16}" + "   ".join(parts)


def main() -> None:
    """Measure and print, a line a system."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--systems", nargs="+", default=["ms_sl", "ral_ms_sl", "gmmformer_v2", "ral"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--start", choices=("canonical", "random"), default="canonical")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--cache", type=Path, help="folder that keeps encoded captions between runs")
    parser.add_argument("--save", type=Path, metavar="FILE", help="also write every number as JSON")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    print(f"{'':<16}" + "".join(f"{key:<15}" for key in CUTOFFS), flush=True)
    table = {}
    for name, numbers in measured(args):
        table[name] = numbers
        print(row_of(name, numbers), flush=True)
    if args.save:
        write_json(args.save, table)


if __name__ == "__main__":
    main()
