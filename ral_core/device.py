"""The device is chosen once, at the door."""

from __future__ import annotations

import torch

from ral_core.errors import UnknownName


def pick_device(name: str = "auto") -> torch.device:
    """`auto` takes CUDA when there is one, else the CPU; any other name is taken literally.

    Raises UnknownName when the named device is not on this machine or cannot compute.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    # torch says "no such device" in three ways: RuntimeError for unknown and absent ones, AssertionError where it was
    # built without CUDA, NotImplementedError for devices that hold no numbers, such as meta.
    except (RuntimeError, AssertionError, NotImplementedError) as problem:
        reason = str(problem).partition("\n")[0]
        raise UnknownName(f"Device {name!r} cannot be used here ({reason}); try --device cpu.") from None
    return device
