"""`python -m ral_core search`: the films that hold a described moment, or one that looks like a picture."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ral_core.errors import BadQuery
from ral_core.search.engine import Explorer
from ral_core.search.filters import Filters, asked_span
from ral_core.search.pictures import read_span
from ral_core.search.results import SearchResult

INDEX_HELP = "name of a shipped index, or the folder of an index or a library (default: the shipped one)"


def add(parser: ArgumentParser) -> None:
    """The arguments of `search`."""
    parser.epilog = 'example: python -m ral_core search "a girl in a red dress flies a kite" -k 5'
    asked = parser.add_mutually_exclusive_group(required=True)
    asked.add_argument("query", nargs="?", help="what happens in the moment, as a sentence")
    asked.add_argument("--image", type=Path, metavar="FILE", help="a picture to look for (zero-shot indexes)")
    asked.add_argument(
        "--moment", metavar="VIDEO@START-END", help="a moment (s) of a film or file to look for (likewise)"
    )
    parser.add_argument("--index", help=INDEX_HELP)
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument("-k", type=int, default=10, help="how many films (default: %(default)s)")
    parser.add_argument("--tag", help="only films with this tag")
    parser.add_argument(
        "--length", metavar="LOW-HIGH", help="only films of so many seconds, e.g. 30-60 or 60-"
    )
    parser.add_argument(
        "--share",
        metavar="LOW-HIGH",
        help="only films whose best moment is so many per cent of them, e.g. -10",
    )
    parser.add_argument("--candidates", type=int, help="score only so many films, proposed by FAISS")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Search and print."""
    explorer = Explorer.open(device=args.device)
    where = {"k": args.k, "model": args.model, "index": args.index}
    if args.query is None and wanted(args):
        raise BadQuery("Filters narrow the answer to a sentence; a picture or a moment is searched without.")
    if args.image is not None:
        result = explorer.search_image(args.image, **where)
    elif args.moment is not None:
        result = explorer.search_moment(*read_span(args.moment), **where)
    else:
        result = explorer.search(args.query, **where, candidates=args.candidates, only=wanted(args))
    print(json.dumps(result.brief(), ensure_ascii=False) if args.json else table(result))
    return 0


def wanted(args: Namespace) -> Filters:
    """The filters that were given. Raises BadQuery for a range that is none."""
    return Filters(args.tag, asked_span("--length", args.length), asked_span("--share", args.share))


def table(result: SearchResult) -> str:
    """The result for people: the verdict, then one line a film."""
    lines = [f"{result.state}: {result.reason}", *result.notes, ""]
    width = max((len(hit.video) for hit in result.hits), default=5)
    lines.append(
        f"{'':>3}  {'film':<{width}}  {'moment':<13}  {'score':>7}  {'clip':>7}  {'frame':>7}  title"
    )
    lines += [
        f"{hit.rank:>3}  {hit.video:<{width}}  {clock(hit.start) + '-' + clock(hit.end):<13}  {hit.score:>7.4f}  "
        f"{hit.clip:>7.4f}  {hit.frame:>7.4f}  {hit.title}"
        for hit in result.hits
    ]
    return "\n".join([*lines, "", f"{result.model} on {result.index}, {result.seconds * 1000:.0f} ms"])


def clock(seconds: float) -> str:
    """Seconds as people read them on a player.

    >>> clock(75.4)
    '1:15'
    """
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
