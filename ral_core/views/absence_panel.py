"""How well "probably not in this collection" works: measured on sentences that no film satisfies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ral_core.errors import DataError
from ral_core.files import read_json
from ral_core.views import wording
from ral_core.views.markup import escape, heads, join, number, prose
from ral_core.views.query_bar import model_title

HEADS = (
    "model",
    "verdict by",
    "AUROC",
    "false alarms at 95 % detection, %",
    "absent moments found out, %",
    "false alarms, %",
)
DETAIL = "AUROC by detail of the sentence"
LEVELS = ("vague", "mid", "full", "temporal")
Way = tuple[str, str, Mapping[str, Any]]
"""A model, what its verdict goes by, and how well."""


def absence_section(root: Path) -> str:
    """The section; a sentence where nothing was measured."""
    rows = measured(root)
    head = f'<section class="absence"><h2>Does it know what is not there?</h2><p class="hint">{escape(wording.ABSENCE_HELP)}</p>'
    if not rows:
        return f'{head}<p class="empty">{prose(wording.NO_ABSENCE)}</p></section>'
    return f"{head}{boards(rows)}</section>"


def measured(root: Path) -> list[Mapping[str, Any]]:
    """The stored measurements of each index; empty where there are none or the file is of another form."""
    try:
        found = read_json(root / "reports" / "absence.json")
        return [row for row in found["indexes"] if {"auroc", "false_alarms", "levels"} <= row.keys()]
    except (DataError, OSError, KeyError, TypeError, AttributeError):
        return []


def ways(row: Mapping[str, Any]) -> list[Way]:
    """What one index says itself, and what a taught detector adds where it has one."""
    title, taught = model_title(str(row.get("model", ""))), row.get("detector")
    found: list[Way] = [(title, "z of the first film", row)]
    return [*found, (title, "taught detector", taught)] if isinstance(taught, Mapping) else found


def boards(rows: Sequence[Mapping[str, Any]]) -> str:
    """All indexes in one table, and by detail of the sentence in a second."""
    known = [way for row in rows for way in ways(row)]
    measures = (("auroc", 2), ("false_alarms", 1), ("detected", 1), ("alarms", 1))
    whole = [(way, [said(way[2].get(name), digits) for name, digits in measures]) for way in known]
    levels = [level for level in LEVELS if any(level in row["levels"] for row in rows)]
    by_level = [(way, [said(level_of(way[2], level), 2) for level in levels]) for way in known]
    present, absent = (max(int(row.get(side, 0)) for row in rows) for side in ("present", "absent"))
    counted = (
        f"{present:,} sentences that a film satisfies, {absent:,} that none does. "
        "A model without a taught detector judges by z: none was taught, or it did no better."
    )
    detail = board(DETAIL, ("model", "verdict by", *levels), by_level)
    return f'<p class="hint">{escape(counted)}</p>{board("Absent moments", HEADS, whole)}<h3>{DETAIL}</h3>{detail}'


def board(name: str, columns: Sequence[str], rows: Sequence[tuple[Way, list[str]]]) -> str:
    """One table that may be scrolled sideways."""
    body = join(
        f'<tr><th scope="row">{escape(title)}</th><td>{escape(judge)}</td>{join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        for (title, judge, _), cells in rows
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">'
        f'<table class="board">{heads(columns)}<tbody>{body}</tbody></table></div>'
    )


def level_of(way: Mapping[str, Any], level: str) -> object:
    """The AUROC at one level of detail, if it was measured."""
    return way["levels"].get(level) if isinstance(way.get("levels"), Mapping) else None


def said(value: object, digits: int) -> str:
    """A number, or a dash."""
    return number(float(value), digits) if isinstance(value, int | float) else "–"
