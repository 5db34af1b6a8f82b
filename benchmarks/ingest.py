"""How fast a folder of videos becomes a library, and that a long video takes no more memory than a short one.

    python benchmarks/ingest.py ~/Videos --encoder openai/clip-vit-base-patch32
    python benchmarks/ingest.py ../shared/clips --random base --hours 2

Without --encoder, a CLIP of random weights is written and used: `base` has the size of ViT-B/32, `tiny` next to none,
which shows what decoding alone costs. --hours also ingests a drawn film of that length and one of two minutes, at the
same small size and rate. Each run is a process of its own: wall-clock and processor time include its start, and the
memory is the most that was resident at once.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ral_core.data.videos import write_video
from ral_core.features.store import FeatureStore
from ral_core.ingest.library import Library

FPS, SIZE = 4.0, (96, 54)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="folder with videos")
    parser.add_argument("--encoder", help="CLIP or SigLIP by folder or hub id, or demo")
    parser.add_argument("--random", choices=("tiny", "base"), default="tiny", help="(default: %(default)s)")
    parser.add_argument("--hours", type=float, help="also ingest a drawn film of this length")
    parser.add_argument("--jobs", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        encoder = args.encoder or str(random_clip(work / "clip", args.random))
        if args.folder:
            measured(args.folder, work / "lib", encoder, args.jobs)
        if args.hours:
            for name, seconds in (("two minutes", 120.0), (f"{args.hours:g} h", 3600 * args.hours)):
                film = work / name.replace(" ", "-") / "film.mp4"
                write_video(film, drawn(seconds), fps=FPS, preset="ultrafast")
                print(
                    f"\n{name}: {film.stat().st_size / 1e6:.1f} MB, {SIZE[0]}x{SIZE[1]}, {FPS:g} pictures a second"
                )
                measured(film.parent, work / f"lib-{name}", encoder, 1)


def measured(folder: Path, library: Path, encoder: str, jobs: int) -> None:
    """Ingest in a process and print what it took."""
    arguments = [
        "ingest",
        str(folder),
        "--out",
        str(library),
        "--encoder",
        encoder,
        "--jobs",
        str(jobs),
        "--json",
    ]
    code = f"import sys; from ral_core import cli; sys.exit(cli.main({arguments!r}))"
    answer = library.with_suffix(".json")
    began = time.perf_counter()
    actions = [(os.POSIX_SPAWN_OPEN, 1, str(answer), os.O_WRONLY | os.O_CREAT, 0o600)]
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", code], os.environ, file_actions=actions)
    _, status, used = os.wait4(child, 0)
    wall = time.perf_counter() - began
    if status:
        sys.exit(f"ingest failed ({os.waitstatus_to_exitcode(status)})")
    told(json.loads(answer.read_text()), library, wall, used.ru_utime + used.ru_stime, used.ru_maxrss)


def told(report: dict[str, Any], folder: Path, wall: float, processor: float, resident: int) -> None:
    """Print one run."""
    library = Library.open(folder)
    pictures = sum(entry.duration * entry.fps for entry in library.videos())
    encoded = sum(FeatureStore.open(library.features).lengths)
    megabytes = resident / (1e6 if sys.platform == "darwin" else 1e3)
    print(
        f"{report['videos']} videos, {report['rows']} rows, {len(report['skipped'])} skipped; {report['encoder']}\n"
        f"{report['seconds']:.0f} s of video in {wall:.1f} s ({processor:.1f} s of processor): "
        f"{report['seconds'] / wall:.1f} s of video a second\n"
        f"{pictures:.0f} pictures decoded twice, {pictures / wall:.0f} a second; {encoded} encoded, "
        f"{encoded / wall:.1f} a second\n"
        f"{megabytes:.0f} MB resident at most"
    )


def drawn(seconds: float) -> Iterator[np.ndarray]:
    """A square that wanders; the ground changes every twenty seconds."""
    grounds = np.random.default_rng(0).integers(30, 220, (int(seconds / 20) + 1, 3)).astype(np.uint8)
    for number in range(int(seconds * FPS)):
        image = np.empty((SIZE[1], SIZE[0], 3), np.uint8)
        image[:] = grounds[int(number / FPS / 20)]
        left = number % (SIZE[0] - 16)
        image[20:36, left : left + 16] = 255 - image[0, 0]
        yield image


def random_clip(folder: Path, size: str) -> Path:
    """A CLIP that has learnt nothing."""
    sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
    from tiny_joint import tiny_clip

    tiny_clip(folder)
    if size == "base":
        from transformers import CLIPConfig, CLIPImageProcessorPil, CLIPModel

        CLIPModel(CLIPConfig()).save_pretrained(folder)  # the settings of ViT-B/32
        CLIPImageProcessorPil().save_pretrained(folder)
    return folder


if __name__ == "__main__":
    main()
