"""The papers' Adam: no bias correction, every tensor clipped by itself, linear warm-up and decay.

Source: the optimiser of MS-SL, GMMFormer and RAL (from early BERT code).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ral_core.models.names import official_name

BETAS = (0.9, 0.999)
EPS = 1e-6
"""Added to the root of the second moment."""
LARGEST_NORM = 1.0


def schedule(progress: float, warmup: float = 0.01) -> float:
    """The share of the learning rate at `progress` in 0 .. 1: up over `warmup`, then down to 0.

    The first step has a rate of exactly 0: it only sets the moments.
    """
    if progress < warmup:
        return progress / warmup
    return max((1 - progress) / (1 - warmup), 0.0)


class BertAdam(Optimizer):
    """Adam whose steps are m / (sqrt(v) + eps) + decay * p, after clipping each tensor's gradient to norm 1."""

    def __init__(self, params: Iterable[Any], lr: float, total_steps: int, *, warmup: float = 0.01) -> None:
        """`params` are groups as `parameter_groups` makes them; a group without `weight_decay` does not decay."""
        if lr <= 0 or total_steps < 1 or not 0 <= warmup < 1:
            raise ValueError(f"cannot train with lr {lr}, {total_steps} steps and warm-up {warmup}")
        defaults = {"lr": lr, "total_steps": total_steps, "warmup": warmup, "weight_decay": 0.0}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """One step; tensors without a gradient stay as they are and keep their own step count."""
        loss = None if closure is None else closure()
        for group in self.param_groups:
            moving = [parameter for parameter in group["params"] if parameter.grad is not None]
            by_rate: dict[float, list[Tensor]] = {}
            for parameter in moving:
                state = self.state[parameter]
                if not state:
                    state.update(step=0, m=torch.zeros_like(parameter), v=torch.zeros_like(parameter))
                rate = group["lr"] * schedule(state["step"] / group["total_steps"], group["warmup"])
                state["step"] += 1
                by_rate.setdefault(rate, []).append(parameter)
            for rate, parameters in by_rate.items():
                self._move(parameters, rate, group["weight_decay"])
        return loss

    def _move(self, parameters: list[Tensor], rate: float, weight_decay: float) -> None:
        """Moments and update of tensors that share a rate, all of them at once."""
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        norms = torch.stack(torch._foreach_norm(gradients))
        scales = (LARGEST_NORM / (norms + 1e-6)).clamp(max=1)
        gradients = list(torch._foreach_mul(gradients, list(scales)))
        m = [self.state[parameter]["m"] for parameter in parameters]
        v = [self.state[parameter]["v"] for parameter in parameters]
        torch._foreach_mul_(m, BETAS[0])
        torch._foreach_add_(m, gradients, alpha=1 - BETAS[0])
        torch._foreach_mul_(v, BETAS[1])
        torch._foreach_addcmul_(v, gradients, gradients, value=1 - BETAS[1])
        roots = torch._foreach_sqrt(v)
        torch._foreach_add_(roots, EPS)
        if weight_decay:
            torch._foreach_mul_(parameters, 1 - rate * weight_decay)
        torch._foreach_addcdiv_(parameters, m, roots, value=-rate)


def parameter_groups(
    model: nn.Module, weight_decay: float, *, decay_norm_gains: bool = False
) -> list[dict[str, Any]]:
    """Parameters that decay, and those that do not: biases and normalisations.

    The official rule goes by name and misses gains that are not called LayerNorm, which it therefore shrinks;
    `decay_norm_gains` does the same.
    """
    gains = {
        f"{name}.weight" if name else "weight"
        for name, module in model.named_modules()
        if isinstance(module, nn.LayerNorm)
    }
    decaying: list[nn.Parameter] = []
    free: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        gain = "LayerNorm.weight" in official_name(name) if decay_norm_gains else name in gains
        (free if gain or name.endswith("bias") else decaying).append(parameter)
    return [{"params": decaying, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
