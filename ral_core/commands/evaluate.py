"""`python -m ral_core evaluate --model NAME`: how good a model is on a split."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ral_core.commands.numbers import whole

if TYPE_CHECKING:
    from ral_core.evaluation.corpus_moments import Locate
    from ral_core.evaluation.moments import Localise
    from ral_core.evaluation.splits import Split
    from ral_core.features.packed import EncodesText
    from ral_core.index.folder import IndexFolder
    from ral_core.models import PRVRModel
    from ral_core.models.config import ModelConfig
    from ral_core.tensors import VideoTokens

ROOT = Path(__file__).resolve().parents[2]
MODELS = (ROOT / "precomputed/models", ROOT / "build/models")
SPLITS = (ROOT / "precomputed/world", ROOT / "build/world")
INDEXES = (ROOT / "precomputed/indexes", ROOT / "build/indexes")
REPORTS = ROOT / "precomputed/reports"


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `evaluate`."""
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--model", help="a model's name or folder")
    what.add_argument("--index", help="an index's name or folder: its model, on the videos as it holds them")
    parser.add_argument(
        "--split",
        default="test",
        help="a split's name or folder, or FOLDER:SPLIT of a published data set such as .../tvr:test (%(default)s)",
    )
    parser.add_argument("--feature", help="which frame features of a published data set (the model's)")
    parser.add_argument("--weights", metavar="CLIP,FRAME", help="fusion weights instead of the model's own")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (%(default)s)")
    parser.add_argument("--threads", type=whole(1), help="CPU threads to use")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--save", action="store_true", help=f"also write {REPORTS.relative_to(ROOT)}/MODEL-SPLIT.json"
    )
    parser.add_argument(
        "--gt", type=Path, metavar="FILE", help="gt.jsonl: all videos that satisfy each query"
    )
    parser.add_argument(
        "--moments",
        nargs="+",
        metavar="FORM:FILE",
        help="annotations with times for a published data set, such as tvr:tvr_val_release.jsonl",
    )
    parser.add_argument("--durations", type=Path, help="lengths of videos, where the annotations give none")
    parser.add_argument(
        "--calibrate",
        metavar="SPLIT",
        help="teach the variances on this split, without truth, and judge them",
    )
    parser.add_argument("--vcmr", action="store_true", help="also moments over the whole corpus (VCMR, SVMR)")
    parser.add_argument("--run", type=Path, dest="run_file", metavar="FILE", help="write a TREC run")
    parser.add_argument("--qrels", type=Path, metavar="FILE", help="write TREC relevance judgements")


def run(args: argparse.Namespace) -> int:
    """Evaluate and print."""
    import torch

    from ral_core.data.groundtruth import read_gt
    from ral_core.data.official import is_official
    from ral_core.device import pick_device
    from ral_core.evaluation.corpus_moments import corpus_moment_report
    from ral_core.evaluation.evaluate import evaluate
    from ral_core.evaluation.report import readable, trec_qrels, trec_run
    from ral_core.evaluation.scoring import score_split
    from ral_core.evaluation.splits import load_split, with_truth
    from ral_core.evaluation.uncertainty import uncertainty_report
    from ral_core.features.encoders import open_text_encoder
    from ral_core.files import write_json
    from ral_core.index.folder import open_index
    from ral_core.models.checkpoint import load_model, read_settings

    if args.threads:
        torch.set_num_threads(args.threads)
    index = open_index(find(args.index, INDEXES, "index")) if args.index else None
    model_folder = find(index.manifest.model if index else args.model, MODELS, "model")
    extra = read_settings(model_folder)["extra"]
    split_folder = published(args.split, extra.get("data", {})) or find(args.split, SPLITS, "split")
    model = load_model(model_folder, pick_device(args.device))
    data = extra.get("data", {})
    text = None if is_official(split_folder.parent) else open_text_encoder(data.get("text", "minilm"))
    split = load_split(
        split_folder,
        model.config,
        text,
        feature=args.feature or data.get("feature"),
        cache=ROOT / "build/text",
    )
    check_encoders(extra, split.visual_encoder, split.text_encoder, model_folder.name)
    check_widths(model.config, split, model_folder.name)
    if args.gt:
        split, note = with_truth(split, read_gt(args.gt))
        print(note, file=sys.stderr)
    if args.moments:
        split, note = moments_added(split, args.moments, args.durations)
        print(note, file=sys.stderr)
    weights = weights_of(args.weights) or (model.config.clip_weight, model.config.frame_weight)
    scores = score_split(model, split, videos=stored_videos(index, split) if index else None)
    report: dict[str, Any] = {"model": model_folder.name}
    report |= evaluate(model, split, weights=weights, scores=scores, localise=localiser())
    total = scores.total(*weights).numpy()
    report |= {"uncertainty": uncertainty_report(model, split, total)}
    if args.calibrate:
        report["calibrated variance"] = calibrated(
            model, find(args.calibrate, SPLITS, "split"), text, split, total
        )
    if args.vcmr:
        report |= {"moments": corpus_moment_report(model, split, total, locator())}
    print(json.dumps(report, indent=2) if args.json else readable(report))
    if args.run_file:
        trec_run(args.run_file, total, split, model_folder.name)
    if args.qrels:
        trec_qrels(args.qrels, split)
    if args.save:
        write_json(REPORTS / f"{model_folder.name}-{split.name}.json", report)
    return 0


def published(split: str, data: dict[str, Any]) -> Path | None:
    """COLLECTION/SPLIT of a published data set named as FOLDER:SPLIT or FOLDER/SPLIT, else None.

    FOLDER is the collection itself, or holds the one whose name the model's `data` tell.
    """
    from ral_core.data.official import collection_in, is_official

    name, _, part = split.rpartition(":" if ":" in split else "/")
    if not name:
        return None
    folder = collection_in(Path(name), Path(str(data.get("root", ""))).name)
    return folder / part if is_official(folder) else None


def moments_added(split: Split, named: list[str], durations: Path | None) -> tuple[Split, str]:
    """The split with the moments of each FORM:FILE, and a note. Raises DataError for what is none, or a wrong file."""
    from ral_core.data.annotations import FORMATS, Tally, read_annotations, read_durations
    from ral_core.errors import DataError
    from ral_core.evaluation.splits import with_moments

    known = []
    for one in named:
        form, _, file = one.partition(":")
        if not file:
            raise DataError(f"--moments takes FORM:FILE with a form of {', '.join(FORMATS)}, not {one!r}.")
        known += read_annotations(Path(file), form, Tally())
    return with_moments(split, known, read_durations(durations) if durations else {})


def calibrated(model: PRVRModel, folder: Path, text: EncodesText | None, split: Split, total: Any) -> Any:
    """The calibration report of a model with Gaussians. Raises DataError for one without."""
    from ral_core.errors import DataError
    from ral_core.evaluation.scoring import score_split
    from ral_core.evaluation.splits import load_split
    from ral_core.evaluation.uncertainty import calibration_report
    from ral_core.models import RAL

    if not isinstance(model, RAL):
        raise DataError(f"{model.config.name} without robust alignment has no variances to calibrate.")
    taught = load_split(folder, model.config, text, cache=ROOT / "build/text")
    scores = model.fused(score_split(model, taught)).numpy()
    right = split.relevant()[range(len(total)), total.argmax(axis=1)]
    return calibration_report(model, taught, scores, split, right)


def stored_videos(index: IndexFolder, split: Split) -> list[VideoTokens]:
    """The videos of a split as an index holds them. Raises DataError when it lacks one."""
    import torch

    from ral_core.errors import DataError
    from ral_core.index.build import token_batch

    rows = {video.id: row for row, video in enumerate(index.videos)}
    missing = next((video_id for video_id in split.videos.ids if video_id not in rows), None)
    if missing is not None:
        raise DataError(
            f"The index {index.manifest.name!r} does not hold {missing!r} of {split.name}; build it again."
        )
    return [token_batch(index.arrays).rows(torch.tensor([rows[video_id] for video_id in split.videos.ids]))]


def find(name: str, places: tuple[Path, ...], what: str) -> Path:
    """The folder called `name`: a path, or a name in the first of `places` that has it.

    Raises UnknownName with the names there are.
    """
    from ral_core.errors import UnknownName
    from ral_core.settings import near

    known = {
        folder.name: folder for place in reversed(places) if place.is_dir() for folder in place.iterdir()
    }
    if name in known:
        return known[name]
    if Path(name).is_dir():
        return Path(name)
    raise UnknownName(f"There is no {what} called {name!r}.{near(name, known)}")


def weights_of(text: str | None) -> tuple[float, float] | None:
    """Fusion weights from "0.6,0.4". Raises DataError when they are no two numbers."""
    from ral_core.errors import DataError

    if text is None:
        return None
    try:
        clip, frame = (float(part) for part in text.split(","))
    except ValueError:
        raise DataError(f"--weights takes two numbers such as 0.6,0.4, not {text!r}.") from None
    return clip, frame


def check_encoders(extra: dict[str, Any], visual: str, text: str, model: str) -> None:
    """Raise EncoderMismatch when a split's features come from other encoders than the model's training data."""
    from ral_core.errors import EncoderMismatch

    for kind, found in (("visual_encoder", visual), ("text_encoder", text)):
        if extra.get(kind, found) != found:
            raise EncoderMismatch(
                f"The model {model!r} was trained on features of {extra[kind]!r}, but the split's are of "
                f"{found!r}; evaluate it on features of its own encoder."
            )


def check_widths(config: ModelConfig, split: Split, model: str) -> None:
    """Raise EncoderMismatch when features of the right name have another width than the model takes."""
    from ral_core.errors import EncoderMismatch

    taken, found = (config.visual_width, config.text_width), (split.videos.width, split.words.width)
    if taken != found:
        raise EncoderMismatch(
            f"The model {model!r} takes frame and word features of widths {taken[0]} and {taken[1]}, but those of "
            f"{split.name} have {found[0]} and {found[1]}; evaluate it on features of its own encoder."
        )


def localiser() -> Localise:
    """How the search reads a moment from score curves."""
    from ral_core.search.moments import first_moment
    from ral_core.search.reading import events_in

    def localise(
        clip: Any, frame: Any, clip_times: Any, frame_times: Any, duration: float, query: str
    ) -> tuple[float, float]:
        return first_moment(clip, frame, clip_times, frame_times, duration, events=events_in(query))

    return localise


def locator() -> Locate:
    """How the search reads several moments from score curves."""
    import numpy as np

    from ral_core.search.moments import MomentConfig, combined_curve, moments_of
    from ral_core.search.reading import events_in

    config = MomentConfig()

    def locate(clip: Any, frame: Any, clip_times: Any, frame_times: Any, duration: float, query: str) -> Any:
        curve, _ = combined_curve(clip, frame, clip_times, frame_times, config)
        found = moments_of(curve, frame_times, duration, config, events=events_in(query))
        return np.array([(moment.start, moment.end, moment.score) for moment in found])

    return locate
