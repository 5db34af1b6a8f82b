"""Paging: the button below the cards, in HTML and in a browser."""

from __future__ import annotations

import doctest
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from browsing import NEEDS_CHROMIUM, QUERY, Visit, served
from helpers_search import FILMS, make_world

from ral_core.search.results import SearchResult
from ral_core.views import requests
from ral_core.views.more import more_button
from ral_core.views.requests import COUNTS, MOST_FILMS, read_request

ASKED = "a man kicks a red ball"


def test_the_examples_in_docstrings_hold() -> None:
    assert doctest.testmod(requests).failed == 0


def test_a_link_may_ask_for_any_step() -> None:
    assert [read_request({"k": str(k)}).k for k in (5, 30, 95, 100, 1000, -3)] == [5, 30, 95, 100, 100, 5]
    assert max(COUNTS) == MOST_FILMS == 100


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    return make_world(tmp_path_factory.mktemp("more")).open().search(ASKED, 5)


def test_the_button_says_how_many_come(result: SearchResult) -> None:
    assert f">Show {FILMS - 5} more<" in more_button(result, 5) and 'data-more="15"' in more_button(result, 5)
    many = replace(result, hits=result.hits * 10, films=201)
    assert ">Show 10 more<" in more_button(many, 50) and 'data-more="60"' in more_button(many, 50)
    most = more_button(replace(result, hits=result.hits * 20, films=201), MOST_FILMS)
    assert "<button" not in most and "The first 100 are shown" in most


def test_there_is_no_button_where_nothing_follows(result: SearchResult) -> None:
    assert more_button(replace(result, films=5), 5) == ""
    assert more_button(result, 10) == ""  # fewer were found than asked for
    assert more_button(replace(result, query=""), 5) == ""  # a picture was asked with


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("paging")
    with served("world_server.py", folder / "root", folder / "server.log") as url:
        yield url


@NEEDS_CHROMIUM
def test_more_films_come_below_and_nothing_moves(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open(f"/?q={ASKED.replace(' ', '+')}&k=5")
        page.locator(".card").nth(4).wait_for()
        page.locator(".evidence").wait_for()
        before = [card.get_attribute("data-video") for card in page.locator(".card").all()]
        page.locator(".card").nth(2).locator('[data-act="pin"]').click()
        page.locator(".card").nth(1).locator(".card-title").click()
        page.evaluate("document.querySelector('.card').dataset.witness = 'the same node'")
        button = page.locator("[data-more]")
        button.scroll_into_view_if_needed()
        page.wait_for_function("document.querySelectorAll('.steady-badge').length === 5")
        place = page.evaluate("[scrollY, document.querySelectorAll('.card')[3].getBoundingClientRect().top]")
        button.focus()
        page.keyboard.press("Enter")
        page.locator(".card").nth(FILMS - 1).wait_for()
        after = [card.get_attribute("data-video") for card in page.locator(".card").all()]
        assert after[:5] == before and len(after) == len(set(after)) == FILMS
        assert page.locator(".card").first.get_attribute("data-witness") == "the same node"
        assert (
            page.evaluate("[scrollY, document.querySelectorAll('.card')[3].getBoundingClientRect().top]")
            == place
        )
        focused = page.evaluate("document.activeElement.closest('.card')?.dataset.video")
        assert focused == after[5]
        assert page.locator('.card[aria-current="true"]').get_attribute("data-video") == before[1]
        assert page.locator('.card [data-act="pin"][aria-pressed="true"]').count() == 1
        assert "k=15" in page.url and page.locator("select[name=k]").input_value() == "15"
        assert page.locator("[data-more]").count() == 0
        page.wait_for_function("n => document.querySelectorAll('.steady-badge').length === n", arg=FILMS)
        page.reload()
        page.locator(".card").nth(FILMS - 1).wait_for()
        assert page.locator("select[name=k]").input_value() == "15"


@NEEDS_CHROMIUM
def test_another_search_takes_the_place_of_more(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open(f"/?q={ASKED.replace(' ', '+')}&k=5")
        page.locator("[data-more]").wait_for()
        page.locator(QUERY).fill("a dog")
        page.evaluate(
            "document.querySelector('[data-more]').click(); document.querySelector('form.bar').requestSubmit()"
        )
        page.locator('.results[data-query="a dog"]').wait_for()
        page.wait_for_timeout(500)
        assert page.locator(".card").count() == 5 and page.locator("[data-more]").is_enabled()
