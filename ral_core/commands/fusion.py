"""`python -m ral_core fusion`: the ranking with another weight of the clip score."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.fusion import Fusion, fusion
from ral_core.commands.numbers import whole
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `fusion`."""
    parser.epilog = 'example: python -m ral_core fusion "a dog sleeps in the snow" --share 0.7'
    parser.add_argument("query", help="what happens in the moment, as a sentence")
    parser.add_argument("--share", type=float, help="of the clip score, 0 to 1 (default: the model's own)")
    parser.add_argument("-k", type=whole(1), default=10, help="films printed as text (default: %(default)s)")
    parser.add_argument("--index", help="name of an index, or an index folder (default: the shipped one)")
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object with every film")


def run(args: Namespace) -> int:
    """Rank anew and print."""
    found = fusion(
        Explorer.open(device=args.device), args.query, args.share, model=args.model, index=args.index
    )
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found, args.k))
    return 0


def text(found: Fusion, k: int) -> str:
    """The ranking for people, and who comes first at which share."""
    lines = [
        f"clip {found.share:.2f}, frames {1 - found.share:.2f} ({found.model} itself: clip {found.usual:.2f})"
    ]
    lines += [
        f"{film.rank:>3} (was {film.before:>3})  {film.video}  {film.score:.4f}  clip {film.clip:.4f}  frame {film.frame:.4f}  {film.title}"
        for film in found.films[:k]
    ]
    reigns = [f"{reign.video} comes first from {reign.low:.2f} to {reign.high:.2f}" for reign in found.reigns]
    return "\n".join([*lines, "", *reigns])
