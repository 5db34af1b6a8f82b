"""`python -m ral_core import-checkpoint FILE`: an official checkpoint as a model of ours."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ral_core.models.backbone import PRVRModel
    from ral_core.models.official import OfficialCheckpoint

ROOT = Path(__file__).resolve().parents[2]
FEATURES = ("visual", "text")
PUBLISHED = {
    "others": {"tvr": ("i3d_resnet", 3072), "activitynet": ("i3d", 1024), "charades": ("i3d_rgb_lgi", 1024)},
    "msc": {name: (f"{name}_clip_L14", 768) for name in ("tvr", "activitynet", "charades")},
}
"""Names and widths of the frame features that the papers published, by data set."""


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `import-checkpoint`."""
    parser.add_argument(
        "file", type=Path, help="model.ckpt, best.ckpt or .pth of MS-SL, GMMFormer, RAL or MSC"
    )
    parser.add_argument("--out", type=Path, help="model folder (build/models/NAME)")
    parser.add_argument("--name", help="what to call it (default: the system and its data set)")
    parser.add_argument("--system", help="instead of what the tensors' names tell, such as ms_sl_plus")
    parser.add_argument("--collection", help="the data set it was trained on, where the file does not say")
    parser.add_argument(
        "--visual-features", metavar="NAME", help="frame features it takes, such as i3d_resnet"
    )
    parser.add_argument("--text-features", metavar="NAME", help="word features it takes: a file in TextData")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Import and say what was found."""
    from ral_core.files import write_text
    from ral_core.models.checkpoint import save_model
    from ral_core.models.official import detected, from_checkpoint, read_checkpoint

    checkpoint = read_checkpoint(args.file)
    system = args.system or detected(checkpoint)
    model = from_checkpoint(checkpoint, system)
    collection = args.collection or collection_of(checkpoint)
    name = args.name or "-".join(str(part) for part in (system, collection) if part)
    out = args.out or ROOT / "build/models" / name
    features = published_features(system, collection, model.config.visual_width)
    if isinstance(said := checkpoint.config.get("visual_feature"), str):
        features["visual"] = said
    features |= {kind: given for kind in FEATURES if (given := getattr(args, f"{kind}_features"))}
    about = provenance(checkpoint, name, system, features)
    write_text(out / "README.md", card(about, model))
    save_model(out, model, extra=about)
    shown = {"system": system, "parameters": model.parameter_count, "out": str(out), **about}
    print(
        json.dumps(shown, indent=2)
        if args.json
        else f"{args.file.name}: {system}, {model.parameter_count:,} parameters, written to {out}"
    )
    return 0


def collection_of(checkpoint: OfficialCheckpoint) -> str | None:
    """The data set that a checkpoint's settings name, as the published folders are called."""
    named = checkpoint.config.get("collection") or checkpoint.config.get("dataset_name")
    return {"act": "activitynet"}.get(named, named) if isinstance(named, str) else None


def published_features(system: str, collection: str | None, width: int) -> dict[str, str]:
    """Names of the published features that a model of this width was trained on; empty when they are not known."""
    family = "msc" if system == "msc" else "others"
    name, published = PUBLISHED[family].get(collection or "", ("", 0))
    if width != published:
        return {}
    return {"visual": name, "text": name if family == "msc" else f"roberta_{collection}_query_feat"}


def provenance(
    checkpoint: OfficialCheckpoint, name: str, system: str, features: dict[str, str]
) -> dict[str, Any]:
    """Where the weights come from and what features they take, as the model's settings keep it."""
    from ral_core.files import sha256

    about: dict[str, Any] = {
        "name": name,
        "imported": {"file": checkpoint.path.name, "sha256": sha256(checkpoint.path), "system": system},
        "epochs": checkpoint.epoch,
        "official_settings": {
            key: value
            for key, value in checkpoint.config.items()
            if isinstance(value, str | int | float | bool | list) or value is None
        },
    }
    if "visual" in features:
        about["data"] = {"feature": features["visual"]}
    about |= {f"{kind}_encoder": f"official/{one}" for kind, one in features.items()}
    return about


def card(about: dict[str, Any], model: PRVRModel) -> str:
    """The model card."""
    source, config = about["imported"], model.config
    known = [about[kind] for kind in ("visual_encoder", "text_encoder") if kind in about]
    features = f"Features: {', '.join(f'`{one}`' for one in known)}. " if known else ""
    settings = "\n".join(f"| {key} | {value} |" for key, value in about["official_settings"].items())
    return f"""# {about["name"]}

{source["system"]}, {model.parameter_count:,} parameters, width {config.width}, features of width \
{config.visual_width} for frames and {config.text_width} for words. Imported, not trained here: the weights of \
`{source["file"]}` (SHA-256 {source["sha256"]}), epoch {about["epochs"]}. {features}

Names and shapes of all tensors were checked. The model runs in the `reference` profile, which keeps what the \
official code does. It knows only features of the kind that it was trained on; its scores here are not known until \
`python -m ral_core evaluate` is run on them.

## Settings of its authors

| setting | value |
|---|---|
{settings}
"""
