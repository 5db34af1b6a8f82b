"""The tables of the Benchmark page: who leads, where, by how much; and the same as CSV and LaTeX."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from ral_core.views.markup import escape, heads, join, number, share
from ral_core.views.plots import Axis, Series, plot
from ral_core.views.published import PUBLISHED
from ral_core.views.query_bar import model_title

Report = Mapping[str, Any]
METRICS = (
    "R@1",
    "R@5",
    "R@10",
    "R@100",
    "SumR",
    "MRR",
    "MedR",
    "hit@1",
    "hit@10",
    "R1@0.5",
    "R1@0.7",
    "mIoU",
)
"""The columns of the leaderboard; lower is better for those in `LOWER`."""
LOWER = ("MedR", "MeanR")
FAMILIES = {
    "level": "detail of the sentence",
    "words": "words in the sentence",
    "share": "moment over film length",
    "ambiguity": "films that satisfy the sentence",
    "wording": "words seen in training",
    "combination": "combinations seen in training",
    "twin": "a film that differs in one thing",
}
"""What the slices of a report are cut by."""


def leaderboard(reports: Sequence[Report]) -> str:
    """One row for each model, best SumR first; the best number of a column is bold and underlined."""
    shown = [name for name in METRICS if any(name in report for report in reports)]
    ordered = sorted(reports, key=lambda report: -report.get("SumR", 0.0))
    best = {name: best_of(name, [r[name] for r in ordered if name in r]) for name in shown}
    rows = join(board_row(report, shown, best) for report in ordered)
    ceiling = next((report["ceiling"] for report in ordered if "ceiling" in report), None)
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Leaderboard"><table class="board">'
        f"{heads(('model', *shown))}<tbody>{rows}{ceiling_row(ceiling, shown) if ceiling else ''}</tbody></table></div>"
    )


def best_of(name: str, values: Sequence[float]) -> float:
    """The best value of a metric."""
    return min(values) if name in LOWER else max(values)


def board_row(report: Report, shown: Sequence[str], best: Mapping[str, float]) -> str:
    """One model; a bar behind each percentage."""
    cells = join(cell(name, report.get(name), best[name]) for name in shown)
    return f'<tr><th scope="row">{escape(model_title(report["model"]))}</th>{cells}</tr>'


def cell(name: str, value: float | None, best: float) -> str:
    """One number; `scale` is the length of its bar."""
    if value is None:
        return "<td>–</td>"
    whole = 400.0 if name == "SumR" else 1.0 if name == "MRR" else 100.0
    bar = "" if name in LOWER else f'<i style="width:{share(value, whole)}"></i>'
    text = number(value, 3 if name == "MRR" else 0 if name in LOWER else 1)
    return f'<td class="cell{" best" if value == best else ""}">{bar}<span>{text}</span></td>'


def ceiling_row(ceiling: Mapping[str, float], shown: Sequence[str]) -> str:
    """What perfect understanding could expect when several films satisfy a sentence."""
    cells = join(
        f"<td>{number(ceiling[name], 1)}</td>" if name in ceiling else "<td>–</td>" for name in shown
    )
    return f'<tr class="ceiling"><th scope="row">perfect understanding</th>{cells}</tr>'


def slices(reports: Sequence[Report], family: str, metric: str) -> str:
    """How a metric depends on one property of the query, a line for each model, and the same as a table."""
    names = list(reports[0]["slices"][family])
    series = [
        Series(
            model_title(report["model"]),
            range(len(names)),
            [report["slices"][family][n][metric] for n in names],
        )
        for report in reports
        if list(report.get("slices", {}).get(family, {})) == names
        and metric in report["slices"][family][names[0]]
    ]
    if not series:
        return '<p class="empty">These reports do not hold this cut.</p>'
    counts = [reports[0]["slices"][family][name]["queries"] for name in names]
    rows = join(
        f'<tr><th scope="row">{escape(name)} <small>{count:,} queries</small></th>'
        + join(
            f'<td class="cell"><i style="width:{share(one.ys[place], 100)}"></i><span>{number(one.ys[place], 1)}</span></td>'
            for one in series
        )
        + "</tr>"
        for place, (name, count) in enumerate(zip(names, counts, strict=True))
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Slices"><table class="board">{heads((FAMILIES.get(family, family), *(one.name for one in series)))}'
        f"<tbody>{rows}</tbody></table></div>"
    )


def published() -> str:
    """The papers' own tables, marked as such."""
    rows = join(
        f'<tr><th scope="row">{escape(row.system)}</th><td>{escape(row.dataset)}</td>'
        + join(f"<td>{number(value, 1)}</td>" for value in (*row.recalls, row.total))
        + f"<td>{escape(row.source)}</td></tr>"
        for row in PUBLISHED
    )
    names = ("system", "data set", "R@1", "R@5", "R@10", "R@100", "SumR", "published in")
    return (
        '<details class="twin wide-twin"><summary>Published, not measured here: real videos</summary>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Published results"><table>{heads(names)}<tbody>{rows}</tbody></table></div></details>'
    )


def abstention(reports: Sequence[Report]) -> str:
    """What each notion of confidence is worth: area under the risk-coverage curve, for every model that has it."""
    kinds: dict[str, None] = {}
    for report in reports:
        kinds |= dict.fromkeys(report.get("uncertainty", {}).get("abstention", {}))
    if not kinds:
        return '<p class="empty">These reports hold no abstention test.</p>'
    rows = join(
        f'<tr><th scope="row">{escape(model_title(report["model"]))}</th>'
        + join(
            f"<td>{number(report['uncertainty']['abstention'][kind]['AURC'], 1)}</td>"
            if kind in report.get("uncertainty", {}).get("abstention", {})
            else "<td>–</td>"
            for kind in kinds
        )
        + "</tr>"
        for report in reports
    )
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Risk over coverage"><table class="board">{heads(("model", *kinds))}<tbody>{rows}</tbody></table></div>'


def curves(found: Mapping[str, Mapping[str, Sequence[float]]]) -> str:
    """Risk-coverage curves: how often the answer is wrong when only the surest queries are answered."""
    series = [Series(name, points["coverage"], points["risk"], marks=True) for name, points in found.items()]
    return plot(
        series,
        Axis("queries answered, %", 0.0, 100.0),
        Axis("wrong answers, %", 0.0),
        "Risk over coverage",
        height=320,
    )


def as_csv(reports: Sequence[Report]) -> str:
    """The leaderboard as CSV with full precision."""
    shown = [name for name in METRICS if any(name in report for report in reports)]
    target = StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(("model", "split", "queries", "videos", *shown))
    for report in sorted(reports, key=lambda report: -report.get("SumR", 0.0)):
        writer.writerow(
            [
                report["model"],
                report["split"],
                report["queries"],
                report["videos"],
                *(report.get(name, "") for name in shown),
            ]
        )
    return target.getvalue()


def as_latex(reports: Sequence[Report], metrics: Sequence[str] = METRICS[:5]) -> str:
    r"""The leaderboard as a LaTeX table (booktabs), the best number of a column in bold.

    >>> print(as_latex([{"model": "a_b", "R@1": 50.0}], ("R@1",)))
    \begin{tabular}{lr}
    \toprule
    model & R@1 \\
    \midrule
    a\_b & \textbf{50.0} \\
    \bottomrule
    \end{tabular}
    <BLANKLINE>
    """
    shown = [name for name in metrics if any(name in report for report in reports)]
    best = {name: best_of(name, [r[name] for r in reports if name in r]) for name in shown}

    def written(report: Report, name: str) -> str:
        if name not in report:
            return "--"
        text = f"{report[name]:.1f}"
        return rf"\textbf{{{text}}}" if report[name] == best[name] else text

    lines = [
        r"\begin{tabular}{l" + "r" * len(shown) + "}",
        r"\toprule",
        " & ".join(("model", *shown)) + r" \\",
        r"\midrule",
    ]
    for report in sorted(reports, key=lambda report: -report.get("SumR", 0.0)):
        title = model_title(report["model"]).replace("_", r"\_")
        lines.append(" & ".join((title, *(written(report, name) for name in shown))) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])
