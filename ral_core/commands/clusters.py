"""`python -m ral_core clusters`: group the films of an index, name the groups, and keep them for the map."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.clusters import NO_WORDS, cluster, save_clusters
from ral_core.commands.numbers import seed
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `clusters`."""
    parser.epilog = "example: python -m ral_core clusters --index world-ral"
    parser.add_argument("--index", help="name of an index, or the folder of a library (default: all)")
    parser.add_argument("--count", type=int, help="clusters (default: by the number of films)")
    parser.add_argument("--seed", type=seed, default=0, help="of the first guess (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each index")


def run(args: Namespace) -> int:
    """Group, keep, say what the groups are about."""
    explorer = Explorer.open(device="cpu")
    entries = [explorer.resolve(None, args.index)] if args.index else list(explorer.entries.values())
    for entry in entries:
        found = cluster(explorer, entry, args.count, args.seed)
        path = save_clusters(entry.root or explorer.root, found)
        if args.json:
            print(json.dumps(found.to_json(), ensure_ascii=False))
            continue
        apart = "" if found.silhouette is None else f", silhouette {found.silhouette:.3f}"
        print(f"{entry.name}: {len(found.clusters)} clusters{apart}, in {path}")
        print("\n".join(f"{one.films:>6}  {one.name or '(no word is telling)'}" for one in found.clusters))
        if found.source is None:
            print(NO_WORDS)
    return 0
