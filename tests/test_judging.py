"""Runs, judgements and moments judged against answers worked out by hand or by plain loops."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_world import TinyText, write_split

from ral_core.cli import main
from ral_core.commands.evaluate import localiser, locator
from ral_core.data.groundtruth import read_gt, read_qrels, read_run
from ral_core.errors import DataError
from ral_core.evaluation.corpus_moments import corpus_moment_report, first_right
from ral_core.evaluation.detection import (
    Detections,
    average_precisions,
    clip_precision,
    detection_report,
    interpolated_precision,
    read_detections,
)
from ral_core.evaluation.evaluate import evaluate
from ral_core.evaluation.report import trec_qrels, trec_run
from ral_core.evaluation.runs import score_run
from ral_core.evaluation.scoring import score_split
from ral_core.evaluation.splits import Split, load_split, with_truth
from ral_core.files import write_jsonl
from ral_core.models import PRVRModel, build_model
from ral_core.models.config import ModelConfig

ANNOTATIONS = Path(os.environ.get("RAL_ANNOTATIONS", Path(__file__).parents[2] / "shared/annotations"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[PRVRModel, Split]:
    folder = tmp_path_factory.mktemp("world") / "test"
    write_split(folder, films=9)
    torch.manual_seed(0)
    config = ModelConfig(name="gmmformer", visual_width=24, text_width=24, width=16, max_frames=64)
    return build_model(config).eval(), load_split(folder, config, TinyText())


# ---------------------------------------------------------------- runs


def test_a_run_by_hand(tmp_path: Path) -> None:
    (tmp_path / "run").write_text(
        "a#0 Q0 x 1 0.9 t\na#0 Q0 a 2 0.8 t\nb#0 Q0 c 1 0.5 t\nb#0 Q0 b 2 0.5 t\nother Q0 a 1 1 t\n"
    )
    write_jsonl(
        tmp_path / "gt.jsonl",
        [
            {"query_id": "a#0", "gt_video_ids": ["a", "y"]},
            {"query_id": "b#0", "gt_video_ids": ["b", "c"]},
            {"query_id": "c#0", "gt_video_ids": ["c"]},
        ],
    )
    score = score_run(read_run(tmp_path / "run"), read_gt(tmp_path / "gt.jsonl"), (1, 2))
    assert (score.queries, score.unanswered, score.unjudged) == (3, 1, 1)
    assert score.hit == {"hit@1": pytest.approx(100 / 3), "hit@2": pytest.approx(200 / 3)}
    assert score.recall == {"recall@1": pytest.approx(50 / 3), "recall@2": pytest.approx(50)}
    assert score.own == {"R@1": 0, "R@2": pytest.approx(200 / 3), "SumR": pytest.approx(200 / 3)}
    assert score.mrr == pytest.approx((1 / 2 + 1) / 3)
    assert score.mean_average_precision == pytest.approx(100 * (1 / 4 + 1 + 0) / 3)


def test_a_written_run_scores_as_the_model_did(world: tuple[PRVRModel, Split], tmp_path: Path) -> None:
    model, split = world
    scores = score_split(model, split)
    total = model.fused(scores).numpy()
    trec_run(tmp_path / "run", total, split, "tiny")
    trec_qrels(tmp_path / "qrels", split)
    score = score_run(read_run(tmp_path / "run"), read_qrels(tmp_path / "qrels"))
    report = evaluate(model, split, scores=scores)
    for k in (1, 5, 10):
        assert score.hit[f"hit@{k}"] == pytest.approx(report[f"hit@{k}"])
        assert score.recall[f"recall@{k}"] == pytest.approx(report[f"recall@{k}"])
        assert score.own is not None and score.own[f"R@{k}"] == pytest.approx(report[f"R@{k}"])


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (read_run, "q Q0 v 1 0.5\n", "line 1: expected `query Q0 video rank score tag`, found 5 columns"),
        (read_run, "q Q0 v 1 0.5 t\nq Q0 v 2 0.4 t\n", "line 2: 'v' comes twice for the query 'q'"),
        (read_run, "q Q0 v one 0.5 t\n", "rank and score must be numbers"),
        (read_run, "q Q0 v 1 nan t\n", "the score is not a number"),
        (read_run, "", "holds no answers"),
        (read_qrels, "q 0 v high\n", "the grade must be a whole number"),
        (read_qrels, "q 0 v 0\n", "judges no video"),
        (read_gt, '{"query_id": "q"}\n', "line 1: expected a query_id and a list"),
        (read_gt, '{"query_id": "q", "gt_video_ids": []}\n', "line 1: expected a query_id and a list"),
        (read_gt, '{"query_id": "q", "gt_video_ids": ["v"]}\n' * 2, "line 2: the query 'q' comes twice"),
        (read_gt, "", "holds no query"),
    ],
)
def test_files_that_say_nothing_usable_are_refused(
    tmp_path: Path, read: Callable[[Path], object], text: str, said: str
) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(DataError, match=said):
        read(path)


def test_a_run_and_judgements_about_different_queries_are_refused() -> None:
    with pytest.raises(DataError, match="none is the same"):
        score_run({"a": ("v",)}, {"b": frozenset({"v"})})


def test_judgements_replace_what_captions_say(world: tuple[PRVRModel, Split]) -> None:
    _, split = world
    first, own = split.captions[0], split.captions[0].film
    judged, note = with_truth(
        split, {first.id: frozenset({"test-0003", "elsewhere"}), "no such": frozenset()}
    )
    assert judged.captions[0].relevant == tuple(sorted({own, "test-0003"}))
    assert judged.captions[1].relevant == (judged.captions[1].film,)
    assert "1 of 27 captions are judged" in note and "1 judged videos are not in" in note
    assert judged.relevant().sum() == len(split.captions) + (own != "test-0003")
    with pytest.raises(DataError, match="none is the same"):
        with_truth(split, {"no such": frozenset({"v"})})


def test_the_command_line_judges_a_run(
    world: tuple[PRVRModel, Split], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, split = world
    trec_run(tmp_path / "run", model.fused(score_split(model, split)).numpy(), split, "tiny")
    trec_qrels(tmp_path / "qrels", split)
    assert main(["score-run", str(tmp_path / "run"), "--qrels", str(tmp_path / "qrels"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["queries"] == 27
    assert main(["score-run", str(tmp_path / "run"), "--qrels", str(tmp_path / "qrels")]) == 0
    assert "27 judged queries" in capsys.readouterr().out


# ---------------------------------------------------------------- detections


def test_average_precision_by_hand() -> None:
    right = np.array([True, False, True, False])
    assert interpolated_precision(right, 2) == pytest.approx((1 + 2 / 3) / 2)
    assert interpolated_precision(right, 4) == pytest.approx((1 + 2 / 3) / 4)
    assert interpolated_precision(np.zeros(0, dtype=bool), 3) == 0.0


def test_a_true_window_is_found_once() -> None:
    true = np.array([[0.0, 10.0], [20.0, 30.0]])
    windows = np.array([[0, 10, 0.9], [0, 10, 0.8], [20, 25, 0.1]], dtype=float)
    at = average_precisions(windows, true)
    assert at[0] == pytest.approx((1 + 2 / 3) / 2)  # IoU 0.5 of the last is enough at the lowest level only
    assert at[1:].tolist() == [0.5] * 9
    assert average_precisions(windows[::-1], true).tolist() == at.tolist()  # scores order, not the file


def test_ties_of_clips_are_one_step() -> None:
    salient = np.array([True, False, True, False])
    assert clip_precision(salient, np.array([3.0, 2, 1, 0])) == pytest.approx((1 + 2 / 3) / 2)
    assert clip_precision(salient, np.array([1.0, 1, 0, 0])) == pytest.approx(0.5)
    assert clip_precision(np.zeros(3, dtype=bool), np.arange(3.0)) == 0.0
    assert clip_precision(np.ones(3, dtype=bool), np.arange(3.0)) == 1.0


def test_ranges_keep_windows_of_their_length_only() -> None:
    item = Detections("q", np.array([[0.0, 8.0, 1.0]]), np.array([[0.0, 8.0], [40.0, 100.0]]))
    report = detection_report([item])
    assert report["short"]["MR-mAP"]["average"] == 100 and report["long"]["MR-R1"]["0.5"] == 0
    assert report["middle"] == {"queries": 0} and report["full"]["MR-mAP"]["0.5"] == 50
    empty = Detections("q", np.zeros((0, 3)), np.array([[0.0, 8.0]]))
    assert detection_report([empty])["full"]["mIoU"] == 0


def test_predictions_and_truth_must_be_about_the_same_queries(tmp_path: Path) -> None:
    row = {"qid": 1, "relevant_windows": [[0, 2]], "duration": 4}
    write_jsonl(tmp_path / "truth", [row, {**row, "qid": 2}])
    write_jsonl(tmp_path / "guess", [{"qid": 1, "pred_relevant_windows": [[0, 2, 1]]}])
    with pytest.raises(DataError, match="lacks 1 queries of the other file, for example qid 2"):
        read_detections(tmp_path / "guess", tmp_path / "truth")
    write_jsonl(tmp_path / "guess", [{"qid": 1, "pred_relevant_windows": [[0, 2]]}])
    write_jsonl(tmp_path / "truth", [row])
    with pytest.raises(DataError, match=r"qid 1 of .* has no usable windows"):
        read_detections(tmp_path / "guess", tmp_path / "truth")


@pytest.mark.skipif(
    not ANNOTATIONS.is_dir(), reason="needs QVHighlights beside the project or RAL_ANNOTATIONS"
)
def test_published_numbers_of_a_published_system() -> None:
    folder = ANNOTATIONS / "qvhighlights"
    found = detection_report(
        read_detections(folder / "sample_val_preds.jsonl", folder / "highlight_val_release.jsonl")
    )
    published = json.loads((folder / "sample_val_preds_metrics_raw.json").read_text())
    published.pop("brief")

    def numbers(report: dict[str, object], path: str = "") -> dict[str, float]:
        flat: dict[str, float] = {}
        for key, value in report.items():
            flat |= numbers(value, f"{path}/{key}") if isinstance(value, dict) else {f"{path}/{key}": value}  # type: ignore[dict-item]
        return flat

    ours = {name: round(value, 2) for name, value in numbers(found).items()}
    expected = numbers(published)
    assert len(expected) == 90 and {name: ours[name] for name in expected} == expected


@pytest.mark.skipif(
    not ANNOTATIONS.is_dir(), reason="needs dense labels beside the project or RAL_ANNOTATIONS"
)
@pytest.mark.parametrize(("name", "queries"), [("activitynet", 15753), ("charades", 3720), ("tvr", 8097)])
def test_published_dense_labels_are_read_whole(name: str, queries: int) -> None:
    truth = read_gt(next((ANNOTATIONS / "prvr_multigt" / name).glob("*.gt.jsonl")))
    assert len(truth) == queries and all(truth.values())
    perfect = {query: tuple(sorted(videos)) for query, videos in truth.items()}
    score = score_run(perfect, truth)
    assert score.hit["hit@1"] == 100 and score.mean_average_precision == pytest.approx(100)


# ---------------------------------------------------------------- moments over the corpus


def test_answers_are_ordered_by_video_and_peak(world: tuple[PRVRModel, Split]) -> None:
    _, split = world
    row = 4
    caption, own = split.captions[row], int(split.owner[row])
    true = (caption.start, caption.end)
    other = (own + 1) % 9
    found = {
        own: np.array([[50.0, 60.0, 0.9], [*true, 0.6]]),
        other: np.array([[*true, 0.8]]),
    }
    scores = np.zeros(9)
    scores[own], scores[other] = 1.0, 0.75
    # 1.0 wrong moment, 0.75 other video, 0.7 right
    assert first_right(split, row, found, scores).tolist() == [3, 3]
    scores[other] = 0.65
    assert first_right(split, row, found, scores).tolist() == [2, 2]
    assert np.isinf(first_right(split, row, {other: found[other]}, scores)).all()


def test_moments_of_the_own_video_agree_with_the_other_report(world: tuple[PRVRModel, Split]) -> None:
    model, split = world
    scores = score_split(model, split)
    report = corpus_moment_report(model, split, model.fused(scores).numpy(), locator())
    single = evaluate(model, split, scores=scores, localise=localiser())
    assert report["SVMR"]["R@1, IoU 0.5"] == pytest.approx(single["R1@0.5"])
    assert report["SVMR"]["R@1, IoU 0.7"] == pytest.approx(single["R1@0.7"])
    for kind in ("VCMR", "SVMR"):
        recalls = [report[kind][f"R@{k}, IoU 0.5"] for k in (1, 5, 10, 100)]
        assert recalls == sorted(recalls)
    assert report["VCMR"]["R@1, IoU 0.5"] <= min(report["SVMR"]["R@1, IoU 0.5"], single["R@1"])


def test_perfect_videos_and_moments_are_all_found(world: tuple[PRVRModel, Split]) -> None:
    model, split = world
    total = np.eye(9)[split.owner]
    at = {caption.text: (caption.start, caption.end) for caption in split.captions}
    unique = replace(
        split, captions=tuple(replace(c, start=at[c.text][0], end=at[c.text][1]) for c in split.captions)
    )
    report = corpus_moment_report(model, unique, total, lambda *given: np.array([[*at[given[5]], 1.0]]))
    assert set(report["VCMR"].values()) == {100.0} and set(report["SVMR"].values()) == {100.0}
