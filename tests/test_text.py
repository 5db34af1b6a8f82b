"""The text encoder: one vector for each piece, pieces that map to the words as typed, sentences for bad input."""

from __future__ import annotations

import itertools
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ral_core.errors import BadQuery, DataError, UnknownName
from ral_core.features import text as text_module
from ral_core.features.text import TextEncoder, checked_sha256
from ral_core.features.words import squeeze, words_of

QUERY = "a red-haired girl's umbrella, in the kitchen"


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.open()


def test_one_vector_for_each_piece(encoder: TextEncoder) -> None:
    (query,) = encoder.encode([QUERY])
    assert query.vectors.shape == (len(query.pieces), encoder.width) == (len(query), 384)
    assert query.pieces[:5] == ("a", "red", "-", "haired", "girl")
    assert not query.truncated
    assert encoder.id == "all-minilm-l6-v2@53aa5117"


def test_pieces_map_to_the_words_as_typed(encoder: TextEncoder) -> None:
    words = encoder.encode([QUERY])[0].words()
    assert [word.text for word in words] == [
        "a",
        "red-haired",
        "girl's",
        "umbrella",
        ",",
        "in",
        "the",
        "kitchen",
    ]
    assert all(QUERY[word.start : word.end] == word.text for word in words)
    assert [piece for word in words for piece in word.pieces] == list(range(len(encoder.encode([QUERY])[0])))


def test_white_space_changes_places_but_no_vector(encoder: TextEncoder) -> None:
    plain, spaced = encoder.encode(["a dog runs", "  a\tdog \n\n runs  "])
    np.testing.assert_allclose(spaced.vectors, plain.vectors, atol=1e-5)
    assert [spaced.text[start:end] for start, end in spaced.offsets] == ["a", "dog", "runs"]


def test_a_query_alone_is_as_in_company(encoder: TextEncoder) -> None:
    alone = encoder.encode_many(["a cat naps"])[0]
    together = encoder.encode_many(["a cat naps", QUERY, "somebody rides a bike along the street"])[0]
    np.testing.assert_allclose(alone.vectors, together.vectors, atol=1e-5)


def test_many_come_back_in_order_with_progress(encoder: TextEncoder) -> None:
    texts = [("kite " * (number % 7 + 1)).strip() for number in range(70)]
    seen: list[tuple[int, int]] = []
    encoded = encoder.encode_many(texts, progress=lambda done, total: seen.append((done, total)))
    assert [query.text for query in encoded] == texts
    assert seen == [(64, 70), (70, 70)]
    assert [query.text for query in encoder.encode(texts)] == texts


def test_long_queries_are_cut_and_say_so(encoder: TextEncoder) -> None:
    (query,) = encoder.encode(["kites " * 500])
    assert query.truncated and len(query) == 30
    assert len(encoder.encode(["kite " * 30])[0]) == 30 and not encoder.encode(["kite " * 30])[0].truncated


@pytest.mark.parametrize("query", ["", "   ", "\n\t", "\u200b"])
def test_an_empty_query_is_refused_in_a_sentence(encoder: TextEncoder, query: str) -> None:
    with pytest.raises(BadQuery) as caught:
        encoder.encode([query])
    assert str(caught.value).endswith(".")


def test_emoji_are_one_unknown_word(encoder: TextEncoder) -> None:
    (query,) = encoder.encode(["a dog 🏄‍♂️ surfs"])
    assert query.pieces == ("a", "dog", "[UNK]", "surf", "##s")
    assert [word.text for word in query.words()] == ["a", "dog", "🏄‍♂️", "surfs"]


def test_recent_queries_are_remembered(encoder: TextEncoder) -> None:
    first, again = encoder.encode(["a robot waves"])[0], encoder.encode(["a robot waves"])[0]
    assert first is again


def test_a_warm_query_is_quick(encoder: TextEncoder) -> None:
    encoder.encode(["warm up"])
    spent = []
    for number in range(7):
        start = time.process_time()
        encoder.encode([f"a girl in a red dress flies kite number {number} on the beach"])
        spent.append(time.process_time() - start)
    assert sorted(spent)[3] < 0.1  # 50 ms is the goal; twice that, since the machine may be shared


@given(st.text(max_size=60))
def test_squeezed_text_knows_its_places(text: str) -> None:
    short, places = squeeze(text)
    assert short.split() == text.split() and "  " not in short
    assert len(places) == len(short) + 1
    assert all(text[place] == sign for sign, place in zip(short, places) if not sign.isspace())


@given(st.text(alphabet="ab-' ,🙂", max_size=30), st.lists(st.integers(0, 30), max_size=12))
def test_every_piece_is_in_one_word(text: str, cuts: list[int]) -> None:
    edges = sorted({0, *(cut for cut in cuts if cut < len(text)), len(text)})
    offsets = [(a, b) for a, b in itertools.pairwise(edges) if text[a:b].strip()]
    words = words_of(text, offsets)
    assert [piece for word in words for piece in word.pieces] == list(range(len(offsets)))
    assert all(a.end <= b.start for a, b in itertools.pairwise(words))


@pytest.mark.parametrize("spec", ["nobody/nothing", "/no/such/folder", "roberta-base-unknown"])
def test_unknown_encoders_are_refused_without_a_download(spec: str) -> None:
    with pytest.raises(UnknownName, match="encoder"):
        TextEncoder.open(spec)


def test_other_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"not the official weights")
    with pytest.raises(DataError, match="not the official"):
        checked_sha256(tmp_path)
    with pytest.raises(DataError, match=r"no model\.safetensors"):
        TextEncoder.open(tmp_path / "..")


def test_a_folder_serves_like_the_name(encoder: TextEncoder, tmp_path: Path) -> None:
    folder = tmp_path / "copied"
    folder.mkdir()
    for file in text_module._minilm_folder().iterdir():
        if file.suffix in (".json", ".txt", ".safetensors"):
            (folder / file.name).symlink_to(file)
    local = TextEncoder.open(folder)
    assert local.id == "copied@53aa5117"
    np.testing.assert_array_equal(local.encode(["a kite"])[0].vectors, encoder.encode(["a kite"])[0].vectors)


def clip_folder(folder: Path) -> Path:
    """A CLIP text model of random weights with a tokenizer for single letters."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz"
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    CLIPTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, merges=[]).save_pretrained(
        folder
    )
    config = CLIPTextConfig(
        vocab_size=len(pieces),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        bos_token_id=len(pieces) - 2,
        eos_token_id=len(pieces) - 1,
        pad_token_id=len(pieces) - 1,
    )
    CLIPTextModel(config).save_pretrained(folder)
    return folder


def test_clip_gives_words_without_its_special_tokens(tmp_path: Path) -> None:
    encoder = TextEncoder.open(clip_folder(tmp_path / "tiny-clip"))
    short, long = encoder.encode(["a dog", "the red kite"])
    assert encoder.width == 16 and short.vectors.shape == (4, 16)
    assert [word.text for word in short.words()] == ["a", "dog"]
    assert [word.text for word in long.words()] == ["the", "red", "kite"]
    shutil.rmtree(tmp_path / "tiny-clip")
