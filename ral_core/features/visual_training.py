"""Training the visual encoder on labelled frames: what is where comes first, who does what only much later.

The network learns backgrounds within one epoch and actors after thousands of steps, so progress is told in
actions recognised on films it never saw, not in the loss. A training that was stopped goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ral_core.errors import DataError, TrainingDiverged
from ral_core.features.visual import VisualConfig, VisualNet, fastest_layout, load_visual, save_visual
from ral_core.features.visual_data import Batch, LabelGroup, LabelledFrames, augment
from ral_core.features.visual_learner import Learner, VisualTraining
from ral_core.features.visual_report import frame_report
from ral_core.files import read_json, replacing, write_json, write_jsonl

Say = Callable[[str], None]
HEADS, LABELS = "heads.safetensors", "labels.json"


def train(
    frames: LabelledFrames,
    unseen: LabelledFrames,
    groups: Sequence[LabelGroup],
    out: Path,
    work: Path,
    *,
    config: VisualConfig | None = None,
    training: VisualTraining | None = None,
    say: Say = print,
) -> VisualNet:
    """Train on `frames`, tell progress on `unseen`, write the encoder to `out`; `work` keeps checkpoints.

    Raises TrainingDiverged when the loss stops being finite, DataError when there are too few frames.
    """
    config, training = config or VisualConfig(), training or VisualTraining()
    steps, per_epoch = training.steps(len(frames)), len(frames) // training.batch
    if per_epoch == 0:
        raise DataError(
            f"{len(frames)} labelled frames do not make one batch of {training.batch}; draw more films."
        )
    torch.manual_seed(training.seed)
    learner = Learner(config, groups, training.dropout)
    fastest_layout(learner)
    optimizer = torch.optim.AdamW(
        learner.parameters(), training.learning_rate, weight_decay=training.weight_decay
    )
    checkpoint = work / "checkpoint.safetensors"
    done = restore(checkpoint, learner, optimizer, steps)
    if done:
        say(f"visual encoder: going on after step {done} of {steps}")
    log: list[dict[str, float]] = []
    began, last = time.monotonic(), done
    for step in range(done, steps):
        epoch, place = divmod(step, per_epoch)
        order = np.random.default_rng((training.seed, epoch)).permutation(len(frames))
        which = order[place * training.batch : (place + 1) * training.batch]
        chance = torch.manual_seed(
            training.seed * 1_000_003 + step
        )  # of the step alone, so that it can be repeated
        batch = augment(frames.batch(which), chance)
        losses = take_step(learner, optimizer, batch, training, training.rate_at(step, steps), step)
        if (step + 1) % training.checkpoint_every == 0 or step + 1 == steps:
            save(checkpoint, learner, optimizer, step + 1, steps)
            speed = (step + 1 - last) * training.batch / (time.monotonic() - began)
            began, last = time.monotonic(), step + 1
            left = (steps - step - 1) * training.batch / speed / 60
            total = sum(losses.values())
            say(
                f"visual encoder: step {step + 1}/{steps}, loss {total:.2f}, {speed:.0f} frames/s, {left:.1f} min left"
            )
        if place + 1 == per_epoch:
            report = frame_report(learner, unseen, at_most=1500)
            log.append({"epoch": epoch + 1, "step": step + 1, **report})
            say(f"visual encoder: epoch {epoch + 1}/{training.epochs}, unseen films: {told(report)}")
            began = time.monotonic()
    save_visual(out, learner.net)
    save_heads(out, learner, training)
    if log:
        write_jsonl(work / "log.jsonl", log)
    return learner.net


def take_step(
    learner: Learner,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    training: VisualTraining,
    rate: float,
    step: int,
) -> dict[str, float]:
    """One step of gradient descent; returns the loss terms."""
    learner.train()
    for group in optimizer.param_groups:
        group["lr"] = rate
    terms = learner.terms(batch, training)
    total = torch.stack(list(terms.values())).sum()
    losses = {name: float(term.detach()) for name, term in terms.items()}
    if not total.isfinite():
        raise TrainingDiverged(
            f"The loss of the visual encoder stopped being finite at step {step}: {losses}."
        )
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    nn.utils.clip_grad_norm_(learner.parameters(), 5.0)
    optimizer.step()
    return losses


def told(report: dict[str, float]) -> str:
    """The numbers of a report that say most, on one line."""
    return ", ".join(f"{name} {value:.3f}" for name, value in report.items() if name != "frames")


def save_heads(out: Path, learner: Learner, training: VisualTraining) -> None:
    """Write the heads beside the encoder, so that it can be evaluated again, and the groups and settings."""
    weights = {name: value.half().contiguous() for name, value in learner.heads.state_dict().items()}
    with replacing(out / HEADS) as temporary:
        save_file(weights, temporary)
    write_json(out / LABELS, {"groups": [asdict(g) for g in learner.groups], "training": asdict(training)})


def open_learner(folder: Path) -> Learner:
    """The encoder in `folder` with its heads. Raises DataError when the heads are missing or do not fit."""
    net, row = load_visual(folder), read_json(folder / LABELS)
    groups = tuple(LabelGroup(**{**group, "values": tuple(group["values"])}) for group in row["groups"])
    learner = Learner(net.config, groups, dropout=0.0)
    try:
        learner.heads.load_state_dict(
            {name: value.float() for name, value in load_file(folder / HEADS).items()}
        )
    except (OSError, SafetensorError, RuntimeError) as problem:
        raise DataError(f"{folder / HEADS} cannot be read ({str(problem).splitlines()[0]}).") from None
    learner.net = net
    fastest_layout(learner)
    return learner.eval()


def save(path: Path, learner: Learner, optimizer: torch.optim.Optimizer, step: int, steps: int) -> None:
    """Write everything that a later run needs to go on, in one file."""
    tensors = {f"model.{name}": value for name, value in learner.state_dict().items()}
    for number, state in optimizer.state_dict()["state"].items():
        tensors |= {f"adam.{number}.{name}": value for name, value in state.items()}
    with replacing(path) as temporary:
        save_file(
            {name: value.contiguous() for name, value in tensors.items()},
            temporary,
            metadata={"step": str(step), "steps": str(steps)},
        )


def restore(path: Path, learner: Learner, optimizer: torch.optim.Optimizer, steps: int) -> int:
    """Take up a checkpoint of the same training; returns how many steps it had done, 0 when there is none."""
    if not path.exists():
        return 0
    try:
        with safe_open(path, framework="pt") as saved:
            facts = saved.metadata()
            tensors = {name: saved.get_tensor(name) for name in saved.keys()}  # noqa: SIM118
    except (OSError, SafetensorError):
        return 0
    model = {
        name.removeprefix("model."): value for name, value in tensors.items() if name.startswith("model.")
    }
    expected = {name: value.shape for name, value in learner.state_dict().items()}
    if int(facts["steps"]) != steps or {name: value.shape for name, value in model.items()} != expected:
        return 0
    learner.load_state_dict(model)
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        kind, _, rest = name.partition(".")
        if kind == "adam":
            number, _, moment = rest.partition(".")
            state.setdefault(int(number), {})[moment] = value
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})
    return int(facts["step"])
