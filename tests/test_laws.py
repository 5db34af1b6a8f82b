"""What must be true of every model, whatever its weights."""

from __future__ import annotations

import pytest
import torch
from tiny_models import CLIPS, KINDS, encode, random_batch, random_queries, random_videos, tiny_model
from torch.testing import assert_close

from ral_core.errors import BadQuery, DataError, RALError
from ral_core.models import RAL, RALConfig
from ral_core.models.layers import unit
from ral_core.tensors import Gaussian, Scores, VideoBatch
from ral_core.training.draws import RandomDraws
from ral_core.training.objectives import ObjectiveConfig, objective

every_model = pytest.mark.parametrize(("name", "wrapped"), KINDS)
CLOSE = {"rtol": 1e-4, "atol": 2e-6}


def scores_of(model, queries, videos) -> Scores:
    with torch.no_grad():
        return model.score(*encode(model, queries, videos))


def same(first: Scores, second: Scores) -> None:
    assert_close(first.clip, second.clip, **CLOSE)
    assert_close(first.frame, second.frame, **CLOSE)


@every_model
def test_padding_changes_no_score(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    tight = scores_of(model, random_queries(3, 5, 1), random_videos(4, 7, 1))
    loose = scores_of(model, random_queries(3, 5, 1, padded_to=7), random_videos(4, 7, 1, padded_to=10))
    beyond = scores_of(model, random_queries(3, 5, 1, padded_to=9), random_videos(4, 7, 1, padded_to=14))
    same(tight, loose)
    same(tight, beyond)


@every_model
def test_alone_scores_as_in_company(name: str, wrapped: bool) -> None:
    model, queries, videos = tiny_model(name, wrapped), random_queries(3, 5, 1), random_videos(4, 7, 1)
    together = scores_of(model, queries, videos)
    for query in range(3):
        for video in range(3):
            pair = scores_of(
                model, queries.rows(slice(query, query + 1)), videos.rows(slice(video, video + 1))
            )
            assert pair.clip.shape == pair.frame.shape == (1, 1)
            same(
                pair, Scores(together.clip[query, video].view(1, 1), together.frame[query, video].view(1, 1))
            )


@every_model
def test_slices_of_tokens_score_as_the_whole(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    queries, videos = encode(model, random_queries(3, 5, 1, 4), random_videos(4, 7, 1, 9))
    with torch.no_grad():
        whole = model.score(queries, videos)
        part = model.score(queries.rows(torch.tensor([2, 0])), videos.rows(slice(1, 3)))
    same(part, Scores(whole.clip[[2, 0], 1:3], whole.frame[[2, 0], 1:3]))


@every_model
def test_one_frame_and_one_word_are_enough(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    scores = scores_of(model, random_queries(1), random_videos(1))
    assert scores.clip.isfinite().all() and scores.frame.isfinite().all()
    assert scores.clip.abs().max() <= 1.0001 and scores.frame.abs().max() <= 1.0001


@every_model
def test_evaluation_is_deterministic(name: str, wrapped: bool) -> None:
    model, queries, videos = tiny_model(name, wrapped), random_queries(3, 5), random_videos(4, 7)
    first, second = scores_of(model, queries, videos), scores_of(model, queries, videos)
    assert torch.equal(first.clip, second.clip) and torch.equal(first.frame, second.frame)


@every_model
def test_curves_belong_to_real_positions(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    queries, videos = encode(model, random_queries(3, 5), random_videos(4, 7, 1))
    with torch.no_grad():
        curves = model.curves(queries, videos)
    assert curves.clip.shape == (2, 3, CLIPS) and curves.clip.isfinite().all()
    assert curves.frame.shape == (2, 3, videos.frames.shape[1])
    assert torch.equal(curves.frame.isfinite(), videos.frame_mask.expand(2, -1, -1))


@every_model
def test_training_scores_have_the_cosines_of_search(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    owner = torch.tensor([0, 2, 1])
    queries, videos = encode(model, random_queries(3, 5, 2), random_videos(4, 7, 1))
    with torch.no_grad():
        training, search = model.training_scores(queries, videos, owner), model.score(queries, videos)
    assert_close(training.cosine.clip, search.clip, **CLOSE)
    if training.paired:  # column j is the own video of query j: the diagonal is each query's own pair
        assert_close(training.cosine.frame.diagonal(), search.frame[range(3), owner], **CLOSE)
    else:
        assert_close(training.cosine.frame, search.frame, **CLOSE)


@every_model
@pytest.mark.parametrize("owner", [[0, 0, 1, 1, 1, 2], [2, 0, 1, 0, 2], [0], [0, 0], [1, 0]], ids=str)
@pytest.mark.parametrize("profile", ["careful", "reference"])
def test_a_training_step_is_finite(name: str, wrapped: bool, owner: list[int], profile: str) -> None:
    model = tiny_model(name, wrapped, profile=profile).train()
    for epoch in (0, 20):
        model.zero_grad()
        terms = objective(model, random_batch(owner), ObjectiveConfig(hard_pool=2), epoch=epoch)
        torch.stack(list(terms.values())).sum().backward()
        assert all(term.isfinite() for term in terms.values())
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())
    assert ("proxy" in terms) == wrapped


@every_model
def test_the_order_of_captions_does_not_matter(name: str, wrapped: bool) -> None:
    model, batch = tiny_model(name, wrapped), random_batch([0, 0, 1, 1, 2])
    mixed = torch.tensor([3, 0, 4, 2, 1])
    shuffled = type(batch)(batch.videos, batch.queries.rows(mixed), batch.owner[mixed])
    config = ObjectiveConfig(hard_from_epoch=0, hard_pool=1)
    first, second = (
        objective(model, one, config, draws=RandomDraws(torch.Generator().manual_seed(3)))
        for one in (batch, shuffled)
    )
    for term in first:
        assert_close(first[term], second[term], rtol=1e-4, atol=1e-6)


@every_model
def test_captions_may_be_missing_for_a_video(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    terms = objective(model, random_batch([0, 2, 2], videos=4), ObjectiveConfig())
    assert all(term.isfinite() for term in terms.values())


@every_model
def test_one_generator_makes_one_loss(name: str, wrapped: bool) -> None:
    model, batch = tiny_model(name, wrapped), random_batch([0, 0, 1, 2, 2])
    first, again = (
        objective(model, batch, ObjectiveConfig(), generator=torch.Generator().manual_seed(5)) for _ in "ab"
    )
    assert all(torch.equal(first[term], again[term]) for term in first)


@every_model
def test_nonsense_is_refused(name: str, wrapped: bool) -> None:
    model = tiny_model(name, wrapped)
    with pytest.raises(BadQuery, match="no words"):
        model.encode_query(type(random_queries(2))(torch.zeros(1, 2, 9), torch.zeros(1, 2, dtype=torch.bool)))
    with pytest.raises(DataError, match="8 words"):
        model.encode_query(random_queries(8))
    with pytest.raises(DataError, match="11 frames"):
        model.encode_video(random_videos(11))
    with pytest.raises(DataError, match="no frames"):
        model.encode_video(random_videos(3, 0))
    videos = random_videos(3)
    with pytest.raises(DataError, match="clips"):
        model.encode_video(VideoBatch(videos.clips[:, :2], videos.frames, videos.frame_mask))


wrapped_only = pytest.mark.parametrize("name", sorted({name for name, _ in KINDS}))


@wrapped_only
def test_gates_sum_to_one_over_real_words(name: str) -> None:
    model = tiny_model(name, True)
    queries, videos = encode(model, random_queries(3, 5, 1), random_videos(4, 7))
    assert isinstance(model, RAL)
    with torch.no_grad():
        gate, pairs = model.gate(queries), model.word_frame(queries, videos)
        scores, curves = model.score(queries, videos), model.curves(queries, videos)
    assert_close(gate.sum(1), torch.ones(3))
    assert (gate[~queries.word_mask] == 0).all()
    assert pairs.shape == (3, 2, 5, 7)
    maxima = pairs.masked_fill(~queries.word_mask[:, None, :, None], 0).amax(-1)
    assert_close(torch.einsum("qw,qvw->qv", gate, maxima), scores.frame, **CLOSE)
    real = videos.frame_mask.expand(3, -1, -1)
    gated = torch.einsum("qw,qvwf->qvf", gate, pairs.masked_fill(pairs.isinf(), 0))
    assert_close(curves.frame[real], gated[real], **CLOSE)


@wrapped_only
def test_many_videos_go_in_turns(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model, batch = tiny_model(name, True), random_batch([0, 0, 1, 2, 2, 3])
    results = []
    for chunk in (1 << 25, 1):
        monkeypatch.setattr("ral_core.models.scoring.CHUNK", chunk)
        model.zero_grad()
        config = ObjectiveConfig(hard_from_epoch=0, hard_pool=1)
        terms = objective(model, batch, config, generator=torch.Generator().manual_seed(0))
        torch.stack(list(terms.values())).sum().backward()
        results.append((terms, [p.grad for p in model.parameters()]))
    (once, gradients), (turns, others) = results
    assert_close(once, turns, **CLOSE)
    assert_close(gradients, others, rtol=1e-3, atol=1e-5)


@wrapped_only
def test_gaussians_do_not_see_padding_or_company(name: str) -> None:
    model = tiny_model(name, True)
    assert isinstance(model, RAL)
    queries, videos = encode(model, random_queries(3, 5, 1), random_videos(4, 7))
    alone, video = encode(
        model, random_queries(3, 5, 1, padded_to=7).rows(slice(0, 1)), random_videos(4, 7, padded_to=10)
    )

    def agree(first: Gaussian, second: Gaussian) -> None:
        assert_close(first.mean, second.mean, **CLOSE)
        assert_close(first.log_var, second.log_var, **CLOSE)

    with torch.no_grad():
        agree(model.query_gaussian(queries).rows(slice(0, 1)), model.query_gaussian(alone))
        agree(model.video_gaussian(videos), model.video_gaussian(video))
        agree(model.query_gaussian(queries), model.text_gaussian(queries, torch.arange(3), 3))


def test_one_gate_option_uses_the_gate_of_search() -> None:
    model = tiny_model("gmmformer_v2", True, options={"gate_input": "unit"})
    plain = tiny_model("gmmformer_v2", True)
    queries, videos = encode(model, random_queries(3, 5), random_videos(4, 7))
    owner = torch.tensor([0, 1])
    with torch.no_grad():
        one, two = (m.training_scores(queries, videos, owner) for m in (model, plain))
    assert_close(one.cosine.frame, two.cosine.frame)
    assert not torch.allclose(one.dot.frame, two.dot.frame)


def test_the_official_floor_lifts_short_videos_only() -> None:
    reference = tiny_model("gmmformer_v2", False, profile="reference")
    careful = tiny_model("gmmformer_v2", False)
    queries, videos = random_queries(3, 5), random_videos(1, 10)
    floored, free = scores_of(reference, queries, videos).frame, scores_of(careful, queries, videos).frame
    assert_close(floored[:, 0], free[:, 0].clamp(min=0))
    assert_close(floored[:, 1], free[:, 1])


def test_bfloat16_encoders_give_float32_tokens_and_about_the_same_loss() -> None:
    model, batch = tiny_model("gmmformer_v2", True), random_batch([0, 0, 1])
    losses = []
    for precision in ("float32", "bfloat16"):
        config = ObjectiveConfig(precision=precision, hard_from_epoch=0, hard_pool=1)
        terms = objective(model, batch, config, generator=torch.Generator().manual_seed(0))
        losses.append(torch.stack(list(terms.values())).sum())
    assert losses[1].dtype == torch.float32
    assert_close(losses[0], losses[1], rtol=0.05, atol=0.05)


SWITCHES = (
    {"gate": False},
    {"support": "own"},
    {"video_to_text": True},
    {"video_to_text": True, "frame_gate": True},
    {"native_frame": 0.4},
)


@wrapped_only
@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: " ".join(switch))
def test_switches_of_robust_alignment_keep_the_laws(name: str, switch: dict[str, object]) -> None:
    model = tiny_model(name, True, ral=RALConfig(proxies=3, **switch))  # type: ignore[arg-type]
    queries, videos = random_queries(3, 5, 1), random_videos(4, 7, 1)
    scores = scores_of(model, queries, videos)
    same(scores, scores_of(model, random_queries(3, 5, 1, padded_to=7), random_videos(4, 7, 1, padded_to=10)))
    alone = scores_of(model, queries.rows(slice(1, 2)), videos.rows(slice(2, 3)))
    same(alone, Scores(scores.clip[1:2, 2:3], scores.frame[1:2, 2:3]))
    owner = torch.tensor([0, 2, 1])
    with torch.no_grad():
        training = model.training_scores(*encode(model, queries, videos), owner)
    if training.native is None:
        assert_close(training.cosine.frame, scores.frame, **CLOSE)
    terms = objective(model.train(), random_batch([0, 0, 1, 1, 1, 2]), ObjectiveConfig())
    torch.stack(list(terms.values())).sum().backward()
    assert all(term.isfinite() for term in terms.values())
    assert ("native_frame_nce" in terms) == ("native_frame" in switch)
    unused = {n for n, p in model.named_parameters() if p.grad is None}
    assert all("align" in n for n in unused), unused  # MSC's map of the cross-branch loss


def test_uatvr_averages_both_directions() -> None:
    both = tiny_model("gmmformer_v2", True, ral=RALConfig(video_to_text=True, frame_gate=True))
    assert isinstance(both, RAL)
    queries, videos = encode(both, random_queries(3, 5), random_videos(4, 7))
    with torch.no_grad():
        pairs, scores = both.word_frame(queries, videos), both.score(queries, videos)
        words = torch.einsum("qw,qvw->qv", both.gate(queries), pairs.amax(3))
        frame_gate = both.frame_gate(unit(videos.frames), videos.frame_mask)
        best = pairs.masked_fill(~queries.word_mask[:, None, :, None], -torch.inf).amax(2)
        frames = torch.einsum("vf,qvf->qv", frame_gate, best.masked_fill(best.isinf(), 0))
    assert_close(scores.frame, (words + frames) / 2, **CLOSE)


def test_a_gate_that_is_off_has_no_parameters_and_counts_words_alike() -> None:
    model = tiny_model("gmmformer_v2", True, ral=RALConfig(gate=False))
    assert isinstance(model, RAL)
    assert not any("gate" in name for name in model.state_dict())
    queries, _ = encode(model, random_queries(4, 2), random_videos(4))
    assert_close(model.gate(queries), torch.tensor([[0.25] * 4, [0.5, 0.5, 0.0, 0.0]]))


@pytest.mark.parametrize(
    "settings", [{"frame_gate": True}, {"support": "none"}, {"native_frame": 1.0}], ids=str
)
def test_switches_refuse_nonsense(settings: dict[str, object]) -> None:
    with pytest.raises(RALError):
        RALConfig(**settings)  # type: ignore[arg-type]
