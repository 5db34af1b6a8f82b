"""What a training run must remember to go on after a kill, and how it is kept on disk.

A checkpoint is a folder, staged under another name and renamed when whole, so there is never half of one. Random
numbers need no place in it: every step seeds its own (see `loop.py`).
"""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.optim import Optimizer

from ral_core.errors import DataError
from ral_core.files import read_json, replacing, write_json

Row = dict[str, float]


@dataclass(frozen=True)
class Progress:
    """Where a run stands."""

    epoch: int = 0
    """Epochs finished."""
    step: int = 0
    """Batches finished in the present epoch."""
    sums: Row = field(default_factory=dict)
    """Sum of each loss term over those batches."""
    seconds: float = 0.0
    """Time spent on those batches."""
    best_score: float = 0.0
    best_epoch: int | None = None
    """The epoch (from 0) whose weights are the best so far."""
    stale: int = 0
    """Epochs in a row that did not improve."""
    history: tuple[Row, ...] = ()
    """One row an epoch: every loss term, validation numbers, speed."""

    def added(self, terms: Row, seconds: float) -> Progress:
        """After one more batch."""
        sums = {name: self.sums.get(name, 0.0) + value for name, value in terms.items()}
        return replace(self, step=self.step + 1, sums=sums, seconds=self.seconds + seconds)

    def means(self) -> Row:
        """Mean of each loss term over the present epoch's batches so far."""
        return {name: value / self.step for name, value in self.sums.items()}

    def closed(self, row: Row, score: float) -> Progress:
        """After an epoch that ended with `row` and scored `score` on validation."""
        better = score > self.best_score
        return Progress(
            epoch=self.epoch + 1,
            best_score=score if better else self.best_score,
            best_epoch=self.epoch if better else self.best_epoch,
            stale=0 if better else self.stale + 1,
            history=(*self.history, row),
        )


@dataclass(frozen=True)
class StateFolder:
    """Where one run keeps its checkpoints and its best weights."""

    path: Path

    def save(self, model: nn.Module, optimizer: Optimizer, progress: Progress, identity: Any) -> None:
        """Keep everything, then forget what is older. `identity` is compared when the run is resumed."""
        name = f"at-{progress.epoch:04d}-{progress.step:06d}"
        staged = self.path / f".{name}.part"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        tensors, plain = _optimizer_parts(optimizer)
        save_file(_weights(model), staged / "model.safetensors")
        save_file(tensors, staged / "optimizer.safetensors")
        write_json(
            staged / "state.json", {"progress": asdict(progress), "optimizer": plain, "identity": identity}
        )
        final = self.path / name
        shutil.rmtree(final, ignore_errors=True)
        os.rename(staged, final)
        for other in self._checkpoints():
            if other != final:
                shutil.rmtree(other, ignore_errors=True)
        for weights in self.path.glob("best-*.safetensors"):
            if weights != self._best(progress):
                weights.unlink()

    def load(self, model: nn.Module, optimizer: Optimizer, identity: Any) -> Progress | None:
        """Put the newest checkpoint into `model` and `optimizer`; None when there is none.

        Raises DataError when it belongs to a run with other settings.
        """
        folders = self._checkpoints()
        if not folders:
            return None
        newest = folders[-1]
        saved = read_json(newest / "state.json")
        if saved["identity"] != identity:
            raise DataError(
                f"{self.path} holds a run {_difference(saved['identity'], identity)}; "
                "give another --out, or --resume never to start afresh."
            )
        model.load_state_dict(load_file(newest / "model.safetensors"))
        _restore_optimizer(optimizer, load_file(newest / "optimizer.safetensors"), saved["optimizer"])
        return Progress(**{**saved["progress"], "history": tuple(saved["progress"]["history"])})

    def save_best(self, model: nn.Module, epoch: int) -> None:
        """Keep the weights that were the best after `epoch`."""
        with replacing(self._best_of(epoch)) as file:
            save_file(_weights(model), file)

    def load_best(self, model: nn.Module, progress: Progress) -> None:
        """Put the best weights into `model`; it keeps what it has when nothing was ever better than nothing."""
        best = self._best(progress)
        if best is not None:
            model.load_state_dict(load_file(best))

    def clear(self) -> None:
        """Forget the run, at once: a kill in the middle must not leave half a checkpoint."""
        gone = self.path.with_name(f".{self.path.name}.gone")
        shutil.rmtree(gone, ignore_errors=True)
        if self.path.exists():
            os.rename(self.path, gone)
            shutil.rmtree(gone, ignore_errors=True)

    def _checkpoints(self) -> list[Path]:
        return sorted(self.path.glob("at-*"))

    def _best(self, progress: Progress) -> Path | None:
        return None if progress.best_epoch is None else self._best_of(progress.best_epoch)

    def _best_of(self, epoch: int) -> Path:
        return self.path / f"best-{epoch:04d}.safetensors"


def _weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().cpu().contiguous() for name, value in model.state_dict().items()}


def _optimizer_parts(optimizer: Optimizer) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimizer's state as named tensors ("3.exp_avg") and plain values, parameter groups included."""
    state = optimizer.state_dict()
    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {}
    for parameter, values in state["state"].items():
        for key, value in values.items():
            name = f"{parameter}.{key}"
            if isinstance(value, Tensor):
                tensors[name] = value.detach().cpu().contiguous()
            else:
                plain[name] = value
    return tensors, {"state": plain, "groups": state["param_groups"]}


def _restore_optimizer(optimizer: Optimizer, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
    state: dict[int, dict[str, Any]] = {}
    for name, value in {**plain["state"], **tensors}.items():
        parameter, _, key = name.partition(".")
        state.setdefault(int(parameter), {})[key] = value
    optimizer.load_state_dict({"state": state, "param_groups": plain["groups"]})


def _difference(saved: Any, wanted: Any, where: str = "") -> str:
    """The first setting in which two identities differ, in words."""
    if isinstance(saved, dict) and isinstance(wanted, dict):
        for key in [*saved, *wanted]:
            if saved.get(key) != wanted.get(key):
                return _difference(saved.get(key), wanted.get(key), f"{where}.{key}".lstrip("."))
    return f"whose {where} is {saved!r}, not {wanted!r}"
