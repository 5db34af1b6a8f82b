"""What replays of whole systems share: the recorded batch, gradients, short training runs, evaluation, reports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import torch
from parity_files import Golden, Numbers
from torch import Tensor

from ral_core.evaluation.metrics import ranks_of, recall_report
from ral_core.models import PRVRModel
from ral_core.models.names import official_name
from ral_core.tensors import QueryBatch, QueryTokens, Scores, VideoBatch, VideoTokens
from ral_core.training.batches import TrainBatch
from ral_core.training.draws import RecordedDraws
from ral_core.training.objectives import ObjectiveConfig, objective
from ral_core.training.optimizer import BertAdam, parameter_groups

REPORT = ("R@1", "R@5", "R@10", "R@100", "MedR", "MeanR", "MRR")


def training_batch(golden: Golden) -> TrainBatch:
    """The recorded batch, with the clips that the official loader merged where there are such."""
    given = {name.removeprefix("train/"): value for name, value in golden.inputs.items() if "train/" in name}
    frames, sizes = given["frame_video_features"], given.get("merge_size")
    videos = VideoBatch(
        given["clip_video_features"],
        frames,
        given["videos_mask"].bool(),
        None if sizes is None else sizes.to(frames.dtype),
        None if sizes is None else given["merged_frame_label"].long(),
    )
    return TrainBatch(videos, QueryBatch(given["text_feat"], given["text_mask"].bool()), given["text_labels"])


def draws_of(outputs: Numbers, names: Mapping[str, str], prefix: str, suffix: str = "") -> RecordedDraws:
    """Recorded places, `names` being ours by theirs; only those of `v2t` do not count the positive as 0."""
    found = {ours: outputs.get(f"{prefix}{theirs}{suffix}") for theirs, ours in names.items()}
    return RecordedDraws(
        {name: value - int(not name.endswith("v2t")) for name, value in found.items() if value is not None}
    )


def backward(
    model: PRVRModel, batch: TrainBatch, config: ObjectiveConfig, draws: RecordedDraws
) -> dict[str, Tensor]:
    """The terms of the loss and their `total`, whose gradients are then in the parameters."""
    model.zero_grad(set_to_none=True)
    terms = objective(model, batch, config, draws=draws)
    terms["total"] = torch.stack(list(terms.values())).sum()
    terms["total"].backward()
    return {name: term.detach() for name, term in terms.items()}


def gradients(model: PRVRModel) -> Numbers:
    """The gradient of every parameter by its official name, zeros where none came."""
    return {
        official_name(name): torch.zeros_like(parameter) if parameter.grad is None else parameter.grad.clone()
        for name, parameter in model.named_parameters()
    }


def recorded_gradients(model: PRVRModel, mode: str) -> Numbers:
    """Gradients under the names of the folders: whole ones in the `easy` mode, norms in the `hard` one."""
    found = gradients(model)
    if mode == "easy":
        return {f"grad/easy/{name}": value for name, value in found.items()}
    return {f"gradnorm/hard/{name}": value.norm() for name, value in found.items()}


def training_run(
    golden: Golden,
    model: PRVRModel,
    config: ObjectiveConfig,
    names: Mapping[str, str],
    watch: Callable[[], Tensor] | None = None,
) -> Numbers:
    """A few steps on one batch without dropout: the loss, what `watch` sees before each, the weights at the end."""
    batch, outputs = training_batch(golden), golden.outputs
    numbers: Numbers = {}
    rate, total, warmup = outputs["traj/hyper_lr_ttotal_warmup"].tolist()
    optimizer = BertAdam(
        parameter_groups(model, 0.01, decay_norm_gains=True), rate, int(total), warmup=warmup
    )
    history = []
    for step in range(len(outputs["traj/loss"])):
        if watch is not None:
            numbers[f"traj/medoids_{step}"] = watch()
        terms = backward(model, batch, config, draws_of(outputs, names, "traj/draw_", f"_{step}"))
        history.append(terms["total"].item())
        optimizer.step()
    numbers["traj/loss"] = torch.tensor(history, dtype=torch.float64)
    for name, parameter in model.named_parameters():
        numbers[f"traj/param/{official_name(name)}"] = parameter.detach()
        numbers[f"traj/norm/{official_name(name)}"] = parameter.detach().norm()
    return numbers


def score_grid(model: PRVRModel, queries: Iterable[QueryTokens], videos: Sequence[VideoTokens]) -> Scores:
    """Scores of batches of queries against batches of videos, put together."""
    blocks = [[model.score(some, others) for others in videos] for some in queries]
    clip = torch.cat([torch.cat([one.clip for one in row], 1) for row in blocks])
    return Scores(clip, torch.cat([torch.cat([one.frame for one in row], 1) for row in blocks]))


def named_scores(model: PRVRModel, scores: Scores, fused: str = "fused_scores") -> Numbers:
    """Evaluation scores under the names of the folders."""
    made = {"eval/clip_scores": scores.clip, "eval/frame_scores": scores.frame}
    return made | {f"eval/{fused}": model.fused(scores)}


def batched(names: list[str], size: int) -> list[list[str]]:
    """The names in order, `size` at a time."""
    return [names[start : start + size] for start in range(0, len(names), size)]


def report(scores: Tensor, owner: Tensor) -> Tensor:
    """The seven numbers that config.json records."""
    numbers = recall_report(ranks_of(scores.numpy(), owner.numpy()))
    return torch.tensor([numbers[name] for name in REPORT], dtype=torch.float64)


def metrics(golden: Golden, numbers: Numbers) -> Numbers:
    """Reports of a random matrix and of the evaluation's scores, as many numbers as are recorded."""
    config, outputs = golden.config, golden.outputs
    columns = {video: place for place, video in enumerate(config["eval_video_order"])}
    own = torch.tensor([columns[query.split("#")[0]] for query in config["eval_query_order"]])
    made = {name: report(numbers[f"eval/{name}_scores"], own) for name in ("clip", "frame", "fused")}
    made["metric"] = report(outputs["metric/scores"], outputs["metric/gt"])
    recorded = config.get("metrics", {})
    return {f"metrics/{name}": made[name][: len(row)] for name, row in recorded.items()}


def expected_metrics(golden: Golden) -> Numbers:
    """The reports in config.json, under the names `metrics` gives them."""
    rows = golden.config.get("metrics", {}).items()
    return {f"metrics/{name}": torch.tensor(row, dtype=torch.float64) for name, row in rows}
