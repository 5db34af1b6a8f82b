"""A report as a table for papers and spreadsheets: LaTeX, CSV or Markdown by the name of the file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from ral_core.analysis.zoo import COLUMNS
from ral_core.errors import DataError
from ral_core.files import read_json, write_text

Report = dict[str, Any]
FORMS = (".tex", ".csv", ".md")
LEADERBOARD = (*COLUMNS[:3], "R@100", *COLUMNS[3:])
SMALLER_IS_BETTER = ("parameters", "minutes", "query_ms", "index_bytes")


@dataclass(frozen=True)
class Table:
    """Rows of numbers under a head; a number is a mean and its spread over seeds, which may be unknown."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, tuple[tuple[float, float | None] | None, ...]], ...]


def write_table(path: Path, table: Table) -> int:
    """Write a table in the form that the file's name asks for; returns the rows. Raises DataError for another form."""
    writers = {".tex": latex, ".csv": as_csv, ".md": markdown}
    if path.suffix not in writers:
        raise DataError(f"{path} must end in {', '.join(FORMS)}; the ending says in which form to write.")
    write_text(path, writers[path.suffix](table))
    return len(table.rows)


def reported(folder: Path, name: str) -> Table:
    """The table of a stored report: `zoo`, `ablations`, or a split such as `test` with all models judged on it."""
    path = Path(name) if name.endswith(".json") else folder / f"{name}.json"
    if path.is_file():
        report = read_json(path)
        if not isinstance(report, dict) or not ("systems" in report or "rows" in report or "SumR" in report):
            raise DataError(f"{path} is no report of `zoo` or `evaluate`; name another.")
        return of_zoo(report) if "SumR" not in report else of_models([report])
    reports = [read_json(one) for one in sorted(folder.glob(f"*-{name}.json"))]
    reports = [one for one in reports if isinstance(one, dict) and one.get("split") == name]
    if not reports:
        known = ", ".join(sorted(one.stem for one in folder.glob("*.json"))) or "none"
        raise DataError(f"There is no report {name!r} in {folder}. Known: {known}.")
    return of_models(reports)


def of_zoo(report: Report) -> Table:
    """Every system with mean and spread over its seeds, and what it costs where that was measured."""
    systems = report.get("systems") or report["rows"]
    costs = [name for name in SMALLER_IS_BETTER if all(name in row for row in systems.values())]
    rows = []
    for system, row in systems.items():
        several = len(row["seeds"]) > 1
        scores = [(row[name]["mean"], row[name]["std"] if several else None) for name in COLUMNS]
        rows.append((system, (*scores, *((float(row[name]), None) for name in costs))))
    return Table(("system", *COLUMNS, *costs), tuple(rows))


def of_models(reports: Sequence[Report]) -> Table:
    """Models judged on one split, the best first."""
    order = sorted(reports, key=lambda report: -report.get("SumR", 0.0))
    shown = [name for name in LEADERBOARD if any(name in report for report in order)]
    rows = [
        (one["model"], tuple((float(one[name]), None) if name in one else None for name in shown))
        for one in order
    ]
    return Table(("model", *shown), tuple(rows))


def as_csv(table: Table) -> str:
    """Every number with full precision; a column `NAME std` beside those with a spread."""
    spread = [any(cell and cell[1] is not None for cell in column) for column in columns(table)]
    target = StringIO()
    writer = csv.writer(target, lineterminator="\n")
    head = [[name, f"{name} std"] if wide else [name] for name, wide in zip(table.head[1:], spread)]
    writer.writerow([table.head[0], *(name for names in head for name in names)])
    for name, cells in table.rows:
        pairs = [(cell or (None, None))[: 1 + wide] for cell, wide in zip(cells, spread)]
        writer.writerow([name, *("" if value is None else value for pair in pairs for value in pair)])
    return target.getvalue()


def markdown(table: Table) -> str:
    """The table as READMEs show it."""
    lines = [f"| {' | '.join(table.head)} |", "|---" * len(table.head) + "|"]
    lines += [
        f"| {name} | {' | '.join(written(head, cell, ' ± ') for head, cell in zip(table.head[1:], cells))} |"
        for name, cells in table.rows
    ]
    return "\n".join([*lines, ""])


def latex(table: Table) -> str:
    r"""A table for the package booktabs, the best number of a column in bold.

    >>> print(latex(Table(("model", "R@1"), (("a_b", ((50.0, 1.5),)), ("c", ((49.0, None),))))))
    \begin{tabular}{lr}
    \toprule
    model & R@1 \\
    \midrule
    a\_b & \textbf{50.0 $\pm$ 1.5} \\
    c & 49.0 \\
    \bottomrule
    \end{tabular}
    <BLANKLINE>
    """
    best = [best_of(name, column) for name, column in zip(table.head[1:], columns(table))]
    lines = [rf"\begin{{tabular}}{{l{'r' * (len(table.head) - 1)}}}", r"\toprule"]
    lines += [" & ".join(escaped(name) for name in table.head) + r" \\", r"\midrule"]
    for name, cells in table.rows:
        shown = [
            rf"\textbf{{{text}}}" if cell and cell[0] == top else text
            for head, cell, top in zip(table.head[1:], cells, best)
            for text in [written(head, cell, r" $\pm$ ")]
        ]
        lines.append(" & ".join((escaped(name), *shown)) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def columns(table: Table) -> list[list[tuple[float, float | None] | None]]:
    """The numbers column by column."""
    return [[cells[place] for _, cells in table.rows] for place in range(len(table.head) - 1)]


def best_of(name: str, column: Sequence[tuple[float, float | None] | None]) -> float | None:
    """The best mean of a column."""
    means = [cell[0] for cell in column if cell]
    return (min if name in SMALLER_IS_BETTER else max)(means, default=None)


def written(name: str, cell: tuple[float, float | None] | None, between: str) -> str:
    """One number as it is printed."""
    if cell is None:
        return "–" if between == " ± " else "--"
    digits = 0 if name in ("parameters", "index_bytes") else 1
    mean, std = cell
    return f"{mean:,.{digits}f}" + ("" if std is None else f"{between}{std:.1f}")


def escaped(text: str) -> str:
    """Text as LaTeX takes it."""
    return "".join(f"\\{sign}" if sign in "_%&#$" else sign for sign in text)
