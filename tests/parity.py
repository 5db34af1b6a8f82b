"""Compares this project with reference numbers: `python tests/parity.py FOLDER`, or a folder of such folders.

A folder holds config.json, inputs, outputs and usually state_dict as safetensors, written by the papers' official
code on one small random model or part. For every output tensor its error is printed, relative to the tensor's
maximum, or why it is not covered. Exit status 1 when an error is beyond 1e-4 or fewer than 90 % are covered.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from parity_data import (  # noqa: E402
    checkpoints_in,
    expected_checkpoints,
    is_dataset,
    layouts_in,
    model_of,
    replay_checkpoints,
    replay_dataset,
)
from parity_files import Golden, Numbers, open_golden  # noqa: E402
from parity_msc import is_msc, replay_msc  # noqa: E402
from parity_msslpp import is_msslpp, replay_msslpp  # noqa: E402
from parity_parts import part_of  # noqa: E402
from parity_shared import expected_metrics  # noqa: E402
from parity_systems import expected_gradients, replay_system, system_of  # noqa: E402

LIMIT, GOAL = 1e-4, 1e-5
COVERAGE = 0.9
ZERO = 1e-6
"""Gradients below this share of the largest of all are zero but for rounding: those of biases that a softmax cancels.
Two such zeros are compared by the largest gradient. Adam turns such noise into steps of its own, so parameters after
a training run are compared absolutely unless they are above 1."""
GIVEN = ("/draw_", "/hyper_", "metric/scores", "metric/gt", "no_length_robust")
"""Parts of names of tensors that stand among the outputs but are inputs of the replay: draws, settings."""


@dataclass(frozen=True)
class Line:
    """One tensor: its relative error, or why there is none."""

    name: str
    error: float | None
    note: str = ""

    def __str__(self) -> str:
        shown = "not covered" if self.error is None else f"{self.error:.1e}"
        return f"{shown:>12}  {self.name}{'  ' + self.note if self.note else ''}"


def compare(folder: Path, float64: bool = False) -> list[Line]:
    """A line for every recorded result. Raises SystemExit for a folder of an unknown kind."""
    if not (folder / "outputs.safetensors").is_file():
        return compare_files(folder)
    golden = open_golden(folder)
    numbers = replay(golden)
    expected = golden.outputs | expected_gradients(golden) | expected_metrics(golden)
    largest = [float(value.abs().max()) for name, value in expected.items() if name.startswith("grad")]
    top = max(largest, default=0.0)
    floors = {
        name: top
        for name, value in expected.items()
        if name.startswith("grad") and float(value.abs().max()) < ZERO * top
    } | {name: 1.0 for name in expected if name.startswith("traj")}
    exact = replay_wide(golden) if float64 and not is_dataset(golden) else {}  # files are read as float32
    return [
        line(name, value, numbers.get(name), floors.get(name, 0.0), exact.get(name))
        for name, value in expected.items()
        if not any(part in name for part in GIVEN)
    ]


def replay_wide(golden: Golden) -> Numbers:
    """Our numbers, computed in float64."""
    torch.set_default_dtype(torch.float64)
    try:
        return replay(golden.double())
    finally:
        torch.set_default_dtype(torch.float32)


def compare_files(folder: Path) -> list[Line]:
    """A line for every tensor of the checkpoints, and for every list of names and shapes, in a folder."""
    numbers = replay_checkpoints(folder)
    lines = [line(name, value, numbers.get(name)) for name, value in expected_checkpoints(folder).items()]
    if checkpoints_in(folder) and not lines:
        note = "name and shape are right, and it is finite; what it should hold is not here"
        lines = [
            Line(name, 0.0 if bool(value.isfinite().all()) else float("inf"), note)
            for name, value in numbers.items()
        ]
    for name, about in layouts_in(folder).items():
        same = model_of(about).parameter_count == about["total_parameters"]
        lines.append(Line(name, 0.0 if same else float("inf"), "names, shapes and their number"))
    if not lines:
        raise SystemExit(f"{folder} holds no reference numbers, checkpoints or lists of tensors.")
    return lines


def folders_under(place: Path) -> list[Path]:
    """`place` itself when it holds reference numbers, else every folder of such in it."""
    own = (place / "outputs.safetensors").is_file() or bool(checkpoints_in(place) or layouts_in(place))
    if (place / "config.json").is_file():
        return [place]
    below = [folder for child in sorted(place.iterdir()) if child.is_dir() for folder in folders_under(child)]
    return [place, *below] if own else below


def replay(golden: Golden) -> Numbers:
    """Our numbers for a folder of any kind."""
    if is_dataset(golden):
        return replay_dataset(golden)
    if system_of(golden) is not None:
        return replay_system(golden)
    if is_msslpp(golden):
        return replay_msslpp(golden)
    if is_msc(golden):
        return replay_msc(golden)
    part = part_of(golden)
    if part is None:
        raise SystemExit(f"{golden.folder} holds reference numbers of a kind this script does not know.")
    return part(golden)


def line(
    name: str, expected: Tensor, ours: Tensor | None, floor: float = 0.0, exact: Tensor | None = None
) -> Line:
    """Compare one tensor; whole numbers must be equal, others are measured by the largest expected value.

    exact: ours in float64, whose distances from both are told too.
    """
    if ours is None:
        return Line(name, None, "this project does not compute it")
    if ours.shape != expected.shape:
        return Line(name, float("inf"), f"shape {tuple(ours.shape)}, expected {tuple(expected.shape)}")
    if not (expected.is_floating_point() or ours.is_floating_point()):
        return Line(name, 0.0 if bool((ours == expected).all()) else float("inf"), "exact")
    expected, ours = expected.double(), ours.double()
    finite = expected.isfinite()
    if not bool(finite.all()):
        if not bool(ours.isfinite().all()):
            return Line(name, float("inf"), "not finite")
        return Line(name, None, "the reference is not finite here, ours is")
    if not expected.numel():
        return Line(name, 0.0, "empty")
    scale = max(float(expected.abs().max()), floor)
    scale = scale or 1.0
    note = ""
    if exact is not None and exact.shape == expected.shape:
        apart = [float((one - exact.double()).abs().max()) / scale for one in (expected, ours)]
        note = f"from float64: reference {apart[0]:.1e}, ours {apart[1]:.1e}"
    return Line(name, float((ours - expected).abs().max()) / scale, note)


def passed(lines: list[Line]) -> bool:
    """Whether every covered tensor agrees and enough are covered."""
    covered = [one.error for one in lines if one.error is not None]
    return bool(covered) and max(covered) <= LIMIT and len(covered) >= COVERAGE * len(lines)


def main(arguments: list[str]) -> int:
    """Compare the folders named on the command line."""
    places = [Path(argument) for argument in arguments if argument != "--float64"]
    if not places or not all(place.is_dir() for place in places):
        print(__doc__)
        return 2
    torch.set_num_threads(1)
    good, summary = True, []
    for folder in [folder for place in places for folder in folders_under(place)]:
        lines = compare(folder, float64="--float64" in arguments)
        print(*lines, sep="\n")
        covered = [one.error for one in lines if one.error is not None]
        worst = max(covered, default=float("nan"))
        summary.append(f"{folder}: {len(covered)} of {len(lines)} covered, largest error {worst:.1e}")
        print(summary[-1])
        summary += [f"    {one}" for one in lines if one.error is None or one.error > GOAL]
        good = good and passed(lines)
    if len(places) > 1 or len(summary) > 1:
        print(
            "\nSummary, with every tensor that is not covered or differs by more than 1e-5",
            *summary,
            sep="\n",
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
