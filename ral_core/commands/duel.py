"""`python -m ral_core duel`: what the votes of blind duels say."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ral_core.analysis.duel import Standing, Tally, open_votes, tally


def add(parser: ArgumentParser) -> None:
    """The arguments of `duel`."""
    parser.epilog = "example: python -m ral_core duel votes.jsonl"
    parser.add_argument("votes", type=Path, nargs="+", help="files that the page's blind duel gave out")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Count and print."""
    found = tally(open_votes(args.votes))
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: Tally) -> str:
    """The counts for people."""
    rows = [line(one) for one in found.standings] + ["", *(line(one) for one in found.pairs)]
    head = f"{found.votes} vote{'' if found.votes == 1 else 's'}; rate: wins among the decided votes, with 95 % interval"
    return "\n".join([head, *rows])


def line(one: Standing) -> str:
    """One side on one line."""
    who = one.model if one.against is None else f"{one.model} against {one.against}"
    rate = (
        "undecided"
        if one.rate is None
        else f"{100 * one.rate:.0f} % ({100 * (one.low or 0):.0f}-{100 * (one.high or 0):.0f})"
    )
    return (
        f"{who:<36}{rate:<18}{one.wins} won, {one.losses} lost, {one.both} both good, {one.neither} both bad"
    )
