"""Serve the page over the tiny world and a library of features only, side by side: `library_server.py FOLDER PORT`."""

from __future__ import annotations

import sys
from pathlib import Path

from tiny_joint import tiny_clip
from tiny_library import make_library
from world_server import make_site


def main() -> None:
    """Serve until killed."""
    import uvicorn

    from ral_core.views.server import build_app

    folder = Path(sys.argv[1])
    world = make_site(folder / "world")
    library = make_library(folder / "library", tiny_clip(folder / "tiny-clip"))
    explorer = world.open(more=[library.root])
    uvicorn.run(build_app(explorer), host="127.0.0.1", port=int(sys.argv[2]), log_level="warning")


if __name__ == "__main__":
    main()
