"""Replays a folder of MS-SL++: stages, clusters, scores, losses, gradients, a short training run, evaluation."""

from __future__ import annotations

import torch
from parity_files import Golden, Numbers
from parity_shared import (
    backward,
    batched,
    draws_of,
    metrics,
    named_scores,
    recorded_gradients,
    score_grid,
    training_batch,
    training_run,
)
from torch import Tensor, nn

from ral_core.features.pooling import pool_rows, unit_rows
from ral_core.models import ModelConfig, build_model
from ral_core.models.layers import Branch
from ral_core.models.medoids import assigned, distances, medoids_of, spread_seeds, updated
from ral_core.models.ms_sl import run_means
from ral_core.models.ms_sl_plus import MSSLPlus, length_code, run_bounds
from ral_core.models.names import from_official
from ral_core.tensors import QueryBatch, VideoBatch, VideoTokens, pad_stack
from ral_core.training import losses
from ral_core.training.batches import TrainBatch
from ral_core.training.objectives import ObjectiveConfig
from ral_core.training.optimizer import BertAdam, schedule

DRAWS = {"clip_t2v": "clip_t2v", "clip_v2t": "clip_v2t", "frame_rows": "frame_ctx", "frame_cols": "frame_q"}


def is_msslpp(golden: Golden) -> bool:
    """Whether a folder is of this kind."""
    return golden.config.get("system") == "msslpp"


def open_model(golden: Golden) -> MSSLPlus:
    """The model with the folder's weights, in evaluation mode."""
    settings = golden.config["model_config"]
    config = ModelConfig(
        name="ms_sl_plus",
        visual_width=settings["visual_input_size"],
        text_width=settings["query_input_size"],
        width=settings["hidden_size"],
        heads=settings["n_heads"],
        clips=settings["map_size"],
        clusters=settings["cluster_num"],
        max_frames=settings["max_ctx_l"],
        max_words=settings["max_desc_l"],
        clip_weight=0.7,  # literals of the official evaluation
        frame_weight=0.3,
        profile="reference",
    )
    model = build_model(config).eval()
    assert isinstance(model, MSSLPlus)
    model.load_state_dict(from_official(model, golden.weights))
    return model


def replay_msslpp(golden: Golden) -> Numbers:
    """Everything of the folder that this project computes too."""
    model, batch = open_model(golden), training_batch(golden)
    with torch.no_grad():
        numbers = stages(model, batch) | clusters(model, golden) | scores(model, batch)
        numbers |= evaluation(model, golden)
        numbers |= metrics(golden, numbers)
    for mode in ("easy", "hard"):
        numbers |= losses_of(model, batch, golden, mode)
    return numbers | toy_optimizer(golden) | clustered_run(golden)


def stages(model: MSSLPlus, batch: TrainBatch) -> Numbers:
    """Every layer's output."""
    numbers: Numbers = {}
    videos, queries = batch.videos, batch.queries
    inputs: list[tuple[str, Branch, Tensor]] = [
        ("query", model.query, queries.words),
        ("clip", model.clip, videos.clips),
        ("frame", model.frame, videos.frames),
    ]
    masks = {"query": queries.word_mask, "clip": None, "frame": videos.frame_mask}
    for name, branch, x in inputs:
        numbers[f"stage/{name}_input_proj"] = branch.projection(x)
        numbers[f"stage/{name}_pos_embed"] = branch.embed(x)
        numbers[f"stage/{name}_encoder"] = branch.encoder(branch.embed(x), masks[name])
    clips, tokens = numbers["stage/clip_encoder"], numbers["stage/query_encoder"]
    runs, bounds = run_means(clips.shape[1]) @ clips, run_bounds(clips.shape[1])
    return numbers | {
        "stage/modular_vector_mapping": model.query.pooling.direction(tokens),
        "enc/query_pool_weights": model.query.pooling.weights(tokens, queries.word_mask),
        "stage/proposals_all": runs,
        "stage/length_code": length_code(clips.shape[1]),
        "stage/length_index": bounds[:, 1] - bounds[:, 0],
        "stage/cluster_input": model.cluster_input(runs, bounds),
        "enc/frames": numbers["stage/frame_encoder"],
    }


def clusters(model: MSSLPlus, golden: Golden) -> Numbers:
    """The clustering step by step, from the recorded input."""
    x, count = golden.outputs["stage/cluster_input"], model.config.clusters
    distance = distances(x)
    medoids = spread_seeds(x, distance, count)
    numbers = {"cluster/init_medoids": medoids}
    steps = []
    for _ in range(len(golden.outputs["cluster/iter_medoids"])):
        medoids = updated(distance, medoids)
        steps.append(medoids)
    final = medoids_of(x, count)
    bounds = run_bounds(model.config.clips)[final]
    without = medoids_of(x[..., : model.config.width], count)
    robust = golden.outputs["ablate/no_length_robust"].bool()[:, None]
    return numbers | {
        "cluster/iter_medoids": torch.stack(steps),
        "cluster/final_medoids": final,
        "cluster/final_assign": assigned(distance, final),
        "cluster/key_clip_start": bounds[..., 0],
        "cluster/key_clip_window_len": bounds[..., 1] - bounds[..., 0] + 1,
        # rows that hang on rounding are not comparable, as the folder says
        "ablate/no_length_medoids": torch.where(robust, without, golden.outputs["ablate/no_length_medoids"]),
    }


def scores(model: MSSLPlus, batch: TrainBatch) -> Numbers:
    """Key clips, guided frames and both kinds of scores."""
    queries, videos = model.encode_query(batch.queries), model.encode_video(batch.videos)
    made = model.training_scores(queries, videos, batch.owner)
    key = model.key_clips(queries, videos)
    weights = model.attention(key, videos)
    every = VideoTokens(
        run_means(model.config.clips) @ model.clip(batch.videos.clips), videos.frames, videos.frame_mask
    )
    return {
        "enc/query": queries.sentence,
        "enc/key_clips": videos.clips,
        "score/clip_cos": made.cosine.clip,
        "score/clip_dot": made.dot.clip,
        "score/frame_train_cos": made.cosine.frame,
        "score/frame_train_dot": made.dot.frame,
        "score/key_clip_index": key,
        "kcga/infer_weights": weights.permute(1, 2, 0),
        "kcga/infer_feat": weights.transpose(0, 1) @ model.guided.value(videos.frames),
        "kcga/train_feat": model.own_guided(queries, videos, batch.owner),
        "kcga/train_selected_index": key.gather(1, batch.owner[:, None])[:, 0],
        "ablate/no_cluster_clip_cos": model.clip_scores(queries, every),
    }


def losses_of(model: MSSLPlus, batch: TrainBatch, golden: Golden, mode: str) -> Numbers:
    """Every term and its gradients."""
    draws = draws_of(golden.outputs, DRAWS, f"loss/{mode}/draw_")
    terms = backward(model, batch, objective_config(golden, mode), draws)
    queries, videos = model.encode_query(batch.queries), model.encode_video(batch.videos)
    dot = model.training_scores(queries, videos, batch.owner).dot
    numbers = {
        f"loss/{mode}/clip_nce_loss": terms["clip_nce"],
        f"loss/{mode}/clip_nce_unweighted": losses.contrastive(dot.clip, batch.owner),
        f"loss/{mode}/clip_trip_loss": terms["clip_triplet"],
        f"loss/{mode}/frame_nce_loss": terms["frame_nce"],
        f"loss/{mode}/frame_nce_unweighted": losses.paired_contrastive(
            dot.frame, batch.owner, two_sided=True
        ),
        f"loss/{mode}/frame_trip_loss": terms["frame_triplet"],
        f"loss/{mode}/loss_overall": terms["total"],
    }
    numbers = {name: value.detach() for name, value in numbers.items()}
    return numbers | recorded_gradients(model, mode)


def objective_config(golden: Golden, mode: str) -> ObjectiveConfig:
    """The weights that are constants in the official code."""
    settings = golden.config["model_config"]
    return ObjectiveConfig(
        clip_nce=0.02,
        frame_nce=0.03,
        diversity=0,
        matching=0,
        margin=settings["margin"],
        hard_pool=settings["hard_pool_size"],
        hard_from_epoch=0 if mode == "hard" else 1,
        paired_two_sided=True,
    )


def clustered_run(golden: Golden) -> Numbers:
    """A short training run, with the clips that are chosen before each step."""
    model, batch = open_model(golden), training_batch(golden)

    @torch.no_grad()
    def chosen() -> Tensor:
        clips = model.clip(batch.videos.clips)
        runs, bounds = run_means(clips.shape[1]) @ clips, run_bounds(clips.shape[1])
        return medoids_of(model.cluster_input(runs, bounds), model.config.clusters)

    return training_run(golden, model, objective_config(golden, "easy"), DRAWS, chosen)


def toy_optimizer(golden: Golden) -> Numbers:
    """A weight that decays and a bias that does not, step by step."""
    given, steps = golden.inputs, len(golden.outputs["opt/lr"])
    toy = nn.ParameterDict({"w": given["opt/w0"].clone(), "b": given["opt/b0"].clone()})
    groups = [{"params": [toy["w"]], "weight_decay": 0.01}, {"params": [toy["b"]]}]
    optimizer = BertAdam(groups, 2.5e-4, steps, warmup=0.25)
    rows: dict[str, list[Tensor]] = {"w": [], "b": []}
    for step in range(steps):
        for name, parameter in toy.items():
            parameter.grad = given[f"opt/grad_{name}"][step].clone()
        optimizer.step()
        for name, parameter in toy.items():
            rows[name].append(parameter.detach().clone())
    rates = [2.5e-4 * schedule(step / steps, 0.25) for step in range(steps)]
    numbers = {f"opt/{name}": torch.stack(values) for name, values in rows.items()}
    return numbers | {"opt/lr": torch.tensor(rates, dtype=torch.float64)}


def evaluation(model: MSSLPlus, golden: Golden) -> Numbers:
    """Scores from raw features, in evaluation batches."""
    config, settings = golden.config, golden.config["model_config"]
    videos, queries = config["eval_video_order"], config["eval_query_order"]
    encoded = [encode_raw(model, golden, part) for part in batched(videos, config["eval_context_bsz"])]
    tokens = []
    for part in batched(queries, config["eval_query_bsz"]):
        words = [unit_rows(golden.inputs[f"raw/text/{name}"]) for name in part]
        tokens.append(
            model.encode_query(QueryBatch(*pad_stack([row[: settings["max_desc_l"]] for row in words])))
        )
    longest = golden.outputs["eval/video_mask"].shape[1]
    rows = [row[real] for one in encoded for row, real in zip(one.frames, one.frame_mask, strict=True)]
    frames, mask = pad_stack(rows, longest)
    return named_scores(model, score_grid(model, tokens, encoded)) | {
        "eval/video_proposal_feat": torch.cat([one.clips for one in encoded]),
        "eval/video_mask": mask.float(),
        # theirs has leftovers in padded rows, which nothing reads
        "eval/video_feat": torch.where(mask[..., None], frames, golden.outputs["eval/video_feat"]),
    }


def encode_raw(model: MSSLPlus, golden: Golden, names: list[str]) -> VideoTokens:
    """Videos from their raw frames, pooled the official way."""
    config = model.config
    clips, frames, kind = [], [], torch.get_default_dtype()
    for name in names:
        raw = golden.inputs[f"raw/video/{name}"].double()
        clips.append(unit_rows(pool_rows(raw, config.clips, legacy=True)).to(kind))
        pooled = raw if len(raw) <= config.max_frames else pool_rows(raw, config.max_frames, legacy=True)
        frames.append(unit_rows(pooled).to(kind))
    return model.encode_video(VideoBatch(torch.stack(clips), *pad_stack(frames)))
