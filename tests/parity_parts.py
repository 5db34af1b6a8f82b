"""Replays folders of reference numbers of single parts: losses, windows, pooling, metrics, optimiser."""

from __future__ import annotations

from collections.abc import Callable

import torch
from parity_files import Golden, Numbers
from torch import nn

from ral_core.evaluation.metrics import ranks_of
from ral_core.features.pooling import bin_edges, pool_rows, unit_rows
from ral_core.models.layers import gaussian_window
from ral_core.tensors import Gaussian
from ral_core.training import losses
from ral_core.training.draws import RecordedDraws
from ral_core.training.optimizer import BertAdam, parameter_groups, schedule


def replay_losses(golden: Golden) -> Numbers:
    """Every loss on random matrices."""
    given, owner, margin = golden.inputs, golden.inputs["text_labels"], golden.config["margin"]
    zero = torch.zeros_like(given["logsigma_video"])
    spreads = [Gaussian(zero, 2 * given[f"logsigma_{side}"]) for side in ("video", "text")]
    proxies = (given["proxies_video"], given["proxies_text"])
    numbers = {
        "clip_nce": losses.contrastive(given["dot_scores"], owner),
        "frame_nce_square": losses.paired_contrastive(given["square_dot"], owner),
        "qdl_v2": losses.diversity(given["query_vec"], owner, *golden.config["neg_factor"]),
        "qdl_v1": losses.diversity(given["query_vec"], owner, *golden.config["neg_factor"], log_of_sum=True),
        "pm": losses.proxy_matching(*proxies),
        "da": losses.distribution_alignment_reference(*proxies, *spreads),
    }
    for mode, pool in {**golden.config["hard_pool_size"], "easy": None}.items():
        draws = losses_draws(given, mode)
        numbers[f"{mode}/triplet"] = losses.triplet(
            given["cos_scores"], owner, margin, draws, name="", pool=pool
        )
        numbers[f"{mode}/triplet_square"] = losses.paired_triplet(
            given["square_cos"], owner, margin, draws, name="sq", pool=pool
        )
    return numbers


def losses_draws(given: Numbers, mode: str) -> RecordedDraws:
    """Recorded places; those of `t2v` and of the square losses count the positive as place 0."""
    prefix = f"draws/{mode}/"
    names = {name: name.removeprefix(prefix) for name in given if name.startswith(prefix)}
    return RecordedDraws(
        {
            short if short.startswith("sq") else f"_{short}": given[name] - int(short != "v2t")
            for name, short in names.items()
        }
    )


def replay_windows(golden: Golden) -> Numbers:
    """Gaussian windows; keys are L{length}/wid{width}."""
    numbers = {}
    for key in golden.outputs:
        length, width = key.split("/")
        numbers[key] = gaussian_window(int(length.removeprefix("L")), float(width.removeprefix("wid")))
    return numbers


def replay_pooling(golden: Golden) -> Numbers:
    """Official bins and normalised rows; keys end in the number of frames."""
    numbers: Numbers = {}
    for key in golden.outputs:
        kind, _, rest = key.partition("/")
        stage, _, what = kind.partition("_")
        rows = golden.inputs[f"raw/{rest.split('_')[0]}"].double()
        count = int("".join(letter for letter in stage if letter.isdigit()))
        if what == "bounds":
            numbers[key] = torch.from_numpy(bin_edges(len(rows), count, legacy=True))
            continue
        if stage.startswith("clip") or len(rows) > count:
            rows = pool_rows(rows, count, legacy=True)
        numbers[key] = unit_rows(rows) if what == "l2" else rows
    return numbers


def replay_metrics(golden: Golden) -> Numbers:
    """Ranks of the right videos."""
    ranks = ranks_of(golden.inputs["scores"].numpy(), golden.inputs["gt"].numpy())
    return {"rank": torch.from_numpy(ranks)}


def replay_optimizer(golden: Golden) -> Numbers:
    """Parameters after every step under recorded gradients."""
    config = golden.config
    start = {
        name.removeprefix("param0/"): value for name, value in golden.inputs.items() if "param0/" in name
    }
    model = nn.Module()
    parameters = {name: nn.Parameter(value.clone()) for name, value in start.items()}
    for name, parameter in parameters.items():
        place = model
        *path, last = name.split(".")
        for part in path:
            if not hasattr(place, part):
                place.add_module(part, nn.Module())
            place = getattr(place, part)
        place.register_parameter(last, parameter)
    groups = parameter_groups(model, config["weight_decay"], decay_norm_gains=True)
    optimizer = BertAdam(groups, config["lr"], config["t_total"], warmup=config["warmup"])
    numbers: Numbers = {}
    steps = len(golden.outputs["lr_per_step_f64"])
    rates = [config["lr"] * schedule(step / config["t_total"], config["warmup"]) for step in range(steps)]
    numbers["lr_per_step_f64"] = torch.tensor(rates, dtype=torch.float64)
    for step in range(steps):
        for name, parameter in parameters.items():
            gradient = golden.inputs.get(f"grad{step}/{name}")
            parameter.grad = None if gradient is None else gradient.clone()
        optimizer.step()
        numbers |= {f"param{step + 1}/{name}": value.detach().clone() for name, value in parameters.items()}
    return numbers


def part_of(golden: Golden) -> Callable[[Golden], Numbers] | None:
    """The replay for a folder of one part, told by what it holds."""
    config = golden.config
    if "hard_pool_size" in config and "square_cos" in golden.inputs:
        return replay_losses
    if "lengths" in config and "dim" in config:
        return replay_pooling
    if "t_total" in config:
        return replay_optimizer
    if "gt" in golden.inputs and "scores" in golden.inputs:
        return replay_metrics
    if golden.outputs and all("/wid" in name for name in golden.outputs):
        return replay_windows
    return None
