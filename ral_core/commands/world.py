"""`python -m ral_core world`: build the rendered corpus, look at a film."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path

from ral_core.commands.numbers import whole
from ral_core.errors import DataError, UnknownName
from ral_core.files import read_jsonl


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `build`, `sheet` and `show`."""
    from ral_core.world.build import STAGES
    from ral_core.world.splits import SPLITS

    verbs = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    build = verbs.add_parser("build", help="make scene graphs, captions, videos and features from seeds")
    build.add_argument("--out", type=Path, default=Path("build/world"), help="working files (%(default)s)")
    build.add_argument(
        "--shipped", type=Path, default=Path("precomputed/world"), help="shipped files (%(default)s)"
    )
    names = ", ".join(SPLITS)
    build.add_argument(
        "--split",
        nargs="+",
        choices=list(SPLITS),
        default=list(SPLITS),
        metavar="NAME",
        help=f"some of {names} (all)",
    )
    build.add_argument(
        "--stages", default=",".join(STAGES), help="which of %(default)s, with commas between (all)"
    )
    build.add_argument("--jobs", type=whole(1), default=2, help="processes that draw (%(default)s)")
    build.add_argument(
        "--films", type=sizes, metavar="SPLIT=N,...", help="a small corpus: how many films each split has"
    )
    build.add_argument("--epochs", type=whole(1), help="epochs of the visual encoder's training")
    build.add_argument("--limit", type=whole(1), help="draw only the first N films of each split")
    build.add_argument("--force", action="store_true", help="draw again what is there")

    sheet = verbs.add_parser("sheet", help="draw contact sheets of actions and settings")
    sheet.add_argument("--out", type=Path, default=Path("build/world/sheets"), help="folder (%(default)s)")

    show = verbs.add_parser("show", help="tell what happens in a film and what its captions say")
    show.add_argument("film", help="an id such as test-0007")
    show.add_argument("--out", type=Path, default=Path("build/world"), help="working files (%(default)s)")
    show.add_argument(
        "--shipped", type=Path, default=Path("precomputed/world"), help="shipped files (%(default)s)"
    )
    for verb in (build, sheet, show):
        verb.add_argument("--json", action="store_true", help="print one JSON object")


def sizes(text: str) -> dict[str, int]:
    """Films by split, from text such as `train=4,test=3`. Raises ArgumentTypeError for any other."""
    pairs = [part.partition("=") for part in text.split(",")]
    if not all(name and count.isdecimal() and int(count) > 0 for name, _, count in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not like train=4,val=2,test=3,encoder=8")
    return {name: int(count) for name, _, count in pairs}


def run(args: argparse.Namespace) -> int:
    """Do what was asked."""
    return {"build": _build, "sheet": _sheet, "show": _show}[args.what](args)


def _build(args: argparse.Namespace) -> int:
    from ral_core.world.build import Build, Places, built, say_now
    from ral_core.world.splits import split_named

    if args.jobs < 1:
        raise DataError(f"--jobs must be at least 1, got {args.jobs}.")
    if args.epochs is not None and args.epochs < 1:
        raise DataError(f"--epochs must be at least 1, got {args.epochs}.")
    places = Places(args.out, args.shipped, args.shipped.parent / "encoders/visual")
    stages = [stage for stage in args.stages.split(",") if stage]
    splits = [split_named(name) for name in args.split]
    if args.films:
        if places.shipped == Places().shipped or places.work == Places().work:
            raise DataError("--films makes another corpus; say with --out and --shipped where it should lie.")
        for name in args.films:
            split_named(name)
        splits = [
            replace(split, films=args.films[split.name], chosen_seeds=())
            for split in splits
            if split.name in args.films
        ]
    Build(
        places=places,
        splits=splits,
        stages=stages,
        jobs=args.jobs,
        limit=args.limit,
        epochs=args.epochs,
        force=args.force,
        say=say_beside if args.json else say_now,
    ).run()
    if args.json:
        print(json.dumps({"stages": stages, "splits": [built(places, split) for split in splits]}))
    return 0


def say_beside(line: str) -> None:
    """Progress goes beside the result."""
    print(line, file=sys.stderr, flush=True)


def _sheet(args: argparse.Namespace) -> int:
    sheets = importlib.import_module("ral_core.world.sheets")
    paths = [str(path) for path in sheets.write_sheets(args.out)]
    print(json.dumps({"sheets": paths}) if args.json else "\n".join(paths))
    return 0


def _show(args: argparse.Namespace) -> int:
    from ral_core.world.build import Places, read_films
    from ral_core.world.splits import split_named

    split = split_named(args.film.rpartition("-")[0])
    folder = Places(work=args.out, shipped=args.shipped).split(split)
    film = next((film for film in read_films(folder) if film.id == args.film), None)
    if film is None:
        raise UnknownName(f"There is no film {args.film!r} in {folder}.")
    captions = [row for row in read_jsonl(folder / "captions.jsonl") if row["film"] == film.id]
    if args.json:
        print(json.dumps({"film": film.to_json(), "captions": captions}, ensure_ascii=False))
        return 0
    print(f"{film.id}: {film.duration:.1f} s, seed {film.seed}")
    for index, event in enumerate(film.events):
        who = film.cast[event.actor]
        facts = [who.top or who.fur or "", who.kind, event.action, event.prop or "", event.setting, event.sky]
        print(f"{event.start:6.1f} {event.end:6.1f}  {' '.join(fact for fact in facts if fact)}")
        for row in captions:
            if index == (row["event"] if isinstance(row["event"], int) else row["event"][-1]):
                print(f"                 {row['level']:8s} {row['ambiguity']:3d}  {row['text']}")
    return 0
