"""The papers' data sets, read where they lie."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from official_files import TEXT, VISUAL, write_official
from tiny_models import KINDS

from ral_core.cli import main
from ral_core.commands.evaluate import check_widths
from ral_core.data.annotations import Annotation
from ral_core.data.bigfile import BigFile, read_frame_names
from ral_core.data.hdf5 import ArrayFile
from ral_core.data.official import open_official
from ral_core.errors import DataError, EncoderMismatch
from ral_core.evaluation.corpus_moments import corpus_moment_report
from ral_core.evaluation.evaluate import evaluate
from ral_core.evaluation.scoring import score_split
from ral_core.evaluation.splits import load_split, with_moments
from ral_core.evaluation.uncertainty import uncertainty_report
from ral_core.features.official import GROUP, OfficialVideos, OfficialWords
from ral_core.features.pooling import pool_ragged, pool_rows
from ral_core.files import read_json, read_jsonl
from ral_core.models import ModelConfig, RALConfig, build_model
from ral_core.training.config import DataConfig, RunConfig, TrainingConfig
from ral_core.training.run import train

LENGTHS = {"a": 1, "b": 40, "c": 1000, "d": 7}
CAPTIONS = {"a": [1], "b": [3, 30] * 20, "c": [5, 45], "d": [2]}


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Videos of 1 to 1,000 frames with 1 to 40 captions."""
    return write_official(tmp_path_factory.mktemp("data"), LENGTHS, CAPTIONS)


def config(name: str = "gmmformer_v2", **settings: object) -> ModelConfig:
    sizes = {"visual_width": VISUAL, "text_width": TEXT, "width": 16, "clips": 8, "max_frames": 32}
    return ModelConfig(name=name, **{**sizes, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize("legacy", [False, True])
def test_pooling_many_videos_at_once_is_pooling_each(legacy: bool) -> None:
    random = np.random.default_rng(1)
    lengths = np.array([1, 2, 7, 8, 9, 47, 48, 49, 300])
    rows = random.standard_normal((lengths.sum(), 3))
    together = pool_ragged(rows, lengths, 8, legacy=legacy)
    ends = np.cumsum(lengths)
    for row, (end, length) in enumerate(zip(ends, lengths, strict=True)):
        np.testing.assert_allclose(
            together[row], pool_rows(rows[end - length : end], 8, legacy=legacy), atol=1e-12
        )


def test_a_batch_holds_what_each_video_alone_would(toy: Path) -> None:
    split = load_split(toy / "train", config(), None)
    assert split.videos.ids == ("a", "b", "c", "d") and len(split.captions) == 44
    batch = split.videos.rows(torch.tensor([2, 0, 1, 3]))
    assert batch.frame_mask.sum(1).tolist() == [32, 1, 32, 7]
    for row, number in enumerate([2, 0, 1, 3]):
        one = split.videos.rows(torch.tensor([number]))
        count = one.frames.shape[1]
        torch.testing.assert_close(batch.frames[row, :count], one.frames[0])
        torch.testing.assert_close(batch.clips[row], one.clips[0])
    words = split.words.rows(torch.tensor([1, 2, 42]), 30)
    assert words.word_mask.sum(1).tolist() == [3, 30, 30]


def test_readers_travel_to_other_processes(toy: Path) -> None:
    split = load_split(toy / "train", config(), None)
    here = split.videos.rows(torch.tensor([1])), split.words.rows(torch.tensor([3]), 30)
    copies = pickle.loads(pickle.dumps((split.videos, split.words)))
    assert not copies[0].frames.big._mapped and not copies[1].file._open
    assert not copies[0].frames.big.names  # frames are found by number once the set is open
    torch.testing.assert_close(copies[0].rows(torch.tensor([1])).frames, here[0].frames)
    with get_context("fork").Pool(2) as pool:  # a forked worker must not share the parent's open file
        shapes = pool.map(split.words.file.read, ["b#0", "b#1", "c#1", "d#0"])
    assert [len(rows) for rows in shapes] == [3, 30, 45, 2]


@pytest.mark.parametrize(("name", "wrapped"), KINDS)
def test_every_system_trains_and_is_evaluated_on_a_published_data_set(
    toy: Path, tmp_path: Path, name: str, wrapped: bool
) -> None:
    run = RunConfig(
        name="toy",
        model={
            "name": name,
            "ral": {"proxies": 2} if wrapped else None,
            "width": 16,
            "clips": 8,
            "clusters": 4,
            "max_frames": 32,
            "profile": "reference",
            "options": {"support_slots": 40},
        },
        training=TrainingConfig(epochs=1, batch_videos=3, seed=1),
        data=DataConfig(root=str(toy), feature="i3d"),
    )
    out = train(run, tmp_path / "model", None, device=torch.device("cpu"), say=lambda line: None)
    extra = read_json(out / "config.json")["extra"]
    assert extra["visual_encoder"] == "official/i3d"
    assert extra["text_encoder"] == "official/roberta_toy_query_feat"
    assert np.isfinite(extra["scores"]["SumR"]) and "share" not in extra["scores"]["slices"]


def test_one_command_trains_and_one_evaluates(
    toy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = tmp_path / "toy.toml"
    settings.write_text(
        'name = "toy"\n[model]\nname = "ms_sl"\nwidth = 16\n[training]\nepochs = 1\n[data]\nfeature = "i3d"\n'
    )
    model = tmp_path / "model"
    settings.write_text(settings.read_text() + 'root = "data/toy"\n')
    command = ["train", str(settings), "--data", str(toy.parent), "--out", str(model), "--threads", "1"]
    assert main(command) == 0  # the folder that holds the collection will do
    for split in (f"{toy}:test", str(toy / "test"), f"{toy.parent}:val"):
        assert main(["evaluate", "--model", str(model), "--split", split, "--json"]) == 0
        assert '"queries": 44' in capsys.readouterr().out
    assert main(["evaluate", "--model", str(model), "--split", f"{toy}:test", "--feature", "clip"]) == 1
    assert "no features 'clip'; there are: i3d" in capsys.readouterr().err
    judge = ["evaluate", "--model", str(model), "--split", f"{toy}:test"]
    assert main([*judge, "--vcmr"]) == 1
    assert "give their annotations (--moments)" in capsys.readouterr().err


def test_only_numbers_that_mean_something_there_are_told(toy: Path) -> None:
    split = load_split(toy / "test", config(), None)
    model = build_model(config(ral=RALConfig(proxies=2)))
    report = evaluate(model, split)
    assert set(report["slices"]) == {"words", "ambiguity"}  # no level, wording, twin or share is known
    doubts = uncertainty_report(model, split, np.random.default_rng(0).random((44, 4)))
    assert "entropy ~ ambiguity" not in doubts and "NaN" not in json.dumps([report, doubts])


def test_published_moments_divide_the_captions(toy: Path) -> None:
    split = load_split(toy / "test", config(), None)
    known = [
        Annotation("b", f"Sentence  {number} of b.", 10.0 * number, 10.0 * number + 5, 100.0)
        for number in range(8)
    ]
    known += [
        Annotation("c", "sentence 0 of c", 0, 30, None),
        Annotation("c", "sentence 1 of c", 0, 30, None),
    ]
    known += [Annotation("d", "another sentence", 0, 1, 2)]
    timed, note = with_moments(split, known, {"c": 60.0})
    assert note == "10 of 44 captions have a moment in a video of known length."
    by_id = dict(zip((caption.id for caption in timed.captions), timed.shares, strict=True))
    assert by_id["b#3"] == pytest.approx(0.05) and by_id["c#1"] == pytest.approx(0.5)
    assert np.isnan(by_id["a#0"]) and np.isnan(by_id["d#0"])
    slices = evaluate(build_model(config()), timed)["slices"]["share"]
    assert {name: row["queries"] for name, row in slices.items()} == {"0-0.2": 8, "0.4-1": 2}
    with pytest.raises(DataError, match="another split"):
        with_moments(split, known[-1:], {})
    clock = timed.clock(split.videos.ids.index("b"), 8, 32)
    assert clock.duration == 100 and clock.clips[0] == pytest.approx(6.25) and clock.frames[-1] < 100


def test_published_moments_are_looked_for(toy: Path) -> None:
    """Moments that fill their videos are found by whoever takes all of it; those of unknown videos do not count."""
    split = load_split(toy / "test", config(), None)
    known = [Annotation("b", f"sentence {number} of b", 0.0, 100.0, 100.0) for number in range(3)]
    timed, _ = with_moments(split, known, {})
    model = build_model(config())
    whole = evaluate(model, timed, localise=lambda *given: (0.0, given[4]))
    assert whole["mIoU"] == 100.0 and np.isfinite(whole["top mIoU"])
    scores = model.fused(score_split(model, timed)).numpy()
    found = corpus_moment_report(model, timed, scores, lambda *given: np.array([[0.0, given[4], 1.0]]))
    assert found["SVMR"]["R@1, IoU 0.7"] == 100.0
    first = [row for row, caption in enumerate(timed.captions) if caption.id in ("b#0", "b#1", "b#2")]
    expected = 100.0 * np.mean(scores[first].argmax(1) == split.videos.ids.index("b"))
    assert found["VCMR"]["R@1, IoU 0.7"] == pytest.approx(expected)


def test_features_of_another_width_are_refused(toy: Path, tmp_path: Path) -> None:
    with pytest.raises(EncoderMismatch, match="widths 7 and 8, but those of test have 10 and 8"):
        check_widths(config(visual_width=7), load_split(toy / "test", config(), None), "toy")


def test_videos_pooled_in_groups_are_what_each_alone_is(tmp_path: Path) -> None:
    many = {f"v{number}": 1 + number % 9 for number in range(GROUP * 2 + 3)}
    folder = write_official(tmp_path, many, {video: [2] for video in many})
    videos = load_split(folder / "train", config(), None).videos
    batch = videos.rows(torch.arange(len(many)))
    assert batch.frame_mask.sum(1).tolist() == list(many.values())
    for row in (0, GROUP - 1, GROUP, 2 * GROUP + 2):
        one = videos.rows(torch.tensor([row]))
        torch.testing.assert_close(batch.frames[row][batch.frame_mask[row]], one.frames[0])
        torch.testing.assert_close(batch.clips[row], one.clips[0])


def test_what_no_caption_names_is_left_alone(tmp_path: Path) -> None:
    folder = write_official(tmp_path, {"a": 2, "surplus": 3}, {"a": [2], "surplus": [1]})
    captions = folder / "TextData/toytest.caption.txt"
    captions.write_text(captions.read_text().splitlines(keepends=True)[0])
    split = open_official(folder, "test")
    assert split.ids == ("a",) and len(split.captions) == 1


def test_a_single_query_of_a_single_video(tmp_path: Path) -> None:
    folder = write_official(tmp_path, {"only": 1}, {"only": [1]})
    split = load_split(folder / "test", config("ms_sl"), None)
    report = evaluate(build_model(config("ms_sl")).eval(), split)
    assert report["R@1"] == 100 and report["queries"] == 1


def spoil_names(folder: Path) -> None:
    (folder / "FeatureData/i3d/id.txt").write_text("a_0")


def spoil_shape(folder: Path) -> None:
    (folder / "FeatureData/i3d/shape.txt").write_text("many rows")


def spoil_rows(folder: Path) -> None:
    path = folder / "FeatureData/i3d/feature.bin"
    path.write_bytes(path.read_bytes()[:-3])


def spoil_frames(folder: Path) -> None:
    path = folder / "FeatureData/i3d/video2frames.txt"
    path.write_text(path.read_text()[:-9])


def spoil_code(folder: Path) -> None:
    (folder / "FeatureData/i3d/video2frames.txt").write_text("__import__('os').abort()")


def spoil_a_frame(folder: Path) -> None:
    path = folder / "FeatureData/i3d/video2frames.txt"
    path.write_text(path.read_text().replace("d_3", "d_33"))


def spoil_videos(folder: Path) -> None:
    path = folder / "FeatureData/i3d/video2frames.txt"
    path.write_text(path.read_text().replace("'d':", "'e':"))


def spoil_caption(folder: Path) -> None:
    path = folder / "TextData/toytrain.caption.txt"
    path.write_text(path.read_text() + "e#0\n")


def spoil_twice(folder: Path) -> None:
    path = folder / "TextData/toytrain.caption.txt"
    path.write_text(path.read_text() + "d#0 once more\n")


def spoil_words(folder: Path) -> None:
    with h5py.File(folder / "TextData/roberta_toy_query_feat.hdf5", "a") as file:
        del file["d#0"]


def spoil_hdf5(folder: Path) -> None:
    (folder / "TextData/roberta_toy_query_feat.hdf5").write_bytes(b"not at all")


def lose_hdf5(folder: Path) -> None:
    (folder / "TextData/roberta_toy_query_feat.hdf5").unlink()


def add_features(folder: Path) -> None:
    with h5py.File(folder / "FeatureData/other.h5", "w") as file:
        file["a"] = np.ones((2, 3))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (spoil_names, "says 1048 rows, but id.txt has 1 names"),
        (spoil_shape, "must hold the numbers of rows and columns"),
        (spoil_rows, "has 41917; copy it again"),
        (spoil_frames, "ends before its mapping does"),
        (spoil_code, "character 0: this is no mapping"),
        (spoil_a_frame, "video 'd' has a frame 'd_33'"),
        (spoil_videos, "no frames of 1 of the 4 videos with captions, for example 'd'"),
        (spoil_caption, "line 45: expected"),
        (spoil_twice, "line 45: the id 'd#0' comes twice"),
        (spoil_words, "lacks 1 of the 44 captions, for example 'd#0'"),
        (spoil_hdf5, "cannot be read as an HDF5 file"),
        (lose_hdf5, "has no word features"),
        (add_features, "several features, so one must be named; there are: i3d, other"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(
    tmp_path: Path, spoil: Callable[[Path], None], said: str
) -> None:
    folder = write_official(tmp_path, LENGTHS, CAPTIONS)
    spoil(folder)
    with pytest.raises(DataError, match="(?s)" + said.replace("(", r"\(")) as caught:
        open_official(folder, "train")
    assert "\n" not in str(caught.value)


def test_a_missing_split_names_those_there_are(toy: Path) -> None:
    with pytest.raises(DataError, match=r"no captions of a split 'dev'.*toytest\.caption\.txt"):
        open_official(toy, "dev")


def test_features_that_are_not_finite_name_video_and_frame(tmp_path: Path) -> None:
    bad = np.ones((5, VISUAL), dtype="<f4")
    bad[3, 2] = np.nan
    folder = write_official(tmp_path, {"a": 4}, {"a": [2], "bad": [2]}, frames={"bad": bad})
    split = open_official(folder, "train")
    videos = OfficialVideos(split.ids, split.frames, 8, 32)
    with pytest.raises(DataError, match="frame 3 of video 'bad'"):
        videos.rows(torch.arange(2))
    with h5py.File(tmp_path / "words.hdf5", "w") as file:
        file["a#0"] = np.full((2, TEXT), np.inf)
    with pytest.raises(DataError, match=r"words of 'a#0' hold .* in row 0"):
        OfficialWords(("a#0",), ArrayFile(tmp_path / "words.hdf5")).rows(torch.tensor([0]), 30)


def test_words_that_do_not_fit_are_named(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "words.hdf5", "w") as file:
        file["a#0"], file["a#1"], file["a#2"] = np.ones((2, 4)), np.ones((2, 5)), np.ones((0, 4))
        file["a#3"], file["a#4/inner"] = np.ones(4), np.ones((1, 4))
    names = tuple(f"a#{number}" for number in range(5))
    words = OfficialWords(names, ArrayFile(tmp_path / "words.hdf5"))
    said = (
        "'a#1' are 5 wide, others 4",
        r"'a#2' has shape \(0, 4\)",
        r"'a#3' has shape \(4,\)",
        "'a#4' has shape",
    )
    for row, sentence in enumerate(said, start=1):
        with pytest.raises(DataError, match=sentence):
            words.rows(torch.tensor([row]), 30)


def test_clip_features_in_hdf5_with_short_names(tmp_path: Path) -> None:
    folder = write_official(tmp_path, {"v_x": 3}, {"v_x": [4]}, collection="activitynet")
    frames = np.random.default_rng(0).standard_normal((5, 6)).astype("float16")
    with h5py.File(folder / "FeatureData/activitynet_clip_L14.h5", "w") as file:
        file["x"] = frames
    words = np.random.default_rng(1).standard_normal((90, 6)).astype("float32")
    with h5py.File(folder / "TextData/activitynet_clip_L14.h5", "w") as file:
        file["v_x#0"] = words
    msc = config("msc", visual_width=6, text_width=6, profile="reference", max_words=77)
    split = load_split(folder / "val", msc, None, feature="activitynet_clip_L14")
    assert split.text_encoder == "official/activitynet_clip_L14"
    batch = split.videos.rows(torch.tensor([0]))
    assert batch.frame_mask.all() and batch.frames.shape[1] == 32  # short videos are stretched
    row = split.words.rows(torch.tensor([0]), 77).words[0]
    np.testing.assert_allclose(row[-1].numpy(), words[76] / (np.linalg.norm(words[76]) + 1e-5), atol=1e-6)
    careful = load_split(
        folder / "val", replace(msc, profile="careful"), None, feature="activitynet_clip_L14"
    )
    row = careful.words.rows(torch.tensor([0]), 77).words[0]
    expected = words[-1] / (np.linalg.norm(words[-1]) + 1e-5)
    np.testing.assert_allclose(row[-1].numpy(), expected, atol=1e-6)  # the end of the text is kept


def test_frame_names_are_read_as_a_literal(tmp_path: Path) -> None:
    path = tmp_path / "video2frames.txt"
    path.write_text("""{'it\\'s': ["a b", 'c',], u'none': []}""")
    assert read_frame_names(path) == {"it's": ["a b", "c"], "none": []}


def test_rows_come_from_the_mapped_file(toy: Path) -> None:
    big = BigFile.open(toy / "FeatureData/i3d")
    assert isinstance(big.rows, np.memmap) and big.rows.shape == (1048, VISUAL)
    assert not big.rows.flags.writeable


def test_a_run_that_was_stopped_goes_on_to_the_same_losses(toy: Path, tmp_path: Path) -> None:
    def run(epochs: int, minutes: float | None, out: Path) -> list[dict[str, float]]:
        settings = RunConfig(
            name="toy",
            model={"name": "gmmformer", "width": 16, "clips": 8, "max_frames": 32},
            training=TrainingConfig(epochs=epochs, batch_videos=3, max_minutes=minutes),
            data=DataConfig(root=str(toy), feature="i3d"),
        )
        train(settings, out, None, device=torch.device("cpu"), say=lambda line: None)
        return [dict(row) for row in read_jsonl(out / "log.jsonl")]

    whole = run(2, None, tmp_path / "whole")
    run(2, 0, tmp_path / "parts")
    (tmp_path / "parts/config.json").unlink()
    parts = run(2, None, tmp_path / "parts")
    assert [row["loss"] for row in parts] == [row["loss"] for row in whole]
