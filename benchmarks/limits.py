"""What limits a model on the rendered world: train and test it on what is truly visible in each frame.

`python benchmarks/limits.py` puts the labels of `ral_core.world.labels` in the place of the visual encoder's
features and changes nothing else. What is still missing to the ceiling is not perception but text, model and data.
`--noise` adds Gaussian noise to the labels, for a curve from perfect to poor sight. Films are only sampled, never
drawn, so it needs no video.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from ral_core.commands.evaluate import localiser  # noqa: E402
from ral_core.data.captions import write_captions  # noqa: E402
from ral_core.device import pick_device  # noqa: E402
from ral_core.evaluation.evaluate import evaluate  # noqa: E402
from ral_core.evaluation.report import readable  # noqa: E402
from ral_core.evaluation.splits import load_split  # noqa: E402
from ral_core.features.encoders import open_text_encoder  # noqa: E402
from ral_core.features.store import FeatureStore, VideoFeatures, write_features  # noqa: E402
from ral_core.files import write_json  # noqa: E402
from ral_core.models.checkpoint import load_model  # noqa: E402
from ral_core.training.config import override, read_config  # noqa: E402
from ral_core.training.run import train  # noqa: E402
from ral_core.world.captions import split_captions  # noqa: E402
from ral_core.world.labels import frame_labels  # noqa: E402
from ral_core.world.scene import Film, film_hash  # noqa: E402
from ral_core.world.splits import split_films, split_named  # noqa: E402

FPS, MOST = 2.0, 128


def label_features(films: Sequence[Film], noise: float) -> Iterator[VideoFeatures]:
    """The labels of each film at two frames a second, at most 128 evenly spread, plus noise of that deviation."""
    random = np.random.default_rng(0)
    for film in films:
        count = min(MOST, int(film.duration * FPS))
        times = ((np.arange(count) + 0.5) * film.duration / count).astype(np.float32)
        labels = np.stack([frame_labels(film, float(time)) for time in times])
        blur = noise * random.standard_normal(labels.shape, dtype=np.float32)
        yield VideoFeatures(film.id, labels + blur, times, film.duration)


def write_truth(folder: Path, name: str, noise: float, count: int | None) -> None:
    """Write a split with labels for features; one that shows the same films already stays as it is."""
    split = split_named(name)
    if count is not None:
        split = replace(split, films=count)
    films, twins = split_films(split)
    encoder = f"labels+{noise:g}@{film_hash(films)[:8]}"
    if (folder / "features.json").is_file() and FeatureStore.open(folder).encoder == encoder:
        return
    write_captions(folder / "captions.jsonl", split_captions(split, films, twins))
    write_features(folder, label_features(films, noise), encoder=encoder, fps=FPS)


def main() -> None:
    """Write the three splits, train, and report on the test films."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--preset", default="ral", help="what to train (%(default)s)")
    parser.add_argument("--noise", type=float, default=0.0, help="deviation of the noise (%(default)s)")
    parser.add_argument("--films", type=int, help="training films, instead of all")
    parser.add_argument("--epochs", type=int, help="instead of the preset's")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int)
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build/limits", help="working folder (%(default)s)"
    )
    args = parser.parse_args()
    if args.threads:
        torch.set_num_threads(args.threads)
    root = args.out / f"labels-{args.noise:g}"
    for name in ("train", "val", "test"):
        write_truth(root / name, name, args.noise, args.films if name == "train" else None)
        print(f"{name}: truth written", flush=True)
    config = override(read_config(args.preset), epochs=args.epochs)
    config = replace(config, data=replace(config.data, root=str(root)))
    text, device = open_text_encoder(config.data.text), pick_device(args.device)
    out = args.out / f"{config.name}-{args.noise:g}"
    train(
        config, out, text, device=device, cache=ROOT / "build/text", say=lambda line: print(line, flush=True)
    )
    model = load_model(out, device)
    test = load_split(root / "test", model.config, text, cache=ROOT / "build/text")
    report = evaluate(model, test, localise=localiser())
    write_json(out / "report.json", report)
    print(readable(report))


if __name__ == "__main__":
    main()
