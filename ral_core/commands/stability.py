"""`python -m ral_core stability`: how firmly the first films stand."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

from ral_core.analysis.asked import ask
from ral_core.analysis.stability import DRAWS, RankStability, rank_stability
from ral_core.analysis.stability_check import StabilityCheck, check_stability
from ral_core.commands.numbers import seed
from ral_core.errors import BadQuery
from ral_core.files import write_json
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `stability`."""
    parser.epilog = 'example: python -m ral_core stability "a girl in a red dress flies a kite"'
    parser.add_argument("query", nargs="?", help="what happens in the moment, as a sentence")
    parser.add_argument("--index", help="name of an index, or an index folder (default: the shipped one)")
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument("-k", type=int, default=10, help="how many films (default: %(default)s)")
    parser.add_argument(
        "--by", choices=("score", "proxies"), default="score", help="what a draw is ranked by"
    )
    parser.add_argument("--draws", type=int, default=DRAWS, help="default: %(default)s")
    parser.add_argument("--proxies", type=int, help="samples of each distribution (default: as in training)")
    parser.add_argument("--seed", type=seed, default=0, help="of the draws (default: %(default)s)")
    parser.add_argument(
        "--check", action="store_true", help="ask all captions and compare with the truth; no query"
    )
    parser.add_argument("--out", type=Path, help="with --check, write a report, too")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Draw and print."""
    explorer = Explorer.open(device=args.device)
    wanted = {"by": args.by, "draws": args.draws, "seed": args.seed}
    if args.check:
        entry = explorer.resolve(args.model, args.index)
        checked = check_stability(explorer, ask(explorer, entry), entry, **wanted)
        if args.out:
            write_json(args.out, asdict(checked))
        print(json.dumps(checked.to_json()) if args.json else report(checked))
        return 0
    if args.query is None:
        raise BadQuery("Give a query, or --check to judge the intervals on all captions.")
    found = rank_stability(
        explorer, args.query, model=args.model, index=args.index, proxies=args.proxies, k=args.k, **wanted
    )
    print(json.dumps(found.to_json(), ensure_ascii=False) if args.json else table(found))
    return 0


def table(found: RankStability) -> str:
    """The intervals for people."""
    lines = [
        f"{found.draws} draws of {found.proxies} samples, ranked by {found.by}, seed {found.seed}"
    ] * bool(found.films)
    lines += [
        f"{film.rank:>3}  {film.video:<12} median {film.median:g}, 5-95 %: {film.low:g} to {film.high:g}, "
        f"first in {100 * film.first:.0f} % of the draws"
        for film in found.films
    ]
    lines += [*found.notes, "", "ranks with one word left out:"] if found.words else [*found.notes]
    lines += [
        f"{word.rank:>3}  {word.video:<12} {word.low} to {word.high}, worst without: {word.worst}"
        for word in found.words
    ]
    return "\n".join(lines)


def report(found: StabilityCheck) -> str:
    """The check for people."""
    lines = [
        f"{found.index}, {found.queries} captions, {found.wrong:.1f} % wrong first films, draws ranked by {found.by}",
        f"width tells wrong first films: AUROC {found.width_auroc:.3f}; width ~ satisfying films: {found.width_ambiguity:.3f}",
        f"share of first places: AUROC {found.first_auroc:.3f}; plain lead: {found.margin_auroc:.3f}",
        f"AURC: width {found.width_risk:.1f}, share {found.first_risk:.1f}, plain lead {found.margin_risk:.1f}",
    ]
    lines += [
        f"first in {100 * one.low:.0f}-{100 * one.high:.0f} % of the draws: {one.queries} queries, first film is the described "
        f"one in {one.described:.0f} %, satisfies in {one.satisfied:.0f} %"
        for one in found.bins
    ]
    return "\n".join(lines)
