"""`python -m ral_core train CONFIG`: train a model, or go on with a run that was stopped."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ral_core.commands.numbers import seed, whole
from ral_core.offers import offers

if TYPE_CHECKING:
    from ral_core.training.config import RunConfig

ROOT = Path(__file__).resolve().parents[2]


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `train`."""
    parser.epilog = (
        "examples:\n  python -m ral_core train ral --data build/world\n"
        "  python -m ral_core train ral --library my_library --captions captions.csv\n"
        f"models of other packages: {', '.join(map(str, offers().values())) or 'none'} (docs/new-model.md)"
    )
    parser.add_argument("config", help="a preset (see ral_core/presets) or a TOML or JSON file")
    parser.add_argument("--out", type=Path, help="model folder (build/models/NAME)")
    parser.add_argument(
        "--data",
        type=Path,
        help="folder that holds train/ and val/, or a published data set such as .../tvr, or the folder it is in "
        "(default: the config's)",
    )
    parser.add_argument("--feature", help="which frame features of a published data set (the config's)")
    parser.add_argument("--epochs", type=int, help="instead of the config's")
    parser.add_argument("--seed", type=seed, help="instead of the config's")
    parser.add_argument("--minutes", type=float, help="stop after the epoch in which they are over")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (%(default)s)")
    parser.add_argument("--threads", type=whole(1), help="CPU threads to use")
    parser.add_argument(
        "--half", action="store_true", help="keep the weights as float16, as shipped models do"
    )
    parser.add_argument(
        "--resume", choices=("auto", "never"), default="auto", help="go on with a stopped run (%(default)s)"
    )
    own = parser.add_argument_group("on videos or features of your own")
    own.add_argument(
        "--library", type=Path, help="folder with features/, as `ingest` or `import-features` make it"
    )
    own.add_argument(
        "--captions",
        type=Path,
        help="csv or jsonl with video, start, end and sentence, or subtitles: a .vtt or .srt file or a folder of "
        "them (default: the library's captions.jsonl)",
    )
    own.add_argument("--name", help="what to call the model (the config's name)")
    own.add_argument("--text", help="text encoder: minilm, a folder or a hub id (the config's)")
    own.add_argument(
        "--json",
        action="store_true",
        help="print the figures as one JSON object; progress goes to standard error",
    )


def run(args: argparse.Namespace) -> int:
    """Train and say what was written."""
    import torch

    from ral_core.errors import DataError
    from ral_core.training.config import override, read_config

    if args.threads:
        torch.set_num_threads(args.threads)
    config = read_config(args.config)
    config = override(config, epochs=args.epochs, seed=args.seed, max_minutes=args.minutes)
    if args.library:
        if args.data or args.feature or args.out:
            raise DataError(
                "--data, --feature and --out are for splits that are laid out already; a library has a place for its "
                "models, and --name says what to call one."
            )
        from ral_core.commands.train_library import train_library

        return train_library(args, config)
    if args.captions or args.name or args.text:
        raise DataError(
            "--captions, --name and --text belong to --library; name the folder with your features."
        )
    return on_splits(args, config)


def on_splits(args: argparse.Namespace, config: RunConfig) -> int:
    """Train on splits that are laid out already."""
    from ral_core.data.official import collection_in, is_official
    from ral_core.device import pick_device
    from ral_core.errors import DataError
    from ral_core.features.encoders import open_text_encoder
    from ral_core.training.run import train, trained_with

    root = args.data.resolve() if args.data else ROOT / config.data.root
    root = collection_in(root, Path(config.data.root).name)
    feature = args.feature or config.data.feature
    config = replace(config, data=replace(config.data, root=str(root), feature=feature))
    device = pick_device(args.device)
    official = is_official(root)
    if not official and config.data.feature:
        raise DataError(
            f"{root} is not laid out as the published data sets are (FeatureData and TextData); name the "
            "folder of the data set: --data .../tvr."
        )
    for name in () if official else (config.data.train, config.data.val):
        if not (root / name / "features.json").is_file():
            raise DataError(
                f"There are no features in {root / name}; make them first: python -m ral_core world build."
            )
    out = train(
        config,
        args.out or ROOT / "build/models" / config.name,
        None if official else open_text_encoder(config.data.text, device=device),
        device=device,
        cache=ROOT / "build/text",
        resume=args.resume == "auto",
        half=args.half,
        command=("python -m ral_core", shlex.join(sys.argv[1:])),
        say=lambda line: print(line, file=sys.stderr if args.json else sys.stdout, flush=True),
    )
    if args.json:
        kept = ("epochs", "best_epoch", "minutes", "scores")
        said = {name: value for name, value in trained_with(out).items() if name in kept}
        print(json.dumps({"out": str(out), "name": config.name, **said}))
    return 0
