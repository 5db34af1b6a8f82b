"""Teaching the visual encoder on the encoder split, and judging it on films and combinations it never saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from ral_core.data.videos import probe, regular_times
from ral_core.features.visual import VisualConfig, VisualEncoder
from ral_core.features.visual_card import Report, evaluate, training_facts
from ral_core.features.visual_data import LabelledVideo, load_frames
from ral_core.features.visual_learner import VisualTraining
from ral_core.features.visual_training import train
from ral_core.files import read_jsonl
from ral_core.world.encoder_set import GROUPS, labelled_runs, labelled_video
from ral_core.world.scene import Film

Say = Callable[[str], None]
UNSEEN = 0.075
"""Share of the films that is kept for judging."""
TEST_FILMS = 60
"""Of the test split, how many films an encoder is judged on."""


def teach(
    work: Path,
    out: Path,
    *,
    test: tuple[Path, Path] | None = None,
    config: VisualConfig | None = None,
    training: VisualTraining | None = None,
    limit: int | None = None,
    epochs: int | None = None,
    say: Say = print,
) -> Report:
    """Train the visual encoder on the runs of the encoder split in `work`, write it to `out`, and judge it.

    The last films of the split are never trained on. A training that was stopped goes on. test: see `judge`.
    epochs: instead of those of `training`. Fewer frames than a batch make one smaller batch.
    """
    config, training, began = config or VisualConfig(), training or VisualTraining(), time.monotonic()
    taught, kept = split_runs(work, limit)
    frames, unseen = (load_frames(videos, GROUPS, config.picture) for videos in (taught, kept))
    training = replace(
        training, epochs=epochs or training.epochs, batch=max(1, min(training.batch, len(frames)))
    )
    say(f"visual encoder: {len(frames)} frames to train on, {len(unseen)} of unseen films")
    train(frames, unseen, GROUPS, out, work / "training", config=config, training=training, say=say)
    minutes = (time.monotonic() - began) / 60
    facts = training_facts(training, len(taught), len(frames), minutes)
    facts["Command"] = (
        "`python -m ral_core world build --split encoder test --stages scenes,video,media,encoder`"
    )
    return judge(work, out, facts, test=test, limit=limit)


def judge(
    work: Path,
    out: Path,
    facts: Mapping[str, str],
    *,
    test: tuple[Path, Path] | None = None,
    limit: int | None = None,
) -> Report:
    """Judge the encoder in `out` on the films it was not trained on, and write its report and card.

    test: folder with films.jsonl and folder of the videos of a split that holds combinations never trained on;
    its first films are used where their videos exist.
    """
    size = VisualEncoder.open(out).config.picture
    sets = {"unseen films": load_frames(split_runs(work, limit)[1], GROUPS, size)}
    if test is not None:
        films, videos = read_rows(test[0], TEST_FILMS), test[1]
        found = open_films([film for film in films if (videos / f"{film.id}.mp4").exists()], videos)
        if found:
            sets["test films"] = load_frames(found, GROUPS, size)
    return evaluate(out, sets, facts=facts)


def split_runs(work: Path, limit: int | None = None) -> tuple[list[LabelledVideo], list[LabelledVideo]]:
    """The runs of the encoder split's films to train on, and those kept for judging."""
    films = read_rows(work, limit)
    kept = max(1, round(UNSEEN * len(films)))
    videos = [labelled_runs(film, work / "video" / f"{film.id}.mp4") for film in films]
    return videos[:-kept], videos[-kept:]


def read_rows(folder: Path, limit: int | None) -> list[Film]:
    """The first films of a split's folder."""
    return [Film.from_json(row) for row in islice(read_jsonl(folder / "films.jsonl"), limit)]


def open_films(films: Sequence[Film], videos: Path, fps: float = 4.0) -> list[LabelledVideo]:
    """Whole films (of a test split) as labelled videos, to judge an encoder on combinations it never saw."""
    found = []
    for film in films:
        count = len(regular_times(probe(videos / f"{film.id}.mp4").duration, fps))
        times = [number / fps for number in range(count)]
        found.append(labelled_video(film, videos / f"{film.id}.mp4", times, fps, count))
    return found
