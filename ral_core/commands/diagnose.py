"""`python -m ral_core diagnose`: can the answer to a query be believed, and why."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.doctor import Diagnosis, diagnose
from ral_core.commands.asking import add_query
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `diagnose`."""
    parser.epilog = 'example: python -m ral_core diagnose "a horse jumps over a fence"'
    add_query(parser)


def run(args: Namespace) -> int:
    """Judge and print."""
    found = diagnose(Explorer.open(device=args.device), args.query, model=args.model, index=args.index)
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: Diagnosis) -> str:
    """The grounds of a verdict for people."""
    lines = [f"{found.state}: {found.reason}"]
    lines.append(
        f"lead over the second film: {found.lead:.2f} standard deviations, clear from {found.margin:.2f} on"
    )
    if found.z and found.cutoff is not None:
        lines.append(
            f"best z: {found.z[0]:.2f}; {found.above} films lie above the cut line at {found.cutoff:.2f}"
        )
    if found.absent_share is not None:
        lines.append(f"{100 * found.absent_share:.0f} % of absent moments have a better best film by z")
    if found.odds is not None and found.line is not None:
        lines.append(
            f"detector: {found.odds:.2f}, called absent below {found.line:.2f}; taught on {found.taught}"
        )
        if found.missing:
            lines.append(f"the word that fits the best film worst, against other films: {found.missing}")
    return "\n".join(lines)
