"""The analysis pages in a real browser, over a tiny searchable world: why, gates, map, compare, benchmark, data, links, access."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_CHROMIUM, QUERY, Visit, served, settled

pytestmark = NEEDS_CHROMIUM
SENTENCE = "a man number 1 kicks a red ball"
ASKED = "q=" + SENTENCE.replace(" ", "+")
PAGES = ("search", "why", "map", "compare", "benchmark", "data", "about")
READY = {
    "search": ".card",
    "why": ".pipe",
    "map": ".map-data table",
    "compare": "#ral-curves .plot",
    "benchmark": ".board",
    "data": ".contact",
    "about": ".about",
}
"""What has to be there before a page counts as drawn."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("site")
    with served("world_server.py", folder / "world", folder / "server.log") as url:
        yield url


def at(visit: Visit, tab: str, more: str = "") -> Any:
    """A page opened by its link, drawn."""
    page = visit.page
    page.goto(f"{visit.server}/?tab={tab}&{ASKED}{more}")
    page.locator(READY[tab]).first.wait_for()
    return page


def test_pages_are_links_and_back_returns(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "search")
        for name in ("Compare", "Benchmark", "Data & models"):
            page.get_by_role("link", name=name, exact=True).click()
            assert page.locator('.pages a[aria-current="page"]').inner_text() == name
        page.locator(READY["data"]).wait_for()
        assert page.title() == "Data & models · RAL Explorer" and "tab=data" in page.url
        page.go_back()
        assert page.locator('.pages a[aria-current="page"]').inner_text() == "Benchmark"
        page.keyboard.press("m")
        page.locator(READY["map"]).wait_for()
        page.keyboard.press("1")
        assert page.locator('.pages a[aria-current="page"]').inner_text() == "Search"
        assert page.locator(".card").first.is_visible()


@pytest.mark.parametrize("width", [1440, 1024])
def test_words_are_as_tall_as_the_player_whatever_the_sentence(browser: Any, server: str, width: int) -> None:
    boxes = "['#ral-player', '#ral-side', '#ral-line', '.ledger'].map((name) => document.querySelector(name).getBoundingClientRect())"
    with Visit(browser, server, viewport={"width": width, "height": 900}) as visit:
        for words in (SENTENCE, f"{SENTENCE} and then a man in red"):
            visit.page.goto(f"{visit.server}/?tab=why&model=ral-tiny&q={words.replace(' ', '+')}")
            visit.page.locator(".ledger tbody tr").nth(7).wait_for()
            visit.page.locator(".timeline").wait_for()
            player, side, line, ledger = visit.page.evaluate(boxes)
            assert player["bottom"] == side["bottom"] and abs(ledger["bottom"] - side["bottom"]) < 1
            assert 0 < line["top"] - player["bottom"] < 24
        scroll = visit.page.locator(".ledger > .scroll")
        before = scroll.evaluate("(box) => { box.scrollTop = 40; return box.scrollTop; }")
        assert before or width == 1440
        visit.page.locator('.ledger [data-gate="2"]').dispatch_event("click")
        visit.page.locator("tr.gate-off").wait_for()
        assert visit.page.evaluate("document.activeElement.dataset.gate") == "2"
        assert (
            visit.page.locator(".ledger .moves").count() == 1
            and scroll.evaluate("box => box.scrollTop") == before
        )


def test_switching_a_gate_moves_the_ranking_and_stays_in_the_link(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "why")
        assert page.locator(".heat-body li").count() == 8
        page.locator('[data-gate="4"]').click()
        page.locator('tr.gate-off[data-word="4"]').wait_for()
        page.wait_for_url("**&off=4*")
        page.locator(".ledger .said").wait_for()
        assert page.evaluate("document.activeElement.dataset.gate") == "4"
        page.locator('[data-gate="4"]').press("Enter")
        page.locator('tr.gate-on[data-word="4"]').wait_for()
        address = page.url
    with Visit(browser, server) as visit:
        visit.page.goto(address)
        visit.page.locator('tr.gate-on[data-word="4"]').wait_for()
        visit.page.get_by_role("button", name="all words alike").click()
        visit.page.locator('[data-gates="even"][aria-pressed="true"]').wait_for()
        assert "rank=even" in visit.page.url and "on=" not in visit.page.url


def test_the_heat_strip_seeks_and_follows_the_player(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "why", "&video=film-1")
        track = page.locator(".heat-track")
        track.scroll_into_view_if_needed()
        box = track.bounding_box()
        page.mouse.click(box["x"] + 0.5 * box["width"], box["y"] + 5)
        page.wait_for_function(
            "Math.abs(parseFloat(document.querySelector('.heat-track .playhead').style.left) - 50) < 8"
        )
        for model in ("tiny",):
            page.goto(f"{server}/?tab=why&{ASKED}&model={model}")
            page.locator("#ral-heat .empty").wait_for()


def test_the_pipeline_adds_up_and_the_case_can_be_taken_away(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "why")
        assert page.locator(".pipe > li").count() == 7
        assert page.locator(".doctor").count() == page.locator(".steady").count() == 1
        with page.expect_download() as waited:
            page.get_by_role("link", name="evidence card").click()
        card = Path(waited.value.path()).read_text(encoding="utf-8")
        assert SENTENCE in card and "<script" not in card and "BibTeX" not in card and "@article" in card
        assert 'src="http' not in card and "url(http" not in card and "SHA-256" in card
        assert page.request.get(f"{server}/export/card.png?{ASKED}").body()[:4] == b"\x89PNG"
        drawing = page.request.get(f"{server}/export/card.svg?{ASKED}").text()
        assert drawing.startswith("<svg ") and "<text" in drawing
        assert page.request.get(f"{server}/export/card.pdf?{ASKED}").body()[:5] == b"%PDF-"
        assert page.request.get(f"{server}/export/card.svg?q=").status == 404
        assert page.request.get(f"{server}/export/card.exe?{ASKED}").status == 404


def test_compare_follows_a_film_through_all_models(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "compare")
        assert page.locator(".lane").count() == 2 and page.locator(".links .link").count() > 0
        page.locator(".lane").first.locator(".entry").nth(2).click()
        video = page.locator('.entry[aria-pressed="true"]').first.get_attribute("data-video")
        assert page.locator(f'.links path[data-lit][data-video="{video}"]').count() == 1
        page.wait_for_url(f"**video={video}*")
        page.locator('.check input[value="tiny"]').uncheck()
        page.get_by_text("Choose at least two models").wait_for()


def test_what_follows_a_search_says_how_firm_it_is_and_what_would_decide_it(
    browser: Any, server: str
) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "search", "&model=ral-tiny")
        page.locator(".steady-badge").nth(6).wait_for()
        assert "draws" in page.locator(".steady-badge").first.get_attribute("title")
        page.goto(f"{server}/?q=somebody+doing+it&model=ral-tiny")
        page.locator(".decide .deciders").or_(page.locator(".verdict:not(.ambiguous)")).first.wait_for()
        if page.locator(".decide .pill").count():
            wanted = page.locator(".decide .pill").first.get_attribute("data-query")
            page.locator(".decide .pill").first.click()
            page.wait_for_function("(q) => new URLSearchParams(location.search).get('q') === q", arg=wanted)
        page.goto(f"{server}/?{ASKED}&model=tiny")
        page.locator(".steady-badge").first.wait_for()
        assert "word" in page.locator(".steady-badge").first.get_attribute("title")


def test_more_like_a_moment_plays_it(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "search")
        page.locator(".evidence").wait_for()
        page.locator(".card").first.get_by_role("button", name="More like this").click()
        tiles = page.locator("dialog[open] .tile")
        tiles.first.wait_for()
        assert tiles.count() == 12  # six other films, by moment and as a whole
        video = tiles.nth(5).get_attribute("data-video")
        tiles.nth(5).click()
        page.locator(f'.evidence[data-video="{video}"]').wait_for()
        assert f"video={video}" in page.url and not page.locator("dialog[open]").count()


def test_another_way_of_ranking_reorders_the_same_films(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "search", "&model=ral-tiny")
        films = "[...document.querySelectorAll('.card')].map((card) => card.dataset.video)"
        usual = page.evaluate(films)
        page.locator('select[data-filter="by"]').select_option("proxies")
        page.locator(".note", has_text="In another order").wait_for()
        assert sorted(page.evaluate(films)) == sorted(usual) and "by=proxies" in page.url
        assert page.locator(".cut").count() == 0
        page.goto(f"{server}/?{ASKED}&model=tiny&by=proxies")
        page.get_by_text("has no distributions to rank by").wait_for()


def test_filters_narrow_the_list_and_stay_in_the_link(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "search")
        assert page.locator(".card").count() == 7
        page.locator('select[data-filter="tag"]').select_option("kitchen")
        page.wait_for_function("document.querySelectorAll('.card').length === 3")
        assert "tag=kitchen" in page.url and "3 of 7 films fit" in page.locator(".note").inner_text()
        ranks = [int(text.removeprefix("Rank ")) for text in page.locator(".card .rank").all_text_contents()]
        assert ranks == sorted(ranks) and len(set(ranks)) == 3
        page.reload()
        page.wait_for_function("document.querySelectorAll('.card').length === 3")
        page.locator('select[data-filter="share"]').select_option("-10")
        page.get_by_text("No film fits the filters").or_(page.locator(".card").first).first.wait_for()
        page.get_by_role("button", name="show all").click()
        page.wait_for_function("document.querySelectorAll('.card').length === 7")
        assert "tag=" not in page.url and "share=" not in page.url


def run_file(tag: str = "other") -> str:
    """Answers of a system that knows everything but one caption, and has never seen another."""
    right = [f"film-{number}#0 Q0 film-{number} 1 9 {tag}\n" for number in range(5)]
    return "".join([*right, f"film-5#0 Q0 film-0 1 2.5 {tag}\n", f"film-5#0 Q0 film-5 2 2 {tag}\n"])


def test_runs_of_other_systems_stand_beside_ours_in_one_window_only(browser: Any, server: str) -> None:
    upload = {"name": "<b>oracle</b>.trec", "mimeType": "text/plain", "buffer": run_file().encode()}
    with Visit(browser, server) as visit:
        page = at(visit, "compare")
        assert page.locator(".over-split .board").first.locator("tbody tr").count() == 2
        page.locator("input[name=run-file]").set_input_files(upload)
        page.get_by_role("rowheader", name="(loaded)").first.wait_for()
        row = page.locator(".over-split .board").first.locator("tbody tr").first
        assert row.locator("td").first.inner_text() == "71.4"  # five of seven
        assert page.locator(".over-split b").count() == 0
        page.locator("a[data-compare]").first.click()
        page.wait_for_url("**q=a+man+number*")
        for bad, said in (
            (b"1 2 3", "expected `query Q0"),
            (b"\xff\xfe", "no text file"),
            (b'{"x": 1}', "list of video ids"),
        ):
            page.locator("input[name=run-file]").set_input_files(upload | {"name": "bad.run", "buffer": bad})
            page.locator(".toast", has_text=said).wait_for()
        page.get_by_role("button", name="away").click()
        page.wait_for_function("document.querySelectorAll('.loaded li').length === 0")
    with Visit(browser, server) as visit:
        assert at(visit, "compare").locator(".loaded").count() == 0


def test_the_map_pans_picks_and_lassoes(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "map", "&map=pca")
        canvas = page.locator(".plane-host canvas").nth(1)
        box = canvas.bounding_box()
        assert page.locator(".plane-legend li").count() >= 2
        page.keyboard.down("Shift")
        page.mouse.move(box["x"] + 4, box["y"] + 4)
        page.mouse.down()
        for x, y in ((0.99, 0.01), (0.99, 0.99), (0.01, 0.99), (0.01, 0.02)):
            page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=3)
        page.mouse.up()
        page.keyboard.up("Shift")
        page.get_by_text("7 films in the lasso").wait_for()
        page.get_by_role("button", name="show all films").click()
        saved = page.request.get(server + page.get_by_role("link", name="parquet").get_attribute("href"))
        assert saved.body()[:4] == b"PAR1"
        page.locator('select[data-set="b"]').select_option("tiny")
        page.locator(".plane.second:not([hidden])").wait_for()
        page.locator(".map-data button[data-film]").first.click()
        page.locator(READY["why"]).wait_for()
        assert "tab=why" in page.url and "video=" in page.url


def test_fifty_thousand_points_pan_smoothly(browser: Any, server: str) -> None:
    measure = """async () => {
        const host = document.createElement('div');
        host.style.cssText = 'position:fixed;inset:0;width:900px;height:600px';
        document.querySelector('.gradio-container').append(host);
        const plane = RAL.scatter(host, { label: 'test' }), count = 50000, xy = new Float32Array(2 * count);
        for (let i = 0; i < 2 * count; i += 1) xy[i] = Math.sin(i * 12.9898) * 43758.5453 % 1;
        plane.points(xy);
        const start = performance.now();
        for (let i = 0; i < 20; i += 1) { plane.view.x += 0.001; plane.now(); }
        const spent = (performance.now() - start) / 20;
        host.remove();
        return spent;
    }"""
    with Visit(browser, server) as visit:
        assert visit.open().evaluate(measure) < 1000  # ms a picture, drawn in software


def test_benchmark_sorts_cuts_and_exports(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "benchmark")
        assert page.locator(".board").first.locator("tbody th").first.inner_text() == "RAL on tiny"
        page.locator(".board thead th").nth(1).click()
        page.locator('select[data-set="metric"]').select_option("R@1")
        page.wait_for_url("**metric=R%401*")
        text = page.request.get(f"{server}/export/leaderboard.csv?report=test").text()
        assert text.splitlines()[0].startswith("model,split,queries") and len(text.splitlines()) == 3
        assert r"\toprule" in page.request.get(f"{server}/export/leaderboard.tex?report=test").text()
        assert page.request.get(f"{server}/export/leaderboard.csv?report=../x").status == 404


def test_a_film_opens_from_the_contact_sheet(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = at(visit, "data")
        assert page.locator(".tile").count() == 7
        page.get_by_role("button", name="kitchen").first.click()
        page.wait_for_function("document.querySelectorAll('.tile').length === 3")
        page.locator(".tile").first.click()
        page.locator("dialog.film-dialog[open] .captions a").first.wait_for()
        page.keyboard.press("Escape")
        assert not page.locator("dialog.film-dialog[open]").count()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("tab", PAGES)
def test_no_serious_fault_of_access(browser: Any, server: str, tab: str, theme: str) -> None:
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    with Visit(browser, server, color_scheme=theme, reduced_motion="reduce") as visit:
        page = at(visit, tab)
        settled(page)
        found = axe.Axe().run(page).response["violations"]
        assert [
            (v["id"], v["nodes"][0]["html"][:160]) for v in found if v["impact"] in ("serious", "critical")
        ] == []


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1024, 768)])
def test_no_page_scrolls_sideways(browser: Any, server: str, width: int, height: int) -> None:
    with Visit(browser, server, viewport={"width": width, "height": height}) as visit:
        for tab in PAGES:
            page = at(visit, tab)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), tab


def called(server: str, query: str, k: int) -> dict[str, Any]:
    """The answer of the public `search` to one visitor."""
    ask = urllib.request.Request(
        f"{server}/gradio_api/call/search",
        data=json.dumps({"data": [query, k, None, None]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(ask, timeout=120) as answer:
        event = json.load(answer)["event_id"]
    with urllib.request.urlopen(f"{server}/gradio_api/call/search/{event}", timeout=120) as stream:
        lines = stream.read().decode().splitlines()
    data = next(line for line in lines if line.startswith("data: "))
    found: dict[str, Any] = json.loads(data.removeprefix("data: "))[0]
    return found


def test_twenty_visitors_at_once_get_their_own_answers(server: str) -> None:
    asked = [(f"visitor {number} kicks a ball", 1 + number % 7) for number in range(20)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda one: called(server, *one), asked))
    assert [(found["query"], len(found["hits"])) for found in answers] == asked


def test_windows_keep_their_own_state(browser: Any, server: str) -> None:
    """Three windows that search, switch gates and change pages in turn."""
    with Visit(browser, server) as one, Visit(browser, server) as two, Visit(browser, server) as three:
        windows = [one.page, two.page, three.page]
        for number, page in enumerate(windows):
            page.goto(f"{server}/?tab=why&q=window+{number}+kicks+a+ball&off={number}", wait_until="commit")
        for number, page in enumerate(windows):
            page.locator(f'tr.gate-off[data-word="{number}"]').wait_for()
            assert page.locator(".results").get_attribute("data-query") == f"window {number} kicks a ball"
            assert page.locator("tr.gate-off").count() == 1


def test_hostile_links_change_nothing(browser: Any, server: str) -> None:
    evil = "%22%3E%3Cimg src=x onerror=document.title=9%3E"
    with Visit(browser, server) as visit:
        page = visit.page
        for tab in PAGES[1:]:
            page.goto(
                f"{server}/?tab={tab}&{ASKED}&off={evil}&models={evil}&map={evil}&b={evil}&only={evil}&slice={evil}&index=/etc&nonsense={evil}"
            )
            page.locator(READY[tab] if tab != "compare" else ".lane").first.wait_for()
            assert page.locator('img[src="x"]').count() == 0 and "RAL Explorer" in page.title()
        assert "nonsense" not in page.evaluate("RAL.address().search")
        page.goto(f"{server}/?tab={evil}")
        page.locator(QUERY).wait_for()
        assert page.evaluate("document.documentElement.dataset.tab") == "search"


def test_the_tour_is_offered_once_and_can_be_left(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.open()
        page.get_by_role("button", name="Take the two-minute tour").click()
        page.locator(".tour-box").wait_for()
        page.get_by_role("button", name="Next").click()
        page.locator(".verdict").wait_for()
        assert page.locator(".tour-count").inner_text() == "2 of 8"
        page.keyboard.press("Escape")
        page.locator(".tour-box").wait_for(state="detached")
        visit.open()
        page.wait_for_timeout(300)
        assert page.locator(".invite").count() == 0
