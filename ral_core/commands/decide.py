"""`python -m ral_core decide`: which word would decide between the films close to the top."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.decide import Decision, decide
from ral_core.analysis.decide_check import check_decide
from ral_core.commands.asking import add_query
from ral_core.commands.numbers import whole
from ral_core.errors import BadQuery
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `decide`."""
    parser.epilog = 'example: python -m ral_core decide "a man is waving"'
    add_query(parser, optional=True)
    parser.add_argument("--most", type=int, default=6, help="words offered (default: %(default)s)")
    parser.add_argument(
        "--check", type=whole(1), metavar="N", help="try N captions with a made-up user; no query"
    )


def run(args: Namespace) -> int:
    """Offer words and print."""
    explorer = Explorer.open(device=args.device)
    if args.check:
        checked = check_decide(
            explorer, explorer.resolve(args.model, args.index), asked=args.check, most=args.most
        )
        said = checked.to_json()
        print(
            json.dumps(said) if args.json else "\n".join(f"{name}: {value}" for name, value in said.items())
        )
        return 0
    if args.query is None:
        raise BadQuery("Give a query, or --check N to try the captions.")
    found = decide(explorer, args.query, model=args.model, index=args.index, most=args.most)
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: Decision) -> str:
    """The words for people."""
    lines = [f"{len(found.close)} films are close to the top: {', '.join(found.close)}", *found.notes]
    lines += [
        f"{one.word:<14} {one.bits:.2f} bits, keeps {', '.join(one.keeps)}; then first: {one.first}"
        for one in found.words
    ]
    return "\n".join(lines)
