"""`python -m ral_core rivals`: the film that beat the right one, and whether it is wrong at all."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.rivals import Rivalry, Side, rivalry
from ral_core.commands.search import clock
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `rivals`."""
    parser.epilog = 'example: python -m ral_core rivals "a young girl in an orange sweater runs along"'
    parser.add_argument("query", help="a caption of the collection, or any sentence together with --right")
    parser.add_argument("--right", help="id of the film that is meant (default: the caption's own)")
    parser.add_argument("--rival", help="id of the film to hold against it (default: the one that beat it)")
    parser.add_argument("--index", help="name of an index, or an index folder (default: the shipped one)")
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object with every number")


def run(args: Namespace) -> int:
    """Compare and print."""
    explorer = Explorer.open(device=args.device)
    found = rivalry(
        explorer, args.query, right=args.right, rival=args.rival, model=args.model, index=args.index
    )
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else text(found))
    return 0


def text(found: Rivalry) -> str:
    """The comparison for people."""
    lines = [line("right", found.right), line("rival", found.rival)]
    twin = ", made to differ in one thing" if found.twin else ""
    lines.append(
        f"the rival leads by {found.gap:+.4f} = clip {found.clip_gap:+.4f} + frames {found.frame_gap:+.4f}"
    )
    lines += [f"verdict: {found.verdict}{twin}", ""]
    lines += [f"  {word.text:<16}{word.effect:+.4f}" for word in found.words]
    lines += [
        f"  {slot.slot}: asked {' or '.join(slot.asked)}, shown {' and '.join(slot.shown) or 'nothing'}"
        for slot in found.slots
        if not slot.met
    ]
    return "\n".join(lines)


def line(name: str, one: Side) -> str:
    """One film on one line."""
    best = one.moments[0]
    return (
        f"{name}  rank {one.rank:>3}  {one.video}  {clock(best.start)}-{clock(best.end)}  "
        f"score {one.score:.4f}  clip {one.clip:.4f}  frame {one.frame:.4f}  {one.title}"
    )
