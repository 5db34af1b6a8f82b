"""`python -m ral_core import-features SOURCE --out FOLDER`: features extracted elsewhere as our feature folder."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from ral_core.commands.index import lasting
from ral_core.data.annotations.durations import RATES, read_durations
from ral_core.errors import DataError
from ral_core.features.importing import ImportConfig, import_features, read_clip_times
from ral_core.features.joint import PREFIX
from ral_core.features.joint_text import JointText
from ral_core.features.sources import Names
from ral_core.files import read_text
from ral_core.index.own import zero_shot_index
from ral_core.training.own import collection_of

EXAMPLES = """\
examples:
  one .npy file a video, five rows a second
    python -m ral_core import-features clip_features/ --encoder clip-vit-b32 --fps 5 --out my_library/features
  an HDF5 file with a group a video, rows spread over the length of each
    python -m ral_core import-features c3d.hdf5 --key c3d_features --encoder c3d --durations lengths.csv --spread \\
      --out my_library/features
  one matrix whose rows are clips called VIDEO_NUMBER
    python -m ral_core import-features clips.npy --row-ids clips.txt --pattern '(?P<video>.+)_(?P<clip>\\d+)' \\
      --encoder videomae --fps 0.1 --out my_library/features
then train on them: python -m ral_core train ral --library my_library --captions captions.csv"""


def add(parser: ArgumentParser) -> None:
    """The arguments of `import-features`."""
    parser.epilog = EXAMPLES
    parser.add_argument(
        "source",
        type=Path,
        help="folder of .npy or .npz files, .npy matrix, .h5, .safetensors, BigFile or .parquet",
    )
    parser.add_argument("--out", type=Path, required=True, help="feature folder to write")
    parser.add_argument(
        "--encoder",
        required=True,
        help="name of what made the features; joint:FOLDER_OR_ID for the image embeddings of a CLIP or SigLIP that is on "
        "this machine, which makes them searchable at once",
    )
    parser.add_argument(
        "--key",
        help="which arrays are the features: a name in an .npz, an HDF5 group or a .parquet table, or the ending of "
        "the names of .npy files and tensors (_clip)",
    )
    parser.add_argument("--times", metavar="KEY", help="likewise for the rows' times (s, or ms if so called)")
    parser.add_argument(
        "--fps", default="2", help="rows a second, or a csv of them by id (default: %(default)s)"
    )
    parser.add_argument("--spread", action="store_true", help="spread rows over each video's length instead")
    parser.add_argument("--durations", type=Path, help="csv or json with the lengths of the videos")
    parser.add_argument(
        "--pattern",
        help=r"expression for the names, such as (?P<video>.+)_(?P<clip>\d+) where items are clips",
    )
    parser.add_argument(
        "--clip-times", type=Path, help="csv with id, start, end of clips, or their captions.jsonl"
    )
    parser.add_argument("--row-ids", type=Path, help="names of the rows of one matrix: a text or jsonl file")
    parser.add_argument("--ids", type=Path, help="text file with the ids that there must be, one a line")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Import and say what was written."""
    fps, rates = rates_of(args.fps)
    if args.clip_times and not args.pattern:
        raise DataError("--clip-times needs --pattern, which says what clips are called.")
    text = joint_text(args.encoder)
    config = ImportConfig(
        encoder=text.id if text else args.encoder,
        width=text.width if text else None,
        fps=fps,
        rates=rates,
        spread=args.spread,
        names=Names(rows=args.key, times=args.times),
        pattern=args.pattern,
    )
    durations = read_durations(args.durations) if args.durations else None
    wanted = read_text(args.ids).split("\n") if args.ids else None
    notes: list[str] = []
    store = import_features(
        args.source,
        args.out,
        config,
        durations=durations,
        wanted=None if wanted is None else [line.strip() for line in wanted if line.strip()],
        row_ids=args.row_ids,
        clip_times=read_clip_times(args.clip_times, args.pattern) if args.clip_times else None,
        say=notes.append,
    )
    about = {"out": str(args.out), "videos": len(store), "rows": sum(store.lengths), "width": store.width}
    about |= {"encoder": store.encoder, "seconds": round(sum(store.durations), 1), "notes": notes}
    for note in notes:
        print(note, file=sys.stderr)
    said = f"{len(store)} videos, {sum(store.lengths)} rows {store.width} wide, written to {args.out}"
    if text is not None:
        library = args.out.parent if args.out.name == "features" else args.out
        index = zero_shot_index(library, collection_of(library), args.out, text, lasting(args.encoder))
        about["index"] = str(index.path)
        said += f'\nsearch them: python -m ral_core search "a person laughs" --index {library}'
    print(json.dumps(about, ensure_ascii=False) if args.json else said)
    return 0


def joint_text(encoder: str) -> JointText | None:
    """The text side of the image-text encoder that `joint:…` names, None for any other name."""
    return JointText.open(encoder) if encoder.startswith(PREFIX) else None


def rates_of(given: str) -> tuple[float, dict[str, float]]:
    """One rate for all, or the rates of single videos from a table."""
    try:
        return float(given), {}
    except ValueError:
        return 2.0, read_durations(Path(given), RATES)
