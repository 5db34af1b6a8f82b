"""What is loaded: collections and their films, indexes with their passports, models with their cards, encoders."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from ral_core.cli import VERBS
from ral_core.errors import DataError
from ral_core.files import read_json, read_jsonl
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer
from ral_core.views import wording
from ral_core.views.film_sheet import MOST, film_details, film_sheet
from ral_core.views.markdown import markdown
from ral_core.views.markup import attributes, escape, heads, icon, join, number
from ral_core.views.media import Shelf
from ral_core.views.parts import IN_TURN, block, drawn, fresh, nothing, safely
from ral_core.views.plots import Axis, Series, plot
from ral_core.views.query_bar import model_title
from ral_core.views.requests import Request, named, read_request

SIZE_UNITS = ("B", "kB", "MB", "GB")
MOST_TILES = 12_000
"""Films on one sheet; a browser slows down with more."""


def build_data_page(explorer: Explorer, shelf: Shelf, index: str | None = None) -> None:
    """Lay out the page; it is drawn when somebody looks at it."""

    def page(request: Request) -> str:
        if not explorer.entries and index is None:
            return nothing(wording.NO_INDEX)
        return overview(explorer, shelf, explorer.resolve(None, named(explorer, request, index)), request)

    def details(event: gr.EventData) -> Any:
        request = read_request(event._data)
        entry = explorer.resolve(None, named(explorer, request, index))
        return fresh(safely(lambda r: film_details(explorer, shelf, entry, r.video or ""), request))

    with gr.Column(elem_id="data-page"):
        area = drawn("data", page)
        film = block("", "film")
    area.select(details, None, film, **IN_TURN)


def overview(explorer: Explorer, shelf: Shelf, entry: IndexEntry, request: Request) -> str:
    """The whole page for one collection."""
    only = dict(request.choices).get("only")
    on_sheet = int(request.amount("sheet", MOST, MOST_TILES, MOST))
    return (
        f'<article class="wide"><h1>Data &amp; models</h1><p class="lead">{escape(wording.DATA_LEAD)}</p>'
        f"<section><h2>Films of the collection “{escape(entry.manifest.collection)}”</h2>{film_sheet(entry, shelf, only, on_sheet)}</section>"
        f"<section><h2>Indexes</h2>{index_table(explorer, entry)}</section>"
        f'<section><h2>Models</h2><div class="cards-grid">{join(model_cards(explorer))}</div></section>'
        f"<section><h2>Encoders</h2>{encoders(entry.root or explorer.root)}</section>"
        f"<section><h2>How the films were made</h2>{world(entry.root or explorer.root)}</section>"
        f"<section><h2>Your own</h2>{own()}</section></article>"
    )


def index_table(explorer: Explorer, chosen: IndexEntry) -> str:
    """The passport of every index: what it may be mixed with, and how big it is."""
    first = (
        "index",
        "collection",
        "model",
        "films",
        "clips × width",
        "numbers",
        "visual encoder",
        "text encoder",
    )
    names = (*first, "cut line z", "on disk", "search it")
    rows = join(index_row(name, entry, name == chosen.name) for name, entry in explorer.entries.items())
    return (
        f'<p class="hint">{escape(wording.PASSPORT)}</p><div class="scroll" tabindex="0" role="region" aria-label="Indexes">'
        f'<table class="plain">{heads(names)}<tbody>{rows}</tbody></table></div>'
    )


def index_row(name: str, entry: IndexEntry, chosen: bool) -> str:
    """One index."""
    about = entry.manifest
    size = sum(path.stat().st_size for path in entry.folder.rglob("*") if path.is_file())
    cells = (
        about.collection,
        f"{about.model} @ {about.model_sha256[:8]}",
        f"{about.videos:,}",
        f"{about.clips} × {about.width}",
        about.dtype,
        about.visual_encoder,
        about.text_encoder,
        "–" if about.cutoff is None else number(about.cutoff, 2),
        size_text(size),
    )
    use = (
        "<td><b>in use</b></td>"
        if chosen
        else f'<td><button type="button" class="pill"{attributes(data_index=name, data_model=about.model)}>use</button></td>'
    )
    return f'<tr><th scope="row">{escape(name)}</th>{join(f"<td>{escape(cell)}</td>" for cell in cells)}{use}</tr>'


def size_text(size: float) -> str:
    """Bytes for people.

    >>> size_text(2048), size_text(5_300_000)
    ('2.0 kB', '5.1 MB')
    """
    for unit in SIZE_UNITS:
        if size < 1024 or unit == SIZE_UNITS[-1]:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return ""


def model_cards(explorer: Explorer) -> Iterator[str]:
    """One card for every model that an index uses: what it is, how it learned, its own words."""
    for entry in {e.manifest.model_sha256 + e.manifest.model: e for e in explorer.entries.values()}.values():
        name = entry.manifest.model
        folder = (entry.root or explorer.root) / "models" / name
        card, weights = folder / "README.md", folder / "model.safetensors"
        body = markdown(card.read_text(encoding="utf-8"), 4) if card.is_file() else ""
        facts = (
            f"{size_text(weights.stat().st_size)} of weights"
            if weights.is_file()
            else "kept beside its index"
        )
        log = [] if not (folder / "log.jsonl").is_file() else list(read_jsonl(folder / "log.jsonl"))
        yield (
            f'<article class="panel model"><h3>{escape(model_title(name))}</h3>'
            f'<p class="hint"><code>{escape(name)}</code>, {escape(facts)}</p>{learned(log)}'
            + (
                f'<details class="twin card-text"><summary>Model card</summary><div class="prose">{body}</div></details>'
                if body
                else '<p class="empty">It has no model card.</p>'
            )
            + "</article>"
        )


def learned(log: Sequence[dict[str, Any]]) -> str:
    """How validation went over the epochs, where the log says it."""
    points = [(row["epoch"], row["val/SumR"]) for row in log if "epoch" in row and "val/SumR" in row]
    if len(points) < 2:
        return ""
    epochs, sums = zip(*points, strict=True)
    label = f"SumR on validation from {sums[0]:.0f} after the first epoch to {max(sums):.0f} at best"
    return plot(
        [Series("validation", epochs, sums)],
        Axis("epoch", digits=0),
        Axis("SumR on validation"),
        label,
        height=210,
    )


def encoders(root: Path) -> str:
    """What makes numbers of pictures and words."""
    cards = [
        f'<article class="panel model"><h3>Pictures: {escape(card.parent.name)}</h3><details class="twin card-text"><summary>Card</summary>'
        f'<div class="prose">{markdown(card.read_text(encoding="utf-8"), 4)}</div></details></article>'
        for card in sorted(root.glob("encoders/*/README.md"))
    ]
    text = f'<article class="panel model"><h3>Words: all-MiniLM-L6-v2</h3><p>{escape(wording.TEXT_ENCODER)}</p></article>'
    return f'<div class="cards-grid">{join(cards)}{text}</div>'


def world(root: Path) -> str:
    """How the shipped films came to be, with the numbers of every split."""
    try:
        splits = read_json(root / "world" / "manifest.json")["splits"]
    except (DataError, KeyError, OSError):
        return f'<p class="empty">{escape(wording.NO_WORLD)}</p>'
    rows = join(
        f'<tr><th scope="row">{escape(name)}</th><td>{about["films"]:,}</td><td>{about["captions"]:,}</td>'
        f"<td>{about['minutes']:,.0f}</td><td>{escape(about['profile'])}</td></tr>"
        for name, about in splits.items()
    )
    steps = join(f"<li><h3>{escape(name)}</h3><p>{escape(text)}</p></li>" for name, text in wording.WORLD)
    names = ("split", "films", "captions", "minutes", "kind")
    return (
        f'<ol class="steps made">{steps}</ol><div class="scroll" tabindex="0" role="region" aria-label="Splits">'
        f'<table class="plain">{heads(names)}<tbody>{rows}</tbody></table></div>'
    )


def own() -> str:
    """The commands that bring other data in."""
    rows = join(
        f"<div><dt>{escape(what)}</dt><dd><code>{escape(command)}</code>"
        f'<button type="button" class="round" data-copy="{escape(command)}" title="Copy" aria-label="Copy the command for: {escape(what)}">{icon("link")}</button></dd></div>'
        for what, command in wording.COMMANDS
        if command.split()[3] in VERBS
    )
    return f'<dl class="commands">{rows}</dl>'
