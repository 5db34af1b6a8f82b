"""Replays a folder of reference numbers of one model with our code: stages, scores, losses and gradients."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from parity_files import Golden, Numbers
from parity_ral import ral_stages
from parity_shared import backward, gradients, named_scores, score_grid
from torch import Tensor
from torch.nn import functional as F

from ral_core.models import RAL, ModelConfig, PRVRModel, RALConfig, build_model
from ral_core.models.gmmformer import GMMFormer
from ral_core.models.gmmformer_v2 import GMMFormerV2
from ral_core.models.ms_sl import MSSL
from ral_core.models.names import from_official
from ral_core.tensors import QueryBatch, QueryTokens, VideoBatch, VideoTokens
from ral_core.training import losses
from ral_core.training.batches import TrainBatch
from ral_core.training.draws import RecordedDraws
from ral_core.training.objectives import ObjectiveConfig

SYSTEMS = {
    "ms_sl": ("ms_sl", False),
    "gmmformer": ("gmmformer", False),
    "gmmformer_v2": ("gmmformer_v2", False),
    "ral_gmmformer_v2": ("gmmformer_v2", True),
    "RAL on ms_sl": ("ms_sl", True),
    "RAL on gmmformer": ("gmmformer", True),
}


@dataclass(frozen=True)
class Replay:
    """A model in evaluation mode with the recorded batch."""

    golden: Golden
    model: PRVRModel
    batch: TrainBatch
    objective: ObjectiveConfig

    @property
    def backbone(self) -> PRVRModel:
        """The model, or what RAL wraps."""
        return self.model.backbone if isinstance(self.model, RAL) else self.model


def system_of(golden: Golden) -> tuple[str, bool] | None:
    """Backbone and whether RAL is around it, or None when the folder is of something else."""
    return SYSTEMS.get(str(golden.config.get("system", "")).split(" (")[0])


def open_replay(golden: Golden) -> Replay:
    """Build the model of a folder, load its weights by their official names, and pack its batch."""
    found = system_of(golden)
    assert found is not None
    name, wrapped = found
    settings = golden.config.get("model_and_loss_config") or golden.config["model_config"]
    scales = golden.config.get("eval_config", settings)
    config = ModelConfig(
        name=name,
        ral=RALConfig() if wrapped else None,
        visual_width=settings.get("visual_feat_dim", settings.get("visual_input_size")),
        text_width=settings.get("q_feat_size", settings.get("query_input_size")),
        width=settings["hidden_size"],
        heads=settings["n_heads"],
        clips=settings["map_size"],
        max_frames=settings["max_ctx_l"],
        max_words=settings["max_desc_l"],
        sft_factor=settings.get("sft_factor", 1.0),
        clip_weight=scales.get("clip_scale_w", 0.5),
        frame_weight=scales.get("frame_scale_w", 0.5),
        profile="reference",
    )
    model = build_model(config).eval()
    model.load_state_dict(from_official(model, golden.weights))
    inputs, frames = golden.inputs, golden.inputs["frame_video_features"]
    mask = inputs["videos_mask"].bool()
    if name == "gmmformer_v2" or wrapped:  # their frame tokens have max_frames rows in the record
        room = config.max_frames - frames.shape[1]
        frames, mask = F.pad(frames, (0, 0, 0, room)), F.pad(mask, (0, room))
    batch = TrainBatch(
        VideoBatch(inputs["clip_video_features"], frames, mask),
        QueryBatch(inputs["text_feat"], inputs["text_mask"].bool()),
        inputs["text_labels"],
    )
    return Replay(golden, model, batch, objective_of(golden.config, settings, name))


def objective_of(config: dict[str, Any], settings: dict[str, Any], name: str) -> ObjectiveConfig:
    """Weights as recorded; the two that are constants in the official code are our defaults."""
    factors = settings.get("loss_factor") or config.get("loss_factor") or [0.02, 0.04]
    clip, frame, qdl, ot = [*factors, 0.0, 0.0][:4]
    rho, alpha, power = [*(settings.get("neg_factor") or config.get("neg_factor") or [0.15, 32]), 1.0][:3]
    return ObjectiveConfig(
        clip_nce=clip,
        frame_nce=frame,
        diversity=qdl,
        matching=ot,
        margin=settings["margin"],
        diversity_shift=rho,
        diversity_scale=alpha,
        diversity_power=power,
        diversity_log_of_sum=name != "gmmformer_v2",
    )


def replay_system(golden: Golden) -> Numbers:
    """Everything of a system's folder that this project computes too."""
    replay = open_replay(golden)
    model, batch, owner = replay.model, replay.batch, replay.batch.owner
    numbers: Numbers = {}
    with torch.no_grad():
        videos, queries = model.encode_video(batch.videos), model.encode_query(batch.queries)
        scores = model.training_scores(queries, videos, owner)
        numbers |= {
            "enc_clip": videos.clips,
            "enc_frame": videos.frames,
            "query_vec": queries.sentence,
            "clip_scores": scores.cosine.clip,
            "clip_scores_unnorm": scores.dot.clip,
            "frame_scores": scores.cosine.frame,
            "frame_scores_unnorm": scores.dot.frame,
        }
        numbers |= text_stages(replay) | video_stages(replay, queries, videos)
        numbers |= raw_losses(replay, queries, videos)
        if isinstance(model, RAL):
            numbers |= ral_stages(model, golden.inputs, owner, queries, videos)
        if "eval_video_order" in golden.config:
            numbers |= evaluation(replay)
    for mode in ("hard_pool1", "hard_pool2", "easy"):
        if f"{mode}/total" in golden.outputs:
            numbers |= training_loss(replay, mode)
    return numbers


def text_stages(replay: Replay) -> Numbers:
    """Sentence branch before its pooling."""
    query, batch = replay.backbone.query, replay.batch.queries
    tokens = query.tokens(batch)
    return {"query_tokens": tokens, "query_pool_logits": query.pooling.direction(tokens)}


def video_stages(replay: Replay, queries: QueryTokens, videos: VideoTokens) -> Numbers:
    """Intermediate results that a backbone's folder records."""
    backbone, batch = replay.backbone, replay.batch.videos
    mask = batch.frame_mask
    if isinstance(backbone, GMMFormerV2):
        stages: Numbers = {}
        for name, branch, x, real in (
            ("clip", backbone.clip, batch.clips, None),
            ("frame", backbone.frame, batch.frames, mask),
        ):
            outputs = branch.encoder.branch_outputs(branch.embed(x), real)
            logits = branch.encoder.mixture_logits(outputs, backbone.weight_token, real)
            stages |= {f"{name}_attn{i}": outputs[:, i] for i in range(outputs.shape[1])}
            stages[f"{name}_branch_logits"] = logits
        return stages
    if isinstance(backbone, GMMFormer):
        length = batch.frames.shape[1]
        first = backbone.frame.encoder(backbone.frame.embed(batch.frames), length, mask)
        second = backbone.frame.encoder2(first, length, mask)
        clips = backbone.clip.encoder(backbone.clip.embed(batch.clips), batch.clips.shape[1])
        stages = {"clip_block1": clips, "frame_block1": first, "frame_block2": second}
        if not isinstance(replay.model, RAL):
            stages["frame_pool_logits"] = backbone.frame.pooling.direction(second)
            stages["enc_frame"] = backbone.frame.pooling(videos.frames, mask)
        return stages
    assert isinstance(backbone, MSSL)
    stages = {"enc_clip_tokens": videos.clips, "enc_clip": backbone.candidates(videos) @ videos.clips}
    if not isinstance(replay.model, RAL):
        stages["key_clip_index"] = backbone.key_clips(queries, videos)
        stages["frame_feat_train"] = backbone.own_guided(queries, videos, replay.batch.owner)
        stages["enc_frame"] = backbone.frame(batch.frames, mask)  # before we clear the padding
    return stages


def raw_losses(replay: Replay, queries: QueryTokens, videos: VideoTokens) -> Numbers:
    """Terms without random draws, before their weights."""
    model, owner, config = replay.model, replay.batch.owner, replay.objective
    scores = model.training_scores(queries, videos, owner)
    frame = losses.paired_contrastive if scores.paired else losses.contrastive
    numbers = {
        "clip_nce_raw": losses.contrastive(scores.dot.clip, owner),
        "frame_nce_raw": frame(scores.dot.frame, owner),
        "ot_loss_raw": losses.matching(queries.sentence, videos.clips, owner),
    }
    shape = (config.diversity_shift, config.diversity_scale, config.diversity_power)
    numbers["qdl_raw"] = losses.diversity(
        queries.sentence, owner, *shape, log_of_sum=config.diversity_log_of_sum
    )
    return numbers


def training_loss(replay: Replay, mode: str) -> Numbers:
    """Triplet losses, their total with all other terms, and the gradients of the hardest mode."""
    golden, model = replay.golden, replay.model
    hard = mode.startswith("hard_pool")
    config = replace(
        replay.objective,
        hard_from_epoch=0 if hard else 1,
        hard_pool=int(mode.removeprefix("hard_pool")) if hard else 1,
    )
    terms = backward(model, replay.batch, config, RecordedDraws(recorded_draws(replay, mode)))
    numbers: Numbers = {
        f"{mode}/clip_trip": terms["clip_triplet"],
        f"{mode}/frame_trip": terms["frame_triplet"],
        f"{mode}/total": terms["total"],
    }
    if mode == "hard_pool1" and "grad_stats_of_hard_pool1_total" in golden.config:
        for name, gradient in gradients(model).items():
            numbers[f"grad/{name}"] = torch.stack([gradient.norm(), gradient.abs().max()])
    return numbers


def recorded_draws(replay: Replay, mode: str) -> dict[str, Tensor]:
    """Draws by the names our losses use. Recorded places count the positive as 0, but not those of `v2t`."""
    inputs, draws = replay.golden.inputs, {}
    for name in ("clip_t2v", "clip_v2t", "frame_t2v", "frame_v2t", "frame_ctx", "frame_q"):
        values = inputs.get(f"draws/{mode}/{name}")
        if values is None:  # a pool of one leaves no choice, so it is not always recorded
            draws[name] = torch.zeros(len(replay.batch.owner), dtype=torch.int64)
        else:
            draws[name] = values if name.endswith("v2t") else values - 1
    return draws | {name: inputs[name] for name in ("eps_text", "eps_video") if name in inputs}


def evaluation(replay: Replay) -> Numbers:
    """Scores of the inference path: videos and queries in their own batches, orders as recorded."""
    config, model = replay.golden.config, replay.model
    sizes = config.get("eval_config") or config["model_and_loss_config"]
    video_rows = positions(config["batch_video_ids_in_batch_order"], config["eval_video_order"])
    query_rows = positions(config["batch_caption_ids_in_row_order"], config["eval_query_order"])
    queries = [
        model.encode_query(replay.batch.queries.rows(rows))
        for rows in query_rows.split(sizes["eval_query_bsz"])
    ]
    videos = list(encoded_videos(replay, video_rows, sizes))
    return named_scores(model, score_grid(model, queries, videos), fused="score_sum")


def encoded_videos(replay: Replay, rows: Tensor, sizes: dict[str, int]) -> Iterator[VideoTokens]:
    """Videos in evaluation batches, each cut to its longest video as the official loader pads it."""
    for part in rows.split(sizes["eval_context_bsz"]):
        videos = replay.batch.videos.rows(part)
        longest = int(videos.frame_mask.sum(1).max())
        yield replay.model.encode_video(
            VideoBatch(videos.clips, videos.frames[:, :longest], videos.frame_mask[:, :longest])
        )


def positions(names: list[str], wanted: list[str]) -> Tensor:
    """Where each wanted name stands in `names`."""
    return torch.tensor([names.index(name) for name in wanted])


def expected_gradients(golden: Golden) -> dict[str, Tensor]:
    """Norm and largest size of every recorded gradient, under the names `training_loss` gives them."""
    stats = golden.config.get("grad_stats_of_hard_pool1_total", {})
    return {f"grad/{name}": torch.tensor([row["l2"], row["absmax"]]) for name, row in stats.items()}
