"""How well "probably not in this collection" works: measured on sentences that no film satisfies."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ral_core.errors import DataError
from ral_core.files import read_json
from ral_core.views import wording
from ral_core.views.markup import escape, heads, join, number
from ral_core.views.query_bar import model_title

HEADS = (
    "verdict by",
    "AUROC",
    "false alarms at 95 % detection, %",
    "absent moments found out, %",
    "false alarms, %",
)
LEVELS = ("vague", "mid", "full", "temporal")


def absence_section(root: Path) -> str:
    """The section; a sentence where nothing was measured."""
    rows = measured(root)
    head = f'<section class="absence"><h2>Does it know what is not there?</h2><p class="hint">{escape(wording.ABSENCE_HELP)}</p>'
    if not rows:
        return f'{head}<p class="empty">{escape(wording.NO_ABSENCE)}</p></section>'
    return f"{head}{join(one(row) for row in rows)}</section>"


def measured(root: Path) -> list[Mapping[str, Any]]:
    """The stored measurements of each index; empty where there are none or the file is of another form."""
    try:
        found = read_json(root / "reports" / "absence.json")
        return [row for row in found["indexes"] if {"auroc", "false_alarms", "levels"} <= row.keys()]
    except (DataError, OSError, KeyError, TypeError, AttributeError):
        return []


def one(row: Mapping[str, Any]) -> str:
    """One index: what it says itself, what a taught detector adds, and how it depends on the sentence."""
    ways = [("z of the first film", row)]
    if isinstance(row.get("detector"), Mapping):
        ways.append(("taught detector", row["detector"]))
    body = join(
        f'<tr><th scope="row">{escape(name)}</th>{join(f"<td>{said(way.get(key), digits)}</td>" for key, digits in (("auroc", 2), ("false_alarms", 1), ("detected", 1), ("alarms", 1)))}</tr>'
        for name, way in ways
    )
    levels = [name for name in LEVELS if name in row["levels"]]
    by_level = join(
        f'<tr><th scope="row">{escape(name)}</th>{join(f"<td>{said(level_of(way, level), 2)}</td>" for level in levels)}</tr>'
        for name, way in ways
    )
    counted = (
        f"{row.get('present', 0):,} sentences that a film satisfies, {row.get('absent', 0):,} that none does"
    )
    return (
        f'<h3>{escape(model_title(str(row.get("model", ""))))}</h3><p class="hint">{escape(counted)}.</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Absent moments"><table class="board">{heads(HEADS)}<tbody>{body}</tbody></table></div>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="By detail"><table class="board">{heads(("AUROC by detail of the sentence", *levels))}<tbody>{by_level}</tbody></table></div>'
    )


def level_of(way: Mapping[str, Any], level: str) -> object:
    """The AUROC at one level of detail, if it was measured."""
    return way["levels"].get(level) if isinstance(way.get("levels"), Mapping) else None


def said(value: object, digits: int) -> str:
    """A number, or a dash."""
    return number(float(value), digits) if isinstance(value, int | float) else "–"
