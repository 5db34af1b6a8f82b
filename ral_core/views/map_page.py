"""All films on a plane, with the query among them. The drawing itself is assets/scatter.js; this page feeds it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import urlencode

import gradio as gr

from ral_core.analysis.map_layers import window_of
from ral_core.analysis.maps import METHODS, Method, Placed, place_query
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.search.results import SearchResult
from ral_core.views import clusters_data, wording
from ral_core.views.folds import fold
from ral_core.views.map_data import Maps
from ral_core.views.markup import attributes, escape, icon, join, number, prose
from ral_core.views.media import Shelf
from ral_core.views.parts import drawn, nothing
from ral_core.views.query_bar import model_title
from ral_core.views.requests import Request, named

TITLES: dict[Method, str] = {"umap": "UMAP", "pca": "PCA"}
MOST_SEEDS = 1000


def build_map_page(explorer: Explorer, shelf: Shelf, index: str | None = None) -> None:
    """Lay out the page; its geometry comes from `views.map_data`."""
    maps = Maps(explorer, shelf)

    def page(request: Request) -> str:
        if not explorer.entries:
            return nothing(wording.NO_INDEX)
        entry = explorer.resolve(request.model, named(explorer, request, index))
        if entry.name not in explorer.entries:
            return nothing("A map needs an index that is loaded by name.")
        offered = maps.offered(entry.name)
        method: Method = request.choice("map", tuple(offered))  # type: ignore[assignment]
        seed = int(request.amount("seed", 0, MOST_SEEDS, 0))
        others = [
            e for e in explorer.siblings(entry) if e.name != entry.name and method in maps.offered(e.name)
        ]
        second = next((e.name for e in others if e.manifest.model == dict(request.choices).get("b")), None)
        mapped = maps.map(entry.name, method)
        result = (
            explorer.search(request.query, request.k, model=entry.manifest.model, index=entry.name)
            if request.query.strip()
            else None
        )
        placed = place_query(explorer, result.query, entry.name, mapped, seed) if result else None
        titles = {film.video: film.title for film in explorer.gallery(entry).videos}
        data = attributes(
            class_="map-data",
            data_index=entry.name,
            data_method=method,
            data_second=second,
            data_marks=json.dumps(marks(placed, result, explorer.gallery(entry))),
        )
        return (
            f"<div{data}>{controls(request, method, offered, [e.manifest.model for e in others], entry.name)}"
            f"{trust(method, mapped.trust, placed)}{neighbours(placed, titles, result)}</div>"
        )

    with gr.Column(elem_id="map-page"):
        gr.HTML(
            frame(),
            elem_id="map-frame",
            js_on_load="window.RAL && RAL.attach('plane', element, trigger, watch);",
            apply_default_css=False,
            padding=False,
        )
        drawn("map", page)
        with gr.Column(elem_classes="folds wide-folds"):
            fold(
                "clusters",
                clusters_data.TITLE,
                clusters_data.LEAD,
                clusters_data.clusters_panel(explorer, index),
            )


def frame() -> str:
    """The part that is never drawn anew: title, query, the plane itself."""
    return (
        f'<article class="wide"><h1>Map</h1><p class="lead">{escape(wording.MAP_LEAD)}</p>'
        '<form class="compare-bar map-bar" autocomplete="off"><label class="compare-query"><span class="sr-only">Query</span>'
        f'<input type="search" name="map-q" maxlength="2000"{attributes(placeholder=wording.PLACEHOLDER)}></label><button class="go" type="submit">Place it</button></form>'
        '<div class="map-planes"><figure class="plane"><div class="plane-host"></div><figcaption></figcaption></figure>'
        '<figure class="plane second" hidden><div class="plane-host"></div><figcaption></figcaption></figure></div>'
        '<div class="plane-tools"><label class="pick labelled"><span>colour by</span><select name="colour" aria-label="Colour by"></select></label>'
        '<button type="button" class="pill" data-plane="lasso" aria-pressed="false">lasso</button>'
        '<button type="button" class="pill" data-labels="switch" aria-pressed="true">cluster labels</button>'
        '<button type="button" class="pill" data-layer="sentences" aria-pressed="false">sentences</button><button type="button" class="pill" data-layer="clips" aria-pressed="false">clips of a film</button><button type="button" class="pill" data-layer="every" hidden>of all films</button>'
        '<button type="button" class="pill" data-plane="fit">whole map</button><button type="button" class="pill" data-plane="all" hidden>show all films</button><span class="hint labels-said"></span><span class="hint layers-said" role="status"></span></div>'
        '<ul class="plane-legend" aria-label="Legend"></ul>'
        f'<p class="hint">{escape(wording.MAP_HELP)}</p><div class="plane-card" hidden></div><section class="lassoed" hidden aria-label="Films in the lasso"></section><section class="layer-list" hidden aria-label="Sentences and clips on the map"></section></article>'
    )


def marks(placed: Placed | None, result: SearchResult | None, gallery: Gallery) -> dict[str, object]:
    """What is drawn over the points: the query, its samples, and the ranks of the films found."""
    if placed is None or result is None:
        return {"query": None, "proxies": [], "cloud": [], "hits": [], "right": []}
    return {
        "query": placed.query,
        "proxies": placed.proxies,
        "cloud": placed.cloud,
        "hits": [[window_of(gallery, hit.video, hit.start, hit.end), hit.rank] for hit in result.hits[:10]],
        "right": right_rows(result, gallery),
    }


def right_rows(result: SearchResult, gallery: Gallery) -> list[int]:
    """The points of the films that satisfy the query: of a film of several windows that with the true moment."""
    if result.truth is None:
        return []
    spans = {film: result.truth.moments.get(film) or ((0.0, 0.0),) for film in result.truth.relevant}
    return [window_of(gallery, film, *spans[film][0]) for film in spans if film in gallery.rows]


def controls(
    request: Request, method: Method, offered: Sequence[Method], models: Sequence[str], index: str
) -> str:
    """How the map is made, how the samples are drawn, and which model stands beside it."""

    def pills(name: str, values: Sequence[tuple[str, str]], chosen: str, title: str) -> str:
        return (
            f'<div class="switches" role="group"{attributes(aria_label=title)}>'
            + join(
                f'<button type="button" class="pill"{attributes(data_set=name, data_value=value, aria_pressed=str(value == chosen).lower())}>{escape(text)}</button>'
                for value, text in values
            )
            + "</div>"
        )

    second = dict(request.choices).get("b", "")
    options = join(
        f"<option{attributes(value=name, selected=name == second)}>{escape(text)}</option>"
        for name, text in [("", "no second map"), *((name, model_title(name)) for name in models)]
    )
    beside = (
        f'<label class="pick labelled"><span>beside</span><select data-set="b" aria-label="Second map">{options}</select></label>'
        if models
        else ""
    )
    seed = int(request.amount("seed", 0, MOST_SEEDS, 0))
    again = f'<button type="button" class="pill" data-set="seed" data-value="{(seed + 1) % MOST_SEEDS}">draw samples again (seed {seed})</button>'
    missing = (
        "" if len(offered) == len(METHODS) else f'<span class="small hint">{prose(wording.NO_UMAP)}</span>'
    )
    where = f"/export/map.parquet?{urlencode({'index': index})}"
    save = f'<a class="quiet" download{attributes(href=where, title=wording.MAP_SAVE)}>{icon("save")}<span>parquet</span></a>'
    return f'<div class="map-controls">{pills("map", [(m, TITLES[m]) for m in offered], method, "Method")}{beside}{again if request.query.strip() else ""}{missing}{save}</div>'


def trust(method: Method, value: float | None, placed: Placed | None) -> str:
    """How far the picture can be believed."""
    parts = [wording.PCA_SAYS if method == "pca" else wording.UMAP_SAYS]
    if value is not None:
        parts.append(
            f"Trustworthiness {number(value, 3)} of 1: so many of a film’s 15 neighbours here are its neighbours in truth."
        )
    if placed is not None and placed.spread is not None:
        parts.append(
            f"The query’s mean has length 1, its deviation {number(placed.spread, 1)}: samples (diamonds, dots) lie far from the mean (star)."
        )
    return f'<p class="hint">{escape(" ".join(parts))}</p>'


def neighbours(placed: Placed | None, titles: dict[str, str], result: SearchResult | None) -> str:
    """The films that are really nearest to the query, as a table: distances on the map are not the ranking."""
    if placed is None or result is None:
        return f'<p class="hint">{escape(wording.MAP_EMPTY)}</p>'
    ranks = {hit.video: hit.rank for hit in result.hits}
    rows = join(
        f'<tr{attributes(data_film=video)}><th scope="row"><button type="button" class="linklike"{attributes(data_film=video)}>{escape(titles.get(video, video))}</button></th>'
        f"<td>{escape(video)}</td><td>{number(near, 3)}</td><td>{ranks.get(video, '–')}</td></tr>"
        for video, near in placed.nearest
    )
    return (
        '<section class="panel"><h2 class="panel-title">Nearest to the query in the model’s own space</h2><div class="scroll" tabindex="0" role="region" aria-label="Nearest films">'
        f'<table class="board"><thead><tr><th scope="col">film</th><th scope="col">id</th><th scope="col">cosine of the means</th><th scope="col">rank in the search</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )
