"""`python -m ral_core zoo`: train every system in one common setting, and compare them."""

from __future__ import annotations

import argparse
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def add(parser: argparse.ArgumentParser) -> None:
    """The arguments of `zoo`."""
    parser.add_argument("--systems", nargs="+", help="only these presets")
    parser.add_argument("--seeds", nargs="+", type=int, help="instead of 1 2 3")
    parser.add_argument("--out", type=Path, default=ROOT / "build/zoo", help="folder of the runs (%(default)s)")
    parser.add_argument("--data", type=Path, default=ROOT / "build/world", help="folder with train/ and val/")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N (%(default)s)")
    parser.add_argument("--threads", type=int, help="CPU threads to use")


def run(args: argparse.Namespace) -> int:
    """Train what is missing."""
    import torch

    from ral_core.device import pick_device
    from ral_core.features.encoders import open_text_encoder
    from ral_core.training.zoo import SEEDS, SYSTEMS, members, train_member

    if args.threads:
        torch.set_num_threads(args.threads)
    device = pick_device(args.device)
    text = open_text_encoder("minilm", device=device)
    for member in members(args.systems or SYSTEMS, args.seeds or SEEDS):
        print(f"--- {member.name}", flush=True)
        train_member(
            member,
            args.out,
            text,
            root=args.data,
            device=device,
            cache=ROOT / "build/text",
            say=lambda line: print(line, flush=True),
        )
    return 0
