"""The training loop, to be read in the order it runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.optim import Optimizer

from ral_core.errors import TrainingDiverged
from ral_core.files import write_jsonl
from ral_core.models import PRVRModel
from ral_core.training.batches import CaptionedVideos, TrainBatch
from ral_core.training.config import TrainingConfig
from ral_core.training.state import Progress, Row, StateFolder

Objective = Callable[[PRVRModel, TrainBatch, int], dict[str, Tensor]]
"""(model, batch, epoch) to the weighted terms of the loss, by name."""
Validate = Callable[[PRVRModel], Row]
"""The model's numbers on the validation split; "SumR" chooses the best."""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Run:
    """Everything `fit` works with."""

    model: PRVRModel
    optimizer: Optimizer
    objective: Objective
    data: CaptionedVideos
    validate: Validate
    settings: TrainingConfig
    state: StateFolder
    log: Path
    """log.jsonl, one row an epoch."""
    identity: Any = None
    """Settings that must be the same for a run to be resumed."""
    say: Say = print


def fit(run: Run) -> Progress:
    """Train until the epochs or the patience are used up; the model ends with its best weights.

    A run that was killed goes on where its newest checkpoint stands, and on a CPU computes the same numbers as if
    it had never been stopped. When `max_minutes` is over it stops after the present epoch.
    Raises TrainingDiverged when a loss term stops being finite.
    """
    settings, began = run.settings, time.monotonic()
    progress = run.state.load(run.model, run.optimizer, run.identity) or Progress()
    if progress.epoch or progress.step:
        run.say(f"going on after epoch {progress.epoch}, step {progress.step}")
    while progress.epoch < settings.epochs and progress.stale <= settings.patience:
        progress = train_epoch(run, progress)
        progress = close_epoch(run, progress)
        if settings.max_minutes is not None and time.monotonic() - began > 60 * settings.max_minutes:
            run.say(f"{settings.max_minutes:g} minutes are over: stopping after epoch {progress.epoch}")
            break
    run.state.load_best(run.model, progress)
    run.model.eval()
    return progress


def train_epoch(run: Run, progress: Progress) -> Progress:
    """The rest of the present epoch, with a checkpoint now and then."""
    settings, steps = run.settings, len(run.data)
    run.model.train()
    clock = time.monotonic()
    for batch in run.data.epoch(settings.seed, progress.epoch, start=progress.step):
        seed_step(settings.seed, progress.epoch, progress.step)
        terms = train_step(run, batch, progress)
        now = time.monotonic()
        progress, clock = progress.added(terms, now - clock), now
        if progress.step % settings.say_steps == 0:
            loss = sum(progress.means().values())
            speed = progress.step / progress.seconds
            run.say(
                f"epoch {progress.epoch + 1} step {progress.step}/{steps} loss {loss:.4f} {speed:.2f} steps/s"
            )
        if progress.step % settings.checkpoint_steps == 0 and progress.step < steps:
            run.state.save(run.model, run.optimizer, progress, run.identity)
            clock = time.monotonic()
    return progress


def train_step(run: Run, batch: TrainBatch, progress: Progress) -> Row:
    """One step down the gradient; returns every term of the loss."""
    losses = run.objective(run.model, batch, progress.epoch)
    values = torch.stack([loss.float() for loss in losses.values()])
    terms = dict(zip(losses, values.tolist(), strict=True))  # the step's only wait for the device
    bad = [name for name, value in terms.items() if not math.isfinite(value)]
    if bad:
        where = f"epoch {progress.epoch + 1}, step {progress.step + 1}"
        raise TrainingDiverged(
            f"The loss term {bad[0]!r} stopped being finite in {where} ({terms}); try a lower learning rate."
        )
    run.optimizer.zero_grad(set_to_none=True)
    values.sum().backward()
    run.optimizer.step()
    return terms


def close_epoch(run: Run, progress: Progress) -> Progress:
    """Validate, keep the weights when they are the best so far, log, and write a checkpoint."""
    run.model.eval()
    began = time.monotonic()
    scores = run.validate(run.model)
    means, steps = progress.means(), progress.step
    row = {
        "epoch": float(progress.epoch + 1),
        **{f"loss/{name}": value for name, value in means.items()},
        "loss": sum(means.values()),
        **{f"val/{name}": value for name, value in scores.items()},
        "steps": float(steps),
        "steps_per_second": steps / max(progress.seconds, 1e-9),
        "train_seconds": progress.seconds,
        "validation_seconds": time.monotonic() - began,
    }
    progress = progress.closed(row, scores["SumR"])
    best = progress.stale == 0
    if best:
        run.state.save_best(run.model, progress.epoch - 1)
    run.state.save(run.model, run.optimizer, progress, run.identity)
    write_jsonl(run.log, progress.history)
    shown = " ".join(f"{name} {value:.1f}" for name, value in scores.items())
    run.say(
        f"epoch {progress.epoch}/{run.settings.epochs} loss {row['loss']:.4f} {shown}"
        f"{' (best)' if best else ''} {row['train_seconds']:.0f} s"
    )
    return progress


def seed_step(seed: int, epoch: int, step: int) -> None:
    """Give the step random numbers of its own, so that a resumed run draws what the whole run would have."""
    torch.manual_seed(((seed * 1_000_003 + epoch) * 1_000_003 + step) % 2**63)
