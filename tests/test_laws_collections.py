"""What must be true of every model once its videos are a collection: companions, storage, times."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
import torch
from tiny_models import CLIPS, KINDS, VISUAL, encode, random_batch, random_queries, random_videos, tiny_model
from torch.testing import assert_close

from ral_core.features.store import FeatureStore, VideoFeatures, write_features
from ral_core.index.build import encoded_videos, merged, token_batch
from ral_core.index.folder import SHAPES, stored
from ral_core.models import RAL, PRVRModel
from ral_core.tensors import QueryTokens, Scores, VideoTokens
from ral_core.training.objectives import ObjectiveConfig, objective

every_model = pytest.mark.parametrize(("name", "wrapped"), KINDS)
CLOSE = {"rtol": 1e-4, "atol": 2e-6}
LENGTHS = {"blink": 1, "short": 6, "full": 10, "film": 1000}


def agree(first: Scores, second: Scores, **tolerance: float) -> None:
    assert_close(first.clip, second.clip, **(tolerance or CLOSE))
    assert_close(first.frame, second.frame, **(tolerance or CLOSE))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> FeatureStore:
    """Videos of one frame, of a few, and of a thousand."""
    random = np.random.default_rng(0)
    items = [
        VideoFeatures(
            video, random.normal(size=(n, VISUAL)).astype(np.float32), np.arange(n, dtype=np.float32), n + 1.0
        )
        for video, n in LENGTHS.items()
    ]
    return write_features(tmp_path_factory.mktemp("features"), items, encoder="eye@1")


def arrays_of(model: PRVRModel, store: FeatureStore, batch: int = 50) -> dict[str, np.ndarray]:
    return merged(list(encoded_videos(model, store, store.ids, batch, lambda line: None)))


@torch.no_grad()
def queries_of(model: PRVRModel) -> QueryTokens:
    return model.encode_query(random_queries(3, 5, 1))


@every_model
def test_order_of_videos_and_queries_moves_scores_along(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    queries, videos = random_queries(3, 5, 1), random_videos(4, 7, 1, 10)
    rows, columns = torch.tensor([2, 0, 1]), torch.tensor([3, 1, 0, 2])
    with torch.no_grad():
        plain = model.score(*encode(model, queries, videos))
        moved = model.score(*encode(model, queries.rows(rows), videos.rows(columns)))
    agree(moved, Scores(plain.clip[rows][:, columns], plain.frame[rows][:, columns]))


@every_model
def test_prepared_tokens_score_the_same(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    queries, videos = encode(model, random_queries(3, 5, 1), random_videos(4, 7, 1, 10))
    with torch.no_grad():
        ready = model.prepared(videos)
        agree(model.score(queries, ready), model.score(queries, videos))
        part = ready.rows(torch.tensor([2, 0]))
        agree(model.score(queries, part), model.score(queries, videos.rows(torch.tensor([2, 0]))))
        first, second = model.curves(queries, ready), model.curves(queries, videos)
    assert_close(first.clip, second.clip, **CLOSE)
    assert_close(first.frame, second.frame, **CLOSE)
    if not wrapped and name in ("ms_sl", "ms_sl_plus", "gmmformer"):
        assert len(fields(ready)) > len(fields(VideoTokens))


@every_model
def test_a_collection_scores_as_its_videos_do(name: str, wrapped: bool, store: FeatureStore) -> None:
    model = tiny_model(name, wrapped)
    together, apart = arrays_of(model, store), arrays_of(model, store, batch=1)
    assert together.keys() == apart.keys()
    queries = queries_of(model)
    with torch.no_grad():
        scores = model.score(queries, token_batch(together))
        agree(scores, model.score(queries, token_batch(apart)))
        half = {array: stored(array, together[array], "float16") for array in together}
        agree(scores, model.score(queries, token_batch(half)), rtol=0, atol=4e-3)
    assert scores.clip.isfinite().all() and scores.frame.isfinite().all()
    assert (np.diff(together["frame_offsets"]) == [1, 6, 10, 10]).all()  # a long film is pooled, not cut
    assert together["frame_times"][-1] > 900


@every_model
def test_a_collection_keeps_the_times_of_its_clips(name: str, wrapped: bool, store: FeatureStore) -> None:
    model = tiny_model(name, wrapped)
    arrays = arrays_of(model, store)
    tokens = token_batch({array: stored(array, arrays[array], "float32") for array in arrays})
    chosen = name in ("ms_sl_plus", "msc")
    assert ("clip_spans" in arrays) == chosen and "clip_spans" in SHAPES
    with torch.no_grad():
        curves = model.curves(queries_of(model), tokens)
    assert curves.clip.shape == (3, len(LENGTHS), CLIPS) == (3, *arrays["clip_times"].shape)
    if chosen:
        spans = torch.from_numpy(arrays["clip_spans"])
        assert ((spans[..., 0] >= 0) & (spans[..., 0] < spans[..., 1]) & (spans[..., 1] <= 1)).all()
    if name == "msc":  # consecutive runs of frames that fill the video
        assert_close(spans[:, 1:, 0], spans[:, :-1, 1])


@every_model
@pytest.mark.parametrize("owner", [[0] * 40 + [1], list(range(5))], ids=["forty captions", "one caption"])
def test_any_number_of_captions_trains(name: str, wrapped: bool, owner: list[int]) -> None:
    model = tiny_model(name, wrapped).train()
    terms = objective(model, random_batch(owner), ObjectiveConfig(hard_from_epoch=0))
    torch.stack(list(terms.values())).sum().backward()
    assert all(term.isfinite() for term in terms.values())
    assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("name", sorted({name for name, _ in KINDS}))
def test_words_and_branches_add_up_to_the_score(name: str) -> None:
    model = tiny_model(name, True, clip_weight=0.6, frame_weight=0.4)
    assert isinstance(model, RAL)
    queries, videos = encode(model, random_queries(3, 5, 1), random_videos(4, 7, 1))
    with torch.no_grad():
        scores, gate = model.score(queries, videos), model.gate(queries)
        words = gate[:, None] * model.word_frame(queries, videos).amax(-1)  # (Q, V, W), 0 for padded words
    assert_close(gate.sum(1), torch.ones(3))
    assert_close(0.6 * scores.clip + 0.4 * words.sum(-1), model.fused(scores), **CLOSE)
