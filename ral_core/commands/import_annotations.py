"""`python -m ral_core import-annotations FILE --format NAME`: captions written elsewhere as our caption file."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ral_core.data.annotations import (
    FORMATS,
    Imported,
    Tally,
    form_of,
    read_annotations,
    read_durations,
    settled,
)
from ral_core.data.captions import write_captions
from ral_core.errors import DataError
from ral_core.features.store import FeatureStore
from ral_core.features.windows import lengths_of
from ral_core.files import read_jsonl, write_json


def add(parser: ArgumentParser) -> None:
    """The arguments of `import-annotations`."""
    parser.epilog = (
        "example: python -m ral_core import-annotations charades_sta_test.txt --format charades "
        "--durations Charades_v1_test.csv --out my_data/captions.jsonl"
    )
    parser.add_argument("file", type=Path, help="the annotation file; for vtt and srt also a folder of them")
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="the form it is written in (default for csv, jsonl and subtitles: by its ending)",
    )
    parser.add_argument("--out", type=Path, required=True, help="where to write captions.jsonl")
    parser.add_argument("--gt", type=Path, help="gt.jsonl: all videos that satisfy each sentence")
    parser.add_argument("--durations", type=Path, help="csv or json with the lengths of the videos")
    parser.add_argument("--features", type=Path, help="keep only captions of videos in this feature folder")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Import, write the captions and a report beside them, and say what was done."""
    tally = Tally()
    form = args.format or form_of(args.file)
    found = read_annotations(args.file, form, tally)
    store = FeatureStore.open(args.features) if args.features else None
    durations = lengths_of(store) if store else {}
    videos = set(durations) if store else None
    if args.durations:
        durations |= read_durations(args.durations)
    truth = read_truth(args.gt) if args.gt else None
    result = settled(found, tally, durations=durations, truth=truth, videos=videos)
    write_captions(args.out, result.captions)
    report = {"file": args.file.name, "format": form, **result.report()}
    write_json(args.out.with_suffix(".report.json"), report)
    print(json.dumps(report, ensure_ascii=False) if args.json else told(result, args.out))
    return 0


def read_truth(path: Path) -> dict[str, tuple[str | None, frozenset[str]]]:
    """The sentence and all videos of each query in gt.jsonl. Raises DataError with the line that lacks them."""
    truth: dict[str, tuple[str | None, frozenset[str]]] = {}
    for number, row in enumerate(read_jsonl(path), start=1):
        name, videos = row.get("query_id"), row.get("gt_video_ids")
        if not isinstance(name, str) or not isinstance(videos, list) or not videos:
            raise DataError(f"{path}, line {number}: expected a query_id and a list of gt_video_ids.")
        if name in truth:
            raise DataError(f"{path}, line {number}: the query {name!r} comes twice.")
        truth[name] = (row.get("caption"), frozenset(map(str, videos)))
    return truth


def told(result: Imported, out: Path) -> str:
    """The report for people."""
    videos = len({caption.film for caption in result.captions})
    lines = [f"{len(result.captions)} captions of {videos} videos written to {out}"]
    for name, row in result.tally.to_json().items():
        lines.append(f"  {row['done']:<8} {row['count']:>6}  {name}: {row['why']}")
    if result.unnamed:
        lines.append(f"  {len(result.unnamed)} videos have no caption, for example {result.unnamed[0]!r}")
    return "\n".join(lines)
