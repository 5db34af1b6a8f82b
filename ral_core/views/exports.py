"""Files to take away: each is made when it is asked for, and says in its name what it holds."""

from __future__ import annotations

from fastapi import FastAPI, Response
from fastapi.exceptions import HTTPException

from ral_core.search.engine import Explorer
from ral_core.views import bench_tables
from ral_core.views.bench_page import read_reports
from ral_core.views.media import Shelf


def add_exports(app: FastAPI, explorer: Explorer, shelf: Shelf, index: str | None) -> None:
    """Declare the addresses below `/export/`."""

    def leaderboard(kind: str, report: str = "") -> Response:
        rows = read_reports(explorer.root).get(report)
        if not rows or kind not in ("csv", "tex"):
            raise HTTPException(404, "There is no such table.")
        text = bench_tables.as_csv(rows) if kind == "csv" else bench_tables.as_latex(rows)
        return attachment(
            text.encode(),
            f"leaderboard-{report}.{kind}",
            "text/csv" if kind == "csv" else "application/x-tex",
        )

    app.add_api_route("/export/leaderboard.{kind}", leaderboard, methods=["GET"])


def attachment(body: bytes, name: str, kind: str) -> Response:
    """A file that the browser saves under a name of letters, digits, dots and dashes."""
    safe = "".join(sign if sign.isascii() and (sign.isalnum() or sign in ".-_") else "-" for sign in name)
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{safe}"'})
