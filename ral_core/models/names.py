"""What the papers' checkpoints call our tensors."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor, nn

from ral_core.errors import DataError

RULES = (
    (r"^backbone\.", ""),
    (r"^words\.projection\.", "frame_branch_query_proj."),
    (r"^words\.encoder\.", "frame_branch_query_encoder."),
    (r"^word_gate\.layer1\.", "text_weight_fc.0."),
    (r"^word_gate\.layer2\.", "text_weight_fc.2."),
    (r"^(video|text)_head\.mean\.norm\.", r"pie_net_\1.layer_norm."),
    (r"^(video|text)_head\.mean\.", r"pie_net_\1."),
    (r"^(video|text)_head\.spread\.", r"uncertain_net_\1."),
    (r"^query\.pooling\.direction\.", "modular_vector_mapping."),
    (r"^align\.", "vproj_clip."),
    (r"^frame\.pooling\.direction\.", "modular_vector_mapping_2."),
    (r"^guided\.(key|value)\.", lambda found: f"mapping_linear.{('key', 'value').index(found[1])}."),
    (r"^(query|clip|frame)\.projection\.", r"\1_input_proj."),
    (r"^(query|clip|frame)\.positions\.", r"\1_pos_embed."),
    (r"^frame\.encoder\.(?=branches|summary|layer)", "frame_encoder_1."),
    (r"^(clip|frame)\.encoder2\.", r"\1_encoder_2."),
    (r"^(query|clip|frame)\.encoder\.", r"\1_encoder."),
    (r"\.branches\.(\d+)\.", r".attn\1."),
    (r"\.summary\.", ".ca."),
    (r"((?:_encoder|_encoder_[12])(?:\.attn\d+)?)\.norm\.", r"\1.output.LayerNorm."),
    (r"\.dense\.", ".output.dense."),
    (r"(_input_proj|_query_proj|_pos_embed)\.norm\.", r"\1.LayerNorm."),
    (r"(_input_proj|_query_proj)\.linear\.", r"\1.net.1."),
    (r"\.table\.", ".position_embeddings."),
    (r"\.attention\.(query|key|value)\.", r".self.\1."),
    (r"((?:_encoder|_encoder_[12])(?:\.attn\d+|\.ca)?)\.(layer[12])\.", r"\1.output.\2."),
    (r"(clip_encoder|frame_encoder_1)\.output\.(layer[12])\.", r"\1.\2."),
)
"""Applied in turn to one of our names; the last undoes the one before for the mixture's own two layers."""


def official_name(ours: str) -> str:
    """The papers' name of our tensor `ours`."""
    for pattern, replacement in RULES:
        ours = re.sub(pattern, replacement, ours)
    return ours


def from_official(model: nn.Module, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of `model` from official names.

    Raises DataError when names or shapes differ from what the model has.
    """
    ours = {official_name(name): name for name in model.state_dict()}
    compare_tensors({official_name(name): value for name, value in model.state_dict().items()}, tensors)
    return {ours[name]: value for name, value in tensors.items()}


def compare_tensors(expected: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> None:
    """Raise DataError with one sentence when the two do not hold the same tensors."""
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    shapes = [name for name in expected if name in found and expected[name].shape != found[name].shape]
    for what, names in (("lack", missing), ("have unknown", extra), ("have other shapes of", shapes)):
        if names:
            rest = f" and {len(names) - 1} more" if len(names) > 1 else ""
            raise DataError(
                f"The weights {what} {names[0]!r}{rest}; they belong to another model or settings."
            )
