"""What a search and an explanation answer, as plain frozen values: nothing here computes or draws.

Seconds are floats from the start of the film. Scores are comparable between films for one query and one
model only; `z` is the score against what this film gets for unrelated queries.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

State = Literal["clear", "ambiguous", "unlikely"]


class Answer:
    """A frozen dataclass that can be written as JSON."""

    def to_json(self) -> dict[str, Any]:
        """Every field, nested, as plain dictionaries and lists."""
        return asdict(self)  # type: ignore[call-overload]


@dataclass(frozen=True)
class Moment(Answer):
    """A stretch of one film."""

    start: float  # s
    end: float  # s
    peak: float  # s, where the score is highest
    score: float  # height of the curve at the peak


@dataclass(frozen=True)
class Hit(Answer):
    """One found film, with its best moments."""

    rank: int  # 1 is best
    video: str
    title: str
    duration: float  # s
    start: float  # s, of the best moment
    end: float  # s
    score: float  # fused: clip_weight * clip + frame_weight * frame
    clip: float  # the clip branch, before weighting
    frame: float  # the frame branch, before weighting
    z: float | None  # standard deviations above what this film gets for unrelated queries
    moments: tuple[Moment, ...]  # best first, not overlapping; moments[0] is (start, end)
    timeline: tuple[float, ...]  # the score curve, evenly resampled from 0 to duration, scaled to 0-1
    media: str | None = None  # path of the video file
    poster: str | None = None  # path of a still
    strip: str | None = None  # path of the filmstrip
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class QueryWord(Answer):
    """A word of the query and how much the model lets it count."""

    text: str
    start: int  # character offsets into the query
    end: int
    weight: float | None  # sum over its pieces; the weights of a query sum to 1; None without a gate


@dataclass(frozen=True)
class Truth(Answer):
    """What is known to be right, where the query is a caption of the collection."""

    caption: str  # caption id
    level: str
    video: str  # the film the caption was written for
    moments: dict[str, tuple[tuple[float, float], ...]]  # film → its true moments (s), where known
    relevant: tuple[str, ...]  # every film that satisfies the caption
    ambiguity: int  # how many films satisfy it
    importance: tuple[tuple[int, int, float], ...]  # (start, end, bits) by characters of the query


@dataclass(frozen=True)
class SearchResult(Answer):
    """The answer to one query."""

    query: str
    model: str
    index: str
    state: State
    reason: str  # one sentence: why this state
    hits: tuple[Hit, ...]
    words: tuple[QueryWord, ...]
    clip_weight: float
    frame_weight: float
    films: int  # how many films were ranked
    searched: Literal["exact", "candidates"]
    seconds: float  # time this answer took
    device: str
    z: float | None = None  # of the best hit
    cutoff: float | None = None  # z below which a film is unlikely to hold the moment; None if not judged
    truncated: bool = False  # the text encoder dropped the end of the query
    notes: tuple[str, ...] = ()  # sentences for the reader
    truth: Truth | None = None

    def brief(self) -> dict[str, Any]:
        """The fixed JSON of the command line."""
        kept = ("rank", "video", "start", "end", "score", "clip", "frame")
        return {
            "query": self.query,
            "model": self.model,
            "index": self.index,
            "state": self.state,
            "hits": [{name: getattr(hit, name) for name in kept} for hit in self.hits],
        }


@dataclass(frozen=True)
class Curve(Answer):
    """Scores over the time of one film, on the grid of its frames."""

    times: tuple[float, ...]  # (F,) s
    score: tuple[float, ...]  # (F,) clip and frame curves combined and smoothed; moments are read from it
    clip: tuple[float, ...]  # (F,) the clip curve, interpolated
    frame: tuple[float, ...]  # (F,) the frame curve
    baseline: float  # the film's usual height of `score`


@dataclass(frozen=True)
class WordEvidence(Answer):
    """A word of the query in one film."""

    text: str
    start: int  # character offsets into the query
    end: int
    weight: float | None  # gate, sum over its pieces
    second: float | None  # where in the film the word matches best
    similarity: float | None  # the best match's cosine
    drop: float  # score of the whole query minus the score without this word; above 0, the word helped


@dataclass(frozen=True)
class Uncertainty(Answer):
    """How wide the model thinks a query and a film are, against the corpus. Higher is less certain."""

    query: float  # mean log variance
    query_percentile: float  # 0-100, share of the reference queries that are narrower
    video: float
    video_percentile: float  # 0-100, share of the collection's films that are narrower
    queries: tuple[float, ...]  # deciles (11) of the reference queries' mean log variance
    videos: tuple[float, ...]  # deciles (11) of the films' mean log variance
    query_dims: tuple[float, ...]  # (D,) log variance
    video_dims: tuple[float, ...]  # (D,) log variance


@dataclass(frozen=True)
class Explanation(Answer):
    """Why one film fits one query as well as it does."""

    query: str
    video: str
    title: str
    model: str
    index: str
    duration: float  # s
    score: float
    clip: float
    frame: float
    clip_weight: float  # score = clip_weight * clip + frame_weight * frame
    frame_weight: float
    z: float | None
    rank: int  # of this film among all, 1 is best
    moments: tuple[Moment, ...]
    curve: Curve
    words: tuple[WordEvidence, ...]
    similarity: tuple[tuple[float, ...], ...] | None  # words × frames, cosine; None without a word branch
    uncertainty: Uncertainty | None  # None without Gaussian heads
    truth: Truth | None  # None when the query is no caption of the collection
    notes: tuple[str, ...] = ()  # what is missing and why, as sentences
