"""`python -m ral_core rerank`: the ranking with other word gates, or by something else than the score."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ral_core.analysis.asked import ask
from ral_core.analysis.ranking import WAYS, RankingCheck, check_rankings, ranking
from ral_core.analysis.rerank import Moved, rerank
from ral_core.commands.asking import add_query
from ral_core.commands.numbers import seed, whole
from ral_core.errors import BadQuery
from ral_core.features.words import Word
from ral_core.files import write_json
from ral_core.search.engine import Explorer
from ral_core.search.reading import cleaned


def add(parser: ArgumentParser) -> None:
    """The arguments of `rerank`."""
    parser.epilog = 'example: python -m ral_core rerank "a girl in a red dress flies a kite" --off red'
    add_query(parser, optional=True)
    parser.add_argument("-k", type=whole(1), default=10, help="how many films (default: %(default)s)")
    parser.add_argument(
        "--off",
        action="append",
        default=[],
        metavar="WORD",
        help="shut the gate of a word, or of the one at a place from 0; repeatable",
    )
    parser.add_argument(
        "--on", action="append", default=[], metavar="WORD", help="let a word count fully; repeatable"
    )
    parser.add_argument("--even", action="store_true", help="let all words count alike")
    parser.add_argument(
        "--by",
        choices=tuple(WAYS),
        help="rank by something else: " + "; ".join(f"{k}: {v}" for k, v in WAYS.items()),
    )
    parser.add_argument("--caution", type=float, default=0.1, help="weight of the width with --by cautious")
    parser.add_argument("--seed", type=seed, default=0, help="of the samples (default: %(default)s)")
    parser.add_argument(
        "--check", action="store_true", help="judge every way of ranking on all captions; no query"
    )
    parser.add_argument("--out", type=Path, help="with --check, write a report, too")


def run(args: Namespace) -> int:
    """Rank anew and print."""
    explorer = Explorer.open(device=args.device)
    if args.check:
        return check(explorer, args)
    if args.query is None:
        raise BadQuery("Give a query, or --check to judge the ways of ranking on all captions.")
    place = {"model": args.model, "index": args.index, "k": args.k}
    if args.by:
        if args.off or args.on or args.even:
            raise BadQuery("Change gates or rank by something else, one at a time.")
        by = ranking(explorer, args.query, by=args.by, caution=args.caution, seed=args.seed, **place)
        print(json.dumps(by.to_json(), ensure_ascii=False) if args.json else table(by.films))
        return 0
    words = explorer.encoded(explorer.resolve(args.model, args.index), cleaned(args.query).text)[0].words()
    off, on = (places(words, names) for names in (args.off, args.on))
    gates = rerank(explorer, args.query, off=off, on=on, even=args.even, **place)
    print(json.dumps(gates.to_json(), ensure_ascii=False) if args.json else table(gates.films))
    return 0


def check(explorer: Explorer, args: Namespace) -> int:
    """Judge every way of ranking and print."""
    entry = explorer.resolve(args.model, args.index)
    found = check_rankings(explorer, ask(explorer, entry), entry)
    report = {"model": entry.manifest.model, "index": entry.name, "ways": [asdict(one) for one in found]}
    if args.out:
        write_json(args.out, report)
    print(json.dumps(report) if args.json else "\n".join(line(one) for one in found))
    return 0


def places(words: Sequence[Word], names: Sequence[str]) -> list[int]:
    """Where the named words stand in the query; a number that is no word of it is a place, from 0.

    Raises BadQuery for a word that the query lacks.
    """
    said = [word.text.lower() for word in words]
    found: set[int] = set()
    for name in names:
        where = {place for place, word in enumerate(said) if word == name.lower()}
        if not where and name.isdecimal() and int(name) < len(said):
            where = {int(name)}
        if not where:
            raise BadQuery(f"The query has no word {name!r}; its words are {', '.join(said)}.")
        found |= where
    return sorted(found)


def table(films: Sequence[Moved]) -> str:
    """The films for people."""
    return "\n".join(
        f"{film.rank:>3}  {f'from {film.before}' if film.before != film.rank else 'same':<9} {film.video:<12} "
        f"{film.score:>8.4f}  {film.title}"
        for film in films
    )


def line(one: RankingCheck) -> str:
    """A way of ranking for people."""
    name = f"{one.by} {one.caution:+g}" if one.by == "cautious" else one.by
    return (
        f"{name:<16} SumR {one.total:6.1f}  R@1 {one.recall:5.1f}  hit@1 {one.hit:5.1f} "
        f"({one.gain[0]:+.1f} to {one.gain[1]:+.1f})  AURC {one.risk:5.1f}"
    )
