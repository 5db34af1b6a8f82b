"""How the map carries a large collection: bytes sent, and the time to place a query, for made-up films.

    python benchmarks/map_scale.py --films 50000
    python benchmarks/map_scale.py --films 100000 --browser

Film vectors lie in clusters; the map's coordinates are made up, so that nothing is fitted and umap is not needed.
A query is placed as the page does it: its mean, its six proxies and its cloud, and its nearest films beside them. For
one core: OMP_NUM_THREADS=1. With --browser a headless Chromium (set CHROMIUM where it is not on the PATH) draws the films
and says how long a picture stands while it pans and zooms, without a graphics card.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np

from ral_core.analysis.maps import CLOUD, FilmMap, nearest, pca, place_samples, unit
from ral_core.views.map_data import scale

PROXIES, LIMIT, SMOOTH = 6, 0.1, 33
ASSETS = Path(__file__).resolve().parents[1] / "assets"
MOVE = """async (xy) => {
    const host = document.createElement('div'), style = document.createElement('style'), took = {};
    host.style.cssText = 'position:relative;width:1360px;height:560px';
    style.textContent = 'canvas { position: absolute; inset: 0; width: 100%; height: 100% }';
    document.body.append(style, host);
    const plane = RAL.scatter(host, { label: 'films' }), count = xy.length / 2, next = () => new Promise(requestAnimationFrame);
    plane.points(Float32Array.from(xy));
    plane.colour(Uint8Array.from({ length: count }, (_, row) => row % 12), Array.from({ length: 12 }, (_, n) => [n / 12, .5, .4]), true);
    for (let n = 0; n < 10; n += 1) { plane.draw(); await next(); }
    for (const kind of ['pan', 'zoom']) {
        took[kind] = [];
        for (let n = 0; n < 60; n += 1) {
            const began = performance.now();
            if (kind === 'pan') plane.view.x += (n < 30 ? 8 : -8) / plane.view.zoom; else plane.view.zoom *= n < 30 ? 1.06 : 1 / 1.06;
            plane.draw();
            await next();
            took[kind].push(performance.now() - began);
        }
    }
    return [took, RAL.graphics()];
}"""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", type=int, default=50_000)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--queries", type=int, default=20)
    parser.add_argument("--browser", action="store_true", help="measure drawing, too; needs playwright")
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((50, args.width))
    cluster = rng.integers(0, 50, args.films)
    films = unit(centres[cluster] + 0.5 * rng.standard_normal((args.films, args.width))).astype(np.float32)
    points = (rng.standard_normal((50, 2))[cluster] * 10 + rng.standard_normal((args.films, 2))).astype(
        np.float32
    )
    print(f"{args.films} films of width {args.width}")
    print(f"coordinates: {points.nbytes / 1e6:.2f} MB, sent once")
    fields = {
        "ids": [f"film-{number:05d}" for number in range(args.films)],
        "titles": [f"Film {number}" for number in range(args.films)],
        "posters": [f"/film/poster/film-{number:05d}" for number in range(args.films)],
        "colours": {"length, s": scale(rng.uniform(5, 500, args.films))},
    }
    print(f"names and colours: {len(json.dumps(fields).encode()) / 1e6:.2f} MB as JSON, sent once")
    began = time.perf_counter()
    flat = pca(films)
    print(f"PCA of all films: {time.perf_counter() - began:.2f} s, once")
    for mapped in (FilmMap("umap", points, None), flat):
        times = []
        for _ in range(args.queries):
            query = films[rng.integers(args.films)]
            std = np.full(args.width, 0.5, np.float32)
            began = time.perf_counter()
            place_samples(mapped, films, query, std, PROXIES, seed=0)
            nearest(films @ query, 10)
            times.append(time.perf_counter() - began)
        verdict = "within" if np.median(times) <= LIMIT else "ABOVE"
        print(
            f"placing a query with {PROXIES} proxies and {CLOUD} samples on the {mapped.method} map: "
            f"median {1000 * np.median(times):.0f} ms, worst {1000 * max(times):.0f} ms ({verdict} {1000 * LIMIT:.0f} ms)"
        )
    if args.browser:
        draw(points)
    print(f"umap was {'' if 'umap' in sys.modules else 'not '}imported")


def draw(points: np.ndarray) -> None:
    """Pan and zoom over points (V, 2) in a headless browser; prints the time between two pictures."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.evaluate("window.RAL = {}")
        for name in ("raster.js", "scatter.js"):
            page.add_script_tag(path=ASSETS / name)
        took, card = page.evaluate(MOVE, points.ravel().tolist())
        browser.close()
    for kind, times in took.items():
        verdict = "within" if np.median(times) <= SMOOTH else "ABOVE"
        print(
            f"{kind}: a picture of {len(points)} points every {np.median(times):.0f} ms (median), "
            f"{np.percentile(times, 95):.0f} ms (95 %), {'with' if card else 'without'} a graphics card ({verdict} {SMOOTH} ms)"
        )


if __name__ == "__main__":
    main()
