"""Training settings, and how a preset or a file becomes them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from ral_core.errors import DataError, UnknownName
from ral_core.files import read_json, read_text
from ral_core.models.config import ModelConfig
from ral_core.settings import at_least, from_mapping, near, one_of, refuse_unknown
from ral_core.training.objectives import ObjectiveConfig

Settings = TypeVar("Settings")
PRESETS = Path(__file__).parent.parent / "presets"


@dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """How long and how fast; defaults are the papers' (spec section 12)."""

    epochs: int = 100
    batch_videos: int = 128
    """Videos in a batch; each brings its captions."""
    learning_rate: float = 3e-4
    warmup: float = 0.01
    """Share of all steps over which the learning rate rises."""
    weight_decay: float = 0.01
    patience: int = 10
    """Stop after more than this many epochs in a row without a better SumR on validation."""
    seed: int = 9527
    max_minutes: float | None = None
    """Stop after the epoch in which this much time is over; the schedule still counts on all epochs."""
    checkpoint_steps: int = 200
    """Steps between two checkpoints within an epoch; there is one after each epoch anyway."""
    say_steps: int = 50
    start: str = "random"
    """Input projections at `random`, or `canonical`, for a few hundred captions (see `training.start`)."""
    choose_weights: bool = False
    """At the end choose the weights of clip and frame score on validation, instead of the model's settings."""

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_videos", "checkpoint_steps", "say_steps"):
            at_least(name, getattr(self, name), 1)
        for name in ("warmup", "weight_decay", "patience", "seed"):
            at_least(name, getattr(self, name), 0)
        if not self.learning_rate > 0:
            raise DataError(f"learning_rate must be above 0, not {self.learning_rate}.")
        one_of("start", self.start, ("random", "canonical"))


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Where the splits are: folders with `captions.jsonl`, `features.json` and `features.safetensors`, or a
    published data set with FeatureData and TextData (`ral_core.data.official`), whose splits have names."""

    root: str = "build/world"
    train: str = "train"
    val: str = "val"
    captions_per_video: int | None = None
    """Captions drawn for each video and epoch; without it all of them, as in the papers."""
    text: str = "minilm"
    """Text encoder, by name or path; a published data set brings its words encoded."""
    feature: str | None = None
    """Which frame features of a published data set; needed where it has several."""

    def __post_init__(self) -> None:
        at_least("captions_per_video", 1 if self.captions_per_video is None else self.captions_per_video, 1)


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """A whole run: what is trained, on what, towards what, and how."""

    name: str
    model: Mapping[str, Any]
    """Settings of the model but the widths of the features, which the data say."""
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    data: DataConfig = field(default_factory=DataConfig)

    def model_config(self, visual_width: int, text_width: int) -> ModelConfig:
        """The model's settings for features of these widths."""
        return ModelConfig.from_json({**self.model, "visual_width": visual_width, "text_width": text_width})


SECTIONS = {"objective": ObjectiveConfig, "training": TrainingConfig, "data": DataConfig}


def read_config(name_or_path: str) -> RunConfig:
    """The run described by a preset's name or by a TOML or JSON file.

    Raises UnknownName for a preset or setting that does not exist, DataError for values that cannot be.
    """
    path = Path(name_or_path)
    if path.suffix not in {".toml", ".json"}:
        path = preset_path(name_or_path)
    table = read_json(path) if path.suffix == ".json" else _read_toml(path)
    if not isinstance(table, dict) or not isinstance(table.get("model", {}), dict):
        raise DataError(f"{path}: expected tables of settings.")
    refuse_unknown(str(path), table, RunConfig)
    sections: dict[str, Any] = {
        name: from_table(cls, table.get(name, {}), f"{path} [{name}]") for name, cls in SECTIONS.items()
    }
    config = RunConfig(name=str(table.get("name", path.stem)), model=table.get("model", {}), **sections)
    config.model_config(1, 1)  # a wrong model setting speaks up here
    return config


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as problem:
        raise DataError(f"{path} is not valid TOML ({problem}).") from None


def preset_path(name: str) -> Path:
    """The file of a preset; UnknownName with a hint when there is none."""
    known = sorted(file.stem for file in PRESETS.glob("*.toml"))
    if name not in known:
        raise UnknownName(f"There is no preset called {name!r}.{near(name, known)}")
    return PRESETS / f"{name}.toml"


def override(config: RunConfig, **training: Any) -> RunConfig:
    """The same run with other training settings; those given as None stay as they are."""
    changes = {key: value for key, value in training.items() if value is not None}
    return replace(config, training=replace(config.training, **changes))


def from_table(cls: type[Settings], table: Any, where: str) -> Settings:
    """The dataclass `cls` filled from a table of plain values, checked; `where` names the table in errors.

    Raises UnknownName for an unknown setting, DataError for an ill-typed or impossible one.
    """
    if not isinstance(table, Mapping):
        raise DataError(f"{where}: expected a table of settings, found {table!r}.")
    hints = get_type_hints(cls)
    for key, value in table.items():
        if key in hints and not _fits(value, hints[key]):
            raise DataError(f"{where}: {key} takes {_words(hints[key])}, not {value!r}.")
    return from_mapping(cls, table, where)


def _fits(value: Any, hint: Any) -> bool:
    """Whether a value read from TOML or JSON can be a setting of type `hint`; a whole number can be a float."""
    if get_origin(hint) in (Union, UnionType):
        return any(_fits(value, choice) for choice in get_args(hint))
    if get_origin(hint) is tuple:
        return isinstance(value, list | tuple) and all(_fits(item, get_args(hint)[0]) for item in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    return not isinstance(hint, type) or isinstance(value, hint)


def _words(hint: Any) -> str:
    if get_origin(hint) in (Union, UnionType):
        return " or ".join(_words(choice) for choice in get_args(hint))
    names = {
        int: "a whole number",
        float: "a number",
        str: "a text",
        bool: "true or false",
        type(None): "nothing",
    }
    return names.get(hint, str(hint))
