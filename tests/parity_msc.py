"""Replays a folder of MSC: stages, merging, both extra losses, gradients, a short training run, evaluation."""

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
from torch import Tensor
from torch.nn import functional as F

from ral_core.features.pooling import pool_rows, unit_rows
from ral_core.models import ModelConfig, build_model
from ral_core.models.gmmformer_v2 import WINDOWS
from ral_core.models.layers import gaussian_window
from ral_core.models.merging import (
    SEGMENT_STEPS,
    Merged,
    linked_share,
    match_halves,
    merge_neighbours,
    segment_counts,
)
from ral_core.models.msc import MSC
from ral_core.models.names import from_official
from ral_core.tensors import QueryBatch, VideoBatch, VideoTokens, pad_stack
from ral_core.training import correlation
from ral_core.training.batches import TrainBatch
from ral_core.training.objectives import ObjectiveConfig, teacher_vectors

DRAWS = {name: name for name in ("clip_t2v", "clip_v2t", "frame_t2v", "frame_v2t")}


def is_msc(golden: Golden) -> bool:
    """Whether a folder is of this kind."""
    return golden.config.get("system") == "msc"


def open_model(golden: Golden) -> MSC:
    """The model with the folder's weights, in evaluation mode."""
    settings = golden.config["model_config"]
    config = ModelConfig(
        name="msc",
        visual_width=settings["visual_feat_dim"],
        text_width=settings["q_feat_size"],
        width=settings["hidden_size"],
        heads=settings["n_heads"],
        clips=golden.inputs["train/merge_size"].shape[1],
        max_frames=settings["max_ctx_l"],
        max_words=settings["max_desc_l"],
        sft_factor=settings["sft_factor"],
        similar=settings["sim_thr"],
        clip_weight=settings["clip_scale_w"],
        frame_weight=settings["frame_scale_w"],
        profile="reference",
    )
    model = build_model(config).eval()
    assert isinstance(model, MSC)
    model.load_state_dict(from_official(model, golden.weights))
    return model


def replay_msc(golden: Golden) -> Numbers:
    """Everything of the folder that this project computes too."""
    model, batch = open_model(golden), training_batch(golden)
    with torch.no_grad():
        numbers = stages(model, batch) | padded_frames(model, golden) | windows(golden)
        numbers |= neighbours(golden) | texts(model, batch) | segments(model, batch, golden)
        numbers |= evaluation(model, golden)
        numbers |= metrics(golden, numbers)
    for mode in ("easy", "hard"):
        numbers |= losses_of(model, batch, golden, mode)
    return numbers | training_run(golden, open_model(golden), objective_config(golden, "easy"), DRAWS)


def stages(model: MSC, batch: TrainBatch) -> Numbers:
    """Every layer's output, and the scores."""
    videos, words, token = batch.videos, batch.queries, model.weight_token
    assert videos.clip_sizes is not None
    numbers: Numbers = {}
    bias = videos.clip_sizes.log()
    for name, branch, x in (
        ("query", model.query, words.words),
        ("clip", model.clip, videos.clips),
        ("frame", model.frame, videos.frames),
    ):
        numbers[f"stage/{name}_input_proj"] = branch.projection(x)
        numbers[f"stage/{name}_pos_embed"] = branch.embed(x)
    clip = model.clip.encoder.branch_outputs(numbers["stage/clip_pos_embed"], None, bias)
    frame = model.frame.encoder.branch_outputs(numbers["stage/frame_pos_embed"], videos.frame_mask)
    for name, block, outputs, mask in (
        ("clip", model.clip.encoder, clip, None),
        ("frame", model.frame.encoder, frame, videos.frame_mask),
    ):
        logits = block.mixture_logits(outputs, token, mask) / block.sft_factor
        numbers[f"stage/{name}_mix_weights"] = logits.softmax(1).transpose(1, 2)
    numbers["stage/clip_branches"] = clip.permute(0, 2, 3, 1)
    numbers |= {f"stage/frame_branch_{i}": frame[:, i] for i in range(frame.shape[1])}
    tokens = model.query.tokens(words)
    queries, encoded = model.encode_query(words), model.encode_video(videos)
    scores = model.training_scores(queries, encoded, batch.owner)
    return numbers | {
        "stage/query_encoder": tokens,
        "stage/modular_vector_mapping": model.query.pooling.direction(tokens),
        "enc/query_tokens": tokens,
        "enc/query_pool_weights": model.query.pooling.weights(tokens, words.word_mask),
        "enc/query": queries.sentence,
        "enc/clip": encoded.clips,
        "enc/frame": encoded.frames,
        "score/clip_cos": scores.cosine.clip,
        "score/clip_dot": scores.dot.clip,
        "score/frame_cos": scores.cosine.frame,
        "score/frame_dot": scores.dot.frame,
    }


def padded_frames(model: MSC, golden: Golden) -> Numbers:
    """Frames cut short and partly padded; the record goes on with zeros up to the table's length."""
    mask, expected = golden.inputs["pad/frame_mask"].bool(), golden.outputs["pad/frame_out"]
    batch = training_batch(golden).videos
    frames = batch.frames[:, : mask.shape[1]] * mask[..., None]
    videos = VideoBatch(batch.clips, frames, mask, batch.clip_sizes, batch.clip_labels)
    out = model.encode_video(videos).frames[: len(expected)]
    return {"pad/frame_out": F.pad(out, (0, 0, 0, expected.shape[1] - out.shape[1]))}


def windows(golden: Golden) -> Numbers:
    """Gaussian windows: all of the short ones, three rows of the long ones."""
    numbers = {"gauss/L32": torch.stack([gaussian_window(32, width) for width in WINDOWS if width])}
    for name in golden.outputs:
        if name.startswith("gauss/L128_w"):
            width = float(name.split("_w")[1].split("_")[0])
            numbers[name] = gaussian_window(128, width)[[0, 63, 127]]
    return numbers


def neighbours(golden: Golden) -> Numbers:
    """Order-preserving merging, stage by stage."""
    numbers: Numbers = {}
    for name, raw in golden.inputs.items():
        if not name.startswith("raw/video/"):
            continue
        key = f"optome/{name.removeprefix('raw/video/')}"
        rows = pool_rows(raw, 128, legacy=True)
        numbers[f"{key}/tokens_128"] = rows
        for merged in merge_neighbours(rows[None], 32, cosine=False)[1:]:
            count = merged.tokens.shape[1]
            numbers[f"{key}/tokens_{count}"] = merged.tokens[0]
            numbers[f"{key}/size_{count}"] = merged.sizes[0]
            numbers[f"{key}/frame_label_{count}"] = merged.labels[0]
        ends = numbers[f"{key}/size_32"].long().cumsum(0)
        numbers[f"{key}/clip_end_exclusive"] = ends
        numbers[f"{key}/clip_start"] = ends - numbers[f"{key}/size_32"].long()
    return numbers


def texts(model: MSC, batch: TrainBatch) -> Numbers:
    """The geometry of sentences and of their features."""
    students, teachers = model.encode_sentence(batch.queries), teacher_vectors(batch.queries, "last")
    numbers = {
        "tcpl/teacher": teachers,
        "tcpl/loss_distance": correlation.distance_loss(students, teachers),
        "tcpl/loss_angle": correlation.angle_loss(students, teachers),
    }
    for name, x in (("student", students), ("teacher", teachers)):
        distances = torch.cdist(x, x, compute_mode="donot_use_mm_for_euclid_dist")
        numbers[f"tcpl/{name}_mean_dist"] = distances[distances > 0].mean()
        numbers[f"tcpl/{name}_dist_over_mean"] = correlation.relative_distances(x)
        numbers[f"tcpl/{name}_angle"] = correlation.angles_at(x, x)
    return numbers


def segments(model: MSC, batch: TrainBatch, golden: Golden) -> Numbers:
    """Adaptive segments and the loss between branches, video by video."""
    videos, encoded = batch.videos, model.encode_video(batch.videos)
    assert videos.clip_sizes is not None and videos.clip_labels is not None
    sizes, labels = videos.clip_sizes, videos.clip_labels
    share, close, linked = linked_share(videos.clips, model.config.similar)
    counts, segment = segment_counts(share, sizes.shape[1]), model.segments(videos)
    clips, frames = model.align(encoded.clips), model.align(encoded.frames)
    means, own = correlation.segment_means(clips, sizes, segment), segment.gather(1, labels)
    whole = correlation.segment_alignment(frames, videos.frame_mask, own, means, counts)
    off = ~torch.eye(sizes.shape[1], dtype=torch.bool)
    numbers: Numbers = {
        "cbva/clip_projected": clips,
        "cbva/frame_projected": frames,
        "cbva/loss_unweighted": whole.mean(),
        "cbva/loss_weighted_ref": whole.mean() * golden.config["model_config"]["vl_coef"],
    }
    for row, name in enumerate(golden.config["train_video_order"]):
        key, count = f"cbva/{name}", int(counts[row])
        belongs = F.one_hot(own[row], count)
        by_frame, by_segment = directions(frames, videos.frame_mask, own, means, counts, row)
        numbers |= {
            f"{key}/adjacency": close[row].to(golden.outputs[f"{key}/adjacency"].dtype),
            f"{key}/closure": linked[row].to(golden.outputs[f"{key}/closure"].dtype),
            f"{key}/ratio": share[row],
            f"{key}/ratio_without_closure": (close[row] & off).sum() / off.sum(),
            f"{key}/num_segments": counts[row],
            f"{key}/frame_label": own[row],
            f"{key}/segments": means[row, :count],
            f"{key}/size": torch.zeros(count).index_add(0, segment[row], sizes[row]),
            f"{key}/pos_mask": belongs.to(golden.outputs[f"{key}/pos_mask"].dtype),
            f"{key}/sim": frames[row] @ means[row, :count].T,
            f"{key}/loss_frame_to_clip": by_frame,
            f"{key}/loss_clip_to_frame": by_segment,
        }
        state = Merged(videos.clips[row : row + 1], sizes[row : row + 1], labels[row : row + 1])
        for step in SEGMENT_STEPS:
            if step < count:
                break
            state = match_halves(state, step)
            numbers[f"{key}/step_{step}/input_tokens"] = state.tokens[0]
            numbers[f"{key}/step_{step}/size"] = state.sizes[0]
            numbers[f"{key}/step_{step}/frame_label"] = state.labels[0]
    return numbers


def directions(
    frames: Tensor, mask: Tensor, own: Tensor, means: Tensor, counts: Tensor, row: int
) -> tuple[Tensor, Tensor]:
    """The two halves of one video's loss, written as their formulas."""
    logits = frames[row] @ means[row, : counts[row]].T
    belongs = F.one_hot(own[row], int(counts[row])).bool()
    exp = logits.double().exp()
    positive, negatives = exp[belongs], (exp * ~belongs).sum(1) / (~belongs).sum(1)
    by_frame = -(positive / (positive + negatives)).log().mean()
    inside, outside = ((exp * side).sum(0) / side.sum(0) for side in (belongs, ~belongs))
    return by_frame, -(inside / (inside + outside)).log().mean()


def objective_config(golden: Golden, mode: str) -> ObjectiveConfig:
    """Weights as recorded; the parent's two query losses are gone."""
    settings = golden.config["model_config"]
    return ObjectiveConfig(
        clip_nce=settings["loss_factor"][0],
        frame_nce=settings["loss_factor"][1],
        diversity=0,
        matching=0,
        text_distance=settings["rkd_d_coef"],
        text_angle=settings["rkd_a_coef"],
        cross_branch=settings["vl_coef"],
        margin=settings["margin"],
        hard_pool=settings["hard_pool_size"],
        hard_from_epoch=0 if mode == "hard" else 1,
    )


def losses_of(model: MSC, batch: TrainBatch, golden: Golden, mode: str) -> Numbers:
    """Every term and its gradients."""
    draws = draws_of(golden.outputs, DRAWS, f"loss/{mode}/draw_")
    terms = backward(model, batch, objective_config(golden, mode), draws)
    numbers = {
        "clip_nce": terms["clip_nce"],
        "clip_trip": terms["clip_triplet"],
        "frame_nce": terms["frame_nce"],
        "frame_trip": terms["frame_triplet"],
        "txt_rkd": terms["text_distance"] + terms["text_angle"],
        "vidlvlctl": terms["cross_branch"],
        "clip_num": (model.segments(batch.videos).amax(1) + 1).float().mean(),
        "loss_overall": terms["total"],
    }
    return {f"loss/{mode}/{name}": value for name, value in numbers.items()} | recorded_gradients(model, mode)


def evaluation(model: MSC, golden: Golden) -> Numbers:
    """Scores from raw features, in evaluation batches."""
    config = golden.config
    sizes = config["model_config"]
    encoded = [
        encode_raw(model, golden, part)
        for part in batched(config["eval_video_order"], sizes["eval_context_bsz"])
    ]
    queries = []
    for part in batched(config["eval_query_order"], sizes["eval_query_bsz"]):
        words = [unit_rows(golden.inputs[f"raw/text/{name}"])[: model.config.max_words] for name in part]
        queries.append(model.encode_query(QueryBatch(*pad_stack(words))))
    return named_scores(model, score_grid(model, queries, encoded))


def encode_raw(model: MSC, golden: Golden, names: list[str]) -> VideoTokens:
    """Videos from their raw frames, stretched and merged the official way."""
    rows = [
        pool_rows(golden.inputs[f"raw/video/{name}"], model.config.max_frames, legacy=True) for name in names
    ]
    x = torch.stack(rows)
    merged = merge_neighbours(x, model.config.clips, cosine=False)[-1]
    mask = torch.ones(x.shape[:2], dtype=torch.bool)
    return model.encode_video(
        VideoBatch(unit_rows(merged.tokens), unit_rows(x), mask, merged.sizes, merged.labels)
    )
