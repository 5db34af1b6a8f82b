"""The web server: our files and media first, the Gradio page mounted at `/`. No request leaves the machine."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gradio as gr
from fastapi import FastAPI, Response
from fastapi.exceptions import HTTPException
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ral_core.errors import DataError
from ral_core.files import sha256
from ral_core.search.engine import Explorer
from ral_core.views import agents, frame, wording
from ral_core.views.about_page import build_about_page
from ral_core.views.api import add_api
from ral_core.views.bench_page import build_bench_page
from ral_core.views.clusters_data import add_cluster_routes
from ral_core.views.compare_page import build_compare_page
from ral_core.views.completing import add_completion_route
from ral_core.views.copying import Copies, add_copy_routes
from ral_core.views.data_page import build_data_page
from ral_core.views.duel_panel import add_duel_routes
from ral_core.views.exports import add_exports
from ral_core.views.map_data import Maps, add_map_routes
from ral_core.views.map_page import build_map_page
from ral_core.views.media import Shelf
from ral_core.views.search_page import build_search_page
from ral_core.views.stills import still
from ral_core.views.take_away import add_take_away
from ral_core.views.theme import theme
from ral_core.views.visitors import Brought, add_brought_routes

ASSETS = Path(__file__).resolve().parents[2] / "assets"
STYLES = ("tokens.css", "app.css", "search.css", "complete.css", "why.css", "pages.css", "folds.css")
SCRIPTS = (
    "app.js",
    "folds.js",
    "latency.js",
    "kept.js",
    "more.js",
    "asides.js",
    "player.js",
    "search.js",
    "complete.js",
    "copying.js",
    "pictures.js",
    "why.js",
    "fusion.js",
    "rivals.js",
    "panels.js",
    "clusters.js",
    "sweep.js",
    "duel.js",
    "raster.js",
    "scatter.js",
    "layers.js",
    "map.js",
    "compare.js",
    "bench.js",
    "data.js",
    "tour.js",
)
FONTS = ("Montserrat/Montserrat-Bold.woff2", "SourceSansPro/SourceSansPro-Regular.woff2")

CACHED = {"Cache-Control": "private, max-age=3600"}

Build = Callable[..., None]


@dataclass(frozen=True)
class Page:
    """One page of the application."""

    name: str  # in the address: ?tab=name
    title: str
    build: Build | None  # lays it out; None for a page that shares the layout of the first one


PAGES = (
    Page("search", "Search", build_search_page),
    Page("why", "Why", None),
    Page("map", "Map", build_map_page),
    Page("compare", "Compare", build_compare_page),
    Page("benchmark", "Benchmark", build_bench_page),
    Page("data", "Data & models", build_data_page),
    Page("about", "About", build_about_page),
)
"""The pages, in order. Search and Why share the query bar, the list and the player."""


def build_app(explorer: Explorer, index: str | None = None, *, mcp: bool = False) -> FastAPI:
    """The whole web application around an explorer. Nothing is global: two applications can run side by side.

    `mcp` offers the named endpoints, and nothing else, to agents as tools (Model Context Protocol).
    """
    app = FastAPI(title=wording.NAME, docs_url=None, redoc_url=None, openapi_url=None)
    named = [] if index is None else [explorer.resolve(None, index)]
    shelf, brought = Shelf.of([*explorer.entries.values(), *named]), Brought()
    app.mount("/assets/ral", StaticFiles(directory=ASSETS), name="assets")
    app.add_api_route("/media/{address:path}", media_route(shelf), methods=["GET", "HEAD"])
    app.add_api_route("/stills/{address:path}", stills_route(shelf), methods=["GET", "HEAD"])
    app.add_api_route("/favicon.ico", favicon, methods=["GET", "HEAD"])
    add_map_routes(app, Maps(explorer, shelf))
    add_cluster_routes(app, explorer)
    add_completion_route(app, explorer, index)
    add_copy_routes(app, Copies(explorer, shelf))
    add_duel_routes(app)
    add_exports(app, explorer, shelf, index)
    add_take_away(app, explorer, shelf, index)
    add_brought_routes(app, explorer, brought, index)
    app.add_middleware(WithAssets)
    blocks = build_blocks(explorer, shelf, index, brought)
    whole = gr.mount_gradio_app(
        app,
        blocks,
        path="/",
        theme=theme(),
        footer_links=[],
        run_history=False,
        ssr_mode=False,
        show_error=False,
        mcp_server=mcp,
    )
    if mcp:
        agents.answer_in_json(blocks)
    return whole


def build_blocks(
    explorer: Explorer, shelf: Shelf, index: str | None, brought: Brought | None = None
) -> gr.Blocks:
    """Header, all pages one below the other, footer; assets/app.js shows one page at a time."""
    with gr.Blocks(title=wording.NAME, analytics_enabled=False, fill_width=True) as blocks:
        add_api(explorer, index)  # first, so that no event of a page takes one of the names
        films = len({address for address in shelf.addresses if address[1] == "film"})
        counted = {e.manifest.collection: e.manifest.videos for e in explorer.entries.values()}
        titles = {page.name: page.title for page in PAGES}
        gr.HTML(
            frame.header(titles, sum(counted.values()) or films, len(explorer.models), str(explorer.device)),
            elem_id="ral-header",
            js_on_load="window.RAL && RAL.attach('header', element, trigger, watch);",
            apply_default_css=False,
            padding=False,
        )
        for page in PAGES:
            if page.build is not None:
                with gr.Column(elem_id=f"page-{page.name}", elem_classes="sheet"):
                    more = {"brought": brought} if page.name == "compare" else {}
                    page.build(explorer, shelf, index, **more)
        gr.HTML(frame.footer(), elem_id="ral-footer", js_on_load=None, apply_default_css=False, padding=False)
    return blocks


def media_route(shelf: Shelf) -> Callable[[str], FileResponse]:
    """The handler of `/media/…`: only files on the shelf exist; ranges are FileResponse's work."""

    def media(address: str) -> FileResponse:
        path = shelf.path(address)
        if path is None or not path.is_file():
            raise HTTPException(404, "There is no such film, poster or filmstrip.")
        return FileResponse(path, headers=CACHED)

    return media


def stills_route(shelf: Shelf) -> Callable[[str, float], Response]:
    """The handler of `/stills/collection/video?t=second`."""

    def taken(address: str, t: float = 0.0) -> Response:
        film = shelf.film(address)
        if film is None or not math.isfinite(t) or t < 0:
            raise HTTPException(404, "There is no such film.")
        try:
            picture = still(film, round(t, 1))
        except DataError as problem:
            raise HTTPException(404, str(problem)) from None
        return Response(picture, media_type="image/jpeg", headers=CACHED)

    return taken


def favicon() -> FileResponse:
    """The mark in the browser's tab."""
    return FileResponse(ASSETS / "logo.svg", media_type="image/svg+xml")


def with_assets(page: bytes) -> bytes:
    """Gradio's page with our scripts in its head and our styles last in its body, so that they win over Gradio's."""
    fonts = [
        f'<link rel="preload" as="font" type="font/woff2" crossorigin href="/static/fonts/{name}">'
        for name in FONTS
    ]
    scripts = [f'<script src="{versioned(name)}"></script>' for name in SCRIPTS]
    scripts.append('<link rel="icon" type="image/svg+xml" href="/assets/ral/logo.svg">')
    styles = [f'<link rel="stylesheet" href="{versioned(name)}">' for name in STYLES]
    for place, tags in ((b"</head>", fonts + scripts), (b"</body>", styles)):
        page = page.replace(place, "".join(tags).encode() + place, 1)
    return page


def versioned(name: str) -> str:
    """An asset's address with the start of its hash, so that a browser fetches a changed file anew."""
    return f"/assets/ral/{name}?v={sha256(ASSETS / name)[:8]}"


class WithAssets:
    """Puts our style sheets and scripts into the page itself; every other answer passes untouched.

    Gradio would add them only after its own start, and the page would first be drawn without them.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != "/" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = bytearray()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            body.extend(message.get("body", b""))
            if not message.get("more_body", False):
                page = with_assets(bytes(body))
                headers = [h for h in start["headers"] if h[0].lower() != b"content-length"]
                start["headers"] = [*headers, (b"content-length", str(len(page)).encode())]
                await send(start)
                await send({"type": "http.response.body", "body": page})

        await self.app(scope, receive, collect)
