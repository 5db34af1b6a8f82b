"""The detector of absent moments: its signs, its teaching, its place in the manifest and in the verdict."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from helpers_search import World, edit_manifest, make_world

from ral_core.analysis.absence import detection, keep_detector, teach_detector
from ral_core.analysis.doctor import diagnose
from ral_core.cli import main
from ral_core.data.captions import read_captions
from ral_core.errors import DataError
from ral_core.index.folder import read_manifest
from ral_core.index.presence import Detector, missing_words, signs_of, teach
from ral_core.search.engine import Explorer
from ral_core.search.presence import Presence, seen
from ral_core.search.verdict import verdict

QUERY = "a man number 0 kicks a red ball"


@pytest.fixture
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


def taught(line: float = 0.0) -> Detector:
    return Detector(
        ("score", "clip", "lead"), (0.0,) * 3, (1.0,) * 3, (1.0, 0.0, 0.0), 0.0, line, "nothing", 2, 0.5
    )


def test_signs_of_one_query() -> None:
    total, clip = np.array([0.2, 0.8, 0.5]), np.array([0.1, 0.3, 0.9])
    words = np.array([[0.9, 0.9, 0.1], [0.6, 0.2, 0.3]])
    signs = signs_of(total, clip, words, np.array([0.25, 0.75]))
    assert (signs["score"], signs["clip"]) == (0.8, 0.3)
    assert signs["lead"] == pytest.approx((0.8 - 0.5) / total.std())
    assert signs["missing"] == pytest.approx(0.4 / words[1].std())
    assert missing_words(words, np.array([0.25, 0.75]), 1)[0] == 0.0
    assert set(signs_of(total, clip)) == {"score", "clip", "lead"}


def test_what_is_taught_is_told_apart() -> None:
    rng = np.random.default_rng(0)
    present = [{"a": value, "b": noise} for value, noise in rng.normal((1, 0), 1, (400, 2))]
    absent = [{"a": value, "b": noise} for value, noise in rng.normal((-1, 0), 1, (100, 2))]
    found = teach(present, absent, "numbers")
    assert found.weights[0] > 5 * abs(found.weights[1])
    assert abs(found({"a": 0.0, "b": 0.0})) < 0.5  # halfway: both sides count alike, however many there are
    assert found.auroc > 0.85 and found.sentences == 500
    below = np.mean([found(signs) < found.line for signs in present])
    assert below == pytest.approx(0.1, abs=0.01)
    with pytest.raises(DataError, match="both kinds"):
        teach(present, [], "numbers")


def test_a_detector_survives_its_manifest() -> None:
    whole = json.loads(json.dumps(taught().to_json()))
    assert Detector.from_json(whole) == taught()
    for damage in ({"names": ["score"]}, {"std": [0, 1, 1]}, {"weights": None}):
        with pytest.raises(DataError, match="damaged"):
            Detector.from_json({**whole, **damage})
    with pytest.raises(DataError, match="damaged"):
        Detector.from_json({})


def test_scores_are_seen_as_they_are_searched(world: World) -> None:
    explorer = world.open()
    for entry in explorer.entries.values():
        gallery = explorer.gallery(entry)
        _, tokens = explorer.tokens(entry, [QUERY, "ball"])
        both = list(seen(gallery, tokens))
        scored = gallery.score(explorer.encoded(entry, QUERY)[1])
        assert both[0].total == pytest.approx(scored.total, abs=1e-5)
        if both[0].words is None or both[0].gate is None:
            continue
        assert [len(one.words) for one in both] == [8, 1]  # type: ignore[arg-type]
        assert both[0].gate @ both[0].words == pytest.approx(scored.frame, abs=1e-5)
        alone = both[0].signs(np.arange(7) == 2)
        assert alone["score"] == both[0].total[2] and alone["missing"] == 0.0


def test_the_verdict_follows_the_detector(world: World) -> None:
    entry = world.open().resolve("ral-tiny", None)
    for line, state in ((1e6, "unlikely"), (-1e6, None)):
        keep_detector(entry, taught(line))
        explorer = world.open()
        result, found = explorer.search(QUERY, model="ral-tiny"), diagnose(explorer, QUERY, model="ral-tiny")
        assert (found.state, found.reason) == (result.state, result.reason)
        assert (result.state == "unlikely") == (state == "unlikely")
        assert found.line == line and found.odds == pytest.approx(result.hits[0].score, abs=1e-5)
        assert found.missing in QUERY.split() and found.taught == "nothing"
        assert explorer.search("red ball", model="ral-tiny").state != "unlikely"  # too short to judge
    assert diagnose(world.open(), QUERY, model="tiny").odds is None


def test_a_sentence_says_which_word(world: World) -> None:
    manifest = world.open().resolve("ral-tiny", None).manifest
    total = np.array([0.9, 0.1, 0.0])
    said = verdict(total, None, manifest, 5, Presence(-1.0, 0.0, "kite", "films"))
    assert said.state == "unlikely" and "“kite”" in said.reason
    assert verdict(total, None, manifest, 5, Presence(1.0, 0.0, "kite", "films")).state != "unlikely"
    low = np.array([-9.0, -9.0, -9.0])
    assert verdict(total, low, replace(manifest, cutoff=0.0), 5, None).state == "unlikely"
    assert (
        verdict(total, low, replace(manifest, cutoff=0.0), 5, Presence(1.0, 0.0, None, "")).state
        != "unlikely"
    )


def test_teaching_and_judging(world: World) -> None:
    explorer = world.open()
    for entry in list(explorer.entries.values()):
        captions = list(explorer.collection(entry).captions.values())
        made = teach_detector(explorer, entry, captions, "the same films")
        assert made.sentences == 14 and made.taught.startswith("the same films: 7 captions")
        assert ("missing" in made.names) == (entry.manifest.model == "ral-tiny")
        keep_detector(entry, made)
        again = world.open()
        fresh = again.resolve(entry.manifest.model, None)
        assert Detector.from_json(fresh.manifest.detector or {}) == made
        found = detection(again, fresh, captions, captions).detector
        assert found is not None and found.auroc == pytest.approx(0.5) and found.alarms == found.detected


def test_damage_is_said(world: World) -> None:
    edit_manifest(world.root / "indexes" / "world-ral-tiny", detector={"names": []})
    with pytest.raises(DataError, match="damaged"):
        world.open().search(QUERY, model="ral-tiny")


def test_the_verb_teaches(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = Explorer.open
    monkeypatch.setattr(
        Explorer, "open", lambda *args, **kwargs: original(world.root, device="cpu", text=world.text)
    )
    captions = read_captions(world.features / "captions.jsonl")
    monkeypatch.setattr("ral_core.analysis.absence.absent_captions", lambda *paths: captions)
    folder = world.root / "indexes" / "world-ral-tiny"
    assert main(["absence", "--teach", str(folder), "--index", "world-ral-tiny"]) == 0
    assert "by its detector" in capsys.readouterr().out and read_manifest(folder).detector
    assert main(["absence", "--teach", str(folder)]) == 1
    assert main(["absence", "--teach", str(folder), "--index", "world-tiny"]) == 1
    assert "other weights" in capsys.readouterr().err
