"""`python -m ral_core paraphrases`: does the answer depend on the wording."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.paraphrases import ParaphraseStability, check_paraphrases, paraphrase_stability
from ral_core.commands.asking import add_query
from ral_core.commands.numbers import whole
from ral_core.errors import BadQuery
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `paraphrases`."""
    parser.epilog = (
        'example: python -m ral_core paraphrases "a dog plays with a red ball" --say "a puppy and a ball"'
    )
    add_query(parser, optional=True)
    parser.add_argument(
        "--say", action="append", default=[], help="a paraphrase of your own; may be given often"
    )
    parser.add_argument("--check", type=whole(1), metavar="N", help="say N captions otherwise; no query")
    parser.add_argument("-k", type=whole(1), default=10, help="films compared (default: %(default)s)")


def run(args: Namespace) -> int:
    """Search every paraphrase and print."""
    explorer = Explorer.open(device=args.device)
    if args.check:
        checked = check_paraphrases(explorer, explorer.resolve(args.model, args.index), asked=args.check)
        lines = (
            f"{c.kind}: {c.paraphrases}, same first film {c.same:.1f} %, {c.overlap:.1f} % of ten stay"
            for c in checked
        )
        print(json.dumps([one.to_json() for one in checked]) if args.json else "\n".join(lines))
        return 0
    if args.query is None:
        raise BadQuery("Give a query, or --check N to try the captions.")
    found = paraphrase_stability(
        explorer,
        args.query,
        model=args.model,
        index=args.index,
        k=args.k,
        given=tuple(args.say),
    )
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: ParaphraseStability) -> str:
    """The comparison for people."""
    lines = [*found.notes]
    if found.same is not None and found.overlap is not None:
        lines.append(
            f"{found.first} stays first for {100 * found.same:.0f} % of {len(found.paraphrases)} paraphrases; "
            f"of the first {found.k} films {100 * found.overlap:.0f} % stay"
        )
    lines += [f"{one.rank:>4}  {one.overlap:.1f}  {one.text}" for one in found.paraphrases]
    return "\n".join(lines or ["There is nothing to say otherwise in this query."])
