"""Evaluating a trained visual encoder, and the card that says what it is and what it can do."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ral_core.errors import DataError
from ral_core.features.visual import WEIGHTS, VisualNet
from ral_core.features.visual_data import LabelledFrames
from ral_core.features.visual_learner import Learner, VisualTraining
from ral_core.features.visual_report import frame_report
from ral_core.features.visual_training import open_learner
from ral_core.files import sha256, write_json, write_text

REPORT, CARD = "report.json", "README.md"
GATES = {"actions AP": 0.65, "kinds AP": 0.75}
"""What an encoder must reach on films with seeds it never saw."""

Report = dict[str, dict[str, float]]


def evaluate(
    folder: Path, sets: Mapping[str, LabelledFrames], *, facts: Mapping[str, str], seed: int = 0
) -> Report:
    """Judge the encoder in `folder` on named sets of frames; writes report.json and the card beside it.

    A set that holds frames with held-out combinations is judged on those and on the others apart. facts: what
    the card should say of data and command. Raises DataError when there is nothing to judge on.
    """
    if not sets:
        raise DataError(f"There are no frames to evaluate the encoder in {folder} on.")
    learner = open_learner(folder)
    report: Report = {}
    for name, frames in sets.items():
        if frames.heldout.any():
            report[f"{name}, seen combinations"] = frame_report(learner, frames, heldout=False)
            report[f"{name}, held-out combinations"] = frame_report(learner, frames, heldout=True)
        else:
            report[name] = frame_report(learner, frames)
    write_json(folder / REPORT, {"encoder": identity(folder, learner.net), "gates": GATES, "scores": report})
    write_text(folder / CARD, card(folder, learner, report, facts))
    return report


def identity(folder: Path, net: VisualNet) -> str:
    """Name and the beginning of the weights' SHA-256."""
    return f"{net.config.name}@{sha256(folder / WEIGHTS)[:8]}"


def passes(scores: Mapping[str, float]) -> bool:
    """Whether a set's scores reach the gates."""
    return all(scores.get(name, 0.0) >= least for name, least in GATES.items())


def table(report: Report) -> str:
    """The report as a Markdown table: one row a score, one column a set."""
    names = list(dict.fromkeys(name for scores in report.values() for name in scores if name != "frames"))
    head = ["score", *(f"{title} ({scores['frames']:.0f} frames)" for title, scores in report.items())]
    rows = [[name, *(f"{s[name]:.3f}" if name in s else "" for s in report.values())] for name in names]
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def card(folder: Path, learner: Learner, report: Report, facts: Mapping[str, str]) -> str:
    """The model card, in Markdown."""
    net, config = learner.net, learner.net.config
    counts = {
        name: sum(p.numel() for p in part.parameters()) / 1e6
        for name, part in (("appearance", net.appearance), ("motion", net.motion))
    }
    width, height = config.picture
    said = "\n".join(f"- {name}: {value}" for name, value in facts.items())
    return f"""# Visual encoder {identity(folder, net)}

Two small residual networks trained from scratch on rendered films. Each half second of a film becomes
{config.width} numbers: {config.appearance_width} of what one picture of {width}x{height} pixels shows
({counts["appearance"]:.2f} M parameters) and {config.motion_width} of how three grey pictures,
{config.motion_step} s apart, differ ({counts["motion"]:.2f} M parameters). At most {config.max_frames} moments
are looked at in a film. Weights are kept in half precision.

{said}

## Scores

Groups in the plural hold for anybody in the picture and are judged by mean average precision (AP); the others
are about the main actor (or its company, or the place) and are judged by how often the likeliest answer is right.
The gates are {", ".join(f"{name} {least:.2f}" for name, least in GATES.items())} on films never seen.

{table(report)}

## Weaknesses

- It has only ever seen films of this one drawn world. It says nothing sensible about photographs or other styles.
- Small things (glasses, hats, the colour of a cup) are few pixels at this size, and are often missed.
- Frames of one film resemble each other, so the scores are less certain than the number of frames suggests.
- It was judged with the labels of whole shots: a kick counts as kicking also before the ball flies.
"""


def training_facts(training: VisualTraining, films: int, frames: int, minutes: float) -> dict[str, str]:
    """What the card says about a training."""
    return {
        "Data": f"{frames} labelled frames of {films} films, decoded from H.264",
        "Training": f"{training.epochs} epochs, batches of {training.batch}, AdamW, learning rate "
        f"{training.learning_rate} in one cycle, {minutes:.0f} minutes on the CPU",
        "Losses": "cross-entropies for the main actor's action, looks and place, binary ones for everybody's, on "
        "both streams and on each alone; attention is drawn to the actor's place",
        "Changed on the way": "cuts, mirroring, light, blur, noise, and neighbours from other films as at film cuts",
    }
