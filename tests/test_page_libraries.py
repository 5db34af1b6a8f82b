"""The page over two collections: the second has no films, posters, captions or truth, and can be asked with pictures."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_CHROMIUM, QUERY, Visit, served
from PIL import Image

HERE = Path(__file__).parent
pytestmark = NEEDS_CHROMIUM
MINE = "index=mine-zero_shot&q=a+dog+runs"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("libraries")
    with served("library_server.py", folder, folder / "server.log") as url:
        yield url


def test_the_collection_is_chosen_in_the_bar_and_stays_in_the_link(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open()
        page.locator("select[name=model]").select_option(label="zero-shot")
        page.locator(QUERY).fill("a dog runs")
        page.locator(QUERY).press("Enter")
        page.wait_for_function("document.querySelectorAll('.card').length === 3")
        assert "index=mine-zero_shot" in page.url
        page.reload()
        page.wait_for_function("document.querySelectorAll('.card').length === 3")
        assert page.locator(".results").get_attribute("data-index") == "mine-zero_shot"


def test_what_is_absent_is_said(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.page
        page.goto(f"{server}/?{MINE}")
        page.locator(".evidence").wait_for()
        assert "came without video files" in page.locator(".no-film").inner_text()
        assert not page.get_by_role("button", name="Play").count()  # neither on a card nor under the screen
        assert page.get_by_role("button", name="Next moment").is_visible()
        page.locator(".card-title").nth(1).click()
        page.wait_for_url("**video=long*")
        assert "came without" in page.locator(".no-film").inner_text() and not visit.problems
        assert page.locator(".card .no-picture").count() == 3 and not page.locator("[data-cut]").is_visible()
        assert "no filmstrip" in page.locator("#ral-line").inner_text()
        assert "captions" in page.locator(".truth-panel").inner_text()
        page.goto(f"{server}/?tab=why&{MINE}")
        page.locator(".pipe").wait_for()
        for tab, ready in (
            ("map", ".map-data table"),
            ("compare", ".nothing"),
            ("benchmark", ".nothing"),
            ("data", ".contact"),
        ):
            page.goto(f"{server}/?tab={tab}&{MINE}")
            page.locator(f"#page-{tab} {ready}").first.wait_for()
        assert page.locator(".tile").count() == 3  # the long video stands once
        page.locator(".tile").nth(1).click()
        page.locator("dialog.film-dialog[open]", has_text="features are").wait_for()


def picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (900, 500), "#c04030").save(target, "PNG")
    return target.getvalue()


def test_a_picture_finds_moments_where_the_index_knows_pictures(browser: Any, server: str) -> None:
    upload = {"name": "red.png", "mimeType": "image/png", "buffer": picture()}
    with Visit(browser, server) as visit:
        page = visit.open()
        assert not page.locator(".picture").is_visible()
        page.locator("select[name=model]").select_option(label="zero-shot")
        assert page.locator(".picture").is_visible()
        page.locator("input[name=picture]").set_input_files(upload)
        page.locator(".card").nth(2).wait_for()
        page.get_by_text("Asked with a picture").first.wait_for()
        assert "Pictures look more alike" in page.locator(".note").first.inner_text() and "q=" not in page.url
        page.locator("input[name=picture]").set_input_files(upload | {"buffer": b"no picture"})
        page.locator(".toast", has_text="cannot be read").wait_for()
        page.locator("select[name=model]").select_option(index=0)
        assert not page.locator(".picture").is_visible()
