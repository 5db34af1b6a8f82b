"""Small image-text encoders of random weights, written as `save_pretrained` writes real ones."""

from __future__ import annotations

import json
import os
from pathlib import Path

import torch

os.environ.setdefault("HF_HUB_OFFLINE", "1")

LETTERS = "abcdefghijklmnopqrstuvwxyz"
WIDTH, PICTURE = 16, 32
LAYERS = {"hidden_size": 24, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = {**LAYERS, "image_size": PICTURE, "patch_size": 8}


def tiny_clip(folder: Path, *, seed: int = 0) -> Path:
    """A CLIP of width 16 that sees 32x32 pictures and reads single letters, 64 of them."""
    from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel, CLIPTokenizer

    pieces = [*LETTERS, *(f"{letter}</w>" for letter in LETTERS), "<|startoftext|>", "<|endoftext|>"]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=64).save_pretrained(folder)
    ends = {"bos_token_id": len(pieces) - 2, "eos_token_id": len(pieces) - 1, "pad_token_id": len(pieces) - 1}
    text = {**LAYERS, **ends, "vocab_size": len(pieces), "max_position_embeddings": 64}
    torch.manual_seed(seed)
    CLIPModel(
        louder(CLIPConfig(text_config=text, vision_config=VISION, projection_dim=WIDTH))
    ).save_pretrained(folder)
    CLIPImageProcessorPil(
        size={"shortest_edge": PICTURE}, crop_size={"height": PICTURE, "width": PICTURE}
    ).save_pretrained(folder)
    return folder


def tiny_siglip(folder: Path, *, seed: int = 0) -> Path:
    """A SigLIP of width 24 that sees 32x32 pictures and reads single letters, 64 of them."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipImageProcessorPil, SiglipModel

    pieces = [("</s>", 0.0), ("<unk>", 0.0), ("▁", -1.0), *((letter, -1.0) for letter in LETTERS)]
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=1))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 0)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>", unk_token="<unk>", model_max_length=64
    ).save_pretrained(folder)
    about = json.loads((folder / "tokenizer_config.json").read_text())
    (folder / "tokenizer_config.json").write_text(json.dumps(about | {"tokenizer_class": "SiglipTokenizer"}))
    text = {**LAYERS, "vocab_size": len(pieces), "max_position_embeddings": 64, "projection_size": 24}
    torch.manual_seed(seed)
    SiglipModel(louder(SiglipConfig(text_config=text, vision_config=VISION))).save_pretrained(folder)
    SiglipImageProcessorPil(size={"height": PICTURE, "width": PICTURE}).save_pretrained(folder)
    return folder


def louder(config: object) -> object:
    """The config with larger random weights, so that different inputs come out clearly different."""
    for part in (config, config.text_config, config.vision_config):  # type: ignore[attr-defined]
        part.initializer_factor = 4.0
        part.initializer_range = 0.2
    return config
