"""Evaluation: numbers that can be checked by hand, and a whole report on a tiny split."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from tiny_world import WIDTH, TinyText, write_split

from ral_core.cli import main
from ral_core.commands import evaluate as command
from ral_core.data.groundtruth import read_qrels, read_run, trec
from ral_core.errors import DataError
from ral_core.evaluation.evaluate import best_weights, evaluate, outcome_of, validate
from ral_core.evaluation.metrics import ranks_of
from ral_core.evaluation.moments import moment_report, overlaps
from ral_core.evaluation.multipositive import (
    ceiling_report,
    found_counts,
    hit_report,
    recall_at,
    relevant_ranks,
)
from ral_core.evaluation.report import readable, trec_qrels, trec_run
from ral_core.evaluation.scoring import Chunks, score_split
from ral_core.evaluation.slices import slices_of
from ral_core.evaluation.splits import Split, load_split
from ral_core.evaluation.uncertainty import (
    abstention_report,
    area_under_risk,
    entropies,
    fit_readout,
    gate_agreement,
    margins,
    near_best,
    spearman,
    uncertainty_report,
    word_weights,
)
from ral_core.index.build import IndexConfig, build_index
from ral_core.models import ModelConfig, RALConfig, build_model
from ral_core.models.checkpoint import load_model, save_model
from ral_core.tensors import Scores

CONFIG = ModelConfig(
    visual_width=WIDTH, text_width=WIDTH, width=16, heads=2, clips=4, max_frames=16, windows=(0.0, 1.0)
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return write_split(tmp_path_factory.mktemp("world") / "test", films=9, seed=4)


@pytest.fixture(scope="module")
def split(folder: Path) -> Split:
    return load_split(folder, CONFIG, TinyText())


@pytest.fixture(scope="module", params=["plain", "ral"])
def model(request):
    torch.manual_seed(0)
    ral = RALConfig() if request.param == "ral" else None
    return build_model(replace(CONFIG, ral=ral)).eval()


def truth_and_scores() -> st.SearchStrategy:
    """Random scores on a coarse grid, so that ties are common, with random truth and owners."""

    def build(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        random = np.random.default_rng(seed)
        scores = random.integers(0, 5, (6, 9)) / 4
        owner = random.integers(0, 9, 6)
        relevant = random.random((6, 9)) < 0.3
        relevant[np.arange(6), owner] = True
        return scores, relevant, owner

    return st.integers(0, 10**6).map(build)


# ---------------------------------------------------------------- several right answers


def test_hits_by_hand() -> None:
    scores = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.5, 0.5, 0.5]])
    relevant = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 1]], dtype=bool)
    ranks = relevant_ranks(scores, relevant)
    assert ranks.tolist() == [1, 2, 3]  # in a tie the wrong ones come first
    assert hit_report(ranks, (1, 2)) == {"hit@1": pytest.approx(100 / 3), "hit@2": pytest.approx(200 / 3)}
    assert found_counts(scores, relevant, 2).tolist() == [1, 1, 0]
    assert recall_at(scores, relevant, (2,))[2].tolist() == [1.0, 0.5, 0.0]


@given(truth_and_scores())
@settings(max_examples=60, deadline=None)
def test_a_satisfying_video_is_never_found_later_than_the_own_one(case) -> None:
    scores, relevant, owner = case
    hits = relevant_ranks(scores, relevant)
    assert (hits <= ranks_of(scores, owner)).all()
    for k in (1, 3, 9):
        assert ((found_counts(scores, relevant, k) > 0) == (hits <= k)).all()
    alone = np.zeros_like(relevant)
    alone[np.arange(6), owner] = True
    assert (relevant_ranks(scores, alone) == ranks_of(scores, owner)).all()
    assert (recall_at(scores, relevant, (9,))[9] == 1).all()


def test_the_ceiling_is_what_perfect_understanding_gets() -> None:
    random = np.random.default_rng(0)
    ambiguity = random.integers(1, 12, 4000)
    relevant = np.arange(20) < ambiguity[:, None]
    owner = (random.random(4000) * ambiguity).astype(int)
    ranks = ranks_of(relevant + 0.1 * random.random(relevant.shape), owner)
    for k, share in ((1, "R@1"), (5, "R@5")):
        assert ceiling_report(ambiguity)[share] == pytest.approx(100 * np.mean(ranks <= k), abs=2.5)
    assert ceiling_report(np.array([1, 4]), (1, 2)) == {"R@1": 62.5, "R@2": 75.0, "SumR": 137.5}


# ---------------------------------------------------------------- moments


def test_overlaps_by_hand() -> None:
    found = np.array([[0.0, 4.0], [0.0, 1.0], [2.0, 4.0], [1.0, 1.0]])
    truth = np.array([[2.0, 6.0], [3.0, 4.0], [2.0, 4.0], [1.0, 1.0]])
    fits = overlaps(found, truth)
    assert fits.tolist() == [pytest.approx(1 / 3), 0.0, 1.0, 0.0]
    assert moment_report(fits[:3]) == {
        "R1@0.3": pytest.approx(200 / 3),
        "R1@0.5": pytest.approx(100 / 3),
        "R1@0.7": pytest.approx(100 / 3),
        "mIoU": pytest.approx(400 / 9),
    }


# ---------------------------------------------------------------- doubts


@given(st.lists(st.integers(0, 5), min_size=3, max_size=30), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_rank_correlation_is_scipys(values: list[int], seed: int) -> None:
    one = np.array(values, dtype=float)
    other = np.random.default_rng(seed).integers(0, 6, len(one)).astype(float)
    ours = spearman(one, other)
    if len(set(values)) == 1 or len(set(other)) == 1:
        assert np.isnan(ours)
    else:
        assert ours == pytest.approx(spearmanr(one, other).statistic)


def test_knowing_every_mistake_beforehand_is_best() -> None:
    right = np.array([True, False, True, False])
    assert area_under_risk(right.astype(float), right) == pytest.approx(100 * (0 + 0 + 1 / 3 + 1 / 2) / 4)
    report = abstention_report({"backwards": -right.astype(float), "knowing": right.astype(float)}, right)
    assert report["knowing"]["share"] == pytest.approx(1) and report["backwards"]["share"] < 0
    assert report["random"]["AURC"] == 50.0


def test_margins_and_entropies() -> None:
    scores = np.array([[0.1, 0.9, 0.5], [0.2, 0.2, 0.2]])
    assert margins(scores).tolist() == [pytest.approx(0.4), 0.0]
    spread = entropies(scores)
    assert spread[0] < 0.1 and spread[1] == pytest.approx(np.log2(3))
    assert margins(scores[:, :1]).tolist() == [0.0, 0.0]


def test_a_word_weighs_what_its_pieces_weigh() -> None:
    pieces = [(0, 1), (2, 5), (5, 8), (9, 12)]
    weights = word_weights(np.array([0.1, 0.2, 0.3, 0.4]), pieces, [(0, 1), (2, 8), (9, 12), (20, 22)])
    assert weights.tolist() == pytest.approx([0.1, 0.5, 0.4, 0.0])
    agree, silent = np.array([1.0, 2, 3]), np.array([1.0, 1, 1])
    assert gate_agreement([agree, agree, silent], [agree, -agree, agree]) == pytest.approx(0)
    assert np.isnan(gate_agreement([silent], [agree]))


# ---------------------------------------------------------------- a model over a split


def test_chunks_change_no_score(model, split: Split) -> None:
    whole = score_split(model, split)
    parts = score_split(model, split, Chunks(videos=2, queries=5))
    torch.testing.assert_close(parts.clip, whole.clip)
    torch.testing.assert_close(parts.frame, whole.frame)


def test_every_query_is_in_one_slice_of_each_family(split: Split) -> None:
    slices = slices_of(split)
    assert {"level", "wording", "share", "ambiguity", "words"} <= set(slices)
    for masks in slices.values():
        assert (np.sum(list(masks.values()), axis=0) == 1).all()
    assert slices["wording"]["new synonym"].sum() == 9


def test_truth_knows_only_films_of_the_split(split: Split) -> None:
    captions = (replace(split.captions[0], relevant=("test-0000", "elsewhere")), *split.captions[1:])
    relevant = replace(split, captions=captions).relevant()
    assert relevant[0].sum() == 1 and relevant[np.arange(27), split.owner].all()
    assert (relevant.sum(axis=1)[1:] == [caption.ambiguity for caption in captions[1:]]).all()


def test_a_report_says_the_same_everywhere(model, split: Split) -> None:
    report = evaluate(model, split, localise=command.localiser())
    assert report["queries"] == 27 and report["videos"] == 9
    assert report["SumR"] == pytest.approx(sum(report[f"R@{k}"] for k in (1, 5, 10, 100)))
    assert report["R@10"] == report["hit@10"] == 100.0
    assert all(report[f"hit@{k}"] >= report[f"R@{k}"] for k in (1, 5, 10, 100))
    watched = validate(model, split)
    assert watched["SumR"] == pytest.approx(report["SumR"]) and watched["hit@1"] == pytest.approx(
        report["hit@1"]
    )
    for family in report["slices"].values():
        weighted = sum(numbers["queries"] * numbers["R@1"] for numbers in family.values()) / 27
        assert weighted == pytest.approx(report["R@1"])
    clip_only = evaluate(model, split, weights=(1.0, 0.0))
    assert clip_only["R@1"] == clip_only["branches"]["clip"]["R@1"]
    assert 0 <= report["top mIoU"] <= report["mIoU"] <= 100
    text = readable(report | {"uncertainty": uncertainty_report(model, split, np.random.rand(27, 9))})
    assert "ceiling" in text and "level vague" in text and "moments in the own video" in text
    json.dumps(report)


def test_perfect_scores_are_perfect_but_for_ambiguity(split: Split) -> None:
    relevant = split.relevant().astype(float)
    own = np.zeros_like(relevant)
    own[np.arange(len(own)), split.owner] = 1e-3
    assert outcome_of(relevant + own, split).numbers()["R@1"] == 100.0
    without = outcome_of(relevant, split).numbers()
    assert without["hit@1"] == without["recall@1"] == without["recall@5"] == 100.0
    assert without["R@1"] == pytest.approx(100 * np.mean(relevant.sum(axis=1) == 1))


def test_fusion_prefers_the_branch_that_knows(split: Split) -> None:
    known = torch.tensor(split.relevant(), dtype=torch.float32)
    known[torch.arange(27), torch.as_tensor(split.owner)] += 1
    noise = torch.rand(27, 9, generator=torch.Generator().manual_seed(0)) * 10
    assert best_weights(Scores(clip=noise, frame=known), split.owner)[1] > 0.8
    assert best_weights(Scores(clip=known, frame=noise), split.owner)[0] > 0.8


def test_doubts_are_measured_where_a_model_has_them(model, split: Split) -> None:
    total = model.fused(score_split(model, split)).numpy()
    report = uncertainty_report(model, split, total)
    assert {"margin", "entropy", "random", "perfect"} <= set(report["abstention"])
    has = model.config.ral is not None
    assert ("gate ~ word importance" in report) == has == ("query variance" in report["abstention"])
    assert all(-1 <= value <= 1 or np.isnan(value) for key, value in report.items() if "~" in key)


def test_rankings_can_be_read_by_others(split: Split, tmp_path: Path) -> None:
    scores = np.random.default_rng(0).random((27, 9))
    trec_run(tmp_path / "run", scores, split, "ours", depth=4)
    rows = [line.split() for line in (tmp_path / "run").read_text().splitlines()]
    assert len(rows) == 27 * 4 and rows[0][0] == split.captions[0].id and rows[0][1] == "Q0"
    assert rows[0][2] == split.videos.ids[scores[0].argmax()] and rows[3][3:4] == ["4"]
    assert all(float(one[4]) >= float(two[4]) for one, two in pairwise(rows[:4]))
    trec_qrels(tmp_path / "qrels", split)
    judged = [line.split() for line in (tmp_path / "qrels").read_text().splitlines()]
    assert len(judged) == split.relevant().sum() and sum(row[3] == "2" for row in judged) == 27


def test_ids_with_blanks_stay_one_column(split: Split, tmp_path: Path) -> None:
    captions = tuple(replace(one, id=f"my film {one.id}") for one in split.captions)
    trec_run(tmp_path / "run", np.zeros((27, 9)), replace(split, captions=captions), "our tag")
    trec_qrels(tmp_path / "qrels", replace(split, captions=captions))
    assert list(read_run(tmp_path / "run")) == [trec(one.id) for one in captions]
    assert read_qrels(tmp_path / "qrels").keys() == read_run(tmp_path / "run").keys()


def test_a_run_of_equal_scores_is_as_bad_as_the_numbers_say(split: Split, tmp_path: Path) -> None:
    scores = np.random.default_rng(1).integers(0, 3, (27, 9)).astype(float)
    ranks, run = ranks_of(scores, split.owner), tmp_path / "run"
    trec_run(run, scores, split, "ours")
    answers = read_run(run)
    for row, caption in enumerate(split.captions):
        assert answers[caption.id].index(caption.film) + 1 == ranks[row]


def test_scores_that_are_no_numbers_are_refused_by_name(split: Split) -> None:
    scores = np.zeros((27, 9))
    scores[4, 2] = np.nan
    with pytest.raises(DataError, match=rf"row 4\) for '{split.videos.ids[2]}'"):
        outcome_of(scores, split)


# ---------------------------------------------------------------- the command


@pytest.fixture
def saved(tmp_path: Path, monkeypatch) -> Path:
    """A saved model, and the tiny text encoder in place of the real one."""
    import ral_core.features.encoders as encoders

    monkeypatch.setattr(encoders, "open_text_encoder", lambda *args, **kwargs: TinyText())
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "REPORTS", tmp_path / "reports")
    extra = {"visual_encoder": "tiny-eyes@0", "text_encoder": "tiny-text@0"}
    save_model(tmp_path / "tiny", build_model(replace(CONFIG, ral=RALConfig())), extra=extra)
    return tmp_path / "tiny"


def test_the_command_prints_one_flat_object(saved: Path, folder: Path, tmp_path: Path, capsys) -> None:
    arguments = ["evaluate", "--model", str(saved), "--split", str(folder), "--device", "cpu"]
    assert main([*arguments, "--json", "--save", "--run", str(tmp_path / "run"), "--weights", "0.3,0.7"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert {"R@1", "R@5", "R@10", "R@100", "SumR", "hit@1", "slices", "ceiling", "mIoU"} <= set(printed)
    assert printed["clip_weight"] == 0.3 and (tmp_path / "run").is_file()
    assert json.loads((tmp_path / "reports" / "tiny-test.json").read_text())["SumR"] == printed["SumR"]
    assert main(arguments) == 0
    assert "ceiling" in capsys.readouterr().out


def test_an_index_scores_like_its_model(
    saved: Path, folder: Path, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(command, "MODELS", (tmp_path,))
    config = IndexConfig(name="small", collection="test")
    build_index(tmp_path / "small", load_model(saved), saved, folder, TinyText(), config)
    tail = ["--split", str(folder), "--device", "cpu", "--json"]
    assert main(["evaluate", "--index", str(tmp_path / "small"), *tail]) == 0
    stored = json.loads(capsys.readouterr().out)
    assert main(["evaluate", "--model", str(saved), *tail]) == 0
    assert json.loads(capsys.readouterr().out) == stored
    other = write_split(tmp_path / "more", films=3)
    assert main(["evaluate", "--index", str(tmp_path / "small"), "--split", str(other)]) == 1
    assert "does not hold 'more-0000'" in capsys.readouterr().err


def test_the_command_refuses_what_does_not_fit(saved: Path, folder: Path, tmp_path: Path, capsys) -> None:
    base = ["evaluate", "--device", "cpu", "--model"]
    assert main([*base, str(saved), "--split", "nowhere"]) == 1
    assert "no split called 'nowhere'" in capsys.readouterr().err
    assert main([*base, "nobody", "--split", str(folder)]) == 1
    assert "no model called 'nobody'" in capsys.readouterr().err
    assert main([*base, str(saved), "--split", str(folder), "--weights", "much"]) == 1
    assert "0.6,0.4" in capsys.readouterr().err
    other = write_split(tmp_path / "other", films=3, encoder="other-eyes@1")
    assert main([*base, str(saved), "--split", str(other)]) == 1
    assert "other-eyes@1" in capsys.readouterr().err


def test_films_near_the_best_are_counted() -> None:
    scores = np.array([[0.9, 0.88, 0.1], [0.5, 0.5, 0.5], [0.9, 0.2, 0.1]])
    assert near_best(scores).tolist() == [2, 3, 1]
    assert near_best(scores + 5).tolist() == near_best(scores[:, ::-1]).tolist() == [2, 3, 1]


def test_a_readout_finds_which_variances_tell_ambiguity() -> None:
    random = np.random.default_rng(0)
    log_var = random.normal(size=(600, 6))
    doubt = log_var[:, 2] - log_var[:, 4]  # two dimensions tell it, and their mean does not
    near = np.clip(np.exp(doubt + 1.5), 1, 50).astype(int)
    scores = np.where(np.arange(50)[None] < near[:, None], 0.9, 0.1)
    taught, kept = slice(0, 400), slice(400, 600)
    readout = fit_readout(log_var[taught], scores[taught])
    assert spearman(readout(log_var[kept]), doubt[kept]) > 0.95
    assert abs(spearman(log_var[kept].mean(1), doubt[kept])) < 0.3
    shifted = fit_readout(3 * log_var[taught] + 7, scores[taught])
    np.testing.assert_allclose(shifted(3 * log_var[kept] + 7), readout(log_var[kept]), atol=1e-3)
