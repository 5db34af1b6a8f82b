"""`python -m ral_core latency`: where the time of a query goes."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.latency import Latency, latency
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `latency`."""
    parser.epilog = "example: python -m ral_core latency --repeats 20"
    parser.add_argument(
        "query",
        nargs="?",
        default="a girl in a red dress flies a kite on the beach",
        help="the sentence to time",
    )
    parser.add_argument(
        "--repeats", type=int, default=10, help="times each step is measured (default: %(default)s)"
    )
    parser.add_argument("--index", help="name of an index, or an index folder (default: the shipped one)")
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Measure and print."""
    explorer = Explorer.open(device=args.device)
    found = latency(explorer, args.query, model=args.model, index=args.index, repeats=args.repeats)
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: Latency) -> str:
    """The steps for people."""
    lines = [
        f"{found.model} on {found.index}, {found.films} films, {found.device}, {found.threads} threads, {found.repeats} times",
        f"{'step':<10}{'p50 ms':>10}{'p95 ms':>10}",
    ]
    return "\n".join(
        [
            *lines,
            *(f"{one.name:<10}{one.p50:>10.1f}{one.p95:>10.1f}" for one in (*found.stages, found.search)),
        ]
    )
