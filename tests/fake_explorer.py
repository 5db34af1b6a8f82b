"""An Explorer without models: made-up answers of the real types over small real videos, for tests of the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ral_core.data.captions import Caption, write_captions
from ral_core.data.videos import filmstrip, write_jpeg, write_video
from ral_core.errors import BadQuery, UnknownName
from ral_core.files import write_jsonl
from ral_core.index.folder import VIDEOS, Manifest
from ral_core.search.collections import Collection, IndexEntry, grouped
from ral_core.search.results import (
    Curve,
    Explanation,
    Hit,
    Moment,
    QueryWord,
    SearchResult,
    Truth,
    Uncertainty,
    WordEvidence,
)

FILMS, DURATION, FPS, SIZE = 4, 12.0, 8, (160, 90)
CAPTION = "a red square slides to the right"
COLOURS = ((200, 60, 50), (60, 120, 200), (70, 150, 80), (220, 170, 60))
HOSTILE = "<img src=x onerror=alert(1)> ${1+1} {{value}}"


@dataclass
class FakeExplorer:
    """What the pages ask of an Explorer; `film-3` has a hostile title, `nowhere` finds nothing sure, `explode` breaks."""

    root: Path
    entries: dict[str, IndexEntry]
    device: str = "cpu"
    problems: dict[str, str] | None = None

    def __post_init__(self) -> None:
        self.problems = self.problems or {}

    @property
    def models(self) -> tuple[str, ...]:
        return tuple(
            sorted((e.manifest.model for e in self.entries.values()), key=lambda n: not n.startswith("ral"))
        )

    @property
    def collections(self) -> dict[str, Collection]:
        return grouped(self.entries)

    def collection(self, entry: IndexEntry) -> Collection:
        return self.collections[entry.manifest.collection]

    def resolve(self, model: str | None, index: str | None) -> IndexEntry:
        model = model or self.models[0]
        for entry in self.entries.values():
            if model == entry.manifest.model and index in (None, entry.name):
                return entry
        raise UnknownName(f"There is no model {model!r}. Known: {', '.join(self.models)}.")

    def siblings(self, entry: IndexEntry) -> list[IndexEntry]:
        return list(self.entries.values())

    def warm(self, model: str | None = None, index: str | None = None) -> None:
        self.search("a", 1, model, index)

    def search(
        self, query: str, k: int = 10, model: str | None = None, index: str | None = None
    ) -> SearchResult:
        if not query.strip():
            raise BadQuery(
                "The query is empty; describe a moment, for example: a man kicks a ball on the beach."
            )
        if "explode" in query:
            raise RuntimeError("an error nobody foresaw")
        entry = self.resolve(model, index)
        lost = "nowhere" in query
        return SearchResult(
            query=query,
            model=entry.manifest.model,
            index=entry.name,
            state="unlikely" if lost else "clear",
            reason="Even the best film is close to unrelated sentences."
            if lost
            else "The first film leads by 2.1.",
            hits=tuple(hit(rank, lost) for rank in range(1, min(k, FILMS) + 1)),
            words=tuple(QueryWord(w.text, w.start, w.end, w.weight) for w in words(query, gated(entry))),
            clip_weight=0.7,
            frame_weight=0.3,
            films=FILMS,
            searched="exact",
            seconds=0.012,
            device="cpu",
            z=1.2 if lost else 5.0,
            cutoff=2.5,
            truncated=len(query.split()) > 30,
            truth=truth(query),
        )

    def explain(
        self, query: str, video: str, model: str | None = None, index: str | None = None
    ) -> Explanation:
        entry = self.resolve(model, index)
        found = {h.video: h for h in self.search(query, FILMS, model, index).hits}
        if video not in found:
            raise UnknownName(f"There is no video {video!r} in the index {entry.name}.")
        shown = found[video]
        times = tuple(np.arange(0, DURATION, 0.5).tolist())
        score = tuple(0.2 + 0.3 * bump(t, shown.moments) for t in times)
        return Explanation(
            query=query,
            video=video,
            title=shown.title,
            model=entry.manifest.model,
            index=entry.name,
            duration=DURATION,
            score=shown.score,
            clip=shown.clip,
            frame=shown.frame,
            clip_weight=0.7,
            frame_weight=0.3,
            z=shown.z,
            rank=shown.rank,
            moments=shown.moments,
            curve=Curve(times, score, score, score, 0.25),
            words=words(query, gated(entry)),
            similarity=None,
            uncertainty=uncertainty() if gated(entry) else None,
            truth=truth(query),
        )


def gated(entry: IndexEntry) -> bool:
    """Whether the model has gates and distributions."""
    return entry.manifest.model.startswith("ral")


def hit(rank: int, lost: bool = False) -> Hit:
    """The film at a rank; its best moment starts `rank` seconds in."""
    start = 1.0 + rank
    moments = (Moment(start, start + 3, start + 1, 0.5), Moment(8.0, 10.0, 9.0, 0.3))
    score = 0.62 - 0.07 * rank
    return Hit(
        rank=rank,
        video=f"film-{rank}",
        title=HOSTILE if rank == 3 else f"Film {rank} & friends",
        duration=DURATION,
        start=moments[0].start,
        end=moments[0].end,
        score=score,
        clip=score + 0.03,
        frame=score - 0.07,
        z=(1.3 if lost else 5.1) - 0.9 * rank,
        moments=moments,
        timeline=tuple(bump(DURATION * i / 47, moments) for i in range(48)),
    )


def bump(second: float, moments: tuple[Moment, ...]) -> float:
    """A smooth curve (0-1) with a hill at each moment."""
    return max(m.score / 0.5 * math.exp(-(((second - m.peak) / 1.2) ** 2)) for m in moments)


def words(query: str, gate: bool) -> tuple[WordEvidence, ...]:
    """Words with weights by their length."""
    found, place = [], 0
    total = sum(len(word) for word in query.split()) or 1
    for number, word in enumerate(query.split()):
        start = query.index(word, place)
        place = start + len(word)
        weight = len(word) / total if gate else None
        second = min(DURATION - 1, 0.5 + number) if gate else None
        found.append(
            WordEvidence(word, start, place, weight, second, 0.4 if gate else None, 0.01 * number - 0.01)
        )
    return tuple(found)


def uncertainty() -> Uncertainty:
    """A narrow query and a usual film."""
    deciles = tuple(-4.0 + 0.04 * (i - 5) ** 3 / 12.5 for i in range(11))
    return Uncertainty(-4.2, 12.0, -4.0, 50.0, deciles, deciles, (-4.2,) * 4, (-4.0,) * 4)


def truth(query: str) -> Truth | None:
    """What is right for the one caption there is."""
    if query.strip().lower() != CAPTION:
        return None
    moments = {"film-1": ((2.5, 5.5),)}
    return Truth("film-1#0", "mid", "film-1", moments, ("film-1",), 1, ((2, 5, 2.0), (6, 12, 1.5)))


def make_corpus(root: Path) -> FakeExplorer:
    """Write small films, pictures, captions and two indexes' tables below `root`; returns an explorer of them."""
    media = root / "media"
    for number in range(1, FILMS + 1):
        frames = pictures(COLOURS[(number - 1) % len(COLOURS)])
        write_video(media / f"film-{number}.mp4", frames, fps=FPS, preset="ultrafast", keyframe_seconds=1.0)
        write_jpeg(media / f"film-{number}.jpg", frames[FPS * (1 + number)])
        write_jpeg(media / f"film-{number}.strip.jpg", filmstrip(frames[:: len(frames) // 8][:8]))
    captions = [Caption("film-1#0", "film-1", CAPTION, "mid", 2.5, 5.5, ("film-1",), 1)]
    write_captions(root / "captions.jsonl", captions)
    entries = {}
    for model in ("ral-gmmformer_v2", "gmmformer_v2"):
        folder = root / "indexes" / f"tiny-{model}"
        rows = [
            {
                "id": f"film-{n}",
                "title": hit(n).title,
                "duration": DURATION,
                "media": f"../../media/film-{n}.mp4",
                "poster": f"../../media/film-{n}.jpg",
                "strip": f"../../media/film-{n}.strip.jpg",
            }
            for n in range(1, FILMS + 1)
        ]
        write_jsonl(folder / VIDEOS, rows)
        entries[folder.name] = IndexEntry(folder.name, folder, manifest(folder.name, model))
    return FakeExplorer(root, entries)


def manifest(name: str, model: str) -> Manifest:
    """A manifest with what the pages show of it."""
    return Manifest(
        name=name,
        collection="tiny",
        model=model,
        model_sha256="",
        visual_encoder="fake",
        text_encoder="fake",
        videos=FILMS,
        clips=32,
        segments=32,
        frames=0,
        width=4,
        dtype="float32",
        clip_weight=0.7,
        frame_weight=0.3,
        cutoff=2.5,
        captions="../../captions.jsonl",
    )


def pictures(colour: tuple[int, int, int]) -> np.ndarray:
    """A square that crosses the picture: (N, H, W, 3) uint8."""
    count, (width, height) = int(DURATION * FPS), SIZE
    frames = np.full((count, height, width, 3), 238, np.uint8)
    for place in range(count):
        left = int((width - 30) * place / (count - 1))
        frames[place, 30:60, left : left + 30] = colour
    return frames


def main() -> None:
    """Serve the page over the made-up corpus: `python tests/fake_explorer.py FOLDER PORT`."""
    import sys

    import uvicorn

    from ral_core.views.server import build_app

    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    uvicorn.run(build_app(make_corpus(folder)), host="127.0.0.1", port=port, log_level="warning")  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
