"""`python -m ral_core complete`: how the beginning of a query goes on in a collection's captions."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.commands.asking import INDEX_HELP
from ral_core.errors import BadQuery
from ral_core.search.completion import Completions
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `complete`."""
    parser.epilog = 'example: python -m ral_core complete "a girl ki"'
    parser.add_argument(
        "typed", help="the beginning of a query; a space behind it means that its last word is done"
    )
    parser.add_argument("--index", help=INDEX_HELP)
    parser.add_argument("-k", type=int, default=10, help="how many completions (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Complete and print; no model is needed for it."""
    if args.k < 1:
        raise BadQuery(f"-k must be 1 or more, but is {args.k}.")
    explorer = Explorer.open(device="cpu")
    entry = explorer.resolve(None, args.index)
    found = explorer.collection(entry).phrases.complete(args.typed, args.k)
    print(
        json.dumps(found.to_json(), ensure_ascii=False)
        if args.json
        else text(found, entry.manifest.collection)
    )
    return 0


def text(found: Completions, collection: str) -> str:
    """The completions for people."""
    if not found.captions:
        return f"The collection {collection} has no captions to complete from."
    if not found.completions:
        return f"No caption of {collection} goes on from {found.typed!r}."
    return "\n".join(f"{one.count:>6}  {one.text}" for one in found.completions)
