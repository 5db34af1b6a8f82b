"""`python -m ral_core index`: make a collection searchable."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ral_core.device import pick_device
from ral_core.features.encoders import open_text_encoder
from ral_core.features.joint import PREFIX
from ral_core.index.build import IndexConfig, build_index
from ral_core.models.checkpoint import load_model


def add(parser: ArgumentParser) -> None:
    """The arguments of `index`."""
    parser.epilog = (
        "example: python -m ral_core index --model precomputed/models/ral-gmmformer-v2 "
        "--features precomputed/world/test --out precomputed/indexes/world-ral-gmmformer-v2"
    )
    parser.add_argument("--model", type=Path, required=True, help="a folder written by `train`")
    parser.add_argument("--features", type=Path, required=True, help="a folder of video features")
    parser.add_argument("--out", type=Path, required=True, help="where to put the index")
    parser.add_argument("--captions", type=Path, help="captions.jsonl (default: the one beside the features)")
    parser.add_argument("--films", type=Path, help="films.jsonl, for titles (default: beside the features)")
    parser.add_argument("--media", type=Path, help="folder with media/ and posters/ (default: the features')")
    parser.add_argument(
        "--collection", help="name shared by all indexes of these videos (default: from the path)"
    )
    parser.add_argument(
        "--text",
        default="minilm",
        help="text encoder: minilm, a folder or hub id, joint:FOLDER for an image-text one (default: %(default)s)",
    )
    parser.add_argument(
        "--dtype", choices=("float32", "float16"), default="float32", help="(default: %(default)s)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Build the index and say what was built."""
    device = pick_device(args.device)
    collection = args.collection or "/".join(args.features.resolve().parts[-2:])
    index = build_index(
        args.out,
        load_model(args.model, device=device),
        args.model,
        args.features,
        open_text_encoder(args.text, device=device),
        IndexConfig(
            name=args.out.name, collection=collection, dtype=args.dtype, text_spec=lasting(args.text)
        ),
        captions=args.captions or beside(args.features, "captions.jsonl"),
        films=args.films or beside(args.features, "films.jsonl"),
        media=args.media or args.features,
        say=lambda line: print(line, file=sys.stderr),
    )
    about = index.manifest
    text = f"Indexed {about.videos} videos ({about.videos * about.clips} clips, {about.frames} frames) in {args.out}"
    kept = ("name", "collection", "model", "videos", "clips", "frames", "separation")
    said = {"out": str(args.out), **{name: getattr(about, name) for name in kept}}
    print(json.dumps(said, ensure_ascii=False) if args.json else text)
    return 0


def lasting(spec: str) -> str:
    """A spec that means the same from any folder: paths are made absolute, names are kept.

    >>> lasting("minilm"), lasting("joint:google/siglip-base-patch16-224")
    ('minilm', 'joint:google/siglip-base-patch16-224')
    """
    prefix = PREFIX if spec.startswith(PREFIX) else ""
    folder = Path(spec.removeprefix(prefix)).expanduser()
    return f"{prefix}{folder.resolve()}" if folder.is_dir() else spec


def beside(folder: Path, name: str) -> Path | None:
    """A file of the folder where it exists."""
    return folder / name if (folder / name).is_file() else None
