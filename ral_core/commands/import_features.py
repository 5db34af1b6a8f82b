"""`python -m ral_core import-features SOURCE --out FOLDER`: features extracted elsewhere as our feature folder."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ral_core.data.annotations import read_durations
from ral_core.features.importing import ImportConfig, import_features
from ral_core.files import read_text


def add(parser: ArgumentParser) -> None:
    """The arguments of `import-features`."""
    parser.epilog = "example: python -m ral_core import-features clip_features/ --encoder clip-vit-b32 --fps 5 --out my/train"
    parser.add_argument(
        "source", type=Path, help="folder of .npy/.npz, .h5, .safetensors, BigFile or .parquet"
    )
    parser.add_argument("--out", type=Path, required=True, help="feature folder to write")
    parser.add_argument("--encoder", required=True, help="name of what made the features")
    parser.add_argument("--fps", type=float, default=2.0, help="rows a second (default: %(default)s)")
    parser.add_argument("--key", help="array of an .npz, or column of vectors of a .parquet")
    parser.add_argument("--clip-ids", metavar="PATTERN", help=r"one item a clip: (?P<video>.+)_(?P<clip>\d+)")
    parser.add_argument("--ids", type=Path, help="text file with the ids that there must be, one a line")
    parser.add_argument("--durations", type=Path, help="csv or json with the lengths of the videos")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Import and say what was written."""
    config = ImportConfig(encoder=args.encoder, fps=args.fps, key=args.key, clip_ids=args.clip_ids)
    durations = read_durations(args.durations) if args.durations else None
    wanted = read_text(args.ids).split("\n") if args.ids else None
    ids = None if wanted is None else [line.strip() for line in wanted if line.strip()]
    store = import_features(args.source, args.out, config, durations=durations, wanted=ids)
    about = {"out": str(args.out), "videos": len(store), "width": store.width, "encoder": store.encoder}
    text = f"{len(store)} videos, features {store.width} wide, written to {args.out}"
    print(json.dumps(about) if args.json else text)
    return 0
