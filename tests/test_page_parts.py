"""The analysis behind the pages and the pieces they draw: laws, escapes, empty states."""

from __future__ import annotations

import doctest
import importlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from fake_explorer import HOSTILE
from helpers_search import World
from tags import Tags
from world_server import make_site

from ral_core.analysis.decide import decide
from ral_core.analysis.doctor import diagnose
from ral_core.analysis.maps import (
    aligned,
    film_vectors,
    open_umap,
    pca,
    place,
    place_query,
    save_umap,
    trustworthiness,
)
from ral_core.analysis.rerank import ranks, rerank, stability
from ral_core.analysis.runs import (
    agreement,
    disagreements,
    failures,
    kendall,
    make_run,
    open_runs,
    risks,
    save_run,
    versus,
)
from ral_core.analysis.stability import rank_stability
from ral_core.analysis.standings import divided, foreign_run, read_ranked, standing
from ral_core.errors import BadQuery, DataError
from ral_core.files import write_json
from ral_core.search.engine import Explorer
from ral_core.views import wording
from ral_core.views.absence_panel import absence_section
from ral_core.views.asides import alike, deciders, following
from ral_core.views.bench_page import overview, read_reports
from ral_core.views.bench_runs import run_sections
from ral_core.views.case import case
from ral_core.views.doctor_panel import doctor_panel, moves, stability_panel
from ral_core.views.evidence_card import evidence_card
from ral_core.views.figure import card_png, card_svg
from ral_core.views.figure_pdf import card_pdf
from ral_core.views.heat import heat_strip, on_grid
from ral_core.views.ledger import ledger
from ral_core.views.map_data import Maps, categories
from ral_core.views.markdown import markdown
from ral_core.views.media import Shelf
from ral_core.views.pipeline import pipeline
from ral_core.views.plots import Axis, Series, plot, ticks
from ral_core.views.requests import Request, named, read_request
from ral_core.views.slopes import columns, rank_table
from ral_core.views.visitors import Brought

QUERY = "a man number 1 kicks a red ball"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def explorer(world: World) -> Explorer:
    return world.open()


@pytest.fixture(scope="module")
def shelf(explorer: Explorer) -> Shelf:
    return Shelf.of(explorer.entries.values())


@pytest.mark.parametrize(
    "name", ["plots", "markdown", "data_page", "bench_tables", "figure", "visitors", "asides"]
)
def test_the_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"ral_core.views.{name}")).failed == 0


def test_the_models_own_gates_change_nothing(explorer: Explorer) -> None:
    usual, found = explorer.search(QUERY, 7, model="ral-tiny"), rerank(explorer, QUERY, model="ral-tiny", k=7)
    assert found.moved == 0 and found.gates == found.usual
    assert [film.video for film in found.films] == [hit.video for hit in usual.hits]
    assert [film.score for film in found.films] == pytest.approx([hit.score for hit in usual.hits], abs=1e-5)
    assert sum(found.gates) == pytest.approx(1.0)


def test_gates_can_be_shut_opened_and_evened(explorer: Explorer) -> None:
    shut = rerank(explorer, QUERY, model="ral-tiny", off=[1])
    assert shut.gates[1] == 0 and sum(shut.gates) == pytest.approx(1.0)
    opened = rerank(explorer, QUERY, model="ral-tiny", on=[3])
    assert opened.gates[3] == pytest.approx(1 / (2 - opened.usual[3]))  # 1 beside the others' shares
    even = rerank(explorer, QUERY, model="ral-tiny", even=True)
    assert even.gates == pytest.approx([1 / 8] * 8)
    with pytest.raises(BadQuery, match="All gates are shut"):
        rerank(explorer, QUERY, model="ral-tiny", off=range(8))
    with pytest.raises(BadQuery, match="no word gates"):
        rerank(explorer, QUERY, model="tiny")


def test_a_rank_lies_in_its_interval(explorer: Explorer) -> None:
    for model in ("ral-tiny", "tiny"):
        found = stability(explorer, QUERY, model=model, k=7)
        assert [film.rank for film in found] == list(range(1, 8))
        assert all(film.low <= film.rank <= film.high <= 7 for film in found)
    assert stability(explorer, "ball", model="tiny") == ()
    assert ranks(np.array([0.5, 0.9, 0.5])).tolist() == [2, 1, 3]


def test_the_doctor_agrees_with_the_search(explorer: Explorer) -> None:
    found, result = diagnose(explorer, QUERY, model="ral-tiny"), explorer.search(QUERY, model="ral-tiny")
    assert (found.state, found.reason) == (result.state, result.reason)
    assert list(found.z) == sorted(found.z, reverse=True) and len(found.z) == 7
    tags = Tags(doctor_panel(found))
    assert (
        wording.STATES[found.state][0] in tags.text and "%" not in tags.text and "onfidence" not in tags.text
    )
    assert wording.NO_CALIBRATION in Tags(doctor_panel(replace(found, z=()))).text


def test_pca_keeps_lengths_and_places_films_where_they_are() -> None:
    vectors = np.random.default_rng(0).standard_normal((40, 6))
    mapped = pca(vectors)
    assert place(mapped, vectors, vectors) == pytest.approx(mapped.points, abs=1e-4)
    plane = np.random.default_rng(1).standard_normal((40, 2))
    assert trustworthiness(
        plane / np.linalg.norm(plane, axis=1)[:, None], plane / np.linalg.norm(plane, axis=1)[:, None]
    ) == pytest.approx(1.0)
    turn = np.array([[0.0, -2.0], [2.0, 0.0]])
    assert aligned(plane @ turn + 5, plane) == pytest.approx(plane, abs=1e-5)


def test_a_query_is_placed_and_samples_follow_the_seed(explorer: Explorer) -> None:
    gallery = explorer.gallery(explorer.resolve("ral-tiny", None))
    mapped = pca(film_vectors(gallery))
    one, same, other = (place_query(explorer, QUERY, "world-ral-tiny", mapped, seed) for seed in (1, 1, 2))
    assert one == same and one.proxies != other.proxies and one.query == other.query
    assert len(one.proxies) == gallery.model.proxies and one.nearest[0][1] >= one.nearest[-1][1]
    plain = explorer.gallery(explorer.resolve("tiny", None))
    assert place_query(explorer, QUERY, "world-tiny", pca(film_vectors(plain))).spread is None


def test_a_stored_umap_belongs_to_its_weights(explorer: Explorer, tmp_path: Path) -> None:
    gallery = explorer.gallery(explorer.resolve("ral-tiny", None))
    mapped = replace(pca(film_vectors(gallery)), method="umap")
    save_umap(tmp_path, gallery.manifest.name, mapped, "other", 0)
    assert open_umap(tmp_path, gallery) is None
    save_umap(tmp_path, gallery.manifest.name, mapped, gallery.manifest.model_sha256, 0)
    found = open_umap(tmp_path, gallery)
    assert found is not None and (found.points == mapped.points).all()


def test_runs_are_stored_compared_and_drawn(explorer: Explorer, shelf: Shelf) -> None:
    runs = {}
    for model in ("ral-tiny", "tiny"):
        run = make_run(explorer, explorer.resolve(model, None))
        save_run(explorer.root, run)
        runs[model] = run
    found = open_runs(explorer, "world/test")
    assert set(found) == set(runs) and (found["tiny"].rank == runs["tiny"].rank).all()
    ours, theirs = found["ral-tiny"], found["tiny"]
    duel, back = versus(ours, theirs), versus(theirs, ours)
    assert duel.better == back.worse and duel.better + duel.worse + duel.ties == 7 and 0 < duel.p <= 1
    assert versus(ours, ours).p == 1.0
    names = [risk.name for risk in risks(ours)]
    assert "narrow query" in names and "narrow query" not in [risk.name for risk in risks(theirs)]
    assert all(risk.area >= risks(ours)[-1].area - 1e-9 for risk in risks(ours))  # nothing beats foresight
    assert all(one.rank >= 1 and not one.winner_fits for one in failures(explorer, ours))
    assert all(one.first != one.second for one in disagreements(explorer, ours, theirs))
    tags = Tags(run_sections(explorer, shelf, found, Request("")))
    assert (
        "Sign test" in tags.text
        and wording.NO_RUNS.replace("`", "") in Tags(run_sections(explorer, shelf, {}, Request(""))).text
    )
    with pytest.raises(DataError, match="different captions"):
        versus(ours, replace(theirs, rank=theirs.rank[:2]))


def test_another_systems_answers_become_a_run(explorer: Explorer) -> None:
    entry = explorer.resolve("tiny", None)
    asked = list(explorer.collection(entry).captions.values())
    ranked = read_ranked("".join(f"{c.id} Q0 {c.film} 1 1 x\n" for c in asked[:-1]), "mine.trec")
    run = foreign_run(explorer, entry, "mine", ranked)
    assert run.rank.tolist() == [1] * 6 + [8] and run.right.tolist() == [True] * 6 + [False]
    assert run.top[0, 0] == 0 and run.top[-1].tolist() == [-1] * 10
    about = standing(run)
    assert about.recall["R@1"] == pytest.approx(100 * 6 / 7) and about.median == 1
    ours = make_run(explorer, entry)
    first = divided(explorer, entry.name, [ours, run], 3)
    assert first and first[0].ranks == (
        int(ours.rank[[c.id for c in asked].index(first[0].caption)]),
        1 if first[0].caption != asked[-1].id else 8,
    )
    assert versus(run, ours).better + versus(run, ours).worse + versus(run, ours).ties == 7
    assert read_ranked('{"a": ["x", "y"]}', "r") == {"a": ("x", "y")}
    with pytest.raises(DataError, match=r"mine\.trec, line 1"):
        read_ranked("1 2 3", "mine.trec")
    for wrong, said in (
        ('{"a": []}', "list of video ids"),
        ("{", "cannot be read"),
        ('{"a": ["x", "x"]}', "twice"),
    ):
        with pytest.raises(DataError, match=said):
            read_ranked(wrong, "r")
    for foreign, said in (
        ({"other": ("film-0",)}, "are called"),
        ({asked[0].id: ("lost",)}, "names no film"),
    ):
        with pytest.raises(DataError, match=said):
            foreign_run(explorer, entry, "mine", foreign)


def test_loaded_runs_are_forgotten_in_the_order_of_their_use(explorer: Explorer) -> None:
    brought = Brought(kept=2)
    run = make_run(explorer, explorer.resolve("tiny", None))
    one, two = brought.keep(run), brought.keep(run)
    assert brought.find(one) is run and brought.keep(run) and brought.find(two) is None
    assert brought.find(one) is run and brought.find("guess") is None and one != two


def test_lists_agree_with_themselves() -> None:
    assert agreement([["a", "b"], ["b", "a"], ["c", "d"]]) == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert kendall("abcd", "abcd") == 1 and kendall("abcd", "dcba") == -1 and kendall("ab", "cd") is None


@pytest.mark.parametrize("model", ["ral-tiny", "tiny"])
def test_every_panel_is_whole_and_escaped(explorer: Explorer, shelf: Shelf, model: str) -> None:
    query = f"{QUERY} {HOSTILE}"
    made = case(explorer, shelf, read_request({"q": query, "model": model}), None, "http://127.0.0.1/")
    found = made.explanation
    steady = rank_stability(explorer, query, model=model)
    pieces = [
        heat_strip(found),
        ledger(found, Request(query, off=(1,))),
        pipeline(found, made.manifest),
        stability_panel(steady, {}),
        columns(explorer.compare(query, ["ral-tiny", "tiny"]), shelf),
        rank_table(explorer.compare(query, ["ral-tiny", "tiny"])),
        deciders(decide(explorer, QUERY, model=model)),
        following(explorer, Request(query, model=model), None, True),
        alike(explorer, shelf, Request(query, model=model, video="film-1", second=1.0), None),
    ]
    if model == "ral-tiny":
        pieces.append(moves(rerank(explorer, query, model=model, off=[0, 1]), 5))
    for piece in pieces:
        tags = Tags(piece)
        assert not [a for _, attrs in tags.found for a in attrs if a.startswith("on")]
    for whole in (evidence_card(made), card_svg(made)):
        assert "<img src=x" not in whole and "<script" not in whole
    assert card_png(made)[:4] == b"\x89PNG" and card_pdf(made)[:5] == b"%PDF-"


def test_a_model_card_brings_no_markup() -> None:
    card = markdown(
        "---\nlicense: mit\n---\n# Name <script>x</script>\n\n| a | b |\n|--|--|\n| `1` | **2** |\n\n- one\n  more\n\n```\n<b>\n```\n[x](javascript:1)"
    )
    tags = Tags(card)
    assert {tag for tag, _ in tags.found} <= {
        "h3",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "code",
        "strong",
        "ul",
        "li",
        "pre",
        "p",
    }
    assert "license" not in tags.text and "one more" in tags.text and "javascript:1" in tags.text


def test_a_strip_shows_the_nearest_frame() -> None:
    grid = on_grid(np.array([[1.0, 2.0, 3.0]]), np.array([0.5, 1.5, 2.5]), 3.0)
    assert grid.tolist() == [[1, 1, 2, 2, 3, 3]]


def test_charts_have_axes_legends_and_round_ticks() -> None:
    drawn = plot(
        [Series("a", [0, 1], [0, 1]), Series("b", [0, 1], [1, 0])], Axis("x, s"), Axis("y"), "two lines"
    )
    tags = Tags(drawn)
    assert {"x, s", "y", "a", "b"} <= set(tags.text.replace("\n", " ").split("  ")) or "x, s" in tags.text
    assert plot([], Axis("x"), Axis("y"), "nothing") == ""
    assert ticks(0.0, 100.0, 5) == [0, 20, 40, 60, 80, 100]


def test_maps_and_colours(explorer: Explorer, shelf: Shelf) -> None:
    maps = Maps(explorer, shelf)
    assert maps.offered("world-tiny") == ["pca"]
    assert len(maps.points("world-tiny", "pca", "world-ral-tiny")) == 7 * 2 * 4
    assert set(maps.fields("world-tiny")["colours"]["first place"]["names"]) == {"beach", "kitchen"}
    assert categories([("a",), ("a",)]) == {}


def test_links_name_only_what_is_loaded(explorer: Explorer) -> None:
    assert named(explorer, read_request({"index": "/etc"}), "world-tiny") == "world-tiny"
    assert named(explorer, read_request({"index": "world-ral-tiny"}), None) == "world-ral-tiny"
    asked = read_request(
        {"off": "3,1,1,x,-2,300", "on": "1,4", "models": "a,b,a,c,d,e,f", "map": "pca", "nonsense": "1"}
    )
    assert asked.off == (1, 3) and asked.on == (4,) and asked.models == ("a", "b", "c", "d", "e")
    assert asked.choice("map", ("umap", "pca")) == "pca" and asked.choice("report", ("x",)) == "x"
    assert asked.amount("care", 0, 2, 1) == 1 and dict(asked.choices).keys() == {"map"}


def test_the_verdict_on_absent_moments_is_shown_with_its_worth(tmp_path: Path) -> None:
    assert wording.NO_ABSENCE.replace("`", "") in Tags(absence_section(tmp_path)).text
    row = {
        "model": "ral",
        "present": 9,
        "absent": 3,
        "auroc": 0.7,
        "false_alarms": 80.0,
        "detected": None,
        "levels": {"mid": 0.6},
    }
    write_json(
        tmp_path / "reports" / "absence.json",
        {"indexes": [row | {"detector": row | {"detected": 50.0}}, {"x": 1}]},
    )
    tags = Tags(absence_section(tmp_path))
    assert "0.70" in tags.text and "80.0" in tags.text and "50.0" in tags.text and tags.text.count("–") >= 1
    assert tags.text.count("taught detector") == 3, "a row in each table, and the word about models without"
    write_json(tmp_path / "reports" / "absence.json", [])
    assert wording.NO_ABSENCE.replace("`", "") in Tags(absence_section(tmp_path)).text


def test_reports_that_are_none_are_passed_over(explorer: Explorer, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "broken.json").write_text("{", encoding="utf-8")
    (tmp_path / "reports" / "other.json").write_text("[1]", encoding="utf-8")
    assert read_reports(tmp_path) == {}
    assert wording.NO_REPORTS.split("`")[0] in Tags(overview({}, Request(""), "")).text
    assert "RAL on tiny" in Tags(overview(read_reports(explorer.root), Request(""), "")).text
