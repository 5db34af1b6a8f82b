"""`python -m ral_core map`: fit and keep the UMAP of an index."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.maps import film_vectors, fit_umap, map_files, save_umap
from ral_core.commands.numbers import seed
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `map`."""
    parser.epilog = "example: python -m ral_core map --index world-ral"
    parser.add_argument("--index", help="name of an index, or the folder of a library (default: all)")
    parser.add_argument("--seed", type=seed, default=0, help="of the fit (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each index")


def run(args: Namespace) -> int:
    """Fit, keep, say how far the map can be trusted."""
    explorer = Explorer.open(device="cpu")
    entries = [explorer.resolve(None, args.index)] if args.index else list(explorer.entries.values())
    for entry in entries:
        name, root, gallery = entry.name, entry.root or explorer.root, explorer.gallery(entry)
        fitted = fit_umap(film_vectors(gallery), args.seed)
        save_umap(root, name, fitted, gallery.manifest.model_sha256, args.seed)
        path = map_files(root, name)[0]
        said = {"index": name, "films": len(gallery), "trust": fitted.trust, "file": str(path)}
        trust = "" if fitted.trust is None else f", trustworthiness {fitted.trust:.3f}"
        print(json.dumps(said) if args.json else f"{name}: {len(gallery)} films{trust}, in {path}")
    return 0
