"""What a model is made of, as frozen settings that travel as JSON beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

from ral_core.errors import DataError
from ral_core.settings import at_least, from_mapping, one_of, refuse_unknown


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Where the official code does something surprising: ours (the defaults) or theirs.

    Source: the papers' code, compared with what a careful reading would do. Every use names its reason.
    """

    frame_zero_floor: bool = False
    """Let zero rows of padding take part in the maximum over frames, which floors short videos at 0."""
    msra_mask: bool = True
    """Keep padded frames and words out of the attention pooling of the Gaussian heads."""
    support_slots: int = 0
    """Captions a support buffer has room for; 0: as many as the largest set needs, nothing more."""
    gate_input: str = "same_as_score"
    """What the word gate reads: the tokens of the score at hand, or always `unit` tokens."""
    da_form: str = "exact"
    """Distribution alignment: `exact` divergences of the two Gaussians, or the `reference` mixture."""
    gmm_pad: str = "fixed"
    """GMMFormer's windows span `max_frames` (`fixed`), or the longest video of the batch (`batch`)."""
    mask_siblings: bool = True
    """Do not use captions of the same video as negatives in query-by-query losses (MS-SL, MS-SL++)."""
    legacy_bins: bool = False
    """Pool with bin edges that lose the last frame of long videos."""
    decay_norm_gains: bool = False
    """Let weight decay shrink the gains of normalisations whose name the official rule does not know."""
    teacher: str = "mean"
    """What MSC's text loss learns distances from: the `mean` of a query's word features, or their `last`."""
    merge_by: str = "cosine"
    """What MSC merges neighbouring frames by: `cosine`, or `dot` products, where longer vectors go first."""
    share_alike: str = "linked"
    """How MSC decides how alike a video is: by clips `linked` through chains of similar ones (its code), or by
    similar `pairs` alone (its paper)."""
    cluster_drop: bool = True
    """Choose MS-SL++'s key clips under dropout while training, as published; without it as in search."""
    paired_frames: bool = True
    """Train MS-SL's frame score on each query's own guided video only, as published; without it on every pair,
    as in search."""
    double_query_pass: bool = False
    """Encode the queries a second time, with new dropout, for the diversity and transport terms."""

    def __post_init__(self) -> None:
        one_of("gate_input", self.gate_input, ("same_as_score", "unit"))
        one_of("da_form", self.da_form, ("exact", "reference"))
        one_of("gmm_pad", self.gmm_pad, ("fixed", "batch"))
        one_of("teacher", self.teacher, ("mean", "last"))
        one_of("merge_by", self.merge_by, ("cosine", "dot"))
        one_of("share_alike", self.share_alike, ("linked", "pairs"))
        at_least("support_slots", self.support_slots, 0)


PROFILES = {
    "careful": Choices(),
    "reference": Choices(
        frame_zero_floor=True,
        msra_mask=False,
        support_slots=26,
        da_form="reference",
        gmm_pad="batch",
        mask_siblings=False,
        legacy_bins=True,
        decay_norm_gains=True,
        teacher="last",
        merge_by="dot",
        double_query_pass=True,
    ),
}


@dataclass(frozen=True, kw_only=True)
class RALConfig:
    """Settings of the robust-alignment wrapper; defaults follow the released code."""

    proxies: int = 6
    """Samples drawn from each Gaussian in training (K)."""
    gate: bool = True
    """Learn how much each word counts; without it all words of a query count the same."""
    support: str = "all"
    """What a text Gaussian is made of: `all` captions of a video together, or each caption of its `own`."""
    video_to_text: bool = False
    """UATVR: average the score with its mirror image, where every frame looks for its best word."""
    frame_gate: bool = False
    """UATVR: learn how much each frame counts in `video_to_text`; without it all frames count the same."""
    native_frame: float = 0.0
    """Share of the frame score that stays the backbone's own, which then also keeps its loss terms; RAL's
    published form replaces it altogether (0)."""

    def __post_init__(self) -> None:
        at_least("proxies", self.proxies, 1)
        one_of("support", self.support, ("all", "own"))
        if self.frame_gate and not self.video_to_text:
            raise DataError("frame_gate weighs the frames of video_to_text; turn that on too.")
        if not 0 <= self.native_frame < 1:
            raise DataError(f"native_frame must be at least 0 and below 1, not {self.native_frame}.")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """Everything needed to build a model before its weights are loaded."""

    name: str = "gmmformer_v2"
    """The backbone, one of `BACKBONES` or of another package (`models.plugins`)."""
    visual_width: int
    """Width of a frame feature (Dv)."""
    text_width: int
    """Width of a word feature (Dt)."""
    ral: RALConfig | None = None
    """Robust alignment around the backbone, or None for the backbone alone."""
    width: int = 384
    """Width of every token inside the model (D)."""
    heads: int = 4
    clips: int = 32
    """Segments a video is pooled into (C)."""
    clusters: int = 32
    """Runs of clips that MS-SL++ keeps (K); other backbones have no use for it."""
    max_frames: int = 128
    """Most frames of a video, and the span of its position table and windows."""
    max_words: int = 30
    input_drop: float = 0.2
    """Dropout of the input projections and positions."""
    drop: float = 0.2
    """Dropout inside the encoders."""
    windows: tuple[float, ...] = ()
    """Widths of the Gaussian windows, one per branch, 0 for none; empty takes the backbone's own."""
    sft_factor: float = 0.09
    """Temperature of the mixture over branches (GMMFormer v2)."""
    similar: float = 0.8
    """Cosine above which MSC calls two clips alike, when it decides how many segments a video has."""
    clip_weight: float = 0.5
    """Share of the clip score in the fused score."""
    frame_weight: float = 0.5
    """Share of the frame score in the fused score."""
    profile: str = "careful"
    """`careful`, or `reference` to reproduce the official code."""
    options: Mapping[str, Any] = field(default_factory=dict)
    """Single choices that differ from the profile's, by name."""
    own: Mapping[str, Any] = field(default_factory=dict)
    """Settings that only a backbone of another package knows, which checks them itself; plain JSON values."""

    def __post_init__(self) -> None:
        for name in (
            "visual_width",
            "text_width",
            "width",
            "heads",
            "clips",
            "clusters",
            "max_frames",
            "max_words",
        ):
            at_least(name, getattr(self, name), 1)
        if self.width % self.heads:
            raise DataError(
                f"width {self.width} cannot be split into {self.heads} heads; change one of them."
            )
        for name in ("input_drop", "drop"):
            if not 0 <= getattr(self, name) < 1:
                raise DataError(f"{name} must be at least 0 and below 1, not {getattr(self, name)}.")
        for name in ("clip_weight", "frame_weight"):
            if getattr(self, name) < 0:
                raise DataError(f"{name} must not be negative, but is {getattr(self, name)}.")
        if self.sft_factor <= 0:
            raise DataError(f"sft_factor must be positive, not {self.sft_factor}.")
        if any(window < 0 for window in self.windows):
            raise DataError(f"windows must not be negative: {list(self.windows)}.")
        object.__setattr__(self, "windows", tuple(self.windows))  # JSON and TOML bring lists
        one_of("profile", self.profile, tuple(PROFILES))
        refuse_unknown("options", self.options, Choices)
        if not isinstance(self.own, Mapping):
            raise DataError(f"own must be a table of settings, not {self.own!r}.")
        _ = self.choices  # an option with a bad value speaks up here

    @cached_property
    def choices(self) -> Choices:
        """The profile's choices with this model's options applied."""
        return replace(PROFILES[self.profile], **self.options)

    def to_json(self) -> dict[str, Any]:
        """Plain values that `from_json` turns back into this config."""
        values = asdict(self) | {"windows": list(self.windows), "options": dict(self.options)}
        return values if self.own else {name: value for name, value in values.items() if name != "own"}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> ModelConfig:
        """The config written by `to_json`, or the [model] table of a preset."""
        values = dict(values)
        if isinstance(values.get("ral"), Mapping):
            values["ral"] = from_mapping(RALConfig, values["ral"], "model.ral")
        elif values.get("ral") is True:
            values["ral"] = RALConfig()
        elif values.get("ral") is False:
            values["ral"] = None
        return from_mapping(cls, values, "model")
