"""Searching: exact scores, candidates, bad input, several models and indexes, threads."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from helpers_search import HashText, World, edit_manifest, make_world, tiny_model

from ral_core.errors import BadQuery, DataError, EncoderMismatch, RALError, UnknownName
from ral_core.features.packed import pack_videos
from ral_core.features.store import FeatureStore
from ral_core.features.text import TextEncoder
from ral_core.index.build import IndexConfig, build_index
from ral_core.index.candidates import candidate_recall
from ral_core.index.folder import Manifest
from ral_core.models import BACKBONES
from ral_core.models.checkpoint import save_model
from ral_core.search.engine import Explorer
from ral_core.search.reading import cleaned, query_batch
from ral_core.search.verdict import verdict

QUERY = "a man kicks a red ball on the beach"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


@pytest.mark.parametrize("name", ["ral-tiny", "tiny"])
def test_search_ranks_by_the_model_itself(world: World, explorer: Explorer, name: str) -> None:
    model = tiny_model(ral=name == "ral-tiny")
    packed = pack_videos(FeatureStore.open(world.features), clips=4, max_frames=24)
    with torch.inference_mode():
        query = model.encode_query(query_batch(world.text.encode([QUERY]), 10))
        scores = model.score(query, model.encode_video(packed.batch))
        fused = model.fused(scores)[0]
    result = explorer.search(QUERY, k=7, model=name)
    assert [hit.video for hit in result.hits] == [packed.ids[row] for row in fused.argsort(descending=True)]
    assert [hit.score for hit in result.hits] == pytest.approx(sorted(fused.tolist(), reverse=True), abs=1e-5)
    best = packed.ids.index(result.hits[0].video)
    assert result.hits[0].clip == pytest.approx(float(scores.clip[0, best]), abs=1e-5)
    assert result.hits[0].frame == pytest.approx(float(scores.frame[0, best]), abs=1e-5)
    assert (result.searched, result.films) == ("exact", 7)


@pytest.mark.parametrize("ral", [False, True])
@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_can_be_indexed_and_explained(
    world: World, tmp_path: Path, name: str, ral: bool
) -> None:
    model = tiny_model(name=name, ral=ral)
    folder = tmp_path / "models" / name
    save_model(folder, model)
    config = IndexConfig(name=name, collection=name)
    index = build_index(tmp_path / "index", model, folder, world.features, world.text, config)
    packed = pack_videos(FeatureStore.open(world.features), clips=4, max_frames=24)
    with torch.inference_mode():
        query = model.encode_query(query_batch(world.text.encode([QUERY]), 10))
        fused = model.fused(model.score(query, model.encode_video(packed.batch)))[0].tolist()
    explorer = world.open(models={name: model})
    found = {hit.video: hit.score for hit in explorer.search(QUERY, k=7, index=index.path).hits}
    assert found == pytest.approx(dict(zip(packed.ids, fused)), abs=1e-5)
    why = explorer.explain(QUERY, "film-2", index=index.path)
    assert len(why.curve.score) == len(why.curve.times) and (why.uncertainty is not None) == ral


def test_the_parts_make_the_score(explorer: Explorer) -> None:
    result = explorer.search(QUERY)
    for hit in result.hits:
        fused = result.clip_weight * hit.clip + result.frame_weight * hit.frame
        assert hit.score == pytest.approx(fused, abs=1e-6)


def test_hits_obey_the_laws(explorer: Explorer) -> None:
    result = explorer.search(QUERY, k=7)
    assert [hit.rank for hit in result.hits] == list(range(1, 8))
    assert len({hit.video for hit in result.hits}) == 7
    for hit in result.hits:
        assert 0 <= hit.start < hit.end <= hit.duration
        assert (hit.moments[0].start, hit.moments[0].end) == (hit.start, hit.end)
        assert len(hit.timeline) == 64 and hit.z is not None and np.isfinite(hit.z)
    assert sum(word.weight or 0 for word in result.words) == pytest.approx(1.0)
    assert [QUERY[word.start : word.end] for word in result.words] == [word.text for word in result.words]


def test_a_query_scores_alone_as_in_company(world: World) -> None:
    explorer = world.open()
    entry = explorer.resolve(None, None)
    gallery = explorer.gallery(entry)
    texts = [QUERY, "a dog", "someone plays the guitar in the kitchen at night"]
    _, together = explorer.tokens(entry, texts)
    alone = [gallery.score(explorer.tokens(entry, [text])[1]).total for text in texts]
    np.testing.assert_allclose(gallery.totals(together).numpy(), np.stack(alone), atol=1e-5)


def test_all_films_as_candidates_is_the_exact_search(explorer: Explorer) -> None:
    exact, all_of_them = explorer.search(QUERY, k=7), explorer.search(QUERY, k=7, candidates=7)
    assert [hit.video for hit in all_of_them.hits] == [hit.video for hit in exact.hits]
    assert all_of_them.searched == "candidates"


def test_candidates_are_scored_exactly_and_nothing_else_is_shown(explorer: Explorer) -> None:
    exact = {hit.video: hit.score for hit in explorer.search(QUERY, k=7).hits}
    few = explorer.search(QUERY, k=7, candidates=3)
    assert len(few.hits) == 3
    assert all(hit.score == pytest.approx(exact[hit.video], abs=1e-6) for hit in few.hits)
    entry = explorer.resolve(None, None)
    gallery, (_, tokens) = explorer.gallery(entry), explorer.tokens(entry, [QUERY])
    found = candidate_recall([gallery.candidates(tokens, 7)], gallery.totals(tokens))
    assert found == 1.0


def test_float16_ranks_alike(world: World, tmp_path: Path) -> None:
    half = build_index(
        tmp_path / "half",
        tiny_model(),
        world.root / "models" / "ral-tiny",
        world.features,
        world.text,
        IndexConfig(name="half", collection="half", dtype="float16"),
    )
    exact, close = (world.open().search(QUERY, k=7, index=index) for index in ("world-ral-tiny", half.path))
    ours = {hit.video: hit.score for hit in close.hits}
    assert all(ours[hit.video] == pytest.approx(hit.score, abs=2e-3) for hit in exact.hits)


@pytest.mark.parametrize("query", ["", "   ", "\n\t", "\x00\x00", None, 7, b"bytes"])
def test_an_empty_query_is_refused(explorer: Explorer, query: object) -> None:
    with pytest.raises(BadQuery) as caught:
        explorer.search(query)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_nul_bytes_and_lone_surrogates_are_dropped(explorer: Explorer) -> None:
    assert explorer.search("a\x00dog \ud800 runs").query == "a dog   runs"
    assert cleaned("🐕 runs 👨\u200d👩\u200d👧").text == "🐕 runs 👨\u200d👩\u200d👧"


def test_a_long_query_is_cut_and_says_so(explorer: Explorer) -> None:
    result = explorer.search("a very long story " * 125)
    assert result.truncated and "first 10 word pieces" in result.notes[0]
    assert len(result.words) == 10
    assert sum(word.weight or 0 for word in result.words) == pytest.approx(1.0)
    assert explorer.search("x" * 1_000_000).truncated
    assert not explorer.search(QUERY).truncated


@pytest.mark.parametrize("bad", [0, -1, 2.5, "3", True, None])
def test_k_must_be_a_positive_whole_number(explorer: Explorer, bad: object) -> None:
    with pytest.raises(BadQuery, match="k must be"):
        explorer.search(QUERY, k=bad)  # type: ignore[arg-type]
    if bad is not None:
        with pytest.raises(BadQuery, match="candidates must be"):
            explorer.search(QUERY, candidates=bad)  # type: ignore[arg-type]


def test_more_than_there_is_gives_all_and_a_note(explorer: Explorer) -> None:
    result = explorer.search(QUERY, k=1000)
    assert len(result.hits) == 7 and "1000 films were asked for, 7 are shown." in result.notes


def test_unknown_names_come_with_suggestions(explorer: Explorer) -> None:
    with pytest.raises(UnknownName, match="Did you mean 'ral-tiny'"):
        explorer.search(QUERY, model="ral-tny")
    with pytest.raises(UnknownName, match="Did you mean 'world-tiny'"):
        explorer.search(QUERY, index="world-tinny")


def test_ral_is_the_default_and_compare_keeps_the_order(explorer: Explorer) -> None:
    assert explorer.models == ("ral-tiny", "tiny")
    assert explorer.search(QUERY).model == "ral-tiny"
    assert [found.model for found in explorer.compare(QUERY, ["tiny", "ral-tiny"], k=2)] == [
        "tiny",
        "ral-tiny",
    ]
    assert explorer.search(QUERY, index="world-tiny").model == "tiny"
    assert explorer.search(QUERY, index="world-tiny", model="ral-tiny").index == "world-ral-tiny"
    assert explorer.search(QUERY, model="tiny").words[0].weight is None


def test_an_index_elsewhere_is_opened_by_its_folder(world: World, tmp_path: Path) -> None:
    moved = shutil.copytree(world.indexes["tiny"].path, tmp_path / "elsewhere")
    result = world.open().search(QUERY, index=str(moved))
    assert (result.index, result.model) == ("elsewhere", "tiny")
    with pytest.raises(DataError, match="is no index"):
        world.open().search(QUERY, index=tmp_path)


def test_another_text_encoder_is_refused_in_one_sentence(world: World) -> None:
    with pytest.raises(EncoderMismatch) as caught:
        world.open(text=HashText("hash@2")).search(QUERY)
    said = str(caught.value)
    assert "hash@1" in said and "hash@2" in said and "world-ral-tiny" in said and "\n" not in said


def test_a_damaged_index_does_not_hide_the_others(world: World, tmp_path: Path) -> None:
    root = Path(shutil.copytree(world.root, tmp_path / "root"))
    edit_manifest(root / "indexes" / "world-ral-tiny", version=7)
    explorer = Explorer.open(root, text=world.text)
    assert list(explorer.indexes) == ["world-tiny"] and "version 7" in explorer.problems["world-ral-tiny"]
    assert explorer.search(QUERY).model == "tiny"
    with pytest.raises(DataError, match="version 7"):
        explorer.search(QUERY, index="world-ral-tiny")


def test_other_weights_than_the_index_was_made_with_are_refused(world: World, tmp_path: Path) -> None:
    root = Path(shutil.copytree(world.root, tmp_path / "root"))
    edit_manifest(root / "indexes" / "world-ral-tiny", model_sha256="0" * 64)
    with pytest.raises(DataError, match="other weights"):
        Explorer.open(root, text=world.text).search(QUERY)
    shutil.rmtree(root / "models" / "ral-tiny")
    with pytest.raises(DataError, match="needs the model 'ral-tiny'"):
        Explorer.open(root, text=world.text).search(QUERY)


def test_no_index_at_all_is_a_sentence(tmp_path: Path) -> None:
    explorer = Explorer.open(tmp_path)
    assert explorer.models == () and explorer.indexes == {}
    with pytest.raises(DataError, match="python -m ral_core index"):
        explorer.search(QUERY)


def test_a_corrupt_caption_file_costs_the_truth_not_the_search(world: World, tmp_path: Path) -> None:
    root = Path(shutil.copytree(world.root, tmp_path / "root"))
    (root / "world" / "test" / "captions.jsonl").write_text("{not json")
    result = Explorer.open(root, text=world.text).search("a man number 0 kicks a red ball")
    assert result.hits and result.truth is None


def test_a_caption_brings_its_truth(explorer: Explorer) -> None:
    truth = explorer.search("A man number 2  kicks a red ball.").truth
    assert truth is not None and (truth.caption, truth.video) == ("film-2#0", "film-2")
    assert set(truth.relevant) == {"film-0", "film-2"} and truth.moments["film-2"][0][0] == 0.0
    assert explorer.search(QUERY).truth is None


def test_many_threads_get_the_answers_of_one(world: World) -> None:
    queries = [f"{colour} ball number {n}" for n in range(6) for colour in ("red", "blue")]
    expected = [world.open().search(query, k=3).brief() for query in queries]
    fresh = world.open()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda query: fresh.search(query, k=3).brief(), queries)) == expected


def test_models_can_be_given(world: World) -> None:
    given = world.open(models={"ral-tiny": tiny_model(seed=1)})
    assert given.search(QUERY).hits[0].score != world.open().search(QUERY).hits[0].score


def test_the_brief_json_is_exactly_as_promised(explorer: Explorer) -> None:
    brief = explorer.search(QUERY, k=2).brief()
    assert list(brief) == ["query", "model", "index", "state", "hits"]
    assert list(brief["hits"][0]) == ["rank", "video", "start", "end", "score", "clip", "frame"]
    assert isinstance(brief["hits"][0]["start"], float)


def manifest(**changes: object) -> Manifest:
    about: dict[str, object] = dict.fromkeys(
        ("name", "collection", "model", "model_sha256", "visual_encoder", "text_encoder", "dtype"), "x"
    )
    about |= dict.fromkeys(("videos", "clips", "segments", "frames", "width"), 1)
    return Manifest(
        **(about | {"clip_weight": 0.5, "frame_weight": 0.5, "cutoff": 2.0, "margin": 1.0} | changes)
    )  # type: ignore[arg-type]


def test_verdicts() -> None:
    low, high = np.array([0.1, 0.2, 0.3, 0.35]), np.array([0.1, 0.1, 0.1, 0.9])
    assert verdict(high, np.array([0.0, 0, 0, 3.0]), manifest(), 5).state == "clear"
    assert verdict(low, np.array([0.0, 0, 2.5, 3.0]), manifest(), 5).state == "ambiguous"
    assert "2 films" in verdict(low, np.array([0.0, 0, 2.5, 3.0]), manifest(), 5).reason
    assert verdict(high, np.array([0.0, 0, 9.0, 1.9]), manifest(), 5).state == "unlikely"
    assert verdict(high, np.array([0.0, 0, 9.0, 1.9]), manifest(), 2).state == "clear"
    assert verdict(np.array([0.2]), np.array([3.0]), manifest(), 5).state == "clear"
    assert verdict(np.array([0.1, -np.inf, 0.9, 0.1]), None, manifest(cutoff=None), 5).state == "clear"


def test_the_real_language_model_end_to_end(world: World, tmp_path: Path) -> None:
    text = TextEncoder.open()
    model = tiny_model(text_width=text.width)
    index = build_index(
        tmp_path / "real",
        model,
        world.root / "models" / "ral-tiny",
        world.features,
        text,
        IndexConfig(name="real", collection="real"),
        captions=world.features / "captions.jsonl",
    )
    explorer = Explorer.open(world.root, models={"ral-tiny": model}, text=text)
    result = explorer.search("a red-haired girl 🎈 naps", k=3, index=index.path)
    assert [word.text for word in result.words][:4] == ["a", "red-haired", "girl", "🎈"]
    assert sum(word.weight or 0 for word in result.words) == pytest.approx(1.0)
    for awkward in ("🎈", "!!!", "żółć", "一只狗", "word " * 500):
        assert len(explorer.search(awkward, k=3, index=index.path).hits) == 3
    with pytest.raises(RALError):
        explorer.search("\u200d", index=index.path)
