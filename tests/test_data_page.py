"""The Data & models page: the sheet of films is unrolled by a button, the steps of the world stand in one row."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_CHROMIUM, Visit, served
from helpers_search import FILMS

from ral_core.views.data_page import world
from ral_core.views.film_sheet import MOST, sheet_foot

PHONE = {"width": 390, "height": 844}
SHIPPED = Path(__file__).resolve().parents[1] / "precomputed"


def test_the_sheet_says_how_many_films_there_are() -> None:
    assert "Show all 201 films" in sheet_foot(201, MOST) and sheet_foot(201, MOST).count("<button") == 1
    many = sheet_foot(10_000, MOST)
    assert f"Show the first {MOST} of 10,000 films" in many and f'data-sheet="{2 * MOST}"' in many
    assert "Show 20 more" in sheet_foot(2 * MOST + 20, 2 * MOST)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("data-page")
    with served("world_server.py", folder / "root", folder / "server.log") as url:
        yield url


@NEEDS_CHROMIUM
def test_every_film_can_be_seen(browser: Any, server: str) -> None:
    with Visit(browser, server, viewport=PHONE) as visit:
        page = visit.page
        page.goto(f"{server}/?tab=data")
        button = page.get_by_role("button", name=f"Show all {FILMS} films")
        button.wait_for()
        sheet = page.locator("#film-sheet")
        assert sheet.evaluate("list => list.scrollHeight > list.clientHeight + 40")
        button.click()
        page.get_by_role("button", name="Show fewer").wait_for()
        assert sheet.evaluate("list => list.scrollHeight <= list.clientHeight + 4")
        assert f"sheet={MOST}" in page.url
        page.reload()
        page.get_by_role("button", name="Show fewer").click()
        page.get_by_role("button", name=f"Show all {FILMS} films").wait_for()
        assert "sheet" not in page.url


@NEEDS_CHROMIUM
def test_nothing_is_offered_where_all_films_are_in_sight(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.page
        page.goto(f"{server}/?tab=data")
        page.locator(".tile").nth(FILMS - 1).wait_for()
        page.locator(".sheet-foot").wait_for(state="attached")
        page.wait_for_function("document.querySelector('.sheet-foot button').hidden")


@NEEDS_CHROMIUM
@pytest.mark.parametrize(("width", "rows"), [(1440, 1), (1024, 2), (390, 5)])
def test_the_steps_fill_whole_rows(browser: Any, server: str, width: int, rows: int) -> None:
    with Visit(browser, server, viewport={"width": width, "height": 900}) as visit:
        page = visit.page
        page.goto(f"{server}/?tab=data")
        page.locator(".tile").first.wait_for()
        page.locator("article.wide section").last.evaluate(
            "(box, html) => { box.innerHTML = html }", world(SHIPPED)
        )
        boxes = [box.bounding_box() for box in page.locator(".made li").all()]
        assert len(boxes) == 5 and len({round(box["y"]) for box in boxes}) == rows
        right = {round(box["x"] + box["width"]) for box in boxes if box["y"] == boxes[-1]["y"]}
        whole = page.locator(".made").bounding_box()
        assert max(right) == round(whole["x"] + whole["width"])  # the last row is full, too
        table = page.locator(".made + .scroll").bounding_box()
        assert table["y"] - (boxes[-1]["y"] + boxes[-1]["height"]) >= 20
