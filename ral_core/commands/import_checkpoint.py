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


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `import-checkpoint`."""
    parser.add_argument(
        "file", type=Path, help="model.ckpt, best.ckpt or .pth of MS-SL, GMMFormer, RAL or MSC"
    )
    parser.add_argument("--out", type=Path, help="model folder (build/models/NAME)")
    parser.add_argument("--name", help="what to call it (default: the system and its data set)")
    parser.add_argument("--system", help="instead of what the tensors' names tell, such as ms_sl_plus")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """Import and say what was found."""
    from ral_core.files import write_text
    from ral_core.models.checkpoint import save_model
    from ral_core.models.official import detected, from_checkpoint, read_checkpoint

    checkpoint = read_checkpoint(args.file)
    system = args.system or detected(checkpoint)
    model = from_checkpoint(checkpoint, system)
    collection = checkpoint.config.get("collection") or checkpoint.config.get("dataset_name")
    name = args.name or "-".join(str(part) for part in (system, collection) if part)
    out = args.out or ROOT / "build/models" / name
    about = provenance(checkpoint, name, system, collection)
    write_text(out / "README.md", card(about, model))
    save_model(out, model, extra=about)
    shown = {"system": system, "parameters": model.parameter_count, "out": str(out), **about}
    print(
        json.dumps(shown, indent=2)
        if args.json
        else f"{args.file.name}: {system}, {model.parameter_count:,} parameters, written to {out}"
    )
    return 0


def provenance(checkpoint: OfficialCheckpoint, name: str, system: str, collection: Any) -> dict[str, Any]:
    """Where the weights come from, as the model's settings keep it."""
    from ral_core.files import sha256

    feature = checkpoint.config.get("visual_feature")
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
    if feature:
        about |= {"data": {"feature": feature}, "visual_encoder": f"official/{feature}"}
    return about


def card(about: dict[str, Any], model: PRVRModel) -> str:
    """The model card."""
    source, config = about["imported"], model.config
    settings = "\n".join(f"| {key} | {value} |" for key, value in about["official_settings"].items())
    return f"""# {about["name"]}

{source["system"]}, {model.parameter_count:,} parameters, width {config.width}, features of width \
{config.visual_width} for frames and {config.text_width} for words. Imported, not trained here: the weights of \
`{source["file"]}` (SHA-256 {source["sha256"]}), epoch {about["epochs"]}.

Names and shapes of all tensors were checked. The model runs in the `reference` profile, which keeps what the \
official code does. It knows only features of the kind that it was trained on; its scores here are not known until \
`python -m ral_core evaluate` is run on them.

## Settings of its authors

| setting | value |
|---|---|
{settings}
"""
