"""A sentence in, moments out: the one door to everything that can be asked of the shipped collections."""

from __future__ import annotations

import time
from collections.abc import Collection as Some
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING

import torch

from ral_core.device import pick_device
from ral_core.errors import BadQuery, DataError, UnknownName
from ral_core.features.text import MINILM, EncodedQuery
from ral_core.index.folder import Manifest, open_index
from ral_core.models import PRVRModel
from ral_core.models.zero_shot import picture_query
from ral_core.search.answers import MOST as MOST
from ral_core.search.answers import (
    checked_count,
    fitting_hits,
    hits,
    notes,
    query_words,
    ranked,
    shortened,
    unsaid,
)
from ral_core.search.collections import Collection, IndexEntry, grouped
from ral_core.search.filters import Filters
from ral_core.search.gallery import Gallery
from ral_core.search.known import named
from ral_core.search.libraries import (
    INDEXES,
    Backstage,
    entry_at,
    manifests,
    named_entry,
    open_roots,
    unknown,
)
from ral_core.search.libraries import PRECOMPUTED as PRECOMPUTED
from ral_core.search.libraries import found_indexes as found_indexes
from ral_core.search.moments import MomentConfig
from ral_core.search.pictures import Picture, Span, moment_vector, picture_vector, require_pictures
from ral_core.search.presence import presence
from ral_core.search.reading import ReadsText, cleaned, events_in, query_batch
from ral_core.search.results import SearchResult
from ral_core.search.verdict import SENTENCE, STRANGE, verdict
from ral_core.tensors import QueryTokens

if TYPE_CHECKING:
    from ral_core.search.results import Explanation


class Explorer:
    """Search and explain over every index found. Safe to use from several threads.

    Models, indexes and text encoders are read when first needed; `warm` does it beforehand.
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
        self._backstage = Backstage(device, dict(models or {}), {} if text is None else {MINILM: text})
        self._galleries: dict[Path, Gallery] = {}
        self._others: dict[Path, Collection] = {}
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
        more: Sequence[Path | str] = (),
    ) -> Explorer:
        """Find the indexes in `root`/indexes (by default the shipped ones); nothing big is read yet.

        `more` are further roots, such as libraries, opened side by side. `models` and `text` replace what would be
        loaded from the roots' models folders and the MiniLM package. Raises DataError for a further root without
        indexes and for two roots that use the same name.
        """
        root = PRECOMPUTED if root is None else Path(root)
        entries, problems = open_roots(root, [Path(folder) for folder in more])
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
        return manifests(self.entries)

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

    def text_of(self, entry: IndexEntry) -> ReadsText:
        """The text encoder of an index, opened on first use. Raises EncoderMismatch if it is another by now."""
        with self._lock:
            return self._backstage.text_of(entry)

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
        only: Filters | None = None,
        order: Sequence[str] | None = None,
    ) -> SearchResult:
        """The k films that fit `query` best, each with its moments.

        Every film is scored exactly, unless `candidates` says how many films with a clip near the sentence
        should be. The result's state is `clear`, `ambiguous` or `unlikely` as `search.verdict` defines.
        With `only`, the hits are the first k films of the whole ranking that fit, under their ranks in it; the state
        stays that of the whole ranking. `order` are ids of films, best first, to rank them by instead of their scores.
        Raises BadQuery for an empty query or a k below 1, UnknownName, DataError and EncoderMismatch.
        """
        started = time.perf_counter()
        typed, count = cleaned(query), checked_count(k, candidates)
        entry = self.resolve(model, index)
        gallery = self.gallery(entry)
        encoded, tokens = self.encoded(entry, typed.text)
        scored = gallery.score(tokens, candidates)
        found = ranked(
            gallery, scored, gallery.z(scored.total), gallery.film_count if only else count, order=order
        )
        length = len(encoded.words())
        there = presence(gallery, encoded, tokens, scored)
        collection = self.collection(entry)
        strange = collection.vocabulary.strange(typed.text)
        foreign = len(strange) > 0 and len(strange) == len(set(named(typed.text)))
        judged = verdict(found.total, found.z, entry.manifest, length, there, foreign)
        events = events_in(typed.text)
        if only:
            films, fit = fitting_hits(gallery, tokens, found, only, count, self.moments, events)
            said = (*notes(typed, encoded, gallery, 0, 0), fit)
        else:
            films = hits(gallery, tokens, found, self.moments, events)
            said = notes(typed, encoded, gallery, k, len(films))
        return SearchResult(
            query=typed.text,
            model=entry.manifest.model,
            index=entry.name,
            state=judged.state,
            reason=judged.reason,
            hits=films,
            words=query_words(encoded, gallery, tokens),
            clip_weight=entry.manifest.clip_weight,
            frame_weight=entry.manifest.frame_weight,
            films=gallery.film_count,
            searched="exact" if scored.candidates is None else "candidates",
            seconds=time.perf_counter() - started,
            device=str(self.device),
            z=films[0].z if films else None,
            cutoff=entry.manifest.cutoff if length >= SENTENCE and order is None else None,
            truncated=typed.cut or shortened(encoded, gallery),
            notes=(
                *said,
                *unsaid(() if judged.reason == STRANGE else strange),
                *filter(None, (collection.note,)),
            ),
            truth=collection.truth(typed.text),
        )

    def search_image(
        self, picture: Picture, k: int = 10, model: str | None = None, index: str | Path | None = None
    ) -> SearchResult:
        """The k films with moments that look like a picture: a file, or an array (H, W, 3) uint8 RGB.

        Raises BadQuery for an index that can be asked in words only, DataError for a file that is no picture.
        """
        started, entry = time.perf_counter(), self.resolve(model, index)
        require_pictures(self.gallery(entry))
        name = Path(picture).name if isinstance(picture, (str, Path)) else "picture"
        vector = picture_vector(self.text_of(entry), picture)
        return self._seen(f"[{name}]", vector, entry, k, started)

    def search_moment(
        self,
        video: str | Path,
        start: float,
        end: float,
        k: int = 10,
        model: str | None = None,
        index: str | Path | None = None,
    ) -> SearchResult:
        """The k films with moments like the seconds `start` to `end` of a video, itself left out.

        The video is an id of the index or a video file. Raises BadQuery for an index that can be asked in words
        only, for a moment that is none and for an unknown video.
        """
        started, entry = time.perf_counter(), self.resolve(model, index)
        gallery, span = self.gallery(entry), Span(str(video), float(start), float(end))
        require_pictures(gallery)
        vector, itself = moment_vector(gallery, self.text_of(entry), span)
        name = f"[{Path(span.video).name} {span.start:g}-{span.end:g} s]"
        return self._seen(name, vector, entry, k, started, () if itself is None else (itself,))

    def _seen(
        self,
        name: str,
        vector: torch.Tensor,
        entry: IndexEntry,
        k: int,
        started: float,
        without: Some[str] = (),
    ) -> SearchResult:
        """The answer to a picture's vector (1, D). Scores are not measured against those of sentences."""
        gallery, count = self.gallery(entry), checked_count(k, None)
        with torch.inference_mode():
            tokens = picture_query(vector.to(self.device))
        found = ranked(gallery, gallery.score(tokens), None, count, without)
        if not len(found.rows):
            raise BadQuery(f"The index {entry.name} holds no other film than the one asked with.")
        judged = verdict(found.total, None, entry.manifest, 0)
        films = hits(gallery, tokens, found, self.moments)
        return SearchResult(
            query=name,
            model=entry.manifest.model,
            index=entry.name,
            state=judged.state,
            reason=judged.reason,
            hits=films,
            words=(),
            clip_weight=entry.manifest.clip_weight,
            frame_weight=entry.manifest.frame_weight,
            films=gallery.film_count - len(without),
            searched="exact",
            seconds=time.perf_counter() - started,
            device=str(self.device),
            notes=(
                "Pictures look more alike than a picture and a sentence do: these scores are higher than for words.",
            ),
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
        known = self.entries if self._is_open(entry) else around(entry)
        same = [e for e in known.values() if e.manifest.collection == entry.manifest.collection]
        return same if any(e.folder == entry.folder for e in same) else [entry, *same]

    def collection(self, entry: IndexEntry) -> Collection:
        """The collection that an index belongs to."""
        name = entry.manifest.collection
        if self._is_open(entry):
            return self._collections[name]
        if entry.folder not in self._others:
            self._others[entry.folder] = Collection(name, {e.manifest.model: e for e in self.siblings(entry)})
        return self._others[entry.folder]

    def _is_open(self, entry: IndexEntry) -> bool:
        known = self.entries.get(entry.name)
        return known is not None and known.folder == entry.folder

    def gallery(self, entry: IndexEntry) -> Gallery:
        """The index in memory with its model; read on first use, by one thread only."""
        with self._lock:
            if entry.folder not in self._galleries:
                folder = open_index(entry.folder)
                self._galleries[entry.folder] = Gallery(
                    folder, self._backstage.model_of(entry, self.root), self.device
                )
            return self._galleries[entry.folder]

    def encoded(self, entry: IndexEntry, text: str) -> tuple[EncodedQuery, QueryTokens]:
        """One sentence as word pieces and as encoded by the index's model; recent ones are remembered."""
        return self._encoded(entry.folder, text)

    def tokens(self, entry: IndexEntry, texts: Iterable[str]) -> tuple[list[EncodedQuery], QueryTokens]:
        """Sentences as word pieces and as encoded by the index's model, one row each."""
        text, gallery = self.text_of(entry), self.gallery(entry)
        encoded = list(text.encode(list(texts)))
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
        return next(known, None) or entry_at(folder)

    def _default(self, model: str | None) -> IndexEntry:
        """The default index of the first collection that has the model; this root's come before other roots'."""
        collections = list(self._collections.values())
        having = [c for c in collections if model in c.entries] or collections
        return min(having, key=lambda c: (c.default.root != self.root, "long" in c.name, c.name)).default

    def _named(self, index: str | Path) -> IndexEntry:
        found = named_entry(index, self.entries, self.problems)
        if isinstance(found, IndexEntry):
            return found
        entries, problems = found_indexes(found / INDEXES)
        if not entries:
            raise DataError(
                next(iter(problems.values()), f"The library {found} holds no index yet; ingest videos.")
            )
        return min(grouped(entries).values(), key=lambda c: c.name).default

    def _nothing(self) -> str:
        if self.problems:
            return next(iter(self.problems.values()))
        return f"There is no index in {self.root / INDEXES}; make one with `python -m ral_core index`."


def around(entry: IndexEntry) -> dict[str, IndexEntry]:
    """The indexes in the root of one that is not open by name; none where it stands alone."""
    return {} if entry.root is None else found_indexes(entry.root / INDEXES)[0]
