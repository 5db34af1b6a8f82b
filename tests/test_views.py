"""The page as text: what the builders write is escaped, complete and says why something is missing."""

from __future__ import annotations

import doctest
import importlib
import math
from dataclasses import replace
from pathlib import Path

import pytest
from fake_explorer import CAPTION, FILMS, HOSTILE, FakeExplorer, make_corpus
from tags import Tags

from ral_core.views import wording
from ral_core.views.cards import results_list
from ral_core.views.charts import decile_strip, mini_timeline, spread, tick_step, time_axis
from ral_core.views.evidence import evidence, iou
from ral_core.views.markup import attributes, escape, share, stretch
from ral_core.views.media import Shelf
from ral_core.views.query_bar import LONGEST, example_row, pick_examples, query_bar
from ral_core.views.requests import COUNTS, DEFAULT_K, read_request
from ral_core.views.search_page import opened
from ral_core.views.timeline import time_line
from ral_core.views.words import word_panel


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> FakeExplorer:
    return make_corpus(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def shelf(explorer: FakeExplorer) -> Shelf:
    return Shelf.of(explorer.entries.values())


def listed(explorer: FakeExplorer, shelf: Shelf, query: str = CAPTION, **changes: object) -> Tags:
    result = replace(explorer.search(query), **changes)  # type: ignore[arg-type]
    return Tags(results_list(result, shelf, 10, "film-1", None))


@pytest.mark.parametrize("name", ["markup", "wording", "query_bar", "requests", "filters"])
def test_the_examples_in_docstrings_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"ral_core.views.{name}")).failed == 0


def test_hostile_text_stays_text_everywhere(explorer: FakeExplorer, shelf: Shelf) -> None:
    page = listed(explorer, shelf, HOSTILE)
    explained = explorer.explain(HOSTILE, "film-3")
    for tags in (page, Tags(evidence(explained)), Tags(time_line(explained, shelf))):
        assert not [a for _, attrs in tags.found for a in attrs if a.startswith("on")]
        assert all((attrs.get("src") or "/").startswith("/") for _, attrs in tags.found)
    assert HOSTILE in page.text
    assert page.with_class("results")[0]["data-query"] == HOSTILE
    assert escape("'\"<&>") == "&#x27;&quot;&lt;&amp;&gt;"
    assert attributes(title='"><script>') == ' title="&quot;&gt;&lt;script&gt;"'


def test_every_film_gets_a_card_with_its_moments(explorer: FakeExplorer, shelf: Shelf) -> None:
    tags = listed(explorer, shelf)
    cards = tags.with_class("card")
    assert [card["data-rank"] for card in cards] == ["1", "2", "3", "4"]
    assert cards[0]["data-film"] == "/media/tiny/film/film-1.mp4"
    marks = tags.with_class("mark")
    assert len(marks) == 2 * FILMS
    assert (float(marks[0]["data-seek"] or 0), float(marks[0]["data-end"] or 0)) == (2.0, 5.0)
    assert "Film 1 & friends" in (marks[0]["aria-label"] or "")
    images = [attrs for tag, attrs in tags.found if tag == "img"]
    assert all(image["loading"] == "lazy" and image["width"] and image["alt"] == "" for image in images)


def test_the_cut_line_stands_below_the_last_film_above_it(explorer: FakeExplorer, shelf: Shelf) -> None:
    def order(tags: Tags) -> list[str]:
        kinds = [(attrs.get("class") or "").split() for tag, attrs in tags.found if tag == "li"]
        kinds = [kind for kind in kinds if {"card", "cut"} & set(kind)]  # a card lists its moments, too
        return ["cut" if "cut" in kind else "under" if "under" in kind else "card" for kind in kinds]

    assert order(listed(explorer, shelf)) == ["card", "card", "cut", "under", "under"]
    assert order(listed(explorer, shelf, "nowhere")) == ["cut", "under", "under", "under", "under"]
    assert order(listed(explorer, shelf, cutoff=None)) == ["card"] * 4
    hits = explorer.search(CAPTION).hits
    mixed = (replace(hits[0], z=1.0), replace(hits[1], z=4.0), replace(hits[2], z=1.0))
    assert order(listed(explorer, shelf, hits=mixed)) == ["under", "card", "cut", "under"]


def test_the_cut_line_never_contradicts_the_verdict(explorer: FakeExplorer, shelf: Shelf) -> None:
    def said(query: str = CAPTION, **changes: object) -> str:
        return listed(explorer, shelf, query, **changes).text

    assert "below z 2.5: here films usually do not show it" in said()
    assert "usually do not show it" in said("nowhere")
    assert "the verdict doubts the films above, too" in said(state="unlikely")
    assert "believes it is here" in said("nowhere", state="clear")
    for text in (said(), said("nowhere", state="clear")):
        assert "unlikely" not in text and wording.CUT_HELP in text
    titles = [
        attrs["title"] or "" for attrs in listed(explorer, shelf).with_class("score") if "title" in attrs
    ]
    assert [wording.UNDER_HELP.format(z="2.5") in title for title in titles] == [False, False, True, True]


def test_what_cannot_be_played_offers_no_play(explorer: FakeExplorer, shelf: Shelf) -> None:
    for some, why in ((shelf, wording.NO_FILM), (Shelf({}, {}, {}), wording.NO_FILMS)):
        result = explorer.search(CAPTION)
        tags = Tags(results_list(result, some, 10, None, None))
        play = [
            attrs.get("title")
            for tag, attrs in tags.found
            if tag == "button" and attrs.get("title") == "Play"
        ]
        assert len(play) == (0 if some is not shelf else FILMS)
        assert tags.with_class("results")[0]["data-missing"] == why
        labels = "".join(attrs.get("aria-label") or "" for _, attrs in tags.found)
        assert ("Play" in labels) == (some is shelf)


def test_scores_are_never_called_confidence_or_shown_as_per_cent(
    explorer: FakeExplorer, shelf: Shelf
) -> None:
    page = results_list(explorer.search(CAPTION), shelf, 10, "film-1", None)
    reasons = evidence(explorer.explain(CAPTION, "film-1"))
    for html in (page, reasons):
        tags = Tags(html)
        said = tags.text + "".join(str(attrs.get("title", "")) for _, attrs in tags.found)
        assert "onfidence" not in said and "%" not in said
    uncalibrated = replace(explorer.search(CAPTION).hits[0], z=None)
    assert "raw" in listed(explorer, shelf, hits=(uncalibrated,), cutoff=None).text


@pytest.mark.parametrize("state", ["clear", "ambiguous", "unlikely"])
def test_a_verdict_names_its_state_and_reason(explorer: FakeExplorer, shelf: Shelf, state: str) -> None:
    tags = listed(explorer, shelf, state=state, reason="Because <so>.")
    assert wording.STATES[state][0] in tags.text and "Because <so>." in tags.text  # type: ignore[index]


def test_empty_and_cut_answers_say_why(explorer: FakeExplorer, shelf: Shelf) -> None:
    assert wording.NO_HITS in listed(explorer, shelf, hits=()).text
    assert "was not used" in listed(explorer, shelf, truncated=True).text
    plain = explorer.explain(CAPTION, "film-1", model="gmmformer_v2")
    text = Tags(evidence(plain)).text
    assert wording.NO_GATE in text and wording.NO_GAUSSIAN in text
    assert wording.NO_TRUTH in Tags(evidence(explorer.explain("a dog", "film-1"))).text
    assert wording.NO_WORDS in Tags(word_panel(replace(plain, words=()))).text
    bare = replace(plain, curve=replace(plain.curve, times=(), score=()), moments=())
    assert wording.NO_CURVE in Tags(time_line(bare, shelf)).text
    assert wording.NOT_THIS in text


def test_a_film_without_files_still_has_a_card(explorer: FakeExplorer) -> None:
    nothing = Shelf({}, {}, {})
    tags = Tags(results_list(explorer.search(CAPTION), nothing, 10, "film-1", None))
    assert len(tags.with_class("card")) == FILMS and not [t for t, _ in tags.found if t == "img"]
    assert "data-film" not in tags.with_class("card")[0]
    assert wording.NO_STRIP in Tags(time_line(explorer.explain(CAPTION, "film-1"), nothing)).text


def test_the_time_line_marks_what_was_found_and_what_is_true(explorer: FakeExplorer, shelf: Shelf) -> None:
    tags = Tags(time_line(explorer.explain(CAPTION, "film-1"), shelf))
    found = tags.with_class("found")
    assert "best" in (found[0]["class"] or "") and found[0]["style"] == "left:16.67%;width:25%"
    assert "true 0:02–0:06" in tags.text and "found 0:02–0:05" in tags.text
    seek = tags.with_class("seek")[0]
    assert seek["role"] == "slider" and seek["aria-valuemax"] == "12.0" and seek["aria-label"]
    assert "does not show it" in Tags(time_line(explorer.explain(CAPTION, "film-2"), shelf)).text
    assert not Tags(time_line(explorer.explain("a dog", "film-2"), shelf)).with_class("truth")
    assert "overlap 0.71 of 1" in Tags(evidence(explorer.explain(CAPTION, "film-1"))).text


def test_word_chips_carry_weight_number_and_second(explorer: FakeExplorer) -> None:
    tags = Tags(word_panel(explorer.explain(CAPTION, "film-1")))
    chips = tags.with_class("chip")
    assert len(chips) == len(CAPTION.split())
    levels = [float((chip["style"] or "").removeprefix("--level:")) for chip in chips]
    assert (
        levels[2] == pytest.approx(6 / 26 * 7 / 2, abs=1e-3) and 0 < min(levels) < 0.5
    )  # half is an equal share
    assert wording.EVEN_GATE not in tags.text
    even = explorer.explain("dog cat cow", "film-1")
    assert wording.EVEN_GATE in Tags(word_panel(even)).text
    assert chips[1]["data-seek"] == "1.500" and "red gate 0.12, best at 0:01" in tags.text
    assert "true bits" in tags.text and "2.00" in tags.text
    assert "true bits" not in Tags(word_panel(explorer.explain("a dog", "film-1"))).text


def test_drawings_keep_their_scales() -> None:
    assert spread([0.0, 1.0, 2.0], 10.0, 90.0) == [90.0, 50.0, 10.0]
    assert spread([3.0, 3.0], 0.0, 1.0) == [1.0, 1.0]
    assert share(math.nan, 1) == "0%" and share(-1, 2) == "0%" and share(1, 3) == "33.33%"
    assert [tick_step(d) for d in (6, 30, 90, 4000)] == [1, 5, 15, 600]
    assert Tags(time_axis(30.4)).text == "0:000:050:100:150:200:250:30"
    strip = Tags(decile_strip([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 20], 25.0, "wide"))
    assert [t for t, _ in strip.found].count("rect") == 10
    assert strip.with_class("here")[0]["style"] == "left:100%"
    assert Tags(mini_timeline((), 0.0, (), "x")).text == ""
    assert iou((0, 2), (1, 3)) == pytest.approx(1 / 3) and iou((0, 1), (2, 3)) == 0.0
    assert stretch(59.2, 60.01) == "0:59–1:01"


@pytest.mark.parametrize(
    "data",
    [
        None,
        7,
        "q",
        [],
        {},
        {"q": 3, "k": "many", "t": "nan", "model": {}, "video": ""},
        {"k": None, "t": "inf"},
    ],
)
def test_a_request_is_never_an_error(data: object) -> None:
    request = read_request(data)
    assert (request.query, request.k, request.model, request.video, request.second) == (
        "",
        DEFAULT_K,
        None,
        None,
        None,
    )


def test_a_request_is_cut_to_what_the_page_offers() -> None:
    request = read_request({"q": "a dog", "k": 1e9, "t": "12.5", "video": "v" * 301, "model": "m"})
    assert (request.k, request.second, request.video, request.model) == (max(COUNTS), 12.5, None, "m")


def test_the_wanted_film_is_opened_only_if_it_was_found(explorer: FakeExplorer) -> None:
    result = explorer.search(CAPTION, 2)
    assert opened(result, "film-2") == "film-2"
    assert opened(result, "film-4") == "film-1" and opened(result, None) == "film-1"
    assert opened(replace(result, hits=()), "film-1") is None


def test_the_shelf_holds_only_what_the_tables_name(shelf: Shelf, explorer: FakeExplorer) -> None:
    assert len(shelf.files) == 3 * FILMS
    assert shelf.path("tiny/film/film-1.mp4") == explorer.root / "media" / "film-1.mp4"
    for wrong in ("../secret", "tiny/film/../../captions.jsonl", "tiny/film/film-9.mp4", "", "/etc/passwd"):
        assert shelf.path(wrong) is None and shelf.film(wrong) is None
    index = next(iter(explorer.entries))
    assert shelf.url(index, "strip", "film-1") == "/media/tiny/strip/film-1.jpg"
    assert shelf.url(index, "strip", "film-9") is None
    assert shelf.strip_pictures(index, "film-1") == 8 and shelf.strip_pictures(index, "film-9") == 0
    assert shelf.still(index, "film-1", 2.04) == "/stills/tiny/film-1?t=2.0"


def test_examples_are_captions_with_pictures(shelf: Shelf, explorer: FakeExplorer) -> None:
    index = next(iter(explorer.entries))
    captions = explorer.collections["tiny"].captions.values()
    examples = pick_examples(captions, shelf, index)
    assert [example.text for example in examples] == [CAPTION] and len(CAPTION) <= LONGEST
    assert pick_examples([], shelf, index) == [] and example_row([]) == ""
    bar = Tags(query_bar(explorer.models, 10, examples))
    assert [attrs["value"] for tag, attrs in bar.found if tag == "option"][:2] == list(explorer.models)
    assert bar.with_class("example")[0]["data-query"] == CAPTION
    one = explorer.collections["tiny"]
    both = Tags(query_bar(explorer.models, 10, examples, [one, replace(one, name="mine")]))
    assert [attrs["label"] for tag, attrs in both.found if tag == "optgroup"] == ["tiny", "mine"]
    named = {
        (attrs["value"], attrs["data-index"])
        for tag, attrs in both.found
        if tag == "option" and "data-index" in attrs
    }
    assert named == {(model, entry.name) for model, entry in one.entries.items()}


def test_pages_name_no_other_host() -> None:
    for name in ("tokens.css", "app.css", "search.css", "app.js", "player.js", "search.js"):
        text = (Path(__file__).parents[1] / "assets" / name).read_text(encoding="utf-8")
        assert "http" not in text.replace("http://www.w3.org/2000/svg", ""), name
