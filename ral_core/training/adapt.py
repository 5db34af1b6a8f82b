"""A system of the zoo on features and captions of one's own, and what that was worth on videos it never saw."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.data.captions import Caption
from ral_core.errors import DataError
from ral_core.evaluation.scoring import score_split
from ral_core.evaluation.splits import Split
from ral_core.features.packed import EncodesText
from ral_core.features.store import FeatureStore
from ral_core.features.windows import source_of
from ral_core.files import read_json, read_text, write_json, write_text
from ral_core.models import PRVRModel
from ral_core.models.checkpoint import SETTINGS, load_model
from ral_core.training.before_after import carded, comparison
from ral_core.training.config import RunConfig
from ral_core.training.own import PARTS, PARTS_FILE, divided, part_split, placed
from ral_core.training.ridge import Ridge
from ral_core.training.run import train_on

Array = NDArray[np.floating]
Say = Callable[[str], None]
COMPARISON = "before_after.json"


@dataclass(frozen=True)
class Adapted:
    """A trained model's folder and the figures before and after."""

    folder: Path
    comparison: dict[str, Any]


@dataclass(frozen=True)
class Before:
    """What answered before the training: a model and the text encoder that it reads sentences with."""

    name: str
    model: PRVRModel
    text: EncodesText


def adapt(
    config: RunConfig,
    store: FeatureStore,
    captions: Sequence[Caption],
    text: EncodesText,
    out: Path,
    *,
    device: torch.device,
    before: Before | None = None,
    cache: Path | None = None,
    resume: bool = True,
    half: bool = False,
    command: Sequence[str] = (),
    say: Say = print,
) -> Adapted:
    """Train on some of the captioned videos, choose the epoch on others, and compare on the rest.

    The videos are divided by `own.divided`; `before` is the model that answered so far, such as a zero-shot one.
    Raises DataError for too few videos and when `out` holds a run on other videos.
    """
    found = placed(captions, store)
    if found.unknown:
        name, count = next(iter(found.unknown.items()))
        say(
            f"left out: {sum(found.unknown.values())} captions of {len(found.unknown)} videos without features, "
            f"for example {count} of {name!r}"
        )
    if found.untimed:
        say(f"left out: {found.untimed} captions without times of videos that are in several windows")
    parts = divided(source_of(caption.film) for caption in found.captions)
    identity = {
        **{name: list(ids) for name, ids in parts.items()},
        "captions": digest(found.captions),
        "system": f"{'ral on ' if config.model.get('ral') else ''}{config.model['name']}",
        "visual_encoder": store.encoder,
        "text_encoder": text.id,
    }
    keep_identity(out, identity, resume)
    pooling = config.model_config(1, 1)
    splits = {
        name: part_split(
            name,
            parts[name],
            found.captions,
            store,
            pooling,
            text,
            captioned_only=name == "train",
            cache=cache,
            say=say,
        )
        for name in PARTS
    }
    counts = {name: f"{len(parts[name])} videos, {len(splits[name].captions)} captions" for name in PARTS}
    say("divided by the hash of their names: " + "; ".join(f"{name} {counts[name]}" for name in PARTS))
    train_on(
        config,
        splits["train"],
        splits["val"],
        out,
        device=device,
        resume=resume,
        half=half,
        command=command,
        extra={"parts": {name: len(parts[name]) for name in PARTS}},
        say=say,
    )
    held = splits["heldout"]
    systems = {"ridge on words": Ridge.fit(splits["train"]).scores(held)}
    if before is not None:
        model_config = before.model.config
        asked = part_split("heldout", parts["heldout"], found.captions, store, model_config, before.text)
        systems[before.name] = scores_of(before.model, asked)
    systems[config.name] = scores_of(load_model(out, device), held)
    result = comparison(held, systems, before.name if before else "ridge on words", config.name)
    write_json(out / COMPARISON, result)
    write_text(out / "README.md", carded(read_text(out / "README.md"), result))
    return Adapted(out, result)


def keep_identity(out: Path, identity: Mapping[str, Any], resume: bool) -> None:
    """Write down what a run is made of, and refuse to go on with one that was made of something else."""
    file = out / PARTS_FILE
    known = read_json(file) if resume and file.is_file() else identity
    other = [key for key in identity if known.get(key) != identity[key]]
    if other:
        raise DataError(
            f"{out} was trained with other {', '.join(other)}; train afresh with --resume never, or under another --name."
        )
    if not resume:  # nobody may take the weights from before for a finished run on these parts
        (out / SETTINGS).unlink(missing_ok=True)
    write_json(file, dict(identity))


def digest(captions: Sequence[Caption]) -> str:
    """What tells one set of captions from another."""
    facts = sorted((one.film, one.text, str(one.start), str(one.end)) for one in captions)
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:16]


def scores_of(model: PRVRModel, split: Split) -> Array:
    """The fused scores (Q, V) of a model on a split."""
    return np.asarray(model.fused(score_split(model, split)))
