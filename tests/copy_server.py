"""Serve the page over a library with one film that browsers play and two that they do not: `copy_server.py FOLDER PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

from odd_videos import make_video
from tiny_joint import tiny_clip

from ral_core.ingest.run import IngestConfig, ingest
from ral_core.search.engine import Explorer


def make_odd_library(folder: Path) -> Path:
    """A library `lib` of `plain.mp4`, of `other.mkv`, and of `lossless.mkv`, which lies in a folder of its own."""
    make_video(folder / "videos/plain.mp4", seconds=2)
    for name in ("other.mkv", "deep/lossless.mkv"):
        make_video(folder / "videos" / name, seconds=3, codec="ffv1", pixels="yuv444p")
    encoder = str(tiny_clip(folder / "clip"))
    ingest(IngestConfig(folder=folder / "videos", out=folder / "lib", encoder=encoder))
    return folder / "lib"


def main() -> None:
    """Serve until killed."""
    import uvicorn

    from ral_core.views.server import build_app

    explorer = Explorer.open(make_odd_library(Path(sys.argv[1])), device="cpu")
    uvicorn.run(build_app(explorer), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
