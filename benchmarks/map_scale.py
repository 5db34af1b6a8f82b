"""How the map carries a large collection: bytes sent, and the time to place a query, for made-up films.

    python benchmarks/map_scale.py --films 50000

Film vectors lie in clusters; the map's coordinates are made up, so that nothing is fitted and umap is not needed.
A query is placed as the page does it: its mean, its six proxies and its cloud, and its nearest films beside them. For
one core: OMP_NUM_THREADS=1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time

import numpy as np

from ral_core.analysis.maps import CLOUD, FilmMap, nearest, pca, place_samples, unit
from ral_core.views.map_data import scale

PROXIES, LIMIT = 6, 0.1


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--films", type=int, default=50_000)
    parser.add_argument("--width", type=int, default=192)
    parser.add_argument("--queries", type=int, default=20)
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
    print(f"umap was {'' if 'umap' in sys.modules else 'not '}imported")


if __name__ == "__main__":
    main()
