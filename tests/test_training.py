"""Training: batches that are the same for everybody, runs that survive a kill, settings that refuse nonsense."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_world import WIDTH, TinyText, write_split

from ral_core.data.captions import Caption, read_captions, write_captions
from ral_core.errors import DataError, TrainingDiverged
from ral_core.evaluation.splits import load_split
from ral_core.features.packed import pack_words
from ral_core.features.store import FeatureStore
from ral_core.files import read_jsonl, write_jsonl
from ral_core.models.checkpoint import load_model, read_settings
from ral_core.training import loop
from ral_core.training.batches import CaptionedVideos
from ral_core.training.config import (
    DataConfig,
    RunConfig,
    TrainingConfig,
    override,
)
from ral_core.training.loop import seed_step
from ral_core.training.objectives import ObjectiveConfig
from ral_core.training.run import train
from ral_core.training.state import Progress, StateFolder

CPU = torch.device("cpu")
TINY = {
    "width": 16,
    "heads": 2,
    "clips": 4,
    "max_frames": 16,
    "windows": [0.0, 1.0],
    "drop": 0.1,
    "ral": True,
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("world")
    write_split(root / "train", films=12, seed=1)
    write_split(root / "val", films=8, seed=2)
    return root


def tiny_run(world: Path, **training) -> RunConfig:
    settings = {"epochs": 4, "batch_videos": 3, "learning_rate": 3e-3, "checkpoint_steps": 2, **training}
    return RunConfig(
        name="tiny",
        model=TINY,
        objective=ObjectiveConfig(hard_from_epoch=2),
        training=TrainingConfig(**settings),
        data=DataConfig(root=str(world), captions_per_video=2),
    )


def quiet(line: str) -> None:
    """Nobody listens."""


def tiny_data(world: Path, captions_per_video: int | None = None) -> CaptionedVideos:
    config = tiny_run(world).model_config(1, 1)
    split = load_split(world / "train", config, TinyText())
    return CaptionedVideos.of(split, 5, config.max_words, captions_per_video)


# ---------------------------------------------------------------- captions


def test_captions_survive_a_round_trip(world: Path, tmp_path: Path) -> None:
    captions = read_captions(world / "train" / "captions.jsonl")
    write_captions(tmp_path / "again.jsonl", captions)
    assert read_captions(tmp_path / "again.jsonl") == captions
    some = read_captions(world / "train" / "captions.jsonl", films=["train-0003"])
    assert [caption.film for caption in some] == ["train-0003"] * 3


GOOD = {"id": "a#0", "film": "a", "text": "a dog", "level": "mid", "start": 0, "end": 1, "relevant": ["a"]}


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"level": "loud"}, "loud"),
        ({"start": 3.0}, "moment"),
        ({"relevant": ["b"]}, "own film"),
        ({"end": "soon"}, "soon"),
        ({"spans": 3}, "3"),
    ],
)
def test_a_broken_caption_is_named_by_file_and_number(tmp_path: Path, change: dict, word: str) -> None:
    path = tmp_path / "captions.jsonl"
    write_jsonl(path, [GOOD, {**GOOD, "id": "a#1", **change}])
    with pytest.raises(DataError, match="caption 2") as caught:
        read_captions(path)
    assert word in str(caught.value) or word == "3"


def test_a_caption_needs_its_fields_and_an_id_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "captions.jsonl"
    write_jsonl(path, [{key: value for key, value in GOOD.items() if key != "text"}])
    with pytest.raises(DataError, match="'text'"):
        read_captions(path)
    write_jsonl(path, [GOOD, GOOD])
    with pytest.raises(DataError, match="twice"):
        read_captions(path)
    assert Caption.from_json({**GOOD, "event": None}).event == ()


# ---------------------------------------------------------------- batches


def test_packed_videos_are_normalised_and_padded_with_zeros(world: Path) -> None:
    videos = tiny_data(world).videos
    mask = videos.batch.frame_mask
    assert videos.batch.frames.shape == (12, 16, WIDTH) and videos.batch.clips.shape == (12, 4, WIDTH)
    assert not videos.batch.frames[~mask].any()
    torch.testing.assert_close(
        videos.batch.frames[mask].norm(dim=-1), torch.ones(int(mask.sum())), atol=1e-4, rtol=0
    )
    real = [times[one] for times, one in zip(videos.frame_times, mask, strict=True)]
    assert all(
        (times.diff() > 0).all() and times[-1] < last
        for times, last in zip(real, videos.durations, strict=True)
    )


def test_words_are_those_of_the_sentence_in_any_company(world: Path, tmp_path: Path) -> None:
    texts = ["dog runs beach", "cat", "robot dances kitchen street park"]
    words = pack_words(TinyText(), texts, cache=tmp_path)
    batch = words.rows(torch.tensor([2, 1]), max_words=4)
    assert batch.word_mask.tolist() == [[True] * 4, [True, False, False, False]]
    assert not batch.words[1, 1:].any()
    torch.testing.assert_close(words.rows(torch.tensor([1]), 4).words[0], batch.words[1, :1])
    assert words.pieces(0) == [(0, 3), (4, 8), (9, 14)]
    (file,) = tmp_path.iterdir()
    again = pack_words(TinyText(), texts, cache=tmp_path)
    assert torch.equal(again.vectors, words.vectors) and torch.equal(again.characters, words.characters)
    file.write_bytes(b"half a file")
    assert torch.equal(pack_words(TinyText(), texts, cache=tmp_path).vectors, words.vectors)


@pytest.mark.parametrize("captions_per_video", [None, 2])
def test_an_epoch_holds_every_video_once_with_its_own_captions(
    world: Path, captions_per_video: int | None
) -> None:
    data = tiny_data(world, captions_per_video)
    batches = list(data.epoch(seed=3, epoch=0))
    assert [len(batch) for batch in batches] == [5, 5, 2] and len(data) == 3
    everything = data.words.rows(torch.arange(len(data.words)), data.max_words).words
    seen = torch.cat([batch.videos.frames for batch in batches])
    rows = [int((data.videos.batch.frames == one).flatten(1).all(1).nonzero()) for one in seen]
    assert sorted(rows) == list(range(12))
    video = 0
    for batch in batches:
        assert (batch.owner.diff() >= 0).all()
        for place in range(len(batch)):
            own = batch.queries.words[batch.owner == place]
            row = rows[video + place]
            its = everything[data.first[row] : data.first[row + 1]]
            matches = (own[:, None] == its[None]).flatten(2).all(2)
            assert (
                len(own) == (captions_per_video or 3) and matches.any(1).all() and (matches.sum(0) <= 1).all()
            )
        video += len(batch)


def test_batches_depend_on_seed_and_epoch_alone(world: Path) -> None:
    data = tiny_data(world, 2)
    whole, rest = list(data.epoch(7, 1)), list(data.epoch(7, 1, start=1))
    for one, other in zip(whole[1:], rest, strict=True):
        assert torch.equal(one.queries.words, other.queries.words)
        assert torch.equal(one.videos.frames, other.videos.frames)
    assert not torch.equal(next(data.epoch(7, 2)).videos.frames, whole[0].videos.frames)
    assert not torch.equal(next(data.epoch(8, 1)).videos.frames, whole[0].videos.frames)


def test_a_video_without_captions_and_a_caption_without_video_are_refused(
    world: Path, tmp_path: Path
) -> None:
    config = tiny_run(world).model_config(1, 1)
    write_split(tmp_path / "train", films=3)
    captions = read_captions(tmp_path / "train" / "captions.jsonl")
    write_captions(tmp_path / "train" / "captions.jsonl", [c for c in captions if c.film != "train-0001"])
    with pytest.raises(DataError, match="train-0001"):
        CaptionedVideos.of(load_split(tmp_path / "train", config, TinyText()), 2, 30, None)
    stranger = replace(captions[0], film="nobody", relevant=("nobody",))
    write_captions(tmp_path / "train" / "captions.jsonl", [stranger])
    with pytest.raises(DataError, match="nobody"):
        load_split(tmp_path / "train", config, TinyText())


# ---------------------------------------------------------------- the loop


class Killed(Exception):
    """Stands for the end of the process."""


def train_and_kill(config: RunConfig, out: Path, at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train, and die in the middle of step number `at` of this process."""
    steps, real = iter(range(10**6)), loop.train_step

    def fragile(*args):
        if next(steps) == at:
            raise Killed
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(loop, "train_step", fragile)
        with pytest.raises(Killed):
            train(config, out, TinyText(), device=CPU, say=quiet)


def logged(out: Path) -> list[dict]:
    """The log without the clock."""
    clock = ("steps_per_second", "train_seconds", "validation_seconds")
    return [
        {key: value for key, value in row.items() if key not in clock}
        for row in read_jsonl(out / "log.jsonl")
    ]


def test_a_killed_run_goes_on_as_if_nothing_had_happened(world: Path, tmp_path: Path, monkeypatch) -> None:
    config = tiny_run(world)
    whole = train(config, tmp_path / "whole", TinyText(), device=CPU, say=quiet)
    random = np.random.default_rng(5)
    for at in (0, *random.integers(1, 9, size=3).tolist()):
        train_and_kill(config, tmp_path / "killed", at, monkeypatch)
    killed = train(config, tmp_path / "killed", TinyText(), device=CPU, say=quiet)
    assert logged(killed) == logged(whole)
    ours, theirs = load_model(killed).state_dict(), load_model(whole).state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert not (killed / "state").exists()


def test_a_kill_while_a_checkpoint_is_written_leaves_the_one_before(
    world: Path, tmp_path: Path, monkeypatch
) -> None:
    config = tiny_run(world)
    train_and_kill(config, tmp_path / "run", 5, monkeypatch)
    state = tmp_path / "run" / "state"
    (newest,) = state.glob("at-*")
    staged = state / ".at-0099-000000.part"
    staged.mkdir()
    (staged / "state.json").write_text("{")
    lines: list[str] = []
    train(config, tmp_path / "run", TinyText(), device=CPU, say=lines.append)
    assert newest.name == "at-0001-000000" and any("going on after epoch 1" in line for line in lines)


def test_training_learns_and_leaves_a_whole_model_folder(world: Path, tmp_path: Path) -> None:
    config = tiny_run(world, epochs=15, choose_weights=True)
    out = train(config, tmp_path / "model", TinyText(), device=CPU, say=quiet)
    rows = logged(out)
    assert rows[-1]["loss"] < 0.9 * rows[0]["loss"]
    names = {
        "clip_nce",
        "clip_triplet",
        "frame_nce",
        "frame_triplet",
        "diversity",
        "matching",
        "proxy",
        "distribution",
    }
    assert {key.removeprefix("loss/") for key in rows[0] if key.startswith("loss/")} == names
    extra = read_settings(out)["extra"]
    best = max(rows, key=lambda row: row["val/SumR"])
    assert extra["best_epoch"] == best["epoch"]
    if load_model(out).config.clip_weight == 0.5:
        assert extra["scores"]["SumR"] == pytest.approx(best["val/SumR"])
    assert extra["scores"]["SumR"] >= best["val/SumR"] - 1e-6
    card = (out / "README.md").read_text()
    assert "## Weaknesses" in card and "tiny-eyes" not in card.split("## Data")[0] and "ceiling" in card
    lines: list[str] = []
    assert train(config, out, TinyText(), device=CPU, say=lines.append) == out
    assert "finished" in lines[0]


def test_other_settings_do_not_go_on_with_a_run(world: Path, tmp_path: Path, monkeypatch) -> None:
    train_and_kill(tiny_run(world), tmp_path / "run", 5, monkeypatch)
    with pytest.raises(DataError, match=r"training\.epochs is 4, not 5"):
        train(tiny_run(world, epochs=5), tmp_path / "run", TinyText(), device=CPU, say=quiet)
    fresh = tiny_run(world, epochs=1)
    train(fresh, tmp_path / "run", TinyText(), device=CPU, say=quiet, resume=False)
    assert len(logged(tmp_path / "run")) == 1


def test_patience_and_time_end_a_run(world: Path, tmp_path: Path) -> None:
    config = tiny_run(world, epochs=9, patience=0, learning_rate=1e-9)
    train(config, tmp_path / "stale", TinyText(), device=CPU, say=quiet)
    assert len(logged(tmp_path / "stale")) < 9
    short = tiny_run(world, epochs=3, max_minutes=1e-6)
    train(short, tmp_path / "short", TinyText(), device=CPU, say=quiet)
    train(override(short, max_minutes=5.0), tmp_path / "short", TinyText(), device=CPU, say=quiet)
    assert len(logged(tmp_path / "short")) == 3


def test_a_loss_that_is_no_number_names_its_term(world: Path, tmp_path: Path, monkeypatch) -> None:
    import ral_core.training.run as run_module

    real = run_module.objective

    def broken(*args, **kwargs):
        terms = real(*args, **kwargs)
        return terms | {"proxy": terms["proxy"] * float("nan")}

    monkeypatch.setattr(run_module, "objective", broken)
    with pytest.raises(TrainingDiverged, match=r"'proxy'.*epoch 1, step 1"):
        train(tiny_run(world), tmp_path / "run", TinyText(), device=CPU, say=quiet)


def test_every_step_draws_numbers_of_its_own() -> None:
    drawn = set()
    for place in ((1, 0, 0), (1, 0, 1), (1, 1, 0), (2, 0, 0)):
        seed_step(*place)
        drawn.add(float(torch.rand(1)))
    seed_step(2**62, 10**6, 10**6)
    assert len(drawn) == 4


def test_progress_counts_what_is_better() -> None:
    progress = Progress().added({"a": 1.0}, 1.0).added({"a": 3.0}, 1.0)
    assert progress.means() == {"a": 2.0} and progress.step == 2
    progress = progress.closed({}, 10.0).closed({}, 10.0).closed({}, 9.0)
    assert (progress.epoch, progress.best_epoch, progress.stale, progress.best_score) == (3, 0, 2, 10.0)


def test_nothing_saved_is_nothing_loaded(tmp_path: Path) -> None:
    model = torch.nn.Linear(2, 2)
    assert StateFolder(tmp_path / "none").load(model, torch.optim.SGD(model.parameters()), {}) is None


def test_splits_of_two_encoders_are_not_mixed(tmp_path: Path) -> None:
    write_split(tmp_path / "train", films=3)
    write_split(tmp_path / "val", films=3, encoder="other-eyes@1")
    with pytest.raises(DataError, match="other-eyes"):
        train(tiny_run(tmp_path), tmp_path / "run", TinyText(), device=CPU, say=quiet)
    assert FeatureStore.open(tmp_path / "val").encoder == "other-eyes@1"
