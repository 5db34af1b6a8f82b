"""`python -m ral_core app`: open the page on this machine."""

from __future__ import annotations

import argparse
import json
import logging
import os
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ral_core.errors import RALError, UnknownName

if TYPE_CHECKING:
    from ral_core.search.engine import Explorer

LOG = logging.getLogger(__name__)

OFFLINE = {
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}
"""Set before anything is imported that would otherwise call home."""
SMALL = 64 * 2**20
"""Bytes of an index that is opened before anybody asks for it."""


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `app`."""
    parser.epilog = "example: python app.py --port 8000 --device cpu"
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (%(default)s: this machine only)"
    )
    parser.add_argument("--port", type=port_number, default=7860, help="port to listen on (%(default)s)")
    parser.add_argument(
        "--index", default=None, help="name or folder of the index or library to search (the default one)"
    )
    parser.add_argument("--models", default=None, metavar="A,B", help="offer only these models (all)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (%(default)s)")
    parser.add_argument(
        "--data", type=Path, default=None, help="folder with indexes and models (precomputed)"
    )
    parser.add_argument(
        "--library",
        type=Path,
        action="append",
        default=[],
        metavar="LIB",
        help="a library to open beside them; may be given several times",
    )
    parser.add_argument("--mcp", action="store_true", help="offer search and explain to agents as tools, too")
    parser.add_argument(
        "--json", action="store_true", help="print where it listens as one JSON object, once it is ready"
    )


def port_number(text: str) -> int:
    """A port between 1 and 65535."""
    if not text.isdigit() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port; use a number from 1 to 65535")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Open the explorer, build the pages, serve until Ctrl+C. Raises RALError for a port that is taken."""
    os.environ.update({name: value for name, value in OFFLINE.items() if name not in os.environ})
    require_free(args.host, args.port)
    if args.mcp:
        from ral_core.views.agents import require_mcp

        require_mcp()
    if not args.json:
        print("Opening RAL Explorer …", flush=True)

    from ral_core.search.engine import Explorer

    beside = [*args.library, *([Path(args.index)] if is_library(args.index) else [])]
    explorer = Explorer.open(args.data, device=args.device, more=beside)
    if args.models:
        offer(explorer, [name.strip() for name in args.models.split(",") if name.strip()])
    if args.index is not None:
        args.index = explorer.resolve(None, args.index).name if is_library(args.index) else args.index
        explorer.resolve(None, args.index)

    import uvicorn

    from ral_core.views.agents import PATH
    from ral_core.views.server import build_app

    app = build_app(explorer, args.index, mcp=args.mcp)
    address = f"http://{shown_host(args.host)}:{args.port}"
    tools = f"{address}{PATH}" if args.mcp else None
    if args.json:
        print(json.dumps({"address": address, "mcp": tools, "indexes": list(explorer.entries)}), flush=True)
    else:
        print(f"RAL Explorer: {address}  (Ctrl+C stops it)", flush=True)
        if tools:
            print(f"Tools for agents (MCP, streamable HTTP): {tools}", flush=True)
    # The models load once the page stands: both at once would have the page wait for them.
    threading.Thread(target=warm_all, args=(explorer, args.index), daemon=True).start()
    uvicorn.run(app, host=args.host, port=args.port, log_level="warning")
    return 0


def is_library(index: str | None) -> bool:
    """Whether the index was named by the folder of a library."""
    from ral_core.search.libraries import is_root

    return index is not None and is_root(Path(index))


def warm(explorer: Explorer, index: str | None) -> None:
    """Load the models and answer once, so that the first visitor need not wait.

    A failure is logged, and told again at the first search.
    """
    try:
        found = explorer.search("a person", k=10, index=index)
        explorer.explain(found.query, found.hits[0].video, index=index)
    except Exception as problem:
        LOG.warning("The models could not be loaded: %s", problem)


def warm_all(explorer: Explorer, index: str | None) -> None:
    """First what the first visitor needs, then what comparing models needs: the small other indexes, and sign tests."""
    warm(explorer, index)
    try:
        import scipy.stats  # noqa: F401  # slow to import, used by Compare and Benchmark

        others = explorer.collection(explorer.resolve(None, index)).entries.values()
        for entry in sorted(others, key=lambda entry: entry.name):
            if sum(path.stat().st_size for path in entry.folder.glob("*.npy")) <= SMALL:
                explorer.search("a person", k=1, index=entry.name)
    except Exception as problem:
        LOG.warning("Not all indexes could be opened beforehand: %s", problem)


def offer(explorer: Explorer, names: list[str]) -> None:
    """Keep only the indexes of the named models. Raises UnknownName for a model without one."""
    entries = explorer.entries
    known = {entry.manifest.model for entry in entries.values()}
    for name in names:
        if name not in known:
            raise UnknownName(
                f"There is no index of a model {name!r}. Known: {', '.join(sorted(known)) or 'none'}."
            )
    for key in [key for key, entry in entries.items() if entry.manifest.model not in names]:
        del entries[key]


def require_free(host: str, port: int) -> None:
    """Raise RALError with the way out when nobody can listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise RALError(
                f"Cannot listen on {host}:{port} ({problem.strerror}); choose another with --port."
            ) from None


def shown_host(host: str) -> str:
    """The address to type into a browser."""
    return "127.0.0.1" if host in ("0.0.0.0", "::", "") else f"[{host}]" if ":" in host else host
