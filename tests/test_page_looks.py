"""What a newcomer would trip over: things that lie on one another, stand in the wrong order, or show something else."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from browsing import NEEDS_CHROMIUM, Visit, served
from playwright.sync_api import Browser

pytestmark = NEEDS_CHROMIUM
ASKED = "q=a+man+number+1+kicks+a+red+ball"
SIZES = [(390, 844), (1024, 768), (1440, 900)]
OVERLAP = """() => [...document.querySelectorAll('.card')].some((card) => {
    const boxes = ['.part-numbers', '.actions'].map((name) => card.querySelector(name).getBoundingClientRect());
    return boxes[0].right > boxes[1].left + 1 && boxes[0].bottom > boxes[1].top + 6;
})"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("looks")
    with served("world_server.py", folder / "world", folder / "server.log") as url:
        yield url


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_numbers_and_buttons_of_a_card_keep_clear(
    browser: Browser, server: str, width: int, height: int
) -> None:
    with Visit(browser, server, viewport={"width": width, "height": height}) as visit:
        page = visit.page
        page.goto(f"{server}/?{ASKED}")
        page.locator(".card .part-numbers").first.wait_for()
        assert not page.evaluate(OVERLAP)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_folded_panels_come_after_what_they_add_to(
    browser: Browser, server: str, width: int, height: int
) -> None:
    with Visit(browser, server, viewport={"width": width, "height": height}) as visit:
        page = visit.page
        page.goto(f"{server}/?tab=why&{ASKED}")
        page.locator(".pipe").wait_for()
        tops = page.evaluate(
            "['#ral-player', '.pipe', '#why-folds'].map((name) => document.querySelector(name).getBoundingClientRect().top)"
        )
        assert tops == sorted(tops)


def test_a_found_moment_shows_the_picture_of_its_card_until_it_plays(browser: Browser, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.page
        page.goto(f"{server}/?{ASKED}")
        card = page.locator('.card[data-video="film-1"]')
        card.locator('[data-act="why"]').click()  # chosen, not played
        page.locator(".peek:not([hidden])").wait_for()
        shown = page.locator(".peek img").get_attribute("src")
        assert shown == card.locator(".still > img").get_attribute("src")
        assert page.locator(".peek span").inner_text().startswith("fits best at 0:0")
        page.keyboard.press("Space")
        page.locator(".peek").wait_for(state="hidden")


def test_why_says_what_it_waits_for(browser: Browser, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open("/?tab=why")
        assert "Nothing has been asked yet" in page.locator(".why-first").inner_text()
        page.get_by_role("link", name="Search", exact=True).click()
        assert not page.locator(".why-first").is_visible()


def test_the_captions_of_a_film_fit_its_window(browser: Browser, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.page
        page.goto(f"{server}/?tab=data")
        page.locator(".tile").first.click()
        page.locator("dialog.film-dialog[open] .captions a").first.wait_for()
        assert page.evaluate(
            "(({scrollWidth, clientWidth}) => scrollWidth <= clientWidth)(document.querySelector('dialog.film-dialog .scroll'))"
        )
