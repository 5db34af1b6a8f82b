"""Files to take away: each is made when it is asked for, and says in its name what it holds."""

from __future__ import annotations

from collections.abc import Callable

from fastapi import FastAPI, Response
from fastapi import Request as HTTPRequest
from fastapi.exceptions import HTTPException

from ral_core.errors import RALError
from ral_core.search.engine import Explorer
from ral_core.views import bench_tables
from ral_core.views.bench_page import read_reports
from ral_core.views.case import Case, case
from ral_core.views.evidence_card import evidence_card
from ral_core.views.figure import card_png, card_svg
from ral_core.views.figure_pdf import card_pdf
from ral_core.views.media import Shelf
from ral_core.views.requests import read_request

TYPES = {
    "csv": "text/csv",
    "tex": "application/x-tex",
    "html": "text/html; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "pdf": "application/pdf",
}
CARDS: dict[str, Callable[[Case], str | bytes]] = {
    "html": evidence_card,
    "png": card_png,
    "svg": card_svg,
    "pdf": card_pdf,
}


def add_exports(app: FastAPI, explorer: Explorer, shelf: Shelf, index: str | None) -> None:
    """Declare the addresses below `/export/`."""

    def leaderboard(kind: str, report: str = "") -> Response:
        rows = read_reports(explorer.root).get(report)
        if not rows or kind not in ("csv", "tex"):
            raise HTTPException(404, "There is no such table.")
        text = bench_tables.as_csv(rows) if kind == "csv" else bench_tables.as_latex(rows)
        return attachment(text.encode(), f"leaderboard-{report}.{kind}", TYPES[kind])

    def card(kind: str, asked: HTTPRequest) -> Response:
        if kind not in CARDS:
            raise HTTPException(404, "A card is html, png, svg or pdf.")
        try:
            made = case(explorer, shelf, read_request(dict(asked.query_params)), index, str(asked.base_url))
            body = CARDS[kind](made)
        except RALError as problem:
            raise HTTPException(404, str(problem)) from None
        name = f"evidence-{made.explanation.video}-{made.explanation.query[:40]}.{kind}"
        return attachment(body if isinstance(body, bytes) else body.encode(), name, TYPES[kind])

    app.add_api_route("/export/leaderboard.{kind}", leaderboard, methods=["GET"])
    app.add_api_route("/export/card.{kind}", card, methods=["GET"])


def attachment(body: bytes, name: str, kind: str) -> Response:
    """A file that the browser saves under a name of letters, digits, dots and dashes."""
    safe = "".join(sign if sign.isascii() and (sign.isalnum() or sign in ".-_") else "-" for sign in name)
    return Response(body, media_type=kind, headers={"Content-Disposition": f'attachment; filename="{safe}"'})
