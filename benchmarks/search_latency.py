"""How long a search takes, and what the candidate stage finds, on an index and its own captions.

    python benchmarks/search_latency.py --index world-ral-gmmformer-v2 --threads 2

Every query is new to the program (its words are not yet encoded); the first, which loads everything, is told
apart. `explain` is asked for the best film. Times are wall-clock, for whole calls of the Python interface.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ral_core.index.candidates import candidate_recall
from ral_core.search.engine import PRECOMPUTED, Explorer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", type=Path, default=PRECOMPUTED)
    parser.add_argument("--index")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    explorer = Explorer.open(args.root)
    entry = explorer.resolve(None, args.index)
    captions = list(explorer.collection(entry).captions.values())
    places = np.linspace(0, len(captions) - 1, 2 * args.queries).astype(int)
    texts = list(dict.fromkeys(captions[place].text for place in places))
    searched, explained = texts[::2], texts[1::2]
    about = entry.manifest
    print(
        f"{entry.name}: {about.videos} films, {about.frames} frames, width {about.width}, {args.threads} threads"
    )
    began = time.perf_counter()
    explorer.search("a person walks", index=entry.name)
    print(f"first search, which loads everything: {time.perf_counter() - began:.1f} s")
    told("search", [timed(lambda text=text: explorer.search(text, index=entry.name)) for text in searched])
    films = [explorer.search(text, k=1, index=entry.name).hits[0].video for text in explained]
    calls = list(zip(explained, films))
    told(
        "explain",
        [timed(lambda t=text, f=film: explorer.explain(t, f, index=entry.name)) for text, film in calls],
    )
    gallery = explorer.gallery(entry)
    tokens = [explorer.tokens(entry, [text])[1] for text in searched]
    exact = torch.cat([gallery.totals(query) for query in tokens])
    for count in (10, 20, 50, 100):
        proposed = [gallery.candidates(query, count) for query in tokens]
        shares = [f"{100 * candidate_recall(proposed, exact, k):.1f}% of the exact top {k}" for k in (1, 10)]
        print(f"{count} candidates ({gallery.clips.name}) hold {' and '.join(shares)}")


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - began)


def told(name: str, times: list[float]) -> None:
    """Median and tail in one line."""
    median, tail = np.quantile(times, [0.5, 0.95])
    print(
        f"{name}: median {median:.0f} ms, 95% below {tail:.0f} ms, slowest {max(times):.0f} ms, {len(times)} calls"
    )


if __name__ == "__main__":
    main()
