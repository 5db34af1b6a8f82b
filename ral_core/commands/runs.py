"""`python -m ral_core runs`: ask a collection all its captions and keep the answers for the pages."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.runs import make_run, save_run
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `runs`."""
    parser.epilog = "example: python -m ral_core runs --index world-ral"
    parser.add_argument("--index", help="name of an index, or the folder of a library (default: all)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each index")


def run(args: Namespace) -> int:
    """Ask, keep, say how many first films were right."""
    explorer = Explorer.open(device=args.device)
    entries = [explorer.resolve(None, args.index)] if args.index else list(explorer.entries.values())
    for entry in entries:
        made = make_run(explorer, entry)
        path = save_run(entry.root or explorer.root, made)
        said = {
            "index": entry.name,
            "queries": len(made.rank),
            "hit@1": 100 * float(made.right.mean()),
            "file": str(path),
        }
        print(
            json.dumps(said)
            if args.json
            else f"{entry.name}: {len(made.rank)} queries, hit@1 {said['hit@1']:.1f}, in {path}"
        )
    return 0
