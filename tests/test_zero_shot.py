"""Search without training: the scores are plain cosines, and everything around takes the model as any other."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_joint import tiny_clip

from ral_core.errors import BadQuery, DataError
from ral_core.features.encoders import open_text_encoder
from ral_core.features.joint_text import JointText, word_spans
from ral_core.features.packed import pack_words
from ral_core.models import ModelConfig, RALConfig, build_model
from ral_core.models.checkpoint import load_model, save_model
from ral_core.models.zero_shot import ZeroShot, picture_query, zero_shot_config
from ral_core.search.reading import query_batch
from ral_core.tensors import QueryBatch, VideoBatch

WIDTH, CLIPS, FRAMES = 8, 32, 128
SENTENCES = ["a dog runs", "Two cats sleep on the red bed, then wake!", "x"]


@pytest.fixture(scope="module")
def model() -> ZeroShot:
    return ZeroShot(zero_shot_config(WIDTH)).eval()


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> JointText:
    return JointText.open(f"joint:{tiny_clip(tmp_path_factory.mktemp('encoders') / 'tiny-clip')}")


def videos(*lengths: int, padded_to: int = FRAMES) -> VideoBatch:
    random = torch.Generator().manual_seed(3)
    clips = torch.randn(len(lengths), CLIPS, WIDTH, generator=random)
    frames = torch.randn(len(lengths), FRAMES, WIDTH, generator=random)[:, :padded_to]
    return VideoBatch(clips, frames, torch.arange(padded_to) < torch.tensor(lengths)[:, None])


def queries(*lengths: int, padded_to: int = 30) -> QueryBatch:
    random = torch.Generator().manual_seed(4)
    words = torch.randn(len(lengths), 30, WIDTH, generator=random)[:, :padded_to]
    mask = torch.arange(padded_to) < torch.tensor(lengths)[:, None]
    return QueryBatch(words, mask, torch.randn(len(lengths), WIDTH, generator=random))


def normed(rows: torch.Tensor) -> np.ndarray:
    array = rows.double().numpy()
    return array / np.linalg.norm(array, axis=-1, keepdims=True)


def test_the_scores_are_those_of_numpy(model: ZeroShot) -> None:
    batch, asked = videos(3, 128, 20), queries(1, 30, 7)
    scores = model.score(model.encode_query(asked), model.encode_video(batch))
    clip, frame = np.empty((3, 3)), np.empty((3, 3))
    for q in range(3):
        for v in range(3):
            clip[q, v] = max(normed(batch.clips[v]) @ normed(asked.sentence[q]))  # type: ignore[index]
            words = normed(asked.words[q][asked.word_mask[q]])
            frames = normed(batch.frames[v][batch.frame_mask[v]])
            frame[q, v] = (words @ frames.T).max(axis=1).mean()
    np.testing.assert_allclose(scores.clip.numpy(), clip, atol=1e-5)
    np.testing.assert_allclose(scores.frame.numpy(), frame, atol=1e-5)
    np.testing.assert_allclose(model.fused(scores).numpy(), 0.7 * clip + 0.3 * frame, atol=1e-5)


def test_one_query_and_one_video_score_as_in_company(model: ZeroShot) -> None:
    batch, asked = videos(3, 128, 20), queries(1, 30, 7)
    whole = model.fused(model.score(model.encode_query(asked), model.encode_video(batch)))
    for q in range(3):
        for v in range(3):
            one = model.score(
                model.encode_query(asked.rows(slice(q, q + 1))),
                model.encode_video(batch.rows(slice(v, v + 1))),
            )
            torch.testing.assert_close(model.fused(one)[0, 0], whole[q, v], atol=1e-6, rtol=1e-5)


def test_padding_changes_nothing(model: ZeroShot) -> None:
    long = model.score(model.encode_query(queries(2, 5)), model.encode_video(videos(3, 20)))
    short = model.score(
        model.encode_query(queries(2, 5, padded_to=5)), model.encode_video(videos(3, 20, padded_to=20))
    )
    torch.testing.assert_close((long.clip, long.frame), (short.clip, short.frame))


def test_gates_and_similarities_make_the_frame_score(model: ZeroShot) -> None:
    asked, batch = model.encode_query(queries(2, 5)), model.encode_video(videos(3, 20))
    gate, cosines = model.gate(asked), model.word_frame(asked, batch)
    torch.testing.assert_close(gate.sum(-1), torch.ones(2))
    frame = (gate[:, None] * cosines.amax(-1)).sum(-1)
    torch.testing.assert_close(frame, model.score(asked, batch).frame)
    curves = model.curves(asked, batch)
    torch.testing.assert_close(curves.clip.amax(-1), model.score(asked, batch).clip)
    blend = torch.einsum("qw,qvwf->qvf", gate, cosines.masked_fill(cosines.isinf(), 0))
    real = batch.frame_mask.expand(2, -1, -1)
    torch.testing.assert_close(curves.frame[real], blend[real])
    assert (curves.frame[~real] == -torch.inf).all()


def test_a_picture_asks_as_its_own_only_word(model: ZeroShot) -> None:
    batch = model.encode_video(videos(3, 20))
    asked = picture_query(batch.frames[1, 4:5])
    scores = model.score(asked, batch)
    torch.testing.assert_close(scores.frame[0, 1], torch.tensor(1.0))
    assert scores.frame[0, 0] < 1 and model.curves(asked, batch).frame[0, 1].argmax() == 4


def test_it_is_saved_and_loaded_without_a_weight(model: ZeroShot, tmp_path: Path) -> None:
    save_model(tmp_path / "zero-shot", model)
    again = load_model(tmp_path / "zero-shot")
    assert isinstance(again, ZeroShot) and again.config == model.config and again.parameter_count == 0
    assert next(again.parameters()).device.type == "cpu"


def test_what_it_cannot_do_is_said(model: ZeroShot) -> None:
    with pytest.raises(DataError, match="one space"):
        build_model(ModelConfig(name="zero_shot", visual_width=8, text_width=4, width=8, heads=1))
    with pytest.raises(DataError, match="nothing to train"):
        build_model(replace(zero_shot_config(8), ral=RALConfig()))
    asked, batch = model.encode_query(queries(2)), model.encode_video(videos(3))
    with pytest.raises(DataError, match="nothing to train"):
        model.training_scores(asked, batch, torch.zeros(1))
    with pytest.raises(DataError, match="as one vector"):
        model.encode_query(QueryBatch(queries(2).words, queries(2).word_mask))
    with pytest.raises(BadQuery, match="no words"):
        model.encode_query(queries(0))
    with pytest.raises(DataError, match="no frames"):
        model.encode_video(videos(0))


def test_a_query_is_its_words_and_the_whole(text: JointText) -> None:
    query = text.encode(["A red-haired girl, then a dog!"])[0]
    assert query.pieces == ("A", "red-haired", "girl", "then", "a", "dog")
    assert [word.text for word in query.words()] == list(query.pieces)
    np.testing.assert_allclose(query.vectors, text.encoder.texts(query.pieces), atol=1e-5)
    np.testing.assert_allclose(query.sentence, text.encoder.texts([query.text])[0], atol=1e-5)
    assert (text.id, text.width) == (text.encoder.id, text.encoder.width)


def test_words_are_the_same_in_every_company(text: JointText) -> None:
    together = text.encode(SENTENCES)
    for alone, sentence in zip(together, SENTENCES, strict=True):
        fresh = JointText(text.encoder).encode([sentence])[0]
        np.testing.assert_allclose(fresh.vectors, alone.vectors, atol=1e-5)
        np.testing.assert_allclose(fresh.sentence, alone.sentence, atol=1e-5)


def test_long_queries_are_cut_and_empty_ones_refused(text: JointText) -> None:
    long = text.encode(["go " * 31])[0]
    assert long.truncated and len(long) == 30
    assert not text.encode(["a dog"])[0].truncated
    assert word_spans("... !") == [(0, 3), (4, 5)]
    for empty in ("", "  \n"):
        with pytest.raises(BadQuery):
            text.encode([empty])


def test_the_sentence_travels_in_batches(text: JointText, tmp_path: Path) -> None:
    batch = query_batch(text.encode(SENTENCES), 30)
    packed = pack_words(text, SENTENCES, cache=tmp_path)
    for words in (packed, pack_words(text, SENTENCES, cache=tmp_path)):
        again = words.rows(torch.arange(3), 30)
        torch.testing.assert_close(again.sentence, batch.sentence, atol=1e-3, rtol=1e-2)
        torch.testing.assert_close(again.words, batch.words, atol=1e-3, rtol=1e-2)
    assert batch.rows(slice(0, 2)).sentence.shape == (2, text.width)  # type: ignore[union-attr]


def test_the_spec_opens_the_text_side(text: JointText) -> None:
    opened = open_text_encoder(f"joint:{text.encoder.folder}")
    assert isinstance(opened, JointText) and opened.id == text.id
