"""The page in a real browser, over small real videos: search, play a second, links, keys, themes, phone width."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import av
import pytest
from browsing import NEEDS_CHROMIUM, QUERY, Visit, served, settled
from fake_explorer import CAPTION, DURATION, FILMS, HOSTILE

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The made-up corpus."""
    folder = tmp_path_factory.mktemp("page")
    with served("fake_explorer.py", folder / "corpus", folder / "server.log") as url:
        yield url


def second(page: Any) -> float:
    return page.locator("video").evaluate("v => v.currentTime")


def wait_for_second(page: Any, start: float, end: float) -> None:
    """Wait until the player has landed in [start, end)."""
    page.wait_for_function(
        "([a, b]) => { const v = document.querySelector('video');"
        " return v && !v.seeking && v.readyState >= 2 && v.currentTime >= a - 0.05 && v.currentTime < b; }",
        arg=[start, end],
        timeout=60_000,
    )


def test_a_query_finds_films_and_a_moment_plays_its_second(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.search(CAPTION)
        assert page.locator(".card").count() == FILMS
        assert "Clear match" in page.locator(".verdict").inner_text()
        wait_for_second(page, 2.0, 5.0)  # the best moment of the best film, ready but not playing
        assert page.locator("video").evaluate("v => v.paused")
        second_mark = page.locator(".card").nth(1).locator(".mark").nth(1)
        second_mark.click()
        page.locator('.evidence[data-video="film-2"]').wait_for()
        wait_for_second(page, 8.0, 10.0)
        video = page.locator("video")
        assert 8.0 <= second(page) < 10.6 and video.evaluate("v => v.error") is None
        assert video.evaluate("v => v.videoWidth") == 160
        assert page.locator(".now-title").inner_text() == "Film 2 & friends"
        assert page.locator('.card[aria-current="true"]').get_attribute("data-video") == "film-2"
        page.wait_for_function("() => document.querySelector('video').paused")  # a moment ends at its end
        assert 9.9 <= second(page) <= 10.6
        page.locator(".card").first.locator(".card-title").click()
        wait_for_second(page, 2.0, 5.0)


def test_the_time_line_and_the_words_seek(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.search(CAPTION)
        wait_for_second(page, 2.0, 5.0)
        assert "true 0:02–0:06" in page.locator(".legend").inner_text()
        box = page.locator(".seek").bounding_box()
        page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 20)
        wait_for_second(page, 0.74 * DURATION, 0.76 * DURATION)
        page.locator(".seek").press("ArrowLeft")
        wait_for_second(page, 0.74 * DURATION - 1, 0.76 * DURATION - 1)
        assert page.locator(".playhead").evaluate("e => parseFloat(e.style.left)") == pytest.approx(
            66.7, abs=2
        )
        page.locator("button.chip").nth(1).click()
        wait_for_second(page, 1.5, 4.0)
        assert page.locator(".deciles .here").count() == 2
        page.locator(".twin summary").click()
        assert page.locator(".twin tbody tr").count() == len(CAPTION.split())


def test_hostile_text_stays_text(browser: Any, server: str) -> None:
    evil = "${document.title=9} ${7*7} {{value}} <img src=x onerror=document.title=8> `\"'</script>"
    with Visit(browser, server) as visit:
        page = visit.search(evil)
        assert page.title() == "RAL Explorer"
        assert page.locator(".results").get_attribute("data-query") == evil
        assert page.locator(".card-title").nth(2).inner_text().startswith(HOSTILE)
        assert "${7*7}" in page.locator(".chips").inner_text()
        assert page.locator('img[src="x"]').count() == 0
        page.locator(".card-title").nth(2).click()
        page.locator('.evidence[data-video="film-3"]').wait_for()
        assert page.locator(".now-title").inner_text() == HOSTILE
    with Visit(browser, server) as visit:
        page = visit.open(f"/?q={quote(evil)}&video={quote('<b>')}&t=%3Cscript%3E&k=%27&model=%22")
        page.locator(".card").first.wait_for()
        assert page.title() == "RAL Explorer" and page.locator(QUERY).input_value() == evil


def test_a_link_reopens_query_model_film_and_second(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open("/?q=a+dog&model=gmmformer_v2&k=5&video=film-2&t=9.5")
        page.locator('.evidence[data-video="film-2"]').wait_for()
        wait_for_second(page, 9.5, 9.9)
        assert page.locator("select[name=model]").input_value() == "gmmformer_v2"
        assert page.locator("select[name=k]").input_value() == "5"
        assert "no word gate" in page.locator(".words").inner_text()
        page.locator(".card").first.locator(".mark").first.click()
        page.wait_for_url("**/?q=a+dog&model=gmmformer_v2&k=5&video=film-1&t=2")
        page.locator(QUERY).fill(CAPTION)
        page.get_by_role("button", name="Search", exact=True).click()
        page.wait_for_url("**/?q=a+red+square+slides+to+the+right&model=gmmformer_v2&k=5&video=film-1&t=2")
    with Visit(browser, server) as visit:
        page = visit.open("/?q=a+dog&model=none&k=7&video=film-99&t=-4")
        page.locator('.evidence[data-video="film-1"]').wait_for()
        wait_for_second(page, 2.0, 5.0)


def test_an_empty_query_is_one_sentence_and_nothing_is_lost(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.search(CAPTION)
        page.locator(QUERY).fill("   ")
        page.locator(QUERY).press("Enter")
        page.locator(".notice").wait_for()
        assert "The query is empty" in page.locator(".notice").inner_text()
        assert page.locator(".card").count() == FILMS
        idle = "!document.querySelector('.gradio-container').hasAttribute('data-busy')"
        for again in ("", "explode", "explode", CAPTION, CAPTION):  # the same answer twice is an answer too
            page.locator(QUERY).fill(again)
            page.locator(QUERY).press("Enter")
            page.wait_for_function(idle)
        assert "Film 1" in page.locator(".card").first.inner_text()
        page.locator(QUERY).fill("nowhere explode")
        page.locator(QUERY).press("Enter")
        page.get_by_text("Your query is kept").wait_for()
        assert page.locator(QUERY).input_value() == "nowhere explode"
        page.locator(QUERY).fill("nowhere")
        page.locator(QUERY).press("Enter")
        page.locator(".verdict.unlikely").wait_for()
        assert page.locator(".notice").count() == 0
        assert page.locator(".cut").count() == 1


def test_the_keyboard_is_enough(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open()
        page.locator(QUERY).evaluate("e => e.blur()")
        page.keyboard.press("?")
        page.locator("dialog.keys[open]").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("/")
        assert page.evaluate("document.activeElement.name") == "q"
        page.keyboard.type("a dog/t")
        page.keyboard.press("Enter")
        page.locator(".evidence").wait_for()
        assert page.locator(QUERY).input_value() == "a dog/t"
        page.locator(QUERY).evaluate("e => e.blur()")
        page.keyboard.press("j")
        page.locator('.evidence[data-video="film-2"]').wait_for()
        focused = "document.activeElement.closest('.card').dataset.video"
        assert page.evaluate(focused) == "film-2"
        page.keyboard.press("n")
        wait_for_second(page, 8.0, 10.0)
        page.keyboard.press("k")
        page.locator('.evidence[data-video="film-1"]').wait_for()
        page.keyboard.press("Enter")  # on the focused title: play
        wait_for_second(page, 2.0, 5.0)
        assert page.locator(".card-title").first.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"


def test_light_and_dark_follow_the_system_and_the_switch(browser: Any, server: str) -> None:
    paper = "getComputedStyle(document.querySelector('.gradio-container')).backgroundColor"
    with Visit(browser, server, color_scheme="dark") as visit:
        page = visit.open()
        assert page.evaluate(paper) == "rgb(14, 21, 20)"
        page.locator('[data-page="theme"]').click()
        assert page.evaluate(paper) == "rgb(245, 247, 246)"
        page.reload()
        page.locator(QUERY).wait_for()
        assert page.evaluate(paper) == "rgb(245, 247, 246)"
        assert not page.evaluate("document.body.classList.contains('dark')")


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1024, 768)])
def test_no_sideways_scroll_and_no_jump(browser: Any, server: str, width: int, height: int) -> None:
    with Visit(
        browser, server, viewport={"width": width, "height": height}, reduced_motion="reduce"
    ) as visit:
        page = visit.search(CAPTION)
        wide = "document.documentElement.scrollWidth <= innerWidth && document.body.scrollWidth <= innerWidth"
        assert page.evaluate(wide)
        top = page.locator(".seek").bounding_box()["y"]
        wait_for_second(page, 2.0, 5.0)
        assert page.locator(".seek").bounding_box()["y"] == pytest.approx(top, abs=1)
        page.get_by_role("link", name="About").click()
        page.get_by_role("heading", name="How it works").wait_for()
        assert page.evaluate(wide)


def test_every_control_has_a_name(browser: Any, server: str) -> None:
    nameless = """() => [...document.querySelectorAll('button, a, input, select, [role=slider], [role=img]')]
        .filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim()
            || e.closest('label')?.textContent.trim() || e.title)).map((e) => e.outerHTML.slice(0, 120))"""
    with Visit(browser, server) as visit:
        assert visit.search(CAPTION).evaluate(nameless) == []


def test_media_are_served_in_ranges_and_nothing_else_is(server: str) -> None:
    def ask(address: str, method: str = "GET", **headers: str) -> tuple[int, Any, bytes]:
        request = urllib.request.Request(server + address, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as problem:
            return problem.code, problem.headers, b""

    film = "/media/tiny/film/film-1.mp4"
    status, headers, body = ask(film, Range="bytes=100-199")
    assert (status, len(body)) == (206, 100) and headers["Content-Range"].startswith("bytes 100-199/")
    status, headers, body = ask(film, "HEAD")
    assert (status, body) == (200, b"") and headers["Content-Type"] == "video/mp4"
    assert headers["Accept-Ranges"] == "bytes"
    assert ask(film, Range="bytes=-10")[0] == 206
    assert ask("/media/tiny/poster/film-1.jpg")[1]["Content-Type"] == "image/jpeg"
    picture = ask("/stills/tiny/film-1?t=3")
    assert picture[0] == 200 and picture[2][:2] == b"\xff\xd8"
    for wrong in (
        "/media/tiny/film/film-9.mp4",
        "/media/tiny/film/..%2f..%2fcaptions.jsonl",
        "/media/../captions.jsonl",
        "/media/%2e%2e/%2e%2e/etc/passwd",
        "/assets/ral/..%2fapp.py",
        "/stills/tiny/film-1?t=-1",
        "/stills/tiny/film-1?t=nan",
        "/stills/tiny/nothing?t=1",
    ):
        assert ask(wrong)[0] == 404, wrong


def test_the_api_answers_and_only_the_search_is_public(server: str) -> None:
    from gradio_client import Client

    client = Client(server, verbose=False)
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {"/search", "/explain", "/compare", "/moments", "/list_indexes"}
    found = client.predict("a dog", 2, api_name="/search")
    assert [hit["video"] for hit in found["hits"]] == ["film-1", "film-2"]
    assert set(found) == {"query", "model", "index", "state", "hits"}
    assert json.dumps(found)


def test_queries_and_pins_are_kept_in_the_browser_and_open_again(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.search("a dog <b>barks</b>")
        page.locator(".card").nth(1).get_by_role("button", name="Pin").click()
        page.locator('.card [data-act="pin"][aria-pressed="true"]').wait_for()
        page.locator(QUERY).fill(CAPTION)
        page.locator(QUERY).press("Enter")
        page.locator(".facts a", has_text="qrels").wait_for()
        page.locator(QUERY).evaluate("e => e.blur()")
        page.keyboard.press("h")
        page.locator("dialog.kept[open]").wait_for()
        asked = page.locator('[data-list="history"] .linklike').all_inner_texts()
        assert asked == [CAPTION, "a dog <b>barks</b>"] and page.locator(".kept li b").count() == 0
        page.locator('[data-list="pins"] .linklike').click()
        page.locator('.evidence[data-video="film-2"]').wait_for()
        assert page.locator(QUERY).input_value() == "a dog <b>barks</b>"
        assert (
            page.locator('.card[aria-current="true"] [data-act="pin"]').get_attribute("aria-pressed")
            == "true"
        )
        page.keyboard.press("b")
        page.locator('.card[aria-current="true"] [data-act="pin"][aria-pressed="false"]').wait_for()
        page.get_by_role("button", name="Pins and queries asked before").click()
        page.get_by_role("button", name="Forget all of it").click()
        assert page.locator(".kept li").count() == 0 and page.locator(".kept .empty:visible").count() == 2
    with Visit(browser, server) as visit:  # another visitor has none of it
        visit.open().get_by_role("button", name="Pins and queries asked before").click()
        assert visit.page.locator(".kept li").count() == 0


def test_a_moment_and_a_ranking_can_be_saved(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.search(CAPTION)
        wait_for_second(page, 2.0, 5.0)
        with page.expect_download() as waited:
            page.locator("[data-cut]").click()
        film = Path(waited.value.path())
        assert waited.value.suggested_filename == "film-1-2.0-5.0.mp4" and film.read_bytes()[4:8] == b"ftyp"
        with av.open(str(film)) as cut:
            assert 2.5 < float(cut.duration / av.time_base) < 3.5
        run = (
            page.request.get(server + page.locator(".facts a").first.get_attribute("href"))
            .text()
            .splitlines()
        )
        assert len(run) == FILMS and run[0].startswith("film-1#0 Q0 film-1 1 0.55")
        cut = "/cut/tiny/film/film-1.mp4"
        for wrong in ("?start=5&end=2", "?start=0&end=9999", "?start=nan&end=3", "?start=50&end=60"):
            assert page.request.get(server + cut + wrong).status == 404
        assert page.request.get(f"{server}/cut/tiny/poster/film-1.jpg?start=0&end=1").status == 404
        assert page.request.get(f"{server}/cut/..%2F..%2Fetc%2Fpasswd?start=0&end=1").status == 404


def test_the_first_screen_is_light(browser: Any, server: str) -> None:
    """What is transferred before the first search; how soon it stands there is for benchmarks/page.py."""
    sizes: dict[str, int] = {}
    with Visit(browser, server) as visit:
        page = visit.page
        page.on(
            "response",
            lambda answer: sizes.update({answer.url: int(answer.headers.get("content-length", 0))}),
        )
        visit.open()
        settled(page)
        moved = page.evaluate(
            "performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))"
            ".reduce((sum, one) => sum + one.transferSize, 0)"
        )
    assert 0 < max(moved, sum(sizes.values())) < 6_000_000
    assert not [url for url in sizes if "/media/" in url and "/film/" in url]  # no film before somebody asks


def test_all_moments_can_be_listed(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.search(CAPTION)
        moments = page.locator(".card").nth(1).locator(".moment-list button")
        assert not moments.first.is_visible()
        page.get_by_role("button", name="all moments").click()
        moments.nth(1).click()
        page.locator('.evidence[data-video="film-2"]').wait_for()
        wait_for_second(page, 8.0, 10.0)
        assert "all=1" in page.url
        page.keyboard.press("g")
        moments.first.wait_for(state="hidden")
