"""Every analysis answers in videos: a long one of several windows comes once, under its own id, by its best window."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from helpers_search import VISUAL, HashText, tiny_model

from ral_core.analysis.asked import ask
from ral_core.analysis.clusters import cluster
from ral_core.analysis.collapse import collapse
from ral_core.analysis.compare import compare
from ral_core.analysis.decide import decide
from ral_core.analysis.doctor import diagnose
from ral_core.analysis.failures import failure_report
from ral_core.analysis.fusion import Fusion, fused, fusion, windows_of
from ral_core.analysis.latency import latency
from ral_core.analysis.maps import film_map, place_query
from ral_core.analysis.paraphrases import paraphrase_stability
from ral_core.analysis.ranking import WAYS, check_rankings, ranking
from ral_core.analysis.rerank import ranks, rerank, stability
from ral_core.analysis.rivals import rivalry
from ral_core.analysis.runs import failures, make_run, save_run
from ral_core.analysis.similar import duplicates, similar
from ral_core.analysis.stability import rank_stability
from ral_core.analysis.stability_check import check_stability
from ral_core.analysis.sweep import sweep
from ral_core.cli import main
from ral_core.data.captions import Caption, write_captions
from ral_core.features.store import VideoFeatures, write_features
from ral_core.index.build import IndexConfig, build_index
from ral_core.index.folder import VideoRow
from ral_core.models.checkpoint import save_model
from ral_core.search.engine import Explorer
from ral_core.search.gallery import Gallery
from ral_core.views.fusion_panel import panel
from ral_core.views.map_data import Maps
from ral_core.views.media import Shelf

QUERIES = ("a dog runs on the beach", "two cats sleep in the snow", "a man kicks a red ball", "someone reads")
WINDOW, WINDOWS = 8.0, {"long": 4, "longer": 7}
VIDEOS = ("first", "long", "middle", "longer", "near", "last")
Ask = Callable[[Explorer, str], object]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of six videos, two of them in windows, indexed by a model with RAL and one without."""
    root, rng, text = tmp_path_factory.mktemp("library"), np.random.default_rng(4), HashText()
    items, rows = [], []
    for video in VIDEOS:
        count = WINDOWS.get(video)
        for window in range(count or 1):
            name, start = (f"{video}#{window}" if count else video), window * WINDOW
            times = (start + np.arange(16) * 0.5 + 0.25).astype(np.float32)
            items.append(VideoFeatures(name, rng.standard_normal((16, VISUAL)), times, WINDOW, start))
            whole = {"source": video, "start": start, "end": start + WINDOW} if count else {}
            rows.append(VideoRow(name, video.title(), WINDOW, tags=(video[:1],), **whole))  # type: ignore[arg-type]
    write_features(root / "features", items, encoder="eyes@1")
    said = [("one", "first", 1.0, 4.0), ("two", "long", 17.0, 20.0), ("three", "longer", 50.0, 55.0)]
    write_captions(
        root / "captions.jsonl",
        [
            Caption(f"{i} {dog}", film, f"{i} {dog} in {film}", "mid", a, b, (film,), 1)
            for i, film, a, b in said
            for dog in ("dog", "cat")
        ],
    )
    for name, ral in (("ral-tiny", True), ("tiny", False)):
        model = tiny_model(ral=ral)
        save_model(root / "models" / name, model)
        config = IndexConfig(name=f"mine-{name}", collection="mine", batch=8)
        folder = root / "indexes" / f"mine-{name}"
        captions = root / "captions.jsonl"
        build_index(
            folder,
            model,
            root / "models" / name,
            root / "features",
            text,
            config,
            rows=rows,
            captions=captions,
        )
    return root


@pytest.fixture(scope="module")
def explorer(root: Path) -> Explorer:
    explorer = Explorer.open(root, device="cpu", text=HashText())
    for entry in explorer.entries.values():
        save_run(root, make_run(explorer, entry))
    return explorer


@pytest.fixture(scope="module")
def gallery(explorer: Explorer) -> Gallery:
    return explorer.gallery(explorer.resolve(None, None))


def found(explorer: Explorer, query: str) -> list[str]:
    return [hit.video for hit in explorer.search(query).hits]


def videos_of(answer: object) -> list[str]:
    """The ids of an answer's list of films."""
    listed = next(getattr(answer, name) for name in ("films", "close", "others") if hasattr(answer, name))
    return [film if isinstance(film, str) else film.video for film in listed]


RANKED: dict[str, Ask] = {
    "rerank": rerank,
    "fusion": fusion,
    "stability": rank_stability,
    "proxies": lambda e, q: rank_stability(e, q, by="proxies"),
    "ranking": lambda e, q: ranking(e, q, by="score"),
    "compare": lambda e, q: compare(e, q).columns[0],
}
"""What lists all films in the order of their scores."""
OTHERS: dict[str, Ask] = {
    "gates": lambda e, q: rerank(e, q, even=True),
    "share": lambda e, q: fusion(e, q, 0.2),
    "decide": decide,
    "rivals": lambda e, q: rivalry(e, q, right="long#2"),
    "rivals of a window": lambda e, q: rivalry(e, q, right="middle", rival="longer#1"),
    "similar": lambda e, q: similar(e, "long"),
    "similar moment": lambda e, q: similar(e, "longer", second=30.0),
    "similar to a short one": lambda e, q: similar(e, "middle", own=True),
    **{by: lambda e, q, by=by: ranking(e, q, by=by) for by in WAYS if by != "score"},  # type: ignore[misc]
}
"""What lists films in another order."""
UNLISTED: dict[str, Ask] = {
    "words": stability,
    "paraphrases": paraphrase_stability,
    "sweep": sweep,
    "latency": lambda e, q: latency(e, q, repeats=1),
    "duplicates": lambda e, q: duplicates(e, least=-1.0),
    "clusters": lambda e, q: cluster(e, e.resolve(None, None), 2),
    "map": lambda e, q: place_query(e, q, "mine-ral-tiny", film_map(e, "mine-ral-tiny", "pca")),
    "collapse": lambda e, q: collapse(e, e.resolve(None, None)),
    "failures": lambda e, q: failure_report(e),
    "run": lambda e, q: failures(e, make_run(e, e.resolve(None, None))),
    "doctor": diagnose,
}


def written(answer: object) -> str:
    parts = answer if isinstance(answer, tuple) else (answer,)
    return json.dumps([part.to_json() for part in parts])


@pytest.mark.parametrize("name", [*RANKED, *OTHERS, *UNLISTED])
def test_no_answer_names_a_window(explorer: Explorer, name: str) -> None:
    asked = (RANKED | OTHERS | UNLISTED)[name]
    for query in QUERIES[:2]:
        assert "#" not in written(asked(explorer, query))


@pytest.mark.parametrize("name", [*RANKED, *OTHERS])
def test_every_video_comes_once(explorer: Explorer, name: str) -> None:
    listed = videos_of((RANKED | OTHERS)[name](explorer, QUERIES[0]))
    assert listed and len(set(listed)) == len(listed) and set(listed) <= set(VIDEOS)
    if name in RANKED or name in WAYS or name in ("gates", "share", "similar to a short one"):
        assert sorted(listed) == sorted(VIDEOS)


@pytest.mark.parametrize("name", RANKED)
def test_the_order_is_that_of_the_search(explorer: Explorer, name: str) -> None:
    for query in QUERIES:
        assert videos_of(RANKED[name](explorer, query)) == found(explorer, query)


@pytest.mark.parametrize("query", QUERIES)
def test_ranks_and_scores_are_those_of_the_search(explorer: Explorer, query: str) -> None:
    hits = explorer.search(query).hits
    weighed, gated = fusion(explorer, query), rerank(explorer, query)
    for hit, one, other in zip(hits, weighed.films, gated.films, strict=True):
        assert one.rank == one.before == other.rank == other.before == hit.rank
        assert (one.clip, one.frame) == pytest.approx((hit.clip, hit.frame), abs=1e-5)
        assert (other.score, other.z) == pytest.approx((hit.score, hit.z), abs=1e-4)
    order = [hit.video for hit in hits]
    assert sweep(explorer, query).first == paraphrase_stability(explorer, query).first == order[0]
    assert [one.rank for one in stability(explorer, query)] == [1, 2, 3, 4, 5, 6]
    close = decide(explorer, query).close
    assert close == tuple(order[: len(close)])
    two = rivalry(explorer, query, right=order[2])
    assert (two.rival.video, two.rival.rank, two.right.rank) == (order[0], 1, 3)
    assert two.gap == pytest.approx(hits[0].score - hits[2].score, abs=1e-5)


def test_another_share_lets_another_window_speak(explorer: Explorer, gallery: Gallery) -> None:
    _, tokens = explorer.encoded(explorer.resolve(None, None), QUERIES[0])
    scored = gallery.score(tokens)

    def best(share: float) -> dict[str, float]:
        total = gallery.by_film(fused(scored.clip, scored.frame, share))
        return {gallery.videos[row].video: score for row, score in zip(gallery.first, total, strict=True)}

    reigns: list[Fusion] = []
    for share in np.linspace(0, 1, 21):
        answer = fusion(explorer, QUERIES[0], float(share))
        assert {film.video: film.score for film in answer.films} == pytest.approx(best(float(share)))
        assert all(
            film.score == pytest.approx(share * film.clip + (1 - share) * film.frame) for film in answer.films
        )
        [reign] = [one for one in answer.reigns if one.low <= share <= one.high][:1]
        assert best(float(share))[reign.video] == pytest.approx(max(best(float(share)).values()))
        reigns.append(answer)
    names = [reign.video for reign in reigns[0].reigns]
    assert all(one != other for one, other in pairwise(names))


def test_the_slider_gets_every_window_that_can_count(explorer: Explorer) -> None:
    windows = windows_of(explorer, fusion(explorer, QUERIES[1]))
    assert set(windows) == set(WINDOWS)
    for share in np.linspace(0, 1, 11):
        for film in fusion(explorer, QUERIES[1], float(share)).films:
            parts = windows.get(film.video, ((film.clip, film.frame),))
            assert film.score == pytest.approx(
                max(share * clip + (1 - share) * frame for clip, frame in parts)
            )
    page = panel(fusion(explorer, QUERIES[1]), windows)
    assert "#" not in re.sub(r"&#\d+;|&#x\w+;", "", page.split("data-parts=")[1].split("data-usual")[0])


def test_a_caption_is_judged_by_its_video(explorer: Explorer, gallery: Gallery) -> None:
    entry = explorer.resolve(None, None)
    run, asked = make_run(explorer, entry), ask(explorer, entry)
    assert asked.total.shape == asked.relevant.shape == (6, len(VIDEOS)) and (asked.ambiguity == 1).all()
    for place, caption in enumerate(asked.captions):
        hits = explorer.search(caption.text).hits
        rank = next(hit.rank for hit in hits if hit.video == caption.film)
        assert run.rank[place] == rank == ranks(asked.total[place])[asked.own[place]]
        assert run.right[place] == asked.right[place] == (rank == 1)
        assert run.z[place] == pytest.approx(hits[0].z, abs=1e-4)
        assert [gallery.videos[row].video for row in run.top[place] if row >= 0] == [h.video for h in hits]
    checks = check_rankings(explorer, asked, entry)
    assert checks[0].hit == pytest.approx(100 * run.right.mean()) and len(checks) > len(WAYS)
    assert check_stability(explorer, asked, entry, draws=20).queries == 6


def test_clips_of_all_windows_are_compared(explorer: Explorer, gallery: Gallery) -> None:
    clips = np.asarray(gallery.folder["clips"], dtype=float)
    clips /= np.linalg.norm(clips, axis=2, keepdims=True)
    whole = {
        video: clips[[row.video == video for row in gallery.videos]].reshape(-1, clips.shape[2])
        for video in VIDEOS
    }
    answer = similar(explorer, "long")
    assert (answer.video, answer.start, answer.end) == ("long", 0.0, 32.0)
    for one in answer.films:
        assert one.score == pytest.approx((whole["long"] @ whole[one.video].T).max(1).mean(), abs=1e-5)
        place = (whole["long"] @ whole[one.video].T).max(0).argmax()
        assert one.start == pytest.approx(place * WINDOW / clips.shape[1])
    assert similar(explorer, "long#3") == answer
    moment = similar(explorer, "longer", second=30.0, own=True)
    assert moment.films[0].video == "longer" and moment.films[0].start <= 30.0 <= moment.films[0].end
    pairs = duplicates(explorer, least=-1.0)
    assert pairs.found == 15
    for pair in pairs.pairs:
        cosines = whole[pair.first] @ whole[pair.second].T
        assert pair.score == pytest.approx((cosines.max(0).mean() + cosines.max(1).mean()) / 2, abs=1e-5)


def test_a_map_has_a_point_a_window_and_names_it_by_its_seconds(explorer: Explorer, root: Path) -> None:
    maps = Maps(explorer, Shelf.of(explorer.entries.values()))
    fields = maps.fields("mine-ral-tiny")
    rows = sum(WINDOWS.values()) + len(VIDEOS) - len(WINDOWS)
    assert len(maps.map("mine-ral-tiny", "pca").points) == len(fields["ids"]) == rows
    assert list(dict.fromkeys(fields["ids"])) == list(VIDEOS)
    assert fields["titles"][:3] == ["First", "Long, 0:00–0:08", "Long, 0:08–0:16"]
    groups = cluster(explorer, explorer.resolve(None, None), 2)
    assert sum(one.films for one in groups.clusters) == len(VIDEOS) and len(groups.place) == rows
    assert len({(video, place) for video, place in zip(fields["ids"], groups.place, strict=True)}) == 6


@pytest.mark.parametrize(
    "verb",
    [
        ["rivals", QUERIES[0], "--right", "long"],
        ["fusion", QUERIES[0]],
        ["stability", QUERIES[0]],
        ["rerank", QUERIES[0], "--off", "dog"],
        ["decide", QUERIES[0]],
        ["similar", "long"],
        ["similar", "longer", "--second", "30"],
        ["similar", "--duplicates", "--least", "-1"],
        ["compare", QUERIES[0]],
        ["diagnose", QUERIES[0]],
        ["sweep", QUERIES[0]],
        ["paraphrases", QUERIES[0]],
        ["latency", QUERIES[0], "--repeats", "1"],
    ],
    ids=" ".join,
)
def test_verbs_answer_for_a_library(
    explorer: Explorer,
    root: Path,
    verb: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(Explorer, "open", lambda *args, **kwargs: explorer)
    assert main([*verb, "--index", str(root), "--json"]) == 0
    assert "#" not in capsys.readouterr().out
    assert main([*verb, "--index", str(root)]) == 0
    assert "#" not in capsys.readouterr().out
