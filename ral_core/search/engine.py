"""A sentence in, moments out: the one door to everything that can be asked of the shipped collections."""

from __future__ import annotations

import difflib
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
import torch

from ral_core.device import pick_device
from ral_core.errors import BadQuery, DataError, RALError, UnknownName
from ral_core.features.encoders import open_text_encoder, require_encoder
from ral_core.features.text import EncodedQuery
from ral_core.files import sha256
from ral_core.index.folder import MANIFEST, Manifest, open_index, read_manifest
from ral_core.models import PRVRModel
from ral_core.models.checkpoint import load_model
from ral_core.search.collections import Collection, IndexEntry, grouped
from ral_core.search.gallery import Gallery, Scored
from ral_core.search.moments import MomentConfig, moments_of, timeline
from ral_core.search.reading import ReadsText, Typed, cleaned, events_in, query_batch
from ral_core.search.results import Hit, QueryWord, SearchResult
from ral_core.search.verdict import SENTENCE, verdict
from ral_core.tensors import QueryTokens

if TYPE_CHECKING:
    from ral_core.search.results import Explanation

PRECOMPUTED = Path(__file__).resolve().parents[2] / "precomputed"
MOST = 100
"""The longest list of films that a search returns."""


class Explorer:
    """Search and explain over every index found. Safe to use from several threads.

    Models, indexes and the text encoder are read when first needed; `warm` does it beforehand.
    """

    def __init__(
        self,
        root: Path,
        entries: Mapping[str, IndexEntry],
        *,
        device: torch.device,
        models: Mapping[str, PRVRModel] | None = None,
        text: ReadsText | None = None,
        moments: MomentConfig | None = None,
        problems: Mapping[str, str] | None = None,
    ) -> None:
        self.root, self.entries, self.device = root, dict(entries), device
        self.problems = dict(problems or {})
        """Indexes that were found and could not be opened, with the reason."""
        self.moments = moments or MomentConfig()
        self._models = dict(models or {})
        self._text = text
        self._galleries: dict[Path, Gallery] = {}
        self._lock = RLock()
        self._encoded = lru_cache(maxsize=512)(self._encode)

    @classmethod
    def open(
        cls,
        root: Path | str | None = None,
        device: str = "auto",
        models: Mapping[str, PRVRModel] | None = None,
        text: ReadsText | None = None,
        moments: MomentConfig | None = None,
    ) -> Explorer:
        """Find the indexes in `root`/indexes (by default the shipped ones); nothing big is read yet.

        `models` and `text` replace what would be loaded from `root`/models and the MiniLM package.
        """
        root = PRECOMPUTED if root is None else Path(root)
        entries, problems = found_indexes(root / "indexes")
        return cls(
            root,
            entries,
            device=pick_device(device),
            models=models,
            text=text,
            moments=moments,
            problems=problems,
        )

    @property
    def indexes(self) -> dict[str, Manifest]:
        """The indexes that can be searched, by name."""
        return {name: entry.manifest for name, entry in self.entries.items()}

    @property
    def collections(self) -> dict[str, Collection]:
        """The collections that can be searched, by name."""
        return grouped(self.entries)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that have an index of the default collection, the default model first."""
        if not self.entries:
            return ()
        entry = self.resolve(None, None)
        names = sorted(e.manifest.model for e in self.siblings(entry))
        return tuple(sorted(names, key=lambda name: name != entry.manifest.model))

    @property
    def text(self) -> ReadsText:
        """The text encoder, opened on first use."""
        with self._lock:
            if self._text is None:
                self._text = open_text_encoder(device=self.device)
            return self._text

    def warm(self, model: str | None = None, index: str | Path | None = None) -> None:
        """Load everything that a search needs and run one, so that the next answers are fast."""
        self.search("a person", k=1, model=model, index=index)

    def search(
        self,
        query: str,
        k: int = 10,
        model: str | None = None,
        index: str | Path | None = None,
        candidates: int | None = None,
    ) -> SearchResult:
        """The k films that fit `query` best, each with its moments.

        Every film is scored exactly, unless `candidates` says how many films with a clip near the sentence
        should be. The result's state is `clear`, `ambiguous` or `unlikely` as `search.verdict` defines.
        Raises BadQuery for an empty query or a k below 1, UnknownName, DataError and EncoderMismatch.
        """
        started = time.perf_counter()
        typed, count = cleaned(query), checked_count(k, candidates)
        entry = self.resolve(model, index)
        gallery = self.gallery(entry)
        encoded, tokens = self.encoded(entry, typed.text)
        scored = gallery.score(tokens, candidates)
        z = gallery.z(scored.total)
        length = len(encoded.words())
        judged = verdict(scored.total, z, entry.manifest, length)
        hits = self._hits(gallery, typed.text, tokens, scored, z, count)
        return SearchResult(
            query=typed.text,
            model=entry.manifest.model,
            index=entry.name,
            state=judged.state,
            reason=judged.reason,
            hits=hits,
            words=query_words(encoded, gallery, tokens),
            clip_weight=entry.manifest.clip_weight,
            frame_weight=entry.manifest.frame_weight,
            films=len(gallery),
            searched="exact" if scored.candidates is None else "candidates",
            seconds=time.perf_counter() - started,
            device=str(self.device),
            z=hits[0].z,
            cutoff=entry.manifest.cutoff if length >= SENTENCE else None,
            truncated=typed.cut or shortened(encoded, gallery),
            notes=notes(typed, encoded, gallery, k, len(hits)),
            truth=self.collection(entry).truth(typed.text),
        )

    def compare(
        self, query: str, models: Sequence[str], k: int = 10, index: str | Path | None = None
    ) -> tuple[SearchResult, ...]:
        """The same query through several models of one collection, in their order."""
        return tuple(self.search(query, k, model=model, index=index) for model in models)

    def explain(
        self, query: str, video: str, model: str | None = None, index: str | Path | None = None
    ) -> Explanation:
        """Why `video` fits `query` as well as it does. Raises UnknownName for a video the index lacks."""
        from ral_core.analysis.explain import (
            explain,
        )  # the analysis builds on search, not the other way round

        return explain(self, query, video, model=model, index=index)

    def resolve(self, model: str | None, index: str | Path | None) -> IndexEntry:
        """The index to use: the named one or the default, or its collection's index for the named model."""
        if index is None and not self.entries:
            raise DataError(self._nothing())
        entry = self._named(index) if index is not None else self._default(model)
        if model is None or model == entry.manifest.model:
            return entry
        known = {e.manifest.model: e for e in self.siblings(entry)}
        if model not in known:
            raise UnknownName(
                unknown("model", model, known, f" of the collection {entry.manifest.collection}")
            )
        return known[model]

    def siblings(self, entry: IndexEntry) -> list[IndexEntry]:
        """All indexes of the entry's collection, itself included."""
        same = [e for e in self.entries.values() if e.manifest.collection == entry.manifest.collection]
        return same if entry.name in self.entries else [entry, *same]

    def collection(self, entry: IndexEntry) -> Collection:
        """The collection that an index belongs to."""
        known = self._collections.get(entry.manifest.collection)
        return known or Collection(entry.manifest.collection, {entry.manifest.model: entry})

    def gallery(self, entry: IndexEntry) -> Gallery:
        """The index in memory with its model; read on first use, by one thread only."""
        with self._lock:
            if entry.folder not in self._galleries:
                folder = open_index(entry.folder)
                self._galleries[entry.folder] = Gallery(folder, self._model(entry), self.device)
            return self._galleries[entry.folder]

    def encoded(self, entry: IndexEntry, text: str) -> tuple[EncodedQuery, QueryTokens]:
        """One sentence as word pieces and as encoded by the index's model; recent ones are remembered."""
        return self._encoded(entry.folder, text)

    def tokens(self, entry: IndexEntry, texts: Iterable[str]) -> tuple[list[EncodedQuery], QueryTokens]:
        """Sentences as word pieces and as encoded by the index's model, one row each."""
        require_encoder(self.text, entry.manifest.text_encoder, f"The index {entry.name}")
        gallery = self.gallery(entry)
        encoded = list(self.text.encode(list(texts)))
        batch = query_batch(encoded, gallery.model.config.max_words).to(self.device)
        with torch.inference_mode():
            return encoded, gallery.model.encode_query(batch)

    @cached_property
    def _collections(self) -> dict[str, Collection]:
        return grouped(self.entries)

    def _encode(self, folder: Path, text: str) -> tuple[EncodedQuery, QueryTokens]:
        encoded, tokens = self.tokens(self._entry_at(folder), [text])
        return encoded[0], tokens

    def _entry_at(self, folder: Path) -> IndexEntry:
        known = (entry for entry in self.entries.values() if entry.folder == folder)
        return next(known, None) or IndexEntry(folder.name, folder, read_manifest(folder))

    def _default(self, model: str | None) -> IndexEntry:
        collections = list(self._collections.values())
        having = [c for c in collections if model in c.entries] or collections
        return min(having, key=lambda c: ("long" in c.name, c.name)).default

    def _named(self, index: str | Path) -> IndexEntry:
        if str(index) in self.entries:
            return self.entries[str(index)]
        if str(index) in self.problems:
            raise DataError(self.problems[str(index)])
        folder = Path(index)
        if (folder / MANIFEST).is_file():
            folder = folder.resolve()
            return IndexEntry(folder.name, folder, read_manifest(folder))
        if folder.is_dir():
            raise DataError(f"{folder} is no index: it has no {MANIFEST}.")
        raise UnknownName(unknown("index", str(index), self.entries, ", and there is no such folder"))

    def _nothing(self) -> str:
        if self.problems:
            return next(iter(self.problems.values()))
        return f"There is no index in {self.root / 'indexes'}; make one with `python -m ral_core index`."

    def _model(self, entry: IndexEntry) -> PRVRModel:
        name = entry.manifest.model
        if name in self._models:
            return self._models[name]
        places = [self.root / "models" / name, entry.folder / (entry.manifest.model_folder or "none")]
        folder = next((place for place in places if (place / "config.json").is_file()), None)
        if folder is None:
            raise DataError(f"The index {entry.name} needs the model {name!r}, which is not in {places[0]}.")
        weights = folder / "model.safetensors"
        if weights.is_file() and sha256(weights) != entry.manifest.model_sha256:
            raise DataError(
                f"The index {entry.name} was made with other weights than those in {weights}; build it again."
            )
        return load_model(folder, device=self.device)

    def _hits(
        self,
        gallery: Gallery,
        text: str,
        tokens: QueryTokens,
        scored: Scored,
        z: np.ndarray | None,
        count: int,
    ) -> tuple[Hit, ...]:
        """The best films with their moments; ties go to the film that comes first in the index."""
        order = np.argsort(-scored.total, kind="stable")[: min(count, int(np.isfinite(scored.total).sum()))]
        rows = [int(row) for row in order]
        curves = gallery.curves(tokens, rows, self.moments)
        hits = []
        for rank, (row, (curve, _, _)) in enumerate(zip(rows, curves, strict=True), start=1):
            video, times = gallery.videos[row], gallery.times(row)
            moments = moments_of(curve, times, video.duration, self.moments, events=events_in(text))
            shown = {kind: gallery.folder.file(getattr(video, kind)) for kind in ("media", "poster", "strip")}
            hits.append(
                Hit(
                    rank=rank,
                    video=video.id,
                    title=video.title,
                    duration=video.duration,
                    start=moments[0].start,
                    end=moments[0].end,
                    score=float(scored.total[row]),
                    clip=float(scored.clip[row]),
                    frame=float(scored.frame[row]),
                    z=None if z is None else float(z[row]),
                    moments=moments,
                    timeline=timeline(curve, times, video.duration),
                    tags=video.tags,
                    **{kind: str(path) if path else None for kind, path in shown.items()},
                )
            )
        return tuple(hits)


def found_indexes(folder: Path) -> tuple[dict[str, IndexEntry], dict[str, str]]:
    """Every index below a folder by name, and for each that cannot be used a sentence."""
    entries: dict[str, IndexEntry] = {}
    problems: dict[str, str] = {}
    for path in sorted(folder.glob(f"*/{MANIFEST}")):
        try:
            entries[path.parent.name] = IndexEntry(path.parent.name, path.parent, read_manifest(path.parent))
        except RALError as problem:
            problems[path.parent.name] = str(problem)
    return entries, problems


def checked_count(k: object, candidates: object) -> int:
    """k, cut to `MOST`. Raises BadQuery when k or the number of candidates is no positive whole number."""
    for name, value in (("k", k), ("candidates", 1 if candidates is None else candidates)):
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise BadQuery(f"{name} must be a whole number of at least 1, not {value!r}.")
    return min(k, MOST)  # type: ignore[call-overload]


def unknown(kind: str, name: str, known: Iterable[str], where: str = "") -> str:
    """A sentence for a name that does not exist: the nearest one, and all there are."""
    known = sorted(known)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    shown = ", ".join(known[:8]) + (f" and {len(known) - 8} more" if len(known) > 8 else "")
    return f"There is no {kind} {name!r}{where}.{hint} Known: {shown or 'none'}."


@torch.inference_mode()
def query_words(encoded: EncodedQuery, gallery: Gallery, tokens: QueryTokens) -> tuple[QueryWord, ...]:
    """The words of a query that the model reads, with their gates where it has them."""
    model = gallery.model
    gate = model.gate(tokens)[0].cpu().numpy() if "gate" in model.capabilities else None
    read = model.config.max_words
    return tuple(
        QueryWord(
            text=word.text,
            start=word.start,
            end=word.end,
            weight=None if gate is None else float(sum(gate[piece] for piece in word.pieces if piece < read)),
        )
        for word in encoded.words()
        if min(word.pieces) < read
    )


def shortened(encoded: EncodedQuery, gallery: Gallery) -> bool:
    """Whether the end of the query was not read."""
    return encoded.truncated or len(encoded.pieces) > gallery.model.config.max_words


def notes(typed: Typed, encoded: EncodedQuery, gallery: Gallery, k: int, shown: int) -> tuple[str, ...]:
    """What the reader should know about an answer."""
    said = []
    if typed.cut or shortened(encoded, gallery):
        read = min(len(encoded.pieces), gallery.model.config.max_words)
        said.append(f"Only the first {read} word pieces of the query were read.")
    if k > shown:
        said.append(f"{k} films were asked for, {shown} are shown.")
    return tuple(said)
