"""Which loss terms, with which weights, for which model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ral_core.models import RAL, PRVRModel
from ral_core.models.config import Choices
from ral_core.models.gaussian import mean_of_tokens
from ral_core.models.layers import unit
from ral_core.models.msc import MSC
from ral_core.models.scoring import TrainingScores
from ral_core.settings import at_least, one_of
from ral_core.tensors import Gaussian, QueryBatch, QueryTokens, VideoBatch, VideoTokens
from ral_core.training.batches import TrainBatch
from ral_core.training.correlation import angle_loss, distance_loss, segment_alignment, segment_means
from ral_core.training.draws import Draws, RandomDraws
from ral_core.training.losses import (
    contrastive,
    distribution_alignment,
    distribution_alignment_reference,
    diversity,
    matching,
    paired_contrastive,
    paired_triplet,
    proxy_matching,
    triplet,
)

Terms = dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class ObjectiveConfig:
    """Weights and settings of the loss terms; a weight of 0 leaves the term out. Defaults: RAL on TVR."""

    clip_nce: float = 0.05
    """Contrastive loss of the clip scores."""
    frame_nce: float = 0.04
    """Contrastive loss of the frame scores."""
    clip_triplet: float = 1.0
    frame_triplet: float = 1.0
    diversity: float = 8e-5
    """Query diversity (QDL)."""
    matching: float = 0.09
    """Captions matched to clips one to one (OT)."""
    proxy: float = 4e-3
    """Proxy matching (PM), with RAL only."""
    distribution: float = 2.5e-4
    """Distribution alignment (DA), with RAL only."""
    text_distance: float = 15.0
    """Distances between sentences (TCPL), with MSC only."""
    text_angle: float = 30.0
    """Angles between sentences (TCPL), with MSC only."""
    cross_branch: float = 0.1
    """Frames against segments (CBVA), with MSC only."""
    margin: float = 0.1
    """Of the triplet losses."""
    hard_pool: int = 20
    """A hard negative video is drawn from this many best."""
    hard_from_epoch: int = 20
    """The first epoch, counted from 0, with hard negatives."""
    diversity_shift: float = 0.15
    diversity_scale: float = 32.0
    diversity_power: float = 1.0
    diversity_log_of_sum: bool = False
    """GMMFormer's form of query diversity instead of GMMFormer v2's."""
    paired_two_sided: bool = False
    """MS-SL++'s form of the query-by-query contrastive loss instead of MS-SL's."""
    precision: str = "float32"
    """Of the video encoders' products in training: `float32`, or `bfloat16` where speed matters more.
    Scores and losses are always float32."""

    def __post_init__(self) -> None:
        for name in (
            "clip_nce",
            "frame_nce",
            "clip_triplet",
            "frame_triplet",
            "diversity",
            "matching",
            "proxy",
            "distribution",
            "text_distance",
            "text_angle",
            "cross_branch",
            "margin",
            "hard_from_epoch",
        ):
            at_least(name, getattr(self, name), 0)
        at_least("hard_pool", self.hard_pool, 1)
        one_of("precision", self.precision, ("float32", "bfloat16"))


def objective(
    model: PRVRModel,
    batch: TrainBatch,
    config: ObjectiveConfig,
    *,
    epoch: int = 0,
    draws: Draws | None = None,
    generator: torch.Generator | None = None,
) -> Terms:
    """Every weighted term of the training loss, by name; their sum is what a step goes down.

    Random negatives and noise come from `draws`, by default fresh ones from `generator`.
    """
    draws = draws or RandomDraws(generator)
    videos = encoded_videos(model, batch.videos, config.precision)
    queries = model.encode_query(batch.queries)
    scores = model.training_scores(queries, videos, batch.owner)
    sentences = queries.sentence
    if model.config.choices.double_query_pass and (config.diversity or config.matching):
        sentences = model.encode_sentence(batch.queries)  # official: fresh dropout for these two terms
    pool = config.hard_pool if epoch >= config.hard_from_epoch else None

    terms = score_terms(scores, batch.owner, config, model.config.choices, draws, pool)
    terms |= weighted(
        config,
        {
            "diversity": lambda: diversity(
                sentences,
                batch.owner,
                config.diversity_shift,
                config.diversity_scale,
                config.diversity_power,
                log_of_sum=config.diversity_log_of_sum,
            ),
            "matching": lambda: matching(sentences, videos.clips, batch.owner),
        },
    )
    if isinstance(model, RAL):
        terms |= alignment_terms(model, queries, videos, batch.owner, config, draws)
    backbone = model.backbone if isinstance(model, RAL) else model
    if isinstance(backbone, MSC):
        terms |= correlation_terms(backbone, queries, videos, batch, config)
    return terms


def encoded_videos(model: PRVRModel, videos: VideoBatch, precision: str) -> VideoTokens:
    """Video tokens as the model's own kind of numbers, or as float32 from encoders that multiply in bfloat16."""
    if precision == "float32":
        return model.encode_video(videos)
    with torch.autocast(videos.clips.device.type, torch.bfloat16):
        tokens = model.encode_video(videos)
    return replace(tokens, clips=tokens.clips.float(), frames=tokens.frames.float())


def objective_of(
    config: ObjectiveConfig, generator: torch.Generator | None = None
) -> Callable[[PRVRModel, TrainBatch, int], Terms]:
    """The objective with its settings filled in: (model, batch, epoch) to weighted terms."""

    def terms(model: PRVRModel, batch: TrainBatch, epoch: int) -> Terms:
        return objective(model, batch, config, epoch=epoch, generator=generator)

    return terms


def score_terms(
    scores: TrainingScores,
    owner: Tensor,
    config: ObjectiveConfig,
    choices: Choices,
    draws: Draws,
    pool: int | None,
) -> Terms:
    """Contrastive losses on dot products and triplet losses on cosines, for both branches."""
    clip, margin = scores.cosine.clip, config.margin
    clips = weighted(
        config,
        {
            "clip_nce": lambda: contrastive(scores.dot.clip, owner),
            "clip_triplet": lambda: triplet(clip, owner, margin, draws, name="clip", pool=pool),
        },
    )
    terms = clips | frame_terms(scores, owner, config, choices, draws, pool, "frame")
    if scores.native is not None:  # the backbone's own frame score as a third one
        native = frame_terms(scores.native, owner, config, choices, draws, pool, "native")
        terms |= {f"native_{name}": term for name, term in native.items()}
    return terms


def frame_terms(
    scores: TrainingScores,
    owner: Tensor,
    config: ObjectiveConfig,
    choices: Choices,
    draws: Draws,
    pool: int | None,
    name: str,
) -> Terms:
    """The two losses of the frame scores, (Q, V) or paired (Q, Q); draws are called by `name`."""
    margin, apart, two_sided = config.margin, choices.mask_siblings, config.paired_two_sided
    frame, dot = scores.cosine.frame, scores.dot.frame

    def nce() -> Tensor:
        if scores.paired:
            return paired_contrastive(dot, owner, two_sided=two_sided, mask_siblings=apart)
        return contrastive(dot, owner)

    def hinge() -> Tensor:
        if scores.paired:
            return paired_triplet(frame, owner, margin, draws, name=name, pool=pool, mask_siblings=apart)
        return triplet(frame, owner, margin, draws, name=name, pool=pool)

    return weighted(config, {"frame_nce": nce, "frame_triplet": hinge})


def alignment_terms(
    model: RAL,
    queries: QueryTokens,
    videos: VideoTokens,
    owner: Tensor,
    config: ObjectiveConfig,
    draws: Draws,
) -> Terms:
    """RAL's two terms on the Gaussians of videos with captions and of their captions.

    The captions of a video share one Gaussian, or with `support` = `own` have one each. Text noise is drawn
    before video noise, as in the official code.
    """
    if not (config.proxy or config.distribution):
        return {}
    present, owner = owner.unique(return_inverse=True)
    sets = torch.arange(len(present), device=owner.device)  # the video of each text Gaussian
    if model.settings.support == "own":
        text = model.text_gaussian(queries, torch.arange(len(owner), device=owner.device), len(owner))
        sets = owner
    else:
        text = model.text_gaussian(queries, owner, len(present))
    video = model.video_gaussian(videos.rows(present))
    text_proxies = proxies_of(text, "eps_text", model.proxies, draws)
    video_proxies = proxies_of(video, "eps_video", model.proxies, draws)

    def alignment() -> Tensor:
        if model.config.choices.da_form == "exact":
            return distribution_alignment(video.rows(sets), text)
        return distribution_alignment_reference(video_proxies[sets], text_proxies, video.rows(sets), text)

    return weighted(
        config,
        {"proxy": lambda: proxy_matching(video_proxies, text_proxies, sets), "distribution": alignment},
    )


def proxies_of(one: Gaussian, name: str, count: int, draws: Draws) -> Tensor:
    """`count` samples of each Gaussian (B, K, D), from the draw of this name."""
    return one.proxies(draws.normal(name, one.mean[:, None].expand(-1, count, -1)))


def correlation_terms(
    model: MSC, queries: QueryTokens, videos: VideoTokens, batch: TrainBatch, config: ObjectiveConfig
) -> Terms:
    """MSC's terms on the geometry of sentences and on frames against segments."""
    teachers = teacher_vectors(batch.queries, model.config.choices.teacher)

    def cross_branch() -> Tensor:
        runs = model.with_runs(model.checked_videos(batch.videos))
        assert runs.clip_sizes is not None and runs.clip_labels is not None
        segment = model.segments(runs)
        means = segment_means(model.align(videos.clips), runs.clip_sizes, segment)
        frames, own = model.align(videos.frames), segment.gather(1, runs.clip_labels)
        return segment_alignment(frames, videos.frame_mask, own, means, segment.amax(1) + 1).mean()

    return weighted(
        config,
        {
            "text_distance": lambda: distance_loss(queries.sentence, teachers),
            "text_angle": lambda: angle_loss(queries.sentence, teachers),
            "cross_branch": cross_branch,
        },
    )


def teacher_vectors(queries: QueryBatch, kind: str) -> Tensor:
    """What a query's features say as a whole (Q, Dt): their mean, or the last, which in CLIP sums the text up.

    Word pieces without such a last token, like ours, need the mean.
    """
    if kind == "mean":
        return unit(mean_of_tokens(queries.words, queries.word_mask))
    last = queries.word_mask.sum(1) - 1
    return queries.words[torch.arange(len(last), device=last.device), last]


def weighted(config: ObjectiveConfig, losses: dict[str, Callable[[], Tensor]]) -> Terms:
    """Each loss times the weight of its name; what weighs nothing is not computed."""
    weights = {name: getattr(config, name) for name in losses}
    return {name: weights[name] * loss() for name, loss in losses.items() if weights[name]}
