"""The small parts all backbones are made of.

Source: sections on shared layers of MS-SL (ACM MM 2022), GMMFormer (AAAI 2024) and GMMFormer v2 (2024).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MASKED = -10000.0
"""Added to the attention score of a padded key; its weight is then exactly 0 in float32."""
INIT_STD = 0.02


def unit(x: Tensor) -> Tensor:
    """`x` with its last axis scaled to length 1."""
    return F.normalize(x, dim=-1)


def gaussian_window(length: int, width: float, device: torch.device | None = None) -> Tensor:
    """The (length, length) multiplier of attention scores; each row has its maximum at 1.

    Centres are i/L and positions j/(L-1), as in the official code: in the second half of a row the peak
    sits one before the diagonal, and trained weights have learned to live with it. Unlike the official
    code we take the row's largest exponent off first, so narrow windows over 2 to 4 positions stay finite.
    Exponents reach hundreds, so they are computed in float64.
    """
    steps = torch.arange(length, device=device, dtype=torch.float64)
    centre, position = steps / length, steps / max(length - 1, 1)
    std = max(width, 1e-2) / 9
    exponent = -((position[None] - centre[:, None]) ** 2) / (2 * std**2)
    return (exponent - exponent.amax(-1, keepdim=True)).exp().to(torch.get_default_dtype())


def gaussian_windows(
    widths: Sequence[float], span: int, length: int, device: torch.device
) -> list[Tensor | None]:
    """One window per width, None where the width is 0: those of `span` positions, cut to `length`.

    With a fixed span a video encodes the same whatever its batch is padded to.
    """
    return [gaussian_window(span, width, device)[:length, :length] if width else None for width in widths]


class Dropout(nn.Module):
    """Zeroes values with probability `p` while training, and scales the others up.

    One random byte decides each value, so p is rounded to 256ths (and the scale with it, which keeps the mean);
    on a CPU that is six times as fast as `nn.Dropout`, which took longer than the matrix products around it.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.cut = max(round(256 * p), 1) if p else 0

    def forward(self, x: Tensor) -> Tensor:
        """Same shape and type as x."""
        if not (self.training and self.cut):
            return x
        longs = torch.empty(-(-x.numel() // 8), dtype=torch.int64, device=x.device).random_(-(2**63), None)
        keep = longs.view(torch.uint8)[: x.numel()].view(x.shape) >= self.cut
        return x * (keep * (256 / (256 - self.cut))).to(x.dtype)

    def extra_repr(self) -> str:
        """What `print` shows."""
        return f"p={self.p}"


class InputProjection(nn.Module):
    """Features (..., in) to tokens (..., D): normalise, drop, map, cut at zero."""

    def __init__(self, features: int, width: int, drop: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(features)
        self.drop = Dropout(drop)
        self.linear = nn.Linear(features, width)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) to (..., D)."""
        return self.linear(self.drop(self.norm(x))).relu()


class Positions(nn.Module):
    """Adds a learned vector per position, then normalises."""

    def __init__(self, length: int, width: int, drop: float) -> None:
        super().__init__()
        self.table = nn.Embedding(length, width)
        self.norm = nn.LayerNorm(width)
        self.drop = Dropout(drop)

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, D) to (N, L, D)."""
        return self.drop(self.norm(x + self.table.weight[: x.shape[1]]))


class Attention(nn.Module):
    """Multi-head attention whose raw scores a window multiplies; no output map.

    The window acts before the softmax and before the mask, so a far position gets score 0, not
    minus infinity: that is the papers' Gaussian constraint, and why a fused kernel cannot be used.
    """

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.drop = Dropout(drop)

    def forward(
        self,
        source: Tensor,
        context: Tensor,
        mask: Tensor | None = None,
        window: Tensor | None = None,
        key_bias: Tensor | None = None,
    ) -> Tensor:
        """Attend from source (N, S, D) to context (N, L, D); mask (N, L) bool, window (S, L), key_bias (N, L)."""
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2)
            for part in (self.query(source), self.key(context), self.value(context))
        )
        scores = query / query.shape[-1] ** 0.5 @ key.transpose(-1, -2)
        if window is not None:
            scores = scores * window
        if mask is not None:
            scores = scores + (~mask)[:, None, None] * MASKED
        if key_bias is not None:
            scores = scores + key_bias[:, None, None]
        return (self.drop(scores.softmax(-1)) @ value).transpose(1, 2).flatten(2)


class ShortLayer(nn.Module):
    """Attention, output map, residual and normalisation; no feed-forward (MS-SL, GMMFormer)."""

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads, drop)
        self.dense = nn.Linear(width, width)
        self.drop = Dropout(drop)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, *constraints: Tensor | None) -> Tensor:
        """(N, L, D) to (N, L, D); `constraints` are the mask and window of `Attention`."""
        return self.norm(x + self.drop(self.dense(self.attention(x, x, *constraints))))


class FullLayer(nn.Module):
    """Attention and feed-forward, each with residual and normalisation (GMMFormer v2)."""

    def __init__(self, width: int, heads: int, drop: float, inner: int | None = None) -> None:
        super().__init__()
        self.attention = Attention(width, heads, drop)
        self.norm1 = nn.LayerNorm(width)
        self.layer1 = nn.Linear(width, inner or 4 * width)
        self.layer2 = nn.Linear(inner or 4 * width, width)
        self.norm2 = nn.LayerNorm(width)
        self.drop = Dropout(drop)

    def forward(self, x: Tensor, *constraints: Tensor | None) -> Tensor:
        """(N, L, D) to (N, L, D); `constraints` are the mask, window and key bias of `Attention`."""
        return self.attend(x, x, *constraints)

    def attend(self, source: Tensor, context: Tensor, *constraints: Tensor | None) -> Tensor:
        """The same with keys and values from elsewhere: source (N, S, D), context (N, L, D)."""
        return self.refined(self.norm1(source + self.drop(self.attention(source, context, *constraints))))

    def refined(self, x: Tensor) -> Tensor:
        """The second half: feed-forward, residual and normalisation."""
        return self.norm2(x + self.drop(self.layer2(self.drop(self.layer1(x).relu()))))


class TokenLayer(FullLayer):
    """A full layer in which one learned token looks at a sequence.

    There is a single query, so keys and values need not be made: the query is taken through the key map
    once, and the value map acts on the attended mean. The same numbers for a fraction of the products.
    """

    def __init__(self, width: int, heads: int, drop: float) -> None:
        super().__init__(width, heads, drop, inner=width)

    def forward(self, token: Tensor, x: Tensor, mask: Tensor | None = None) -> Tensor:  # type: ignore[override]
        """Token (D,), sequences (N, ..., L, D), mask (N, L) bool to (N, ..., D)."""
        core = self.attention
        query = core.query(token).unflatten(-1, (core.heads, -1))  # (H, D / H)
        key_map, value_map = (part.weight.unflatten(0, (core.heads, -1)) for part in (core.key, core.value))
        query = query / query.shape[-1] ** 0.5
        through = torch.einsum("he,hed->hd", query, key_map)
        key_bias = (query * core.key.bias.unflatten(0, (core.heads, -1))).sum(-1)
        scores = (x @ through.T + key_bias).transpose(-1, -2)  # (N, ..., H, L)
        if mask is not None:
            room = mask.view(len(mask), *[1] * (scores.ndim - 2), -1)
            scores = scores + ~room * MASKED
        weights = core.drop(scores.softmax(-1))
        seen = torch.einsum("...hd,hed->...he", weights @ x, value_map)
        bias = core.value.bias.unflatten(0, (core.heads, -1)) * weights.sum(-1, keepdim=True)
        attended = (seen + bias).flatten(-2)
        return self.refined(self.norm1(token + self.drop(attended)))


class AttentionPool(nn.Module):
    """One learned direction decides how much each token counts."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.direction = nn.Linear(width, 1, bias=False)

    def weights(self, x: Tensor, mask: Tensor) -> Tensor:
        """Softmax weights (N, L) of tokens (N, L, D); padding gets 0."""
        return self.direction(x).squeeze(-1).masked_fill(~mask, -1e10).softmax(-1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(N, L, D) and (N, L) bool to (N, D). Only the pooled axis goes, however many rows there are."""
        return (self.weights(x, mask).unsqueeze(1) @ x).squeeze(1)


class Branch(nn.Module):
    """Projection, positions and whatever encoder follows, for one kind of input."""

    def __init__(self, features: int, width: int, length: int, drop: float) -> None:
        super().__init__()
        self.projection = InputProjection(features, width, drop)
        self.positions = Positions(length, width, drop)

    def embed(self, x: Tensor) -> Tensor:
        """Features (N, L, in) to tokens (N, L, D) that know their place."""
        return self.positions(self.projection(x))


def initialise(module: nn.Module) -> None:
    """The official starting point, for `Module.apply`: small normal weights, no biases, unit gains."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=INIT_STD)
    if isinstance(module, nn.LayerNorm):
        nn.init.ones_(module.weight)
    if isinstance(module, nn.Linear | nn.LayerNorm) and module.bias is not None:
        nn.init.zeros_(module.bias)
