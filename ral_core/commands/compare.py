"""`python -m ral_core compare`: the same query through several models."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.compare import Comparison, compare
from ral_core.commands.asking import INDEX_HELP
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `compare`."""
    parser.epilog = 'example: python -m ral_core compare "a girl flies a kite" --models ral,gmmformer_v2'
    parser.add_argument("query", help="what happens in the moment, as a sentence")
    parser.add_argument("--models", help="names with commas between them (default: all of the collection)")
    parser.add_argument("--index", help=INDEX_HELP)
    parser.add_argument("-k", type=int, default=10, help="how many films (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Compare and print."""
    names = [name.strip() for name in args.models.split(",") if name.strip()] if args.models else None
    found = compare(Explorer.open(device=args.device), args.query, names, index=args.index, k=args.k)
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: Comparison) -> str:
    """The comparison for people: a film a line, a model a column."""
    width = max(len(column.model) for column in found.columns) + 2
    lines = [f"{'':<14}" + "".join(f"{column.model:>{width}}" for column in found.columns)]
    marks = {True: " fits", False: "", None: ""}
    lines += [
        f"{row.video:<14}" + "".join(f"{rank:>{width}}" for rank in row.ranks) + marks[row.fits]
        for row in found.films
    ]
    lines += [""] + [
        f"{column.model}: {column.state}; alone in finding {', '.join(column.only) or 'none'}"
        for column in found.columns
    ]
    return "\n".join([*lines, f"{found.seconds * 1000:.0f} ms"])
