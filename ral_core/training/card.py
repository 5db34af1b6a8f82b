"""The README.md beside a model's weights: what it is, what it was trained on, how well it does, where it fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Report = Mapping[str, Any]
ENOUGH = 30
"""Slices of fewer queries are not called a weakness."""


def model_card(name: str, about: Report, report: Report) -> str:
    """A model card in Markdown.

    about: "model" (settings), "data", "training" (settings), "command", "epochs", "best_epoch", "parameters",
    "minutes", "device"; report: the numbers of `evaluate` on the validation split.
    """
    ral = "RAL on " if about["model"].get("ral") else ""
    return f"""# {name}

{ral}{about["model"]["name"]}, {about["parameters"]:,} parameters, width {about["model"]["width"]}, at most \
{about["model"]["max_frames"]} frames and {about["model"]["clips"]} clips a video. It ranks untrimmed videos by how \
well a sentence describes a moment in them.

## Data

{_table(about["data"])}

## Training

Command: `{about["command"]}`. Best of {about["epochs"]} epochs on validation: number {about["best_epoch"]}; \
{about["minutes"]:.0f} minutes on {about["device"]}. The losses of every epoch are in `log.jsonl`, all settings in \
`config.json`.

{_table(about["training"])}

## Scores on {report["split"]} ({report["queries"]} queries, {report["videos"]} videos)

| | R@1 | R@5 | R@10 | R@100 | SumR | hit@1 | hit@10 |
|---|---|---|---|---|---|---|---|
{_row("fused", report)}
{_row("clip branch", report["branches"]["clip"])}
{_row("frame branch", report["branches"]["frame"])}
{_row("ceiling", report["ceiling"])}

R@k counts only the video a caption was written for, hit@k any video that satisfies it. The ceiling is what perfect \
understanding could expect when several videos satisfy a sentence.

## Weaknesses

{weaknesses(report)}
"""


def weaknesses(report: Report) -> str:
    """The kinds of queries with the lowest hit@1, as a Markdown list."""
    slices = [
        (numbers["hit@1"], f"{family} {name}", numbers["queries"])
        for family, names in report["slices"].items()
        for name, numbers in names.items()
        if numbers["queries"] >= ENOUGH and numbers["hit@1"] < report["hit@1"] - 2
    ]
    if not slices:
        return "No kind of query stands out below the average."
    lines = [f"- {what}: hit@1 {hit:.1f} ({count} queries)" for hit, what, count in sorted(slices)[:6]]
    return "\n".join([f"Below the average hit@1 of {report['hit@1']:.1f}:", "", *lines])


def _row(name: str, numbers: Report) -> str:
    keys = ("R@1", "R@5", "R@10", "R@100", "SumR", "hit@1", "hit@10")
    return f"| {name} | " + " | ".join(f"{numbers[k]:.1f}" if k in numbers else "" for k in keys) + " |"


def _table(values: Report) -> str:
    rows = [f"| {key} | {value} |" for key, value in values.items() if value is not None]
    return "\n".join(["| setting | value |", "|---|---|", *rows])
