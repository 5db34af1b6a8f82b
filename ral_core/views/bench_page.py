"""How good the models are, where they are weak, and whether their doubts mean anything."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ral_core.analysis.runs import open_runs
from ral_core.errors import DataError
from ral_core.files import read_json
from ral_core.search.engine import Explorer
from ral_core.views import bench_tables as tables
from ral_core.views import collapse_panel, wording
from ral_core.views.absence_panel import absence_section
from ral_core.views.bench_runs import run_sections
from ral_core.views.folds import fold
from ral_core.views.markup import attributes, escape, icon, join
from ral_core.views.media import Shelf
from ral_core.views.parts import drawn, nothing
from ral_core.views.requests import Request, named

SLICE_METRICS = ("hit@1", "R@1", "R@5", "R@10", "mIoU", "R1@0.5")


def build_bench_page(explorer: Explorer, shelf: Shelf, index: str | None = None) -> None:
    """Lay out the page; it is drawn from the reports and runs on disk when somebody looks at it."""

    def asked(request: Request) -> str:
        if not explorer.entries:
            return ""
        collection = explorer.resolve(None, named(explorer, request, index)).manifest.collection
        return run_sections(explorer, shelf, open_runs(explorer, collection), request)

    def page(request: Request) -> str:
        root = explorer.root
        if explorer.entries:  # a library has reports of its own
            root = explorer.resolve(None, named(explorer, request, index)).root or root
        return overview(read_reports(root), request, absence_section(root) + asked(request))

    with gr.Column(elem_id="bench-page"):
        drawn("benchmark", page)
        with gr.Column(elem_classes="folds wide-folds"):
            fold(
                "collapse",
                collapse_panel.TITLE,
                collapse_panel.LEAD,
                collapse_panel.collapse_panel(explorer, index),
            )


def read_reports(root: Path) -> dict[str, list[dict[str, Any]]]:
    """The stored reports of every split, in the order of their files; a file that is no report is passed over."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path in sorted((root / "reports").glob("*.json")):
        try:
            report = read_json(path)
        except DataError:
            continue
        if isinstance(report, dict) and {"model", "split", "SumR", "slices"} <= report.keys():
            found.setdefault(str(report["split"]), []).append(report)
    return found


def overview(reports: dict[str, list[dict[str, Any]]], request: Request, asked: str) -> str:
    """The whole page for one split; `asked` is what the stored runs show (HTML)."""
    head = f'<article class="wide"><h1>Benchmark</h1><p class="lead">{escape(wording.BENCH_LEAD)}</p>'
    if not reports:
        return f"{head}{nothing(wording.NO_REPORTS)}{asked}</article>"
    split = request.choice("report", tuple(sorted(reports, key=lambda name: (len(name), name))))
    rows = reports[split]
    families = tuple(rows[0]["slices"])
    family, metric = request.choice("slice", families), request.choice("metric", SLICE_METRICS)
    size = f"{rows[0]['queries']:,} queries over {rows[0]['videos']:,} films"
    return (
        f"{head}{choices('report', tuple(reports), split, 'Split')}"
        f'<section><div class="panel-head"><h2>Leaderboard</h2>{exports(split)}</div><p class="hint">{size}. {escape(wording.BOARD_HELP)}</p>'
        f"{tables.leaderboard(rows)}{tables.published()}</section>"
        f"<section><h2>Where they are weak</h2>{picks(family, families, metric)}{tables.slices(rows, family, metric)}</section>"
        f'<section><h2>Do they know when they are wrong?</h2><p class="hint">{escape(wording.RISK_HELP)}</p>{tables.abstention(rows)}</section>{asked}</article>'
    )


def choices(name: str, offered: Sequence[str], chosen: str, title: str) -> str:
    """Values of a setting as switches."""
    return (
        f'<div class="switches" role="group"{attributes(aria_label=title)}>'
        + join(
            f'<button type="button" class="pill"{attributes(data_set=name, data_value=value, aria_pressed=str(value == chosen).lower())}>{escape(value)}</button>'
            for value in offered
        )
        + "</div>"
    )


def picks(family: str, families: Sequence[str], metric: str) -> str:
    """By what the queries are cut, and which number is shown."""

    def pick(name: str, title: str, offered: Sequence[tuple[str, str]], chosen: str) -> str:
        options = join(
            f"<option{attributes(value=value, selected=value == chosen)}>{escape(text)}</option>"
            for value, text in offered
        )
        return f'<label class="pick labelled"><span>{title}</span><select{attributes(data_set=name)}>{options}</select></label>'

    cuts = [(name, tables.FAMILIES.get(name, name)) for name in families]
    return f'<div class="picks">{pick("slice", "cut by", cuts, family)}{pick("metric", "show", [(m, m) for m in SLICE_METRICS], metric)}</div>'


def exports(split: str) -> str:
    """The leaderboard as files."""
    return (
        '<p class="exports">'
        + join(
            f'<a class="quiet" download{attributes(href=f"/export/leaderboard.{suffix}?report={split}")}>{icon("save")}<span>{name}</span></a>'
            for suffix, name in (("csv", "CSV"), ("tex", "LaTeX"))
        )
        + "</p>"
    )
