"""Replays what robust alignment adds to a backbone: gates, support sets, Gaussians, proxies, two losses."""

from __future__ import annotations

from typing import Any

import torch
from parity_files import Numbers
from torch import Tensor

from ral_core.models import RAL
from ral_core.models.gaussian import mean_of_tokens, support_sets
from ral_core.models.layers import unit
from ral_core.tensors import Gaussian, QueryTokens, VideoTokens
from ral_core.training import losses


def ral_stages(
    model: RAL, inputs: Numbers, owner: Tensor, queries: QueryTokens, videos: VideoTokens
) -> Numbers:
    """Gates, support sets, Gaussians, proxies and the two alignment losses."""
    count = len(videos)
    assert queries.words is not None
    words, mask = queries.words, queries.word_mask
    support, support_mask = support_sets(words, mask, owner, count, model.config.choices.support_slots)
    text, video = model.text_gaussian(queries, owner, count), model.video_gaussian(videos)
    proxies_text, proxies_video = text.proxies(inputs["eps_text"]), video.proxies(inputs["eps_video"])
    similarities = proxies_video.flatten(0, 1) @ proxies_text.flatten(0, 1).T
    same = torch.block_diag(*[torch.ones(model.proxies, model.proxies)] * count).bool()
    one_way = [-s.log_softmax(1)[same].mean() for s in (similarities, similarities.T)]
    numbers: Numbers = {
        "frame_query_tokens": words,
        "gate_norm": model.gate(queries),
        "gate_raw": model.word_gate(words, mask),
        "gate_logits_norm": model.word_gate.logits(unit(words)),
        "gate_logits_raw": model.word_gate.logits(words),
        "support_tokens": support,
        "support_mask": support_mask.float(),
        "support_pooled": mean_of_tokens(support, support_mask),
        "visual_pooled": unit(mean_of_tokens(unit(videos.frames), videos.frame_mask)),
        "proxies_text": proxies_text,
        "proxies_video": proxies_video,
        "proxy_sim": similarities,
        "pm_from_video_raw": one_way[0],
        "pm_from_text_raw": one_way[1],
        "pm_raw": losses.proxy_matching(proxies_video, proxies_text),
    }
    numbers |= gaussian_stages("text", model.text_head, numbers["support_pooled"], support, text)
    numbers |= gaussian_stages("video", model.video_head, numbers["visual_pooled"], videos.frames, video)
    whole = losses.distribution_alignment_reference(proxies_video, proxies_text, video, text)
    numbers["da_raw"] = whole
    for side, proxies, one in (("video", proxies_video, video), ("text", proxies_text, text)):
        misread = Gaussian(proxies.mean(1), one.log_var / 2)
        numbers[f"da_prior_{side}_raw"] = losses.to_standard(misread)
        whole = whole - losses.to_standard(misread)
    numbers["da_cross_raw"] = whole
    return numbers


def gaussian_stages(side: str, head: Any, pooled: Tensor, x: Tensor, one: Gaussian) -> Numbers:
    """What the two heads of one side compute on the way (attention without a mask, as recorded)."""
    mean, spread = head.mean, head.spread
    return {
        f"pie_{side}_attn_out": mean.attention(x, None),
        f"pie_{side}_attn_w": mean.attention.weights(x, None)[..., None],
        f"pie_{side}_prenorm": mean.norm(pooled + mean.fc(mean.attention(x, None)).sigmoid()),
        f"unc_{side}_attn_out": spread.attention(x, None),
        f"unc_{side}_attn_w": spread.attention.weights(x, None)[..., None],
        f"mu_{side}": one.mean,
        f"logsigma_{side}": one.log_var / 2,
    }
