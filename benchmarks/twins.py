"""More like this against the truth: does a moment find its twin, the film made to differ in one thing only?

    python benchmarks/twins.py --model ral

For every twin of the test films the moment of the one is the query, and the rank of the other film counts; the same
with the whole film as the query.
"""

from __future__ import annotations

import argparse

import numpy as np

from ral_core.analysis.similar import similar
from ral_core.files import read_json, read_jsonl
from ral_core.search.engine import Explorer


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model")
    args = parser.parse_args()
    explorer = Explorer.open(device="cpu")
    world = explorer.root / "world" / "test"
    events = {row["id"]: row["events"] for row in read_jsonl(world / "films.jsonl")}
    ranks: dict[str, list[int]] = {"moment": [], "whole film": []}
    twins = read_json(world / "twins.json")
    for twin in twins:
        event = events[twin["film"]][twin["event"]]
        for kind, second in (("moment", (event["start"] + event["end"]) / 2), ("whole film", None)):
            found = similar(explorer, twin["film"], second=second, model=args.model, k=len(events))
            ranks[kind].append([film.video for film in found.films].index(twin["twin_film"]) + 1)
    print(f"{len(twins)} twins among {len(events)} films")
    for kind, values in ranks.items():
        shares = ", ".join(
            f"{100 * np.mean(np.array(values) <= k):.1f} % in the first {k}" for k in (1, 5, 10)
        )
        print(f"{kind}: the twin is {shares}, median rank {np.median(values):g}")


if __name__ == "__main__":
    main()
