"""`python -m ral_core absence`: how well an index tells that a described moment is in none of its films."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path


def add(parser: ArgumentParser) -> None:
    """The arguments of `absence`."""
    parser.epilog = "example: python -m ral_core absence --index world-ral --json"
    parser.add_argument("--index", help="name of an index (default: all)")
    parser.add_argument(
        "--films", type=Path, help="films.jsonl of the indexed films (default: the test films)"
    )
    parser.add_argument(
        "--captions", type=Path, help="captions of other films (default: the long test films)"
    )
    parser.add_argument(
        "--teach",
        type=Path,
        metavar="FOLDER",
        help="an index of other films by the same model, with captions: "
        "first teach a detector on it and write that into the manifest of --index",
    )
    parser.add_argument("--out", type=Path, help="write a report, too")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON list")


def run(args: Namespace) -> int:
    """Ask, judge, print."""
    from ral_core.analysis.absence import absent_captions, detection, keep_detector, teach_detector
    from ral_core.errors import BadQuery
    from ral_core.files import write_json
    from ral_core.search.engine import Explorer

    explorer = Explorer.open(device=args.device)
    world = explorer.root / "world"
    absent = absent_captions(
        args.films or world / "test" / "films.jsonl", args.captions or world / "test-long" / "captions.jsonl"
    )
    if args.teach:
        if not args.index:
            raise BadQuery("Name the index that gets the detector with --index.")
        target, source = explorer.resolve(None, args.index), explorer.resolve(None, args.teach)
        if source.manifest.model_sha256 != target.manifest.model_sha256:
            raise BadQuery(
                f"{args.teach} was made with other weights than {target.name}; index its films again."
            )
        captions = list(explorer.collection(source).captions.values())
        keep_detector(target, teach_detector(explorer, source, captions, source.manifest.collection))
        explorer = Explorer.open(device=args.device)
    names = [explorer.resolve(None, args.index).name] if args.index else list(explorer.entries)
    found = []
    for name in names:
        entry = explorer.resolve(None, name)
        present = list(explorer.collection(entry).captions.values())
        found.append(detection(explorer, entry, present, absent))
        if not args.json:
            one = found[-1]
            print(
                f"{name}: AUROC {one.auroc:.3f}, {one.false_alarms:.1f} % false alarms at 95 % detection "
                f"({one.present} present, {one.absent} absent sentences) by z"
            )
            if (own := one.detector) is not None:
                print(
                    f"{name}: AUROC {own.auroc:.3f}, {own.false_alarms:.1f} % false alarms at 95 % detection, at its line "
                    f"{own.detected:.1f} % detected and {own.alarms:.1f} % false alarms by its detector ({own.taught})"
                )
    report = [one.to_json() for one in found]
    if args.out:
        write_json(args.out, {"indexes": report})
    if args.json:
        print(json.dumps(report, indent=2))
    return 0
