"""`python -m ral_core export INDEX --what WHAT --out FILE`: what an index holds, for other programs."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ral_core.search.engine import Explorer

WHAT = {
    "features": "vectors of films, clips or frames as parquet (of a feature folder: what the encoder saw)",
    "map": "films with vectors and places on the plane as parquet",
    "projector": "a folder for TensorBoard's projector",
    "npz": "every array of the index in one file",
    "run": "the answers to all captions of the collection, TREC form",
    "qrels": "which films satisfy which caption, TREC form",
    "table": "a stored report as .tex, .csv or .md",
    "moment": "a stretch of a film as mp4, with its sound",
}
EXAMPLES = """\
examples:
  python -m ral_core export world-ral --what map --out films.parquet
  python -m ral_core export world-ral --what run --out ral.run
  python -m ral_core export --what table --report zoo --out systems.tex
  python -m ral_core export --what moment --query "a dog sleeps in the snow" --out moment.mp4

what:
"""


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `export`."""
    parser.epilog = EXAMPLES + "\n".join(f"  {name:<10} {means}" for name, means in WHAT.items())
    parser.add_argument(
        "index", nargs="?", help="name or folder of an index, or a feature folder (the default index)"
    )
    parser.add_argument("--what", required=True, choices=tuple(WHAT), help="see below")
    parser.add_argument("--out", type=Path, required=True, help="file to write (a folder for `projector`)")
    parser.add_argument("--model", help="one of the models that the collection was indexed with")
    parser.add_argument(
        "--per", choices=("film", "clip", "frame"), default="film", help="rows of `features` (%(default)s)"
    )
    parser.add_argument("--pictures", action="store_true", help="put the posters into the parquet file, too")
    parser.add_argument("-k", type=int, default=100, help="films of each answer in a run (%(default)s)")
    parser.add_argument("--report", default="test", help="for `table`: zoo, ablations, a split, or a .json")
    parser.add_argument("--query", help="for `moment`: cut the best moment of this sentence")
    parser.add_argument("--video", help="for `moment`: the film's id (of a query: in this film)")
    parser.add_argument("--start", type=float, help="for `moment`: seconds")
    parser.add_argument("--end", type=float, help="for `moment`: seconds")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:1 (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Write the file and say what is in it."""
    from ral_core.features.store import HEADER
    from ral_core.search import engine

    said: dict[str, Any] = {"what": args.what, "out": str(args.out)}
    if args.what == "features" and args.index and (Path(args.index) / HEADER).is_file():
        said |= of_features(Path(args.index), args.out)
    elif args.what == "table":
        from ral_core.export.tables import reported, write_table

        said |= {"rows": write_table(args.out, reported(engine.PRECOMPUTED / "reports", args.report))}
    else:
        explorer = engine.Explorer.open(device=args.device)
        said |= moment(explorer, args) if args.what == "moment" else of_index(explorer, args)
    figures = ", ".join(f"{value} {name}" for name, value in said.items() if isinstance(value, int))
    print(json.dumps(said, ensure_ascii=False) if args.json else f"Written to {args.out}: {figures}")
    return 0


def of_features(folder: Path, out: Path) -> dict[str, Any]:
    """What an encoder saw, as `import-features` reads it back."""
    from ral_core.export.parquet import raw_features, write_parquet
    from ral_core.features.store import FeatureStore

    store = FeatureStore.open(folder)
    about = {"encoder": store.encoder, "fps": str(store.fps)}
    return {"rows": write_parquet(out, raw_features(store), about=about), "width": store.width, **about}


def of_index(explorer: Explorer, args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is made from one index."""
    from ral_core.export import arrays, parquet, rows, trec

    entry = explorer.resolve(args.model, args.index)
    said: dict[str, Any] = {"index": entry.name, "model": entry.manifest.model}
    if args.what == "run":
        lines = trec.write_run(explorer, entry, args.out, k=checked(args.k), say=note)
        return said | {"lines": lines}
    if args.what == "qrels":
        return said | {"lines": trec.write_qrels(explorer, entry, args.out)}
    gallery = explorer.gallery(entry)
    if args.what == "npz":
        return said | {"arrays": arrays.write_npz(args.out, gallery)}
    if args.what == "projector":
        return said | {"films": arrays.write_projector(args.out, gallery)}
    blocks = rows.mapped(explorer, gallery) if args.what == "map" else rows.vectors_of(gallery, args.per)
    blocks = parquet.with_pictures(blocks) if args.pictures else blocks
    about = {"index": entry.name, "model": entry.manifest.model, "encoder": entry.manifest.visual_encoder}
    return said | {"rows": parquet.write_parquet(args.out, blocks, about=about)}


def moment(explorer: Explorer, args: argparse.Namespace) -> dict[str, Any]:
    """Cut the stretch that is named, or the best moment of a query."""
    from ral_core.data.cutting import cut_moment
    from ral_core.errors import DataError, UnknownName

    entry = explorer.resolve(args.model, args.index)
    video, start, end = args.video, args.start, args.end
    if args.query:
        hits = explorer.search(args.query, 100, model=args.model, index=args.index).hits
        hit = next((one for one in hits if video in (None, one.video)), None)
        if hit is None:
            raise UnknownName(f"There is no film {video!r} among the first {len(hits)} for this query.")
        video, start, end = hit.video, hit.start, hit.end
    if video is None or start is None or end is None:
        raise DataError("Say which moment to cut: --query SENTENCE, or --video ID --start S --end S.")
    gallery = explorer.gallery(entry)
    row = next((one for one in gallery.videos if video in (one.id, one.video)), None)
    if row is None:
        raise UnknownName(f"There is no film {video!r} in the index {entry.name}.")
    film = gallery.folder.file(row.media)
    if film is None:
        raise DataError(f"There is no video file of {video!r} in the index {entry.name}; nothing can be cut.")
    cut = cut_moment(film, start, end, args.out)
    return {"video": video, "start": cut.start, "end": cut.end, "pictures": cut.pictures, "sound": cut.sound}


def checked(k: int) -> int:
    """k. Raises BadQuery below 1."""
    from ral_core.errors import BadQuery

    if k < 1:
        raise BadQuery(f"-k must be at least 1, not {k}.")
    return k


def note(line: str) -> None:
    """Progress goes beside the result."""
    print(line, file=sys.stderr)
