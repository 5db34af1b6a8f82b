"""From a set of tokens to a normal distribution (the uncertainty part of RAL).

Source: RAL (arXiv 2509.01383), multimodal semantic robust alignment; the heads come from UATVR (ICCV 2023).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ral_core.models.layers import unit
from ral_core.tensors import Gaussian


class TokenAttention(nn.Module):
    """Additive attention over a set of tokens."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.w_1 = nn.Linear(width, width // 2, bias=False)
        self.w_2 = nn.Linear(width // 2, 1, bias=False)

    def weights(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Softmax weights (B, L) of tokens (B, L, D).

        Without a mask padding takes its share of the attention, as in the official code, where it can be
        most of it: the option `msra_mask`.
        """
        logits = self.w_2(self.w_1(x).tanh()).squeeze(-1)
        if mask is not None:
            logits = logits.masked_fill(~mask, -torch.inf)
        return logits.softmax(-1)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, L, D) to (B, D)."""
        return (self.weights(x, mask).unsqueeze(1) @ x).squeeze(1)


class MeanHead(nn.Module):
    """Where the Gaussian is: pooled tokens plus what one attention head adds, of length 1."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = TokenAttention(width)
        self.fc = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, pooled: Tensor, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, D) and tokens (B, L, D) to (B, D)."""
        return unit(self.norm(pooled + self.fc(self.attention(x, mask)).sigmoid()))


class SpreadHead(nn.Module):
    """How wide the Gaussian is, as the log of its standard deviation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = TokenAttention(width)
        self.fc = nn.Linear(width, width)
        self.fc2 = nn.Linear(width, width)

    def forward(self, pooled: Tensor, x: Tensor, mask: Tensor | None) -> Tensor:
        """(B, D) and tokens (B, L, D) to (B, D)."""
        return self.fc(self.attention(x, mask)) + self.fc2(pooled)


class GaussianHead(nn.Module):
    """Mean and spread of one kind of item."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mean = MeanHead(width)
        self.spread = SpreadHead(width)

    def forward(self, pooled: Tensor, x: Tensor, mask: Tensor | None) -> Gaussian:
        """pooled (B, D), tokens (B, L, D), mask (B, L) or None for unmasked attention.

        The official code calls the spread "logsigma" and samples with exp of it: a log deviation, which
        the record keeps doubled, as a log variance.
        """
        return Gaussian(self.mean(pooled, x, mask), 2 * self.spread(pooled, x, mask))


def support_sets(
    words: Tensor, word_mask: Tensor, owner: Tensor, videos: int, slots: int = 0
) -> tuple[Tensor, Tensor]:
    """All word tokens of each video's captions: (V, S * W, D) and their mask (V, S * W).

    words (Q, W, D), word_mask (Q, W), owner (Q,) the video of each caption, in any order. There are S =
    `slots` places for captions per video; 0 takes as many as the largest set has. Rows keep the caption
    order. Raises ValueError when a video has more captions than slots.
    """
    belongs = F.one_hot(owner, videos)  # (Q, V)
    place = (belongs.cumsum(0) - 1).gather(1, owner[:, None]).squeeze(1)
    largest = int(belongs.sum(0).max())
    if slots and largest > slots:
        raise ValueError(f"a video has {largest} captions, but its support set has room for {slots}")
    shape = (videos, slots or largest, words.shape[1])
    tokens = words.new_zeros(*shape, words.shape[2]).index_put((owner, place), words)
    mask = word_mask.new_zeros(shape).index_put((owner, place), word_mask)
    return tokens.flatten(1, 2), mask.flatten(1, 2)


def mean_of_tokens(x: Tensor, mask: Tensor) -> Tensor:
    """Mean (B, D) of the real tokens (B, L, D); zero for a set without any."""
    weights = mask.to(x.dtype)
    return (weights.unsqueeze(1) @ x).squeeze(1) / weights.sum(-1, keepdim=True).clamp(min=1)
