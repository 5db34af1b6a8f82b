"""`python -m ral_core score-moments PREDICTIONS --truth FILE`: moments and highlights as QVHighlights scores them."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `score-moments`."""
    parser.add_argument(
        "predictions",
        type=Path,
        help="jsonl with qid, pred_relevant_windows and perhaps pred_saliency_scores",
    )
    parser.add_argument("--truth", type=Path, required=True, help="jsonl of the annotations")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Score and print."""
    from ral_core.evaluation.detection import detection_report, read_detections

    report = detection_report(read_detections(args.predictions, args.truth))
    print(json.dumps(report, indent=2) if args.json else readable(report))
    return 0


def readable(report: dict[str, Any]) -> str:
    """A report as a small table."""
    lines = [f"{'':<16}{'queries':>8}{'R1@0.5':>8}{'R1@0.7':>8}{'mAP@0.5':>9}{'mAP@0.75':>9}{'mAP':>7}"]
    for name, row in report.items():
        if "MR-mAP" in row:
            r1, area = row["MR-R1"], row["MR-mAP"]
            cells = f"{row['queries']:>8}{r1['0.5']:>8.2f}{r1['0.7']:>8.2f}"
            lines.append(f"{name:<16}{cells}{area['0.5']:>9.2f}{area['0.75']:>9.2f}{area['average']:>7.2f}")
        elif "HL-mAP" in row:
            lines.append(f"{name:<16}mAP {row['HL-mAP']:.2f}, Hit1 {row['HL-Hit1']:.2f}")
    return "\n".join(lines)
