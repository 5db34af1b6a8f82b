"""`python -m ral_core similar`: films like a film or like one of its moments, and duplicates."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.similar import ALIKE, Duplicates, Similar, duplicates, similar
from ral_core.commands.asking import add_place
from ral_core.commands.numbers import whole
from ral_core.commands.search import clock
from ral_core.errors import BadQuery
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `similar`."""
    parser.epilog = "example: python -m ral_core similar test-0001 --second 12"
    parser.add_argument("video", nargs="?", help="id of the film")
    add_place(parser)
    parser.add_argument("--second", type=float, help="compare the moment there instead of the whole film")
    parser.add_argument(
        "-k", type=whole(1), default=10, help="how many films or pairs (default: %(default)s)"
    )
    parser.add_argument(
        "--duplicates", action="store_true", help="list pairs of films that look the same instead"
    )
    parser.add_argument("--least", type=float, default=ALIKE, help="their similarity (default: %(default)s)")


def run(args: Namespace) -> int:
    """Compare and print."""
    explorer, place = Explorer.open(device=args.device), {"model": args.model, "index": args.index}
    if args.duplicates:
        pairs = duplicates(explorer, least=args.least, most=args.k, **place)
        print(json.dumps(pairs.to_json()) if args.json else pairs_text(pairs))
        return 0
    if args.video is None:
        raise BadQuery("Give the id of a film, or --duplicates.")
    found = similar(explorer, args.video, second=args.second, k=args.k, **place)
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: Similar) -> str:
    """The films for people."""
    lines = [f"like {found.video}, {clock(found.start)}-{clock(found.end)}, by {found.model}"]
    lines += [
        f"{film.score:.3f}  {film.video:<12} {clock(film.start)}-{clock(film.end)}  {film.title}"
        for film in found.films
    ]
    return "\n".join(lines)


def pairs_text(found: Duplicates) -> str:
    """The pairs for people."""
    how = "" if found.exact else ", nearest films by mean vector only"
    lines = [f"{found.found} pairs of films are at least {found.least:g} alike{how}"]
    return "\n".join(lines + [f"{pair.score:.3f}  {pair.first}  {pair.second}" for pair in found.pairs])
