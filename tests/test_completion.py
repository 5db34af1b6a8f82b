"""Completions: exact counts against a slow count, what is offered in what order, the route, and the list in a browser."""

from __future__ import annotations

import doctest
import json
from collections.abc import Iterator
from typing import Any

import pytest
from browsing import NEEDS_CHROMIUM, QUERY, Visit, served
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from ral_core.cli import main
from ral_core.search import completion
from ral_core.search.completion import LEAST, MORE, REACH, Phrases, lowered, words_of
from ral_core.search.engine import Explorer
from ral_core.views.completing import LONGEST, add_completion_route

SENTENCES = (
    "A girl kicks a red ball.",
    "a girl kicks a ball on the beach",
    "a girl, kicking snow",
    "the girl sleeps",
    "Sheldon waves; a girl kicks a red kite",
)
FEW = st.lists(st.sampled_from(["a", "ab", "abc", "b", "the", "İx", "dog,"]), min_size=1, max_size=7)


def test_the_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(completion).failed == 0


def offered(typed: str, most: int = 20) -> dict[str, int]:
    return {one.text: one.count for one in Phrases(SENTENCES).complete(typed, most).completions}


def test_phrases_go_on_most_frequent_first() -> None:
    found = offered("a girl k")
    assert list(found)[:2] == ["a girl kicks", "a girl kicking snow"] and found["a girl kicks"] == 3
    assert "a girl kicks a red" not in found and found["a girl kicks a red ball"] == 1  # never in mid-phrase
    assert (
        "a girl kicks a" not in found and "a girl kicking" not in found
    )  # an article; always goes on the same way
    assert sorted(found.values(), reverse=True) == list(found.values())
    assert len(offered("a girl k", 2)) == 2


def test_what_was_typed_stays_as_it_was_typed() -> None:
    assert "A GIRL kicks" in offered("  A   GIRL k")
    assert "then a girl, a girl kicking snow" in offered("then a girl, a girl kicki")
    assert next(iter(offered("she"))) == "sheldon waves a girl kicks"  # said once: as far as it goes
    assert [one.text for one in Phrases(["a MAN waves"]).complete("a ma").completions] == ["a maN waves"]


def test_an_unknown_beginning_leaves_the_last_word() -> None:
    found = Phrases(SENTENCES).complete("a zebra ki")
    assert found.phrase == "ki" and found.completions[0].text == "a zebra kicks"
    assert all(one.text.count(" ") == 2 for one in found.completions)  # the begun word only
    assert not offered("a zebra ") and not offered("zzz")


@pytest.mark.parametrize("typed", ["", " ", "g", "  k ", "\n", "…", "a girl sleeps soundly x"])
def test_nothing_is_offered_for_nothing(typed: str) -> None:
    assert offered(typed) == {}
    assert Phrases(()).complete("a girl").completions == ()


def slow_count(texts: list[str], phrase: str) -> int:
    return sum(f" {phrase} " in f" {' '.join(words_of(lowered(text)))} " for text in texts)


@settings(max_examples=120, deadline=None)
@given(st.lists(FEW, min_size=1, max_size=6), FEW, st.booleans())
def test_counts_are_those_of_a_slow_count(sentences: list[list[str]], words: list[str], done: bool) -> None:
    texts = [" ".join(sentence) for sentence in sentences]
    typed = " ".join(words) + " " * done
    found = Phrases(texts).complete(typed, most=1000)
    for one in found.completions:
        assert one.text.startswith(typed) and one.text != typed
        phrase = found.phrase + lowered(one.text[len(typed) :])
        assert one.count == slow_count(texts, phrase) > 0
        assert len(one.text[len(typed) :].split()) <= MORE
    assert [one.count for one in found.completions] == sorted(
        (c.count for c in found.completions), reverse=True
    )
    assert len({one.text for one in found.completions}) == len(found.completions)


def test_a_long_text_is_looked_up_by_its_end() -> None:
    typed = "word " * 100 + "a girl ki"
    found = Phrases(SENTENCES).complete(typed)
    assert found.phrase == "a girl ki" and len(found.phrase) <= REACH and LEAST == 2
    assert found.completions[0].text == typed + "cks"


def test_the_verb_completes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["complete", "a girl kic", "--json", "-k", "3"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["captions"] == 1992 and 0 < len(found["completions"]) <= 3
    assert all(one["text"].startswith("a girl kic") for one in found["completions"])
    assert main(["complete", "qqq"]) == 0 and "No caption" in capsys.readouterr().out
    assert main(["complete", "a", "-k", "0"]) == 1


def test_the_route_answers_for_loaded_indexes_only(explorer: Explorer) -> None:
    app = FastAPI()
    add_completion_route(app, explorer)
    client = TestClient(app)
    found = client.get("/complete", params={"q": "He kicks a r"}).json()
    assert found["completions"] == [{"text": "He kicks a red ball", "count": 7}]
    assert client.get("/complete").json()["completions"] == []
    for wrong in ({"q": "a man", "index": "../secret"}, {"q": "a man " * LONGEST}):
        assert client.get("/complete", params=wrong).json()["completions"] == []


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Explorer:
    from helpers_search import make_world

    return make_world(tmp_path_factory.mktemp("world")).open()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("completion")
    with served("world_server.py", folder / "root", folder / "server.log") as url:
        yield url


def typed_into(page: Any, text: str) -> Any:
    page.locator(QUERY).press_sequentially(text)
    page.locator("#ral-offers li").first.wait_for()
    return page.locator("#ral-offers li")


@NEEDS_CHROMIUM
def test_the_list_is_used_by_keys(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open()
        field = page.locator(QUERY)
        options = typed_into(page, "ki")
        assert field.get_attribute("aria-expanded") == "true" and field.get_attribute("role") == "combobox"
        assert options.all_inner_texts() == ["kicks a red ball\n7 captions"]
        assert "1 way to go on" in page.locator("[data-offers-count]").inner_text()
        field.press("ArrowDown")
        named = field.get_attribute("aria-activedescendant")
        assert page.locator(f"#{named}").get_attribute("aria-selected") == "true"
        field.press("ArrowRight")
        assert field.input_value() == "kicks a red ball"  # taken over, to write on
        page.locator(".offers").wait_for(state="hidden")  # nothing follows it
        field.fill("")
        typed_into(page, "a man nu")
        field.press("Escape")
        assert field.get_attribute("aria-expanded") == "false" and not page.locator(".offers").is_visible()
        assert field.input_value() == "a man nu" and "q=" not in page.url
        typed_into(page, "m")
        field.press("ArrowUp")
        chosen = page.locator("#ral-offers [aria-selected=true]").get_attribute("data-text")
        field.press("Enter")
        page.locator(".card").first.wait_for()
        assert page.locator(".results").get_attribute("data-query") == chosen == field.input_value()
        assert not page.locator(".offers").is_visible()


@NEEDS_CHROMIUM
def test_typing_and_enter_search_what_was_typed(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open()
        page.keyboard.press("Escape")
        typed_into(page, "a man n")
        page.locator(QUERY).press("Enter")
        page.locator(".card").first.wait_for()
        assert page.locator(".results").get_attribute("data-query") == "a man n"
        page.locator(QUERY).fill("")
        page.locator(QUERY).press("ArrowDown")  # an empty field: queries asked before
        assert page.locator("#ral-offers li").all_inner_texts() == ["a man n\nasked before"]
        page.locator(QUERY).fill("a m")
        page.locator('#ral-offers li[data-from="captions"]').first.wait_for()
        assert page.locator("#ral-offers li").first.get_attribute("data-from") == "earlier"
        page.locator(QUERY).evaluate("field => field.blur()")
        assert not page.locator(".offers").is_visible()
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "q"


@NEEDS_CHROMIUM
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_list_fits_a_phone_and_is_used_by_touch(browser: Any, server: str, theme: str) -> None:
    with Visit(browser, server, viewport={"width": 390, "height": 844}, has_touch=True) as visit:
        page = visit.open(f"/?__theme={theme}")
        options = typed_into(page, "a man")
        box = page.locator(".offers").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] < 0.5 * 844
        field = page.locator(QUERY).bounding_box()
        assert box["y"] >= field["y"] + field["height"]  # what is typed stays in sight
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        axe = pytest.importorskip(
            "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
        )
        found = axe.Axe().run(page, context=".front").response["violations"]
        assert not [rule["id"] for rule in found]
        options.first.tap()
        page.locator(".card").first.wait_for()
        assert page.locator(".results").get_attribute("data-query").startswith("a man ")
