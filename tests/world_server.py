"""Serve the page over a tiny searchable world with films to look at: `python tests/world_server.py FOLDER PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from helpers_search import World, make_world

from ral_core.analysis.runs import make_run, save_run
from ral_core.data.videos import filmstrip, write_jpeg, write_video
from ral_core.files import read_jsonl, write_json, write_jsonl
from ral_core.index.folder import VIDEOS


def add_media(world: World, films: int = 3) -> None:
    """Small videos, posters and strips for the first films, and the rows that name them."""
    folder = world.features
    for number in range(films):
        frames = np.full((40, 90, 160, 3), 60 + 50 * number, np.uint8)
        frames[:, 30:60, 20 + 30 * number : 50 + 30 * number] = (200, 80, 60)
        write_video(
            folder / "media" / f"film-{number}.mp4", frames, fps=4, preset="ultrafast", keyframe_seconds=1.0
        )
        write_jpeg(folder / "posters" / f"film-{number}.jpg", frames[0])
        write_jpeg(folder / "strips" / f"film-{number}.jpg", filmstrip(frames[::5]))
    tag_films(world)
    for name in world.indexes:
        table = world.root / "indexes" / f"world-{name}" / VIDEOS
        rows = list(read_jsonl(table))
        for number, row in enumerate(rows):
            if number < films:
                paths = {"media": "media/{}.mp4", "poster": "posters/{}.jpg", "strip": "strips/{}.jpg"}
                row |= {kind: "../../world/test/" + path.format(row["id"]) for kind, path in paths.items()}
        write_jsonl(table, rows)


def tag_films(world: World) -> None:
    """Every second film is on the beach, the others are in the kitchen."""
    for name in world.indexes:
        table = world.root / "indexes" / f"world-{name}" / VIDEOS
        rows = list(read_jsonl(table))
        for number, row in enumerate(rows):
            row["tags"] = ["short", ("beach", "kitchen")[number % 2]]
        write_jsonl(table, rows)


def add_reports(root: Path) -> None:
    """Made-up reports of both models."""
    for place, model in enumerate(("ral-tiny", "tiny")):
        numbers = {
            "R@1": 50.0 - place,
            "R@5": 80.0,
            "R@10": 90.0,
            "R@100": 100.0,
            "SumR": 320.0 - place,
            "hit@1": 70.0,
        }
        report = {"model": model, "split": "test", "queries": 7, "videos": 7, "ceiling": numbers, **numbers}
        report["slices"] = {"words": {name: {"queries": 3, **numbers} for name in ("0-7", "8-11")}}
        report["uncertainty"] = {"abstention": {"margin": {"AURC": 12.0, "share": 0.4}}}
        write_json(root / "reports" / f"{model}-test.json", report)


def make_site(root: Path) -> World:
    """The world with media and reports."""
    world = make_world(root)
    add_media(world)
    add_reports(root)
    return world


def add_runs(world: World) -> None:
    """The answers of both models to every caption."""
    explorer = world.open()
    for entry in explorer.entries.values():
        save_run(world.root, make_run(explorer, entry))


def main() -> None:
    """Serve until killed."""
    import uvicorn

    from ral_core.views.server import build_app

    world = make_site(Path(sys.argv[1]))
    add_runs(world)
    uvicorn.run(build_app(world.open()), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
