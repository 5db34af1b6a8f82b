"""A report for people, and rankings for other people's tools."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ral_core.data.groundtruth import trec
from ral_core.evaluation.splits import Split
from ral_core.files import write_text

Array = NDArray[np.floating]
COLUMNS = ("R@1", "R@5", "R@10", "R@100", "SumR", "MedR", "hit@1", "hit@5", "hit@10", "mIoU")


def readable(report: Mapping[str, Any]) -> str:
    """A report of `evaluate` as a table in plain text, rounded to one decimal."""
    head = f"{report['queries']} queries over {report['videos']} videos of {report['split']}, in per cent"
    fused = f"fused {report['clip_weight']:g}/{report['frame_weight']:g}"
    rows: list[tuple[str, Mapping[str, Any]]] = [(fused, report)]
    rows += [(name, numbers) for name, numbers in report["branches"].items()]
    rows.append(("ceiling", report["ceiling"]))
    for family, names in report["slices"].items():
        rows += [(f"{family} {name} ({numbers['queries']})", numbers) for name, numbers in names.items()]
    lines = [head, "", *_aligned(rows)]
    if "R1@0.5" in report:
        moments = ", ".join(f"{k} {report[k]:.1f}" for k in ("R1@0.3", "R1@0.5", "R1@0.7", "mIoU"))
        lines += ["", f"moments in the own video: {moments}"]
    for kind, numbers in report.get("moments", {}).items():
        shown = ", ".join(f"{k} {value:.1f}" for k, value in numbers.items())
        lines += ["", f"{kind}: {shown}"]
    if "uncertainty" in report:
        lines += ["", *_uncertainty(report["uncertainty"])]
    return "\n".join(lines)


def _aligned(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Iterator[str]:
    wide = max(len(name) for name, _ in rows) + 2
    yield " " * wide + "".join(f"{column:>8}" for column in COLUMNS)
    for name, numbers in rows:
        cells = (f"{numbers[column]:8.1f}" if column in numbers else " " * 8 for column in COLUMNS)
        yield f"{name:<{wide}}" + "".join(cells)


def _uncertainty(numbers: Mapping[str, Any]) -> Iterator[str]:
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            areas = ", ".join(f"{key} {item['AURC']:.1f}" for key, item in value.items())
            yield f"{name}: {areas}"
        else:
            yield f"{name}: {value:.2f}"


def trec_run(path: Path, scores: Array, split: Split, tag: str, depth: int = 100) -> None:
    """Write the first `depth` videos of each query in TREC's run format, ids as `trec` writes them. scores (Q, V).

    Of videos with one score the wrong ones come first and the query's own comes last, as ties count in `metrics`.
    """
    grades = split.relevant().astype(int)
    grades[np.arange(len(grades)), split.owner] = 2
    order = np.lexsort((grades, -scores), axis=1)[:, :depth]
    lines = (
        f"{trec(caption.id)} Q0 {trec(split.videos.ids[video])} {rank} {scores[row, video]:.9g} {trec(tag)}\n"
        for row, caption in enumerate(split.captions)
        for rank, video in enumerate(order[row], start=1)
    )
    write_text(path, "".join(lines))


def trec_qrels(path: Path, split: Split) -> None:
    """Write which videos satisfy which query in TREC's qrels format: 2 for the own video, 1 for the others."""
    relevant = split.relevant()
    lines = (
        f"{trec(caption.id)} 0 {trec(split.videos.ids[video])} {2 if video == split.owner[row] else 1}\n"
        for row, caption in enumerate(split.captions)
        for video in np.flatnonzero(relevant[row])
    )
    write_text(path, "".join(lines))
