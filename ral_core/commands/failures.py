"""`python -m ral_core failures`: why the first films of a stored run are wrong."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.failures import FailureReport, failure_report
from ral_core.commands.asking import add_place
from ral_core.commands.numbers import whole
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `failures`."""
    parser.epilog = "example: python -m ral_core failures --model ral"
    add_place(parser)
    parser.add_argument("--examples", type=whole(0), default=3, help="of each reason (default: %(default)s)")


def run(args: Namespace) -> int:
    """Sort and print."""
    found = failure_report(
        Explorer.open(device=args.device), model=args.model, index=args.index, examples=args.examples
    )
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: FailureReport) -> str:
    """The report for people."""
    lines = [
        f"{found.model} on {found.index}: {found.wrong} of {found.queries} first films are wrong; "
        f"{found.also_right} are another film than the described one and right, too",
        *found.notes,
    ]
    for reason in found.reasons:
        twins = f", {reason.twins} by a twin" if reason.twins else ""
        lines.append(f"\n{reason.count:>5} ({reason.share:.0f} %{twins})  {reason.says}")
        lines += [
            f"       {one.query}  [{one.video} is number {one.rank}, {one.winner} first]"
            for one in reason.examples
        ]
    lines.append(f"\n{'kind of query':<36}{'asked':>7}{'wrong':>8}{'others':>8}")
    lines += [
        f"{kind.name:<36}{kind.asked:>7}{kind.rate:>7.1f}%"
        + (f"{kind.rest:>7.1f}%" if kind.rest is not None else "")
        for kind in found.kinds
    ]
    return "\n".join(lines)
