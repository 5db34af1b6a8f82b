"""Captions and features of one's own as splits: captions on rows, videos divided by name, sizes made to fit."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ral_core.data.annotations import Tally, form_of, read_annotations, settled
from ral_core.data.captions import Caption, read_captions, write_captions
from ral_core.errors import DataError
from ral_core.evaluation.splits import Split, packed_split
from ral_core.features.packed import EncodesText, Say
from ral_core.features.store import HEADER, FeatureStore
from ral_core.features.windows import lengths_of, source_of, spans_of, windows_of
from ral_core.files import read_json, read_jsonl, write_json
from ral_core.models.config import ModelConfig
from ral_core.training.config import RunConfig

LIBRARY, CAPTIONS, PARTS_FILE = "library.json", "captions.jsonl", "parts.json"
PARTS = ("train", "val", "heldout")
HELDOUT, VAL = 0.2, 0.15
"""Shares of the captioned videos that are kept for the final figures, and to choose the epoch on."""
FEWEST = 4
"""Captioned videos without which there is nothing to divide."""
FEW = 3000
"""Captions below which a preset is made small and strict."""


def feature_folder(library: Path) -> Path:
    """Where the features of a library lie: in features/, or in the folder itself. Raises DataError if nowhere."""
    for folder in (library / "features", library):
        if (folder / HEADER).is_file():
            return folder
    raise DataError(
        f"There are no features in {library}; make them with `python -m ral_core ingest` or `import-features`."
    )


def collection_of(library: Path) -> str:
    """What the videos of a library are called together: the name in library.json, else the folder's."""
    about = read_json(library / LIBRARY) if (library / LIBRARY).is_file() else {}
    return str(about.get("name") or library.resolve().name)


def own_captions(library: Path, store: FeatureStore, file: Path | None, say: Say) -> list[Caption]:
    """The captions of a library; with `file` they are read from there and kept as the library's captions.jsonl.

    What was odd in the file is counted in captions.report.json and said. Raises DataError when there are none.
    """
    kept = library / CAPTIONS
    if file is None:
        if not kept.is_file():
            raise DataError(f"{library} has no captions yet; name a csv, jsonl or subtitles with --captions.")
        return read_captions(kept)
    if is_ours(file):
        captions: Sequence[Caption] = read_captions(file)
        if file.resolve() != kept.resolve():
            write_captions(kept, captions)
        return list(captions)
    lengths = lengths_of(store)
    tally, form = Tally(), form_of(file)
    imported = settled(read_annotations(file, form, tally), tally, durations=lengths, videos=lengths)
    write_captions(kept, imported.captions)
    write_json(kept.with_suffix(".report.json"), {"file": file.name, "format": form, **imported.report()})
    say(f"{len(imported.captions)} captions from {file.name} kept in {kept}")
    for name, row_ in tally.to_json().items():
        say(f"  {row_['done']} {row_['count']}  {name}: {row_['why']}")
    return list(imported.captions)


def is_ours(file: Path) -> bool:
    """Whether a file of captions is in our own form already."""
    if file.suffix != ".jsonl" or not file.is_file():
        return False
    first = next(iter(read_jsonl(file)), {})
    return {"id", "film", "text", "level"} <= first.keys()


@dataclass(frozen=True)
class Placed:
    """Captions whose `film` is a row of features, and what could not be placed."""

    captions: tuple[Caption, ...]
    unknown: Mapping[str, int]
    """Captions of each video that has no features."""
    untimed: int
    """Captions without times of files in several windows, which may belong to any of them."""


def placed(captions: Iterable[Caption], store: FeatureStore) -> Placed:
    """Give each caption the row that holds most of its moment; every row that holds some of it satisfies it.

    A caption's video may be a row itself, or a file that is in several windows; see `Placed` for the rest.
    """
    windows, spans = windows_of(store), spans_of(store)
    found, unknown, untimed = [], Counter[str](), 0
    for caption in captions:
        rows = [caption.film] if caption.film in store else windows.get(caption.film, [])
        if not rows:
            unknown[caption.film] += 1
            continue
        if len(rows) > 1 and math.isnan(caption.start):
            untimed += 1
            continue
        shared = {
            row: min(caption.end, spans[row][1]) - max(caption.start, spans[row][0])
            for row in rows
            if len(rows) > 1
        }
        own = max(shared, key=lambda row: shared[row]) if shared else rows[0]
        others = [row for row, seconds in shared.items() if seconds > 0 and row != own]
        others += [
            row
            for video in caption.relevant
            if video != caption.film
            for row in ([video] if video in store else windows.get(video, []))
        ]
        relevant = tuple(dict.fromkeys((own, *others)))
        found.append(replace(caption, film=own, relevant=relevant, ambiguity=len(relevant)))
    return Placed(tuple(found), dict(unknown), untimed)


def divided(sources: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Videos for `train`, `val` and `heldout`, by the SHA-256 of their names: the same on every machine.

    Raises DataError for fewer than `FEWEST`.
    """
    order = sorted(set(sources), key=lambda source: hashlib.sha256(source.encode()).digest())
    if len(order) < FEWEST:
        raise DataError(
            f"Only {len(order)} videos have both captions and features; training needs {FEWEST} at least."
        )
    heldout, val = (max(1, round(share * len(order))) for share in (HELDOUT, VAL))
    return {
        "train": tuple(sorted(order[heldout + val :])),
        "val": tuple(sorted(order[heldout : heldout + val])),
        "heldout": tuple(sorted(order[:heldout])),
    }


def part_split(
    name: str,
    sources: Sequence[str],
    captions: Sequence[Caption],
    store: FeatureStore,
    config: ModelConfig,
    text: EncodesText,
    *,
    captioned_only: bool = False,
    cache: Path | None = None,
    say: Say | None = None,
) -> Split:
    """The rows of some videos with their captions; with `captioned_only` without windows that have none."""
    wanted = set(sources)
    own = [caption for caption in captions if source_of(caption.film) in wanted]
    named = {caption.film for caption in own}
    ids = tuple(row for row in store.ids if source_of(row) in wanted and (not captioned_only or row in named))
    return packed_split(name, store, own, ids, config, text, cache=cache, say=say)


def scaled(preset: RunConfig, captions: int, lengths: Sequence[int]) -> RunConfig:
    """A preset for `captions` training captions of videos with so many frames each.

    Fewer than `FEW` captions: narrower, much dropout, no hard negatives, and the canonical start, as chosen on real
    cooking videos (benchmarks/youcook2.py). There are not more clips than
    the longest video has frames.
    """
    longest = max(lengths)
    whole = preset.model_config(1, 1)
    clips = min(whole.clips, max(4, longest))
    model = {
        **preset.model,
        "clips": clips,
        "clusters": min(whole.clusters, clips),
        "max_frames": min(whole.max_frames, max(8, longest)),
    }
    data = replace(preset.data, feature=None, captions_per_video=None)
    if captions >= FEW:
        return replace(preset, model=model, data=data)
    return replace(
        preset,
        model={**model, "width": 128, "heads": 4, "input_drop": 0.5, "drop": 0.3},
        objective=replace(preset.objective, precision="float32", hard_from_epoch=1000),
        training=replace(
            preset.training,
            epochs=20,
            patience=7,
            batch_videos=64,
            learning_rate=5e-4,
            start="canonical",
            choose_weights=True,
        ),
        data=data,
    )
