"""`python -m ral_core ingest FOLDER --out LIB`: a folder of your own videos becomes a library that can be searched."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ral_core.ingest.report import IngestReport
from ral_core.ingest.run import IngestConfig, ingest, plan


def add(parser: ArgumentParser) -> None:
    """The arguments of `ingest`."""
    parser.epilog = (
        "Start it again to go on after a stop, and whenever videos came, changed or went: only those are worked on.\n"
        "example: python -m ral_core ingest ~/Videos --encoder openai/clip-vit-base-patch32 --out my_library"
    )
    parser.add_argument("folder", type=Path, help="folder with videos, or one video")
    parser.add_argument(
        "--out", type=Path, required=True, help="the library: a new folder, or one of an earlier run"
    )
    parser.add_argument(
        "--encoder",
        help="CLIP or SigLIP by folder or hub id, or demo (default: a usual CLIP if it is on this machine, else demo)",
    )
    parser.add_argument("--name", help="of the collection (default: the folder's)")
    parser.add_argument("--fps", type=float, help="pictures looked at a second (default: 1; demo: 2)")
    parser.add_argument(
        "--window",
        type=float,
        metavar="S",
        help="longest part of a video that is one row (default: 128 pictures)",
    )
    parser.add_argument(
        "--max-seconds", type=float, metavar="S", help="leave out what comes later in a video"
    )
    parser.add_argument(
        "--exclude",
        action="append",
        metavar="PATTERN",
        help="leave out paths such as 'private/*'; '' forgets earlier ones",
    )
    parser.add_argument("--keep-missing", action="store_true", help="keep videos whose files are gone")
    parser.add_argument(
        "--proxies", action="store_true", help="also write playable copies where browsers need them"
    )
    parser.add_argument("--jobs", type=int, default=1, help="videos worked on at once (default: %(default)s)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (default: %(default)s)")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Ingest and say what there is now; 1 where nothing could be taken."""
    config = IngestConfig(
        folder=args.folder,
        out=args.out,
        encoder=args.encoder,
        name=args.name,
        fps=args.fps,
        window=args.window,
        longest=args.max_seconds,
        exclude=None if args.exclude is None else tuple(filter(None, args.exclude)),
        jobs=args.jobs,
        device=args.device,
        proxies=args.proxies,
        keep_missing=args.keep_missing,
    )
    if args.dry_run:
        planned = plan(config)
        print(json.dumps(planned.to_json(), ensure_ascii=False) if args.json else planned.text())
        return 0
    report = ingest(config, say=lambda line: print(line, file=sys.stderr))
    print(json.dumps(report.to_json(), ensure_ascii=False) if args.json else text_of(report))
    return 0


def text_of(report: IngestReport) -> str:
    """The report for people."""
    lines = [f"skipped {one.file}: {one.reason}" for one in report.skipped]
    lines += [f"note    {one.file}: {one.reason}" for one in report.notes]
    if report.unplayable:
        lines.append(
            f"{len(report.unplayable)} videos do not play in browsers as they are; --proxies makes copies that do."
        )
    changes = f"{len(report.added)} new, {report.kept} kept, {len(report.removed)} removed, {len(report.skipped)} skipped"
    lines.append(
        f"{report.videos} videos ({report.seconds / 60:.1f} min, {report.rows} rows; {changes}) in {report.library}"
    )
    lines.append(f'search them: python -m ral_core search "a person laughs" --index {report.library}')
    return "\n".join(lines)
