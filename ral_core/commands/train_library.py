"""What `train --library` does: adapt a system, index the library with it, and show what it was worth."""

from __future__ import annotations

import json
import shlex
import sys
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from ral_core.commands.index import lasting
from ral_core.device import pick_device
from ral_core.errors import DataError, RALError
from ral_core.features.encoders import open_text_encoder, require_encoder
from ral_core.features.store import FeatureStore
from ral_core.files import read_json
from ral_core.index.choice import write_choice
from ral_core.index.own import index_library, indexes_of
from ral_core.models.checkpoint import load_model, read_settings
from ral_core.models.zero_shot import ZeroShot
from ral_core.training.adapt import COMPARISON, Before, adapt
from ral_core.training.before_after import told
from ral_core.training.config import RunConfig, override
from ral_core.training.own import (
    CAPTIONS,
    LIBRARY,
    PARTS,
    PARTS_FILE,
    collection_of,
    feature_folder,
    own_captions,
    scaled,
)


def train_library(args: Namespace, config: RunConfig) -> int:
    """Adapt `config` to the library and captions in `args`; prints the figures before and after."""

    def say(line: str) -> None:
        print(line, file=sys.stderr if args.json else sys.stdout, flush=True)

    library, device = args.library, pick_device(args.device)
    features = feature_folder(library)
    store = FeatureStore.open(features)
    captions = own_captions(library, store, args.captions, say)
    if Path(args.config).suffix not in {".toml", ".json"}:
        config = scaled(config, len(captions), store.lengths)
    config = override(config, epochs=args.epochs, seed=args.seed, max_minutes=args.minutes)
    spec = lasting(args.text or config.data.text)
    name = model_name(args, config, library)
    config = replace(config, name=name, data=replace(config.data, root=str(library), text=spec))
    text = open_text_encoder(spec, device=device)
    out = library / "models" / name
    say(f"{args.config} made to fit: {described(config)}")
    result = adapt(
        config,
        store,
        captions,
        text,
        out,
        device=device,
        before=before_in(library, store, name, device, say),
        resume=args.resume == "auto",
        half=args.half,
        command=("python -m ral_core", shlex.join(sys.argv[1:])),
        say=say,
    )
    index = index_library(
        library,
        collection_of(library),
        load_model(out, device=device),
        out,
        features,
        text,
        spec,
        captions=library / CAPTIONS,
        say=say,
    )
    say(f"indexed {index.manifest.videos} videos in {index.path}; search them with it:")
    say(f'  python -m ral_core search "..." --index {library} --model {name}')
    say(choose(library, out, result.comparison))
    print(json.dumps(result.comparison, indent=2) if args.json else told(result.comparison))
    return 0


def choose(library: Path, out: Path, result: Mapping[str, Any]) -> str:
    """Let the library's best model on the held-out captions answer by default; returns what was chosen.

    Compared are the models whose training held out the same videos, and the one that was there before.
    """
    asked = [*PARTS, "captions"]
    own = read_json(out / PARTS_FILE)
    judged = {result["before"]: result["systems"][result["before"]]["MRR"]}
    for file in sorted((library / "models").glob(f"*/{COMPARISON}")):
        other = read_json(file.parent / PARTS_FILE)
        if all(other.get(key) == own[key] for key in asked):
            judged[file.parent.name] = read_json(file)["systems"][file.parent.name]["MRR"]
    indexes = {index.manifest.model: index for index in indexes_of(library)}
    best = max((name for name in judged if name in indexes), key=lambda name: judged[name])
    why = f"MRR {judged[best]:.3f} on {result['queries']} captions over {result['videos']} held-out videos"
    write_choice(indexes[best].path.parent, indexes[best].manifest.name, why)
    return f"{best} answers when no model is named ({why})"


def model_name(args: Namespace, config: RunConfig, library: Path) -> str:
    """What the new model is called: as asked, or as its preset, unless the library came with a model of that name."""
    about = read_json(library / LIBRARY) if (library / LIBRARY).is_file() else {}
    taken = about.get("model")
    if args.name and args.name == taken:
        raise DataError(
            f"{library} came with a model called {taken!r}; take another --name, so that both can be compared."
        )
    name = args.name or (f"{config.name}-own" if config.name == taken else config.name)
    if Path(name).name != name or name.startswith("."):
        raise DataError(f"{name!r} cannot be the name of a model's folder.")
    return str(name)


def before_in(
    library: Path, store: FeatureStore, name: str, device: torch.device, say: Callable[[str], None]
) -> Before | None:
    """The model that answers without training on these captions: the zero-shot one, or the demo's; None without."""
    found = [one for one in indexes_of(library) if one.manifest.visual_encoder == store.encoder]
    for index in sorted(found, key=lambda one: one.manifest.model != ZeroShot.name):
        manifest = index.manifest
        folder = index.file(manifest.model_folder)
        if folder is None or manifest.model == name or "parts" in read_settings(folder)["extra"]:
            continue
        try:
            text = open_text_encoder(manifest.text_spec, device=device)
            require_encoder(text, manifest.text_encoder, f"The index {manifest.name}")
            return Before(manifest.model, load_model(folder, device=device), text)
        except RALError as problem:
            say(f"{manifest.name} cannot be compared with: {problem}")
    return None


def described(config: RunConfig) -> str:
    """The settings that were made to fit the data, in one line."""
    model, training = config.model, config.training
    sizes = ("width", "clips", "max_frames", "input_drop", "drop")
    chosen = {key: model[key] for key in sizes if key in model}
    chosen |= {
        key: getattr(training, key)
        for key in ("epochs", "patience", "batch_videos", "learning_rate", "start", "seed")
    }
    return ", ".join(f"{key} {value}" for key, value in chosen.items())
