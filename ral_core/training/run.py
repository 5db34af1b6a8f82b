"""From a config to a finished model folder."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from ral_core.errors import DataError
from ral_core.evaluation.evaluate import Report, best_weights, evaluate, validate
from ral_core.evaluation.scoring import score_split
from ral_core.evaluation.splits import Split, load_split
from ral_core.features.packed import EncodesText, PackedVideos
from ral_core.files import read_json, write_text
from ral_core.models import PRVRModel, build_model
from ral_core.models.checkpoint import SETTINGS, save_model
from ral_core.training.batches import CaptionedVideos
from ral_core.training.card import model_card
from ral_core.training.config import RunConfig
from ral_core.training.loop import Run, fit
from ral_core.training.objectives import objective
from ral_core.training.optimizer import BertAdam, parameter_groups
from ral_core.training.start import canonical_start
from ral_core.training.state import StateFolder

Say = Callable[[str], None]
FREE = ("max_minutes", "checkpoint_steps", "say_steps", "choose_weights")
"""Training settings that may change between a kill and the resumption."""


def train(
    config: RunConfig,
    out: Path,
    text: EncodesText | None,
    *,
    device: torch.device,
    cache: Path | None = None,
    resume: bool = True,
    half: bool = False,
    command: Sequence[str] = (),
    say: Say = print,
) -> Path:
    """Train a model as configured and write its folder: weights, config.json, README.md and log.jsonl.

    A run that was stopped goes on from its newest checkpoint in `out`/state unless `resume` is off; a run that is
    finished stays as it is. text: None for a published data set; cache: folder for the encoded captions; half: keep the weights as float16.
    Raises DataError when `out` holds a run with other settings, TrainingDiverged when a loss stops being finite.
    """
    if is_finished(out, resume, say):
        return out
    pooling = config.model_config(1, 1)
    data, val = (
        load_split(
            Path(config.data.root) / name, pooling, text, feature=config.data.feature, cache=cache, say=say
        )
        for name in (config.data.train, config.data.val)
    )
    return train_on(config, data, val, out, device=device, resume=resume, half=half, command=command, say=say)


def is_finished(out: Path, resume: bool, say: Say = print) -> bool:
    """Whether `out` holds a finished run that is to stay; without `resume` whatever it had begun is forgotten."""
    state = StateFolder(out / "state")
    if not resume:
        state.clear()
        return False
    if (out / SETTINGS).is_file() and not state.path.exists():
        say(f"{out} is finished already; --resume never trains it afresh")
        return True
    return False


def train_on(
    config: RunConfig,
    data: Split,
    val: Split,
    out: Path,
    *,
    device: torch.device,
    resume: bool = True,
    half: bool = False,
    command: Sequence[str] = (),
    extra: Mapping[str, Any] | None = None,
    say: Say = print,
) -> Path:
    """`train` on two splits that are read already; `extra` is kept beside the model's settings."""
    if is_finished(out, resume, say):
        return out
    state, began = StateFolder(out / "state"), time.monotonic()
    check_pair(data, val)
    model_config = config.model_config(data.videos.width, data.words.width)
    torch.manual_seed(config.training.seed)
    model = build_model(model_config)
    if config.training.start == "canonical":
        canonical_start(model, data)
    model.to(device)
    batches = CaptionedVideos.of(
        data, config.training.batch_videos, model_config.max_words, config.data.captions_per_video
    ).to(device)
    if isinstance(batches.videos, PackedVideos):
        batches = replace(batches, videos=replace(batches.videos, batch=model.planned(batches.videos.batch)))
    say(
        f"{config.name}: {model.parameter_count:,} parameters, {len(data.videos)} videos, "
        f"{len(data.captions)} captions, {len(batches)} steps an epoch on {device}"
    )
    run = Run(
        model=model,
        optimizer=optimizer_of(model, config, len(batches)),
        objective=lambda model, batch, epoch: objective(model, batch, config.objective, epoch=epoch),
        data=batches,
        validate=lambda trained: validate(trained, val),
        settings=config.training,
        state=state,
        log=out / "log.jsonl",
        identity=identity_of(config, data),
        say=say,
    )
    progress = fit(run)
    report = finish(run, config, val)
    minutes = sum(row["train_seconds"] + row["validation_seconds"] for row in progress.history) / 60
    about = {
        "name": config.name,
        "run": identity_of(config, data),
        "data": {
            **asdict(config.data),
            "root": told(config.data.root),
            "videos": len(data.videos),
            "captions": len(data.captions),
        },
        "visual_encoder": data.visual_encoder,
        "text_encoder": data.text_encoder,
        "training": asdict(config.training),
        "objective": asdict(config.objective),
        "command": " ".join(command) or f"python -m ral_core train {config.name}",
        "epochs": progress.epoch,
        "best_epoch": (progress.best_epoch or 0) + 1,
        "minutes": minutes,
        "device": str(device),
        "scores": report,
        **(extra or {}),
    }
    card = {**about, "model": model.config.to_json(), "parameters": model.parameter_count}
    write_text(out / "README.md", model_card(config.name, card, report))
    save_model(out, model, extra=about, half=half)
    if progress.epoch == config.training.epochs or progress.stale > config.training.patience:
        state.clear()
    say(f"wrote {out} after {(time.monotonic() - began) / 60:.1f} minutes")
    return out


def told(root: str) -> str:
    """A folder as a model card may name it: from where the command was run, or only by its own name."""
    path = Path(root)
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else path.name


def finish(run: Run, config: RunConfig, val: Split) -> Report:
    """Choose the fusion weights if asked to, and evaluate the best weights on validation."""
    model = run.model
    scores = score_split(model, val)
    if config.training.choose_weights:
        clip, frame = best_weights(scores, val.owner)
        model.config = replace(model.config, clip_weight=clip, frame_weight=frame)
        run.say(f"best on {val.name}: {clip:g} of the clip score and {frame:g} of the frame score")
    return evaluate(model, val, scores=scores)


def optimizer_of(model: PRVRModel, config: RunConfig, steps: int) -> BertAdam:
    """The papers' optimizer over the whole run's schedule."""
    settings = config.training
    groups = parameter_groups(
        model, settings.weight_decay, decay_norm_gains=model.config.choices.decay_norm_gains
    )
    return BertAdam(groups, settings.learning_rate, steps * settings.epochs, warmup=settings.warmup)


def identity_of(config: RunConfig, data: Split) -> Any:
    """What must be the same for a run to go on, as plain JSON values."""
    training = {key: value for key, value in asdict(config.training).items() if key not in FREE}
    return json.loads(
        json.dumps(
            {
                "model": dict(config.model),
                "objective": asdict(config.objective),
                "training": training,
                "captions_per_video": config.data.captions_per_video,
                "videos": len(data.videos),
                "captions": len(data.captions),
                "visual_encoder": data.visual_encoder,
                "text_encoder": data.text_encoder,
            }
        )
    )


def check_pair(data: Split, val: Split) -> None:
    """Raise DataError when the two splits were not made by the same encoders."""
    if (data.visual_encoder, data.videos.width) != (val.visual_encoder, val.videos.width):
        raise DataError(
            f"The features of {data.name} were made by {data.visual_encoder!r} and those of {val.name} by "
            f"{val.visual_encoder!r}; extract one of them again."
        )


def trained_with(folder: Path) -> dict[str, Any]:
    """What was saved beside a trained model's settings: encoders, data, scores."""
    return dict(read_json(folder / SETTINGS).get("extra", {}))
