"""One retrieval case as a single HTML file: what was asked, what was found, why, with which weights, and how to open it again."""

from __future__ import annotations

import base64
from datetime import date
from pathlib import Path

from ral_core import __version__
from ral_core.index.folder import Manifest
from ral_core.search.results import Explanation, SearchResult
from ral_core.views import wording
from ral_core.views.case import Case
from ral_core.views.charts import time_axis
from ral_core.views.evidence import score_panel, truth_panel, width_panel
from ral_core.views.heat import heat_strip
from ral_core.views.markup import attributes, clock, escape, heads, join, number, stretch
from ral_core.views.query_bar import model_title
from ral_core.views.theme import LIGHT
from ral_core.views.timeline import curve, found, legend, true_lane
from ral_core.views.words import word_panel

ASSETS = Path(__file__).resolve().parents[2] / "assets"
BIBTEX = """@article{ral2025,
  title   = {Robust Alignment Learning for Partially Relevant Video Retrieval},
  journal = {arXiv preprint arXiv:2509.01383},
  year    = {2025}
}"""


def evidence_card(case: Case) -> str:
    """The file; everything it shows lies in it, so it opens without this program and without a network."""
    result, explanation, manifest = case.result, case.explanation, case.manifest
    style = "".join(
        (ASSETS / name).read_text(encoding="utf-8")
        for name in ("tokens.css", "app.css", "search.css", "why.css")
    )
    picture = (
        f'<img class="card-still" alt="The found moment" src="data:image/jpeg;base64,{base64.b64encode(case.still).decode()}">'
        if case.still
        else ""
    )
    best = explanation.moments[0] if explanation.moments else None
    when = "" if best is None else f"{stretch(best.start, best.end)} of {clock(explanation.duration)}, "
    name, _ = wording.STATES[result.state]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(explanation.query)} · {wording.NAME}</title><style>{without_fonts(style)}{CARD_STYLE}</style></head>"
        f'<body><div class="gradio-container"><article class="evidence-card"><header><p class="hint">{wording.NAME}: evidence for one query and one film</p>'
        f"<h1>“{escape(explanation.query)}”</h1></header>"
        f'<section class="card-top">{picture}<div><h2>{escape(explanation.title)}</h2><p class="when">{when}rank {explanation.rank} of {result.films:,}</p>'
        f"<p><b>{escape(name)}.</b> {escape(result.reason)}</p>{others(result)}</div></section>"
        f"{strip(explanation)}{heat_strip(explanation)}"
        f'<div class="evidence">{word_panel(explanation)}{score_panel(explanation)}{truth_panel(explanation)}{width_panel(explanation.uncertainty)}</div>'
        f'{passport(manifest, case.link)}<p class="disclaimer">{escape(wording.NOT_THIS)}</p></article></div></body></html>'
    )


def strip(explanation: Explanation) -> str:
    """The score over time."""
    duration = explanation.duration
    return (
        f'<section class="timeline">{legend(explanation)}<div class="seek-still">{curve(explanation)}'
        f"{found(explanation.moments, duration)}{true_lane(explanation)}</div>{time_axis(duration)}</section>"
    )


def others(result: SearchResult) -> str:
    """The first films of the list."""
    rows = join(
        f'<tr><td>{hit.rank}</td><th scope="row">{escape(hit.title)} <small>{escape(hit.video)}</small></th><td>{stretch(hit.start, hit.end)}</td>'
        f"<td>{number(hit.score, 3)}</td><td>{'–' if hit.z is None else number(hit.z, 1)}</td></tr>"
        for hit in result.hits[:5]
    )
    return (
        f'<table class="sum">{heads(("rank", "film", "moment", "score", "z"))}<tbody>{rows}</tbody></table>'
    )


def passport(manifest: Manifest, link: str) -> str:
    """With what this was made, and how to open and cite it."""
    rows = (
        (
            "model",
            f"{model_title(manifest.model)} ({manifest.model}), weights SHA-256 {manifest.model_sha256}",
        ),
        ("index", f"{manifest.name}, {manifest.videos:,} films of {manifest.collection}"),
        ("encoders", f"{manifest.visual_encoder}, {manifest.text_encoder}"),
        ("made by", f"{wording.NAME} {__version__} on {date.today().isoformat()}"),
    )
    said = join(f"<div><dt>{name}</dt><dd>{escape(value)}</dd></div>" for name, value in rows)
    address = f"<div><dt>open again</dt><dd><a{attributes(href=link)}>{escape(link)}</a></dd></div>"
    return (
        f'<section class="panel passport"><h3>Passport</h3><dl class="facts-list">{said}{address}</dl>'
        f"<pre>{escape(BIBTEX)}</pre></section>"
    )


def without_fonts(style: str) -> str:
    """The style sheets without the parts that would fetch a file."""
    return "".join(line for line in style.splitlines(keepends=True) if "@font-face" not in line)


CARD_STYLE = f"""
body {{ margin: 0; background: {LIGHT["background"]}; }}
.evidence-card {{ max-width: 980px; margin: 0 auto; padding: 28px 24px 48px; }}
.evidence-card h1 {{ font-size: 30px; margin: 4px 0 18px; }} .evidence-card .hint {{ margin: 0; }}
.card-top {{ display: grid; grid-template-columns: minmax(0, 5fr) minmax(0, 6fr); gap: 24px; margin-bottom: 18px; }}
.card-still {{ width: 100%; border-radius: 12px; display: block; }}
.seek-still {{ position: relative; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; background: var(--surface); }}
.evidence-card .timeline > :not(.legend) {{ margin-left: var(--label); }}
.passport {{ margin-top: 12px; overflow-wrap: anywhere; }} .passport pre {{ overflow-x: auto; font-size: 13px; }}
.evidence-card .heat-word {{ cursor: default; }} .evidence-card .heat > .hint, .evidence-card .words > .hint {{ display: none; }}
.playhead, .ghost {{ display: none !important; }}
@media (max-width: 700px) {{ .card-top, .evidence-card .evidence {{ grid-template-columns: 1fr !important; }} }}
"""
