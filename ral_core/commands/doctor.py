"""`python -m ral_core doctor`: is everything here that searching needs? Reads only; never uses the network."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from ral_core.analysis.health import Check, device, disk, joint_encoders, other_models, programs, root_checks
from ral_core.errors import RALError
from ral_core.features.encoders import open_text_encoder, open_visual_encoder
from ral_core.search.engine import PRECOMPUTED


def add(parser: ArgumentParser) -> None:
    """The arguments of `doctor`."""
    parser.epilog = (
        "Lines begin with ok, with -- for what could be here and is not, or with FAIL; 1 when anything fails.\n"
        "example: python -m ral_core doctor --library my_library"
    )
    parser.add_argument("--root", type=Path, default=PRECOMPUTED, help="folder of the shipped files")
    parser.add_argument(
        "--library", type=Path, action="append", default=[], metavar="LIB", help="a library of your own, too"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: Namespace) -> int:
    """Print one line a check; 1 when any failed."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    found = []
    for check in checks(args.root, args.library):
        found.append(check)
        if not args.json:
            print(f"{mark(check)}  {check.name:<14} {check.detail}", flush=True)
    failed = [check.name for check in found if not check.ok]
    if args.json:
        print(
            json.dumps({"ok": not failed, "checks": [asdict(check) for check in found]}, ensure_ascii=False)
        )
    elif failed:
        print(f"{len(failed)} of {len(found)} checks failed.", file=sys.stderr)
    return 1 if failed else 0


def mark(check: Check) -> str:
    """How a line begins."""
    return "FAIL" if not check.ok else "--  " if check.absent else "ok  "


def checks(root: Path, libraries: Sequence[Path] = ()) -> Iterator[Check]:
    """Every check, the quick ones first."""
    yield from programs()
    yield device()
    yield disk(root)
    yield text_encoder()
    yield visual_encoder(root / "encoders" / "visual")
    yield from joint_encoders()
    yield from other_models()
    yield from root_checks(root, shipped=True)
    for library in libraries:
        yield disk(library)
        yield from root_checks(library, shipped=False)


def text_encoder() -> Check:
    """Whether the default text encoder is here, with the official weights."""
    try:
        return Check("text encoder", True, f"{open_text_encoder().id}, SHA-256 as published")
    except RALError as problem:
        return Check("text encoder", False, str(problem))


def visual_encoder(folder: Path) -> Check:
    """Whether the visual encoder can be opened."""
    try:
        return Check("visual encoder", True, open_visual_encoder(folder).id)
    except RALError as problem:
        return Check("visual encoder", False, str(problem))
