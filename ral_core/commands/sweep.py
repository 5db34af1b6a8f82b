"""`python -m ral_core sweep`: which word of a query the answer hangs on."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ral_core.analysis.sweep import Sweep, sweep
from ral_core.files import read_text
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `sweep`."""
    parser.epilog = (
        'example: python -m ral_core sweep "a dog sleeps in the snow" --as "a puppy sleeps in the snow"'
    )
    parser.add_argument("query", help="what happens in the moment, as a sentence")
    parser.add_argument(
        "--as",
        dest="given",
        action="append",
        default=[],
        metavar="SENTENCE",
        help="another wording; may be given several times (default: edits made by rules)",
    )
    parser.add_argument("--lines", type=Path, metavar="FILE", help="other wordings, one a line")
    parser.add_argument("-k", type=int, default=10, help="first films to compare (default: %(default)s)")
    parser.add_argument("--index", help="name of an index, or an index folder (default: the shipped one)")
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Search all of them and print."""
    given = [*args.given, *(read_text(args.lines).splitlines() if args.lines else ())]
    explorer = Explorer.open(device=args.device)
    found = sweep(explorer, args.query, given, model=args.model, index=args.index, k=args.k)
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: Sweep) -> str:
    """The variants for people."""
    lines = [f"{'same of ' + str(found.k):>12}  {'first at':>8}  wording"]
    lines += [f"{100 * one.overlap:>11.0f}%  {one.rank:>8}  {one.text}" for one in found.variants]
    moved = (
        "nothing moves the answer"
        if found.mover is None
        else f"moves most: {found.variants[found.mover].change}"
    )
    return "\n".join([*lines, "", moved, *found.notes])
