"""Explanations: parts that add up, words over time, variances, truth, and what a plain backbone lacks."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from helpers_search import World, make_world

from ral_core.analysis.uncertainty import deciles, percentile
from ral_core.commands.explain import text as as_text
from ral_core.errors import BadQuery, UnknownName
from ral_core.search.engine import Explorer

QUERY = "a man number 0 kicks a red ball"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


def test_the_explanation_agrees_with_the_search(explorer: Explorer) -> None:
    for hit in explorer.search(QUERY, k=7).hits:
        found = explorer.explain(QUERY, hit.video)
        assert (found.score, found.clip, found.frame) == pytest.approx(
            (hit.score, hit.clip, hit.frame), abs=1e-6
        )
        assert (found.rank, found.z, found.moments) == (hit.rank, pytest.approx(hit.z, abs=1e-4), hit.moments)
        assert found.score == pytest.approx(
            found.clip_weight * found.clip + found.frame_weight * found.frame, abs=1e-6
        )


def test_gates_and_similarities_make_the_frame_score(explorer: Explorer) -> None:
    found = explorer.explain(QUERY, "film-1")
    assert found.similarity is not None
    similarity = np.array(found.similarity)
    assert similarity.shape == (len(found.words), len(found.curve.times))
    weights = np.array([word.weight for word in found.words])
    assert weights.sum() == pytest.approx(1.0)
    # one piece a word here, so the gated sum of the words' best frames is the frame score itself
    assert float(weights @ similarity.max(axis=1)) == pytest.approx(found.frame, abs=1e-5)
    assert weights @ similarity == pytest.approx(np.array(found.curve.frame), abs=1e-5)


def test_a_word_matches_best_where_its_row_is_highest(explorer: Explorer) -> None:
    found = explorer.explain(QUERY, "film-1")
    assert found.similarity is not None
    for word, row in zip(found.words, found.similarity, strict=True):
        assert word.similarity == max(row)
        assert word.second == found.curve.times[row.index(max(row))]
        assert QUERY[word.start : word.end] == word.text


def test_a_drop_is_the_score_without_the_word(explorer: Explorer) -> None:
    found = explorer.explain("a red ball", "film-1")
    without = explorer.explain("a ball", "film-1")
    assert found.words[1].text == "red"
    assert found.words[1].drop == pytest.approx(found.score - without.score, abs=1e-5)
    (only,) = explorer.explain("ball", "film-1").words
    assert only.drop == pytest.approx(explorer.explain("ball", "film-1").score)


def test_variances_stand_against_the_corpus(world: World, explorer: Explorer) -> None:
    found = explorer.explain(QUERY, "film-3").uncertainty
    assert found is not None
    log_var = world.indexes["ral-tiny"]["gaussian_log_var"]
    means = log_var.mean(axis=1)
    assert found.video == pytest.approx(float(means[3]), abs=1e-6)
    assert found.video_dims == pytest.approx(log_var[3].tolist())
    assert found.video_percentile == pytest.approx(percentile(float(means[3]), means), abs=0.01)
    assert found.query == pytest.approx(float(np.mean(found.query_dims)), abs=1e-6)
    assert 0 <= found.query_percentile <= 100 and len(found.videos) == len(found.queries) == 11
    assert list(found.videos) == sorted(found.videos)


def test_truth_is_told_for_captions_only(explorer: Explorer) -> None:
    found = explorer.explain(QUERY, "film-0")
    assert found.truth is not None and found.truth.ambiguity == 2
    assert found.truth.moments["film-0"] == ((0.0, found.duration / 2),)
    unknown = explorer.explain("something else", "film-0")
    assert unknown.truth is None and any("not known" in note for note in unknown.notes)


def test_a_plain_backbone_says_what_it_lacks(explorer: Explorer) -> None:
    found = explorer.explain(QUERY, "film-0", model="tiny")
    assert found.similarity is None and found.uncertainty is None
    assert all(word.weight is word.second is word.similarity is None for word in found.words)
    assert any(word.drop != 0 for word in found.words)
    assert any("no word gates" in note for note in found.notes)
    assert any("no Gaussian" in note for note in found.notes)


def test_a_film_of_one_frame_can_be_explained(explorer: Explorer) -> None:
    found = explorer.explain(QUERY, "film-6")
    assert len(found.curve.times) == 1 and (found.moments[0].start, found.moments[0].end) == (
        0.0,
        found.duration,
    )


def test_bad_names_and_queries(explorer: Explorer) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'film-0'"):
        explorer.explain(QUERY, "film0")
    with pytest.raises(BadQuery):
        explorer.explain(" ", "film-0")


def test_everything_can_be_written_as_json_and_as_text(explorer: Explorer) -> None:
    for model in explorer.models:
        found = explorer.explain(QUERY, "film-0", model=model)
        again = json.loads(json.dumps(found.to_json(), allow_nan=False))
        assert again["curve"]["times"] == list(found.curve.times)
        assert "film-0" in as_text(found)
    assert json.dumps(explorer.search(QUERY).to_json(), allow_nan=False)


def test_percentiles() -> None:
    reference = np.array([1.0, 2.0, 3.0, 4.0])
    assert [percentile(value, reference) for value in (0.0, 2.5, 9.0)] == [0.0, 50.0, 100.0]
    assert deciles(np.arange(11.0)) == pytest.approx(tuple(range(11)))


def test_explaining_leaves_no_gradients(explorer: Explorer) -> None:
    explorer.explain(QUERY, "film-0")
    assert torch.is_grad_enabled()
