"""`python -m ral_core zoo`: train every system in one common setting, and compare them."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ral_core.commands.numbers import seed, whole

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "precomputed/reports"


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `zoo`."""
    parser.add_argument("--systems", nargs="+", help="only these presets")
    parser.add_argument(
        "--ablations", nargs="*", metavar="NAME", help="of the first system (ral): all, or these"
    )
    parser.add_argument("--seeds", nargs="+", type=seed, help="instead of 1 2 3")
    parser.add_argument(
        "--out", type=Path, default=ROOT / "build/zoo", help="folder of the runs (%(default)s)"
    )
    parser.add_argument("--data", type=Path, default=ROOT / "build/world", help="folder with train/ and val/")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (%(default)s)")
    parser.add_argument("--threads", type=whole(1), help="CPU threads to use")
    parser.add_argument(
        "--split", type=Path, default=ROOT / "precomputed/world/test", help="what to compare on (%(default)s)"
    )
    parser.add_argument("--only-table", action="store_true", help="train nothing, compare what there is")
    parser.add_argument(
        "--save",
        action="store_true",
        help=f"write {REPORTS.relative_to(ROOT)}/zoo.json or ablations.json, and the table in docs/results.md, too",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Train what is missing, then print the table."""
    import torch

    from ral_core.analysis.zoo import ablation_report, ablation_table, table, zoo_report
    from ral_core.commands.evaluate import localiser
    from ral_core.device import pick_device
    from ral_core.features.encoders import open_text_encoder
    from ral_core.files import write_json
    from ral_core.training.zoo import ABLATIONS, SEEDS, SYSTEMS, members, train_member

    if args.threads:
        torch.set_num_threads(args.threads)
    device = pick_device(args.device)
    text = open_text_encoder("minilm", device=device)
    ablating, cache = args.ablations is not None, ROOT / "build/text"
    systems = args.systems or (("ral",) if ablating else SYSTEMS)
    seeds, ablations = args.seeds or SEEDS, (args.ablations or tuple(ABLATIONS)) if ablating else ()
    wanted = members(systems, seeds, ablations)
    for member in () if args.only_table else wanted:
        say(f"--- {member.name}")
        train_member(
            member,
            args.out,
            text,
            root=args.data,
            device=device,
            cache=cache,
            say=say,
        )
    rest = (text, localiser(), cache, say)
    if ablating:
        report = ablation_report(args.out, args.split, systems[0], seeds, *rest)
    else:
        report = zoo_report(args.out, args.split, seeds, *rest)
    shown = ablation_table(report) if ablating else table(report)
    print(json.dumps(report, indent=2) if args.json else shown)
    if args.save:
        name = "ablations" if ablating else "zoo"
        write_json(REPORTS / f"{name}.json", report)
        write_between(ROOT / "docs" / "results.md", name, shown)
    return 0


def write_between(path: Path, name: str, text: str) -> None:
    """Put `text` between the marks `<!-- name -->` and `<!-- /name -->` of a file that has them."""
    from ral_core.files import read_text, write_text

    before, mark, rest = read_text(path).partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- /{name} -->")
    if mark and end:
        write_text(path, f"{before}{mark}\n{text}\n\n{end}{after}")


def say(line: str) -> None:
    """Progress goes beside the result."""
    print(line, file=sys.stderr, flush=True)
