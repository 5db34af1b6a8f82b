"""`python -m ral_core collapse`: how alike captions and clips of one film are, against those of two, and keep it for the page."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from typing import Any

from ral_core.analysis.collapse import Spread, brief, collapse, save_collapse
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `collapse`."""
    parser.epilog = "example: python -m ral_core collapse --index world-ral"
    parser.add_argument(
        "--index", help="an index of the collection (default: the shipped one); all its models are measured"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each model")


def run(args: Namespace) -> int:
    """Measure every model of the collection, keep the report, print the numbers."""
    explorer = Explorer.open(device=args.device)
    entry = explorer.resolve(None, args.index)
    read: dict[str, Any] = {}
    found = []
    for other in sorted(explorer.siblings(entry), key=lambda e: e.name):
        found.append(collapse(explorer, other, read))
        print(
            json.dumps(brief(found[-1]))
            if args.json
            else "\n".join(lines(found[-1].model, found[-1].queries, found[-1].clips))
        )
    path = save_collapse(explorer.root, entry.manifest.collection, found)
    if not args.json:
        print(f"kept in {path}")
    return 0


def lines(model: str, queries: Spread | None, clips: Spread) -> list[str]:
    """One model for people."""
    kinds = (("captions", queries), ("clips", clips))
    return [
        f"{model:<16}{name:<10}within {one.within.mean:.3f}  between {one.between.mean:.3f}  "
        f"overlap {one.overlap:.3f}  separation {one.separation:.3f}"
        for name, one in kinds
        if one is not None
    ]
