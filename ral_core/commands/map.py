"""`python -m ral_core map`: fit and keep the UMAP of an index; place its captions; print what can be laid over it."""

from __future__ import annotations

import json
from argparse import ArgumentParser, Namespace

from ral_core.analysis.map_layers import clip_path, save_places, sentences
from ral_core.analysis.maps import METHODS, film_map, film_vectors, fit_umap, map_files, open_umap, save_umap
from ral_core.commands.numbers import seed
from ral_core.errors import BadQuery
from ral_core.search.collections import IndexEntry
from ral_core.search.engine import Explorer


def add(parser: ArgumentParser) -> None:
    """The arguments of `map`."""
    parser.epilog = "example: python -m ral_core map --index world-ral"
    parser.add_argument("--index", help="name of an index, or the folder of a library (default: all)")
    parser.add_argument("--seed", type=seed, default=0, help="of the fit (default: %(default)s)")
    parser.add_argument(
        "--sentences",
        action="store_true",
        help="fit nothing: place the captions on the maps there are, and keep that",
    )
    parser.add_argument(
        "--film",
        help="fit nothing: print where the captions and the clips of this film go on the map of --index",
    )
    parser.add_argument(
        "--method", choices=METHODS, default="umap", help="map of --film (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object for each index")


def run(args: Namespace) -> int:
    """Fit, keep, say how far the map can be trusted; or place captions and clips on a fitted one."""
    if args.film and not args.index:
        raise BadQuery("--film needs --index: name the index whose map is meant.")
    explorer = Explorer.open(device="cpu")
    entries = [explorer.resolve(None, args.index)] if args.index else list(explorer.entries.values())
    for entry in entries:
        if args.film:
            print(*layers(explorer, entry, args), sep="\n")
        elif args.sentences:
            print(kept_sentences(explorer, entry, args.json))
        else:
            print(fitted(explorer, entry, args.seed, args.json))
    return 0


def fitted(explorer: Explorer, entry: IndexEntry, seed: int, as_json: bool) -> str:
    """Fit and keep one UMAP; what to print about it."""
    name, root, gallery = entry.name, entry.root or explorer.root, explorer.gallery(entry)
    found = fit_umap(film_vectors(gallery), seed)
    save_umap(root, name, found, gallery.manifest.model_sha256, seed)
    path = map_files(root, name)[0]
    if as_json:
        return json.dumps({"index": name, "films": len(gallery), "trust": found.trust, "file": str(path)})
    trust = "" if found.trust is None else f", trustworthiness {found.trust:.3f}"
    return f"{name}: {len(gallery)} films{trust}, in {path}"


def kept_sentences(explorer: Explorer, entry: IndexEntry, as_json: bool) -> str:
    """Place the captions of one index on its maps; what to print about it."""
    root, gallery = entry.root or explorer.root, explorer.gallery(entry)
    there = [method for method in METHODS if method == "pca" or open_umap(root, gallery)]
    files = [str(path) for path in save_places(explorer, entry, there)]
    return (
        json.dumps({"index": entry.name, "files": files}) if as_json else f"{entry.name}: {', '.join(files)}"
    )


def layers(explorer: Explorer, entry: IndexEntry, args: Namespace) -> list[str]:
    """Where one film's captions and clips go: lines to print."""
    mapped = film_map(explorer, entry.name, args.method)
    said, path = (
        sentences(explorer, entry, mapped, args.film),
        clip_path(explorer.gallery(entry), mapped, args.film),
    )
    if args.json:
        found = {"sentences": [one.to_json() for one in said], "clips": [one.to_json() for one in path]}
        return [json.dumps({"index": entry.name, "method": args.method, "film": args.film} | found)]
    rows = [(one.at, f"{one.caption}  {one.text}") for one in said]
    rows += [(one.at, f"clip at {one.second:.1f} s") for one in path]
    return [f"{x:8.3f} {y:8.3f}  {text}" for (x, y), text in rows]
