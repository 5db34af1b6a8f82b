"""`python -m ral_core score-run RUN`: numbers of a stored run, ours or another system's."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ral_core.evaluation.runs import RunScore


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `score-run`."""
    parser.add_argument("run", type=Path, help="a TREC run: query Q0 video rank score tag")
    truth = parser.add_mutually_exclusive_group(required=True)
    truth.add_argument("--qrels", type=Path, help="TREC judgements: query 0 video grade")
    truth.add_argument("--gt", type=Path, help="gt.jsonl with query_id and gt_video_ids")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Judge and print."""
    from ral_core.data.groundtruth import read_gt, read_qrels, read_run
    from ral_core.evaluation.runs import score_run

    truth = read_gt(args.gt) if args.gt else read_qrels(args.qrels)
    score = score_run(read_run(args.run), truth)
    print(json.dumps(score.to_json(), indent=2) if args.json else readable(score))
    return 0


def readable(score: RunScore) -> str:
    """A score as lines of text."""
    groups = [score.hit, score.recall, *([score.own] if score.own else [])]
    lines = [
        f"{score.queries} judged queries, {score.positives:.2f} satisfying videos each; "
        f"{score.unanswered} without an answer (misses), {score.unjudged} answers not judged (not counted)"
    ]
    lines += ["  ".join(f"{name} {value:.2f}" for name, value in group.items()) for group in groups]
    return "\n".join([*lines, f"MRR {score.mrr:.4f}  mAP {score.mean_average_precision:.2f}"])
