"""all-MiniLM-L6-v2 in PyTorch alone: the same vectors as `transformers` gives, without its seconds of importing.

BERT of six layers (Devlin et al., arXiv 1810.04805), read from the official file's own tensor names.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from ral_core.errors import DataError

if TYPE_CHECKING:
    from tokenizers import Encoding

LAYERS, HEADS, WIDTH, INNER = 6, 12, 384, 1536
WORDS, PLACES, EPS = 30522, 512, 1e-12


class MiniLM(nn.Module):
    """The language model without its pooler."""

    width = WIDTH

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": table(WORDS),
                "position_embeddings": table(PLACES),
                "token_type_embeddings": table(2),
                "LayerNorm": nn.LayerNorm(WIDTH, eps=EPS),
            }
        )
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(Layer() for _ in range(LAYERS))})

    @classmethod
    def open(cls, weights: Path) -> MiniLM:
        """The model of the official `model.safetensors`. Raises DataError for a file that is not one."""
        model = cls()
        kept = {
            name: tensor
            for name, tensor in load_file(weights).items()
            if not name.startswith("pooler.") and name != "embeddings.position_ids"
        }
        try:
            model.load_state_dict(kept, assign=True)
        except RuntimeError as problem:
            raise DataError(
                f"{weights} is no MiniLM of six layers ({str(problem).splitlines()[0]})"
            ) from None
        return model.eval().requires_grad_(False)

    def forward(self, pieces: Tensor, mask: Tensor) -> Tensor:
        """Vectors (B, W, 384) of word pieces (B, W); mask (B, W), True where a piece is real."""
        named = self.embeddings
        places = torch.arange(pieces.shape[1], device=pieces.device)
        hidden = named["word_embeddings"](pieces) + named["position_embeddings"](places)
        hidden = named["LayerNorm"](hidden + named["token_type_embeddings"](torch.zeros_like(pieces)))
        for layer in self.encoder["layer"].children():
            hidden = layer(hidden, mask[:, None, None])
        return hidden


class Layer(nn.Module):
    """Attention, then two linear maps; each is added to what went in and normalised."""

    def __init__(self) -> None:
        super().__init__()
        heads = nn.ModuleDict({name: nn.Linear(WIDTH, WIDTH) for name in ("query", "key", "value")})
        self.attention = nn.ModuleDict({"self": heads, "output": Added(WIDTH)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(WIDTH, INNER)})
        self.output = Added(INNER)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """(B, W, 384) to the same; mask (B, 1, 1, W)."""
        query, key, value = (
            linear(hidden).unflatten(-1, (HEADS, -1)).transpose(1, 2)
            for linear in self.attention["self"].children()
        )
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        hidden = self.attention["output"](seen.transpose(1, 2).flatten(2), hidden)
        inner = functional.gelu(self.intermediate["dense"](hidden))
        out: Tensor = self.output(inner, hidden)
        return out


class Added(nn.ModuleDict):
    """Bring a width back to the model's own, add what went in, normalise the sum."""

    def __init__(self, width: int) -> None:
        super().__init__({"dense": nn.Linear(width, WIDTH), "LayerNorm": nn.LayerNorm(WIDTH, eps=EPS)})

    def forward(self, inner: Tensor, hidden: Tensor) -> Tensor:
        """inner (B, W, width), hidden (B, W, 384) to (B, W, 384)."""
        summed: Tensor = self["LayerNorm"](hidden + self["dense"](inner))
        return summed


def table(rows: int) -> nn.Embedding:
    """Vectors (rows, 384) to be filled: weights that are read anyway need no random start."""
    return nn.Embedding.from_pretrained(torch.empty(rows, WIDTH))


class WordPieces:
    """The tokenizer of a `tokenizer.json`, for texts of at most `limit` pieces beside [CLS] and [SEP].

    Raises DataError when the file is damaged.
    """

    def __init__(self, path: Path, limit: int) -> None:
        from tokenizers import Tokenizer

        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as problem:  # the package raises nothing narrower
            raise DataError(f"{path} holds no tokenizer that can be read ({problem}).") from None
        self._tokenizer.enable_padding()
        self._tokenizer.enable_truncation(limit + self._tokenizer.num_special_tokens_to_add(False))

    def __call__(self, texts: Sequence[str]) -> list[Encoding]:
        """Every text as its pieces, padded to the longest."""
        found: list[Encoding] = self._tokenizer.encode_batch(list(texts))
        return found
