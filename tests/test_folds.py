"""The folded panels in a real browser: computed when opened, kept in the link, and each doing what it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browsing import NEEDS_CHROMIUM, Visit, settled
from test_page_analysis import ASKED, READY, at, server  # noqa: F401

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def visit(browser: Any, server: str) -> Iterator[Visit]:  # noqa: F811
    with Visit(browser, server) as window:
        yield window


def opened(visit: Visit, tab: str, part: str, more: str = "") -> Any:
    """A page with one fold open, its inside drawn."""
    page = visit.page
    page.goto(f"{visit.server}/?tab={tab}&{ASKED}&open={part}{more}")
    page.locator(f"#ral-{part} .fold-body > :not(.fold-wait)").first.wait_for()
    return page


def test_a_fold_asks_for_nothing_before_it_is_opened(visit: Visit) -> None:
    page = at(visit, "why")
    assert page.locator("#why-folds details").count() == 4
    assert page.locator("#why-folds details[open]").count() == 0
    assert page.locator("#why-folds .fold-wait").count() == 4
    page.locator("#ral-fusion summary").click()
    page.locator("#ral-fusion .fusion").wait_for()
    page.wait_for_url("**open=fusion*")
    page.locator("#ral-sweep summary").press("Enter")
    page.locator("#ral-sweep .sweep-form").wait_for()
    page.wait_for_url("**open=fusion%2Csweep*")
    page.locator("#ral-fusion summary").click()
    page.wait_for_function("!location.search.includes('fusion')")
    assert page.locator("#why-folds details[open]").count() == 1


def test_the_slider_ranks_anew_at_once_and_stays_in_the_link(visit: Visit) -> None:
    page = opened(visit, "why", "fusion")
    clips = json.loads(page.locator(".fusion").get_attribute("data-parts"))
    settled(page)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("input[name=fuse]").fill("1")
    first = page.locator(".fusion tbody tr").first.get_attribute("data-video")
    assert first == max(clips, key=lambda film: film[2])[0]
    assert page.locator(".fusion output").inner_text() == "clip 1.00, frames 0.00"
    page.wait_for_url("**fuse=1*")
    ranks = page.locator("#ral-list .card").evaluate_all("cards => cards.map((card) => card.dataset.video)")
    assert ranks[0] == first  # the list beside the player follows
    page.locator("input[name=fuse]").press("ArrowLeft")
    assert page.locator(".fusion output").inner_text() == "clip 0.99, frames 0.01"
    page.get_by_role("button", name="as the model has it").click()
    page.wait_for_function("!location.search.includes('fuse')")
    assert "stand where" in page.locator(".fusion .said").inner_text()
    assert not [url for url in asked if "gradio_api" in url]  # the server was not needed
    for wish, shown in (("0.25", "clip 0.25"), ("7", "clip 1.00"), ("x", "clip 0.")):
        opened(visit, "why", "fusion", f"&fuse={wish}")
        assert page.locator(".fusion output").inner_text().startswith(shown)


def test_a_rival_is_judged_marked_and_taken_away(visit: Visit) -> None:
    page = opened(visit, "why", "rivals", "&rival=film-2")
    assert "also right" in page.locator(".rivals .badge").inner_text()
    page.locator("select[name=rival]").select_option("film-4")
    page.locator(".rivals .badge.wrong").wait_for()
    page.wait_for_url("**rival=film-4*")
    assert page.locator(".rival-lane").count() == 2 and page.locator(".lean").count() == 8
    button = page.locator("[data-mark]")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    with page.expect_download() as waited:
        page.locator("[data-marks]").click()
    lines = Path(waited.value.path()).read_text().splitlines()
    assert "film-1#0 0 film-4 1" in lines and "film-1#0 0 film-1 1" in lines
    page.locator(".rival-lane a.found").last.click()
    page.wait_for_url("**video=film-4*")
    button.click()
    page.wait_for_function("!JSON.parse(localStorage.getItem('ral-marks world/test')).length")


def test_other_wordings_are_compared_and_shown_as_text(visit: Visit) -> None:
    page = opened(visit, "why", "sweep")
    assert page.locator("#ral-sweep .board tbody tr").count() > 4
    page.locator("textarea[name=lines]").fill("a dog sleeps\n<b>a cat</b>")
    page.get_by_role("button", name="compare", exact=True).click()
    page.wait_for_function("document.querySelectorAll('#ral-sweep .board tbody tr').length === 3")
    assert page.locator("#ral-sweep .board b").count() == 0 and "lines=" in page.url
    assert page.locator("#ral-sweep .matrix tbody td").count() == 9


def test_steps_are_timed_and_waits_are_counted(visit: Visit) -> None:
    page = opened(visit, "why", "latency")
    assert page.locator("#ral-latency tbody tr").count() == 5
    page.get_by_text("In this window: 1 search").wait_for()


def test_the_last_of_many_quick_wishes_is_drawn(visit: Visit) -> None:
    page = opened(visit, "why", "rivals")
    for rival in ("film-0", "film-3", "film-2", "film-5"):
        page.evaluate("rival => RAL.set({ rival })", rival)
    page.locator(".rival-lane h4", has_text="film-5").wait_for()


def test_the_meter_says_what_is_missing_or_shows_the_pairs(visit: Visit) -> None:
    page = visit.page
    page.goto(f"{visit.server}/?tab=benchmark&open=collapse")
    page.locator("#ral-collapse .nothing").wait_for()
    assert "python -m ral_core collapse" in page.locator("#ral-collapse .nothing").inner_text()


def test_labels_lie_on_the_map_and_can_be_switched_off(visit: Visit) -> None:
    page = opened(visit, "map", "clusters", "&map=pca")
    page.locator(READY["map"]).first.wait_for()
    assert page.locator("#ral-clusters tbody tr").count() == 2
    page.get_by_role("button", name="cluster labels").click()
    page.wait_for_url("**labels=off*")
    assert page.locator(".plane-labels").count() == 0
    page.get_by_role("button", name="cluster labels").click()
    page.wait_for_function("!location.search.includes('labels')")
    found = page.request.get(f"{visit.server}/map/world-ral-tiny/clusters.json").json()
    assert len(found["place"]) == 7 and len(found["names"]) == 2
    assert page.locator(".plane-labels").count() == (1 if any(found["names"]) else 0)
    assert page.request.get(f"{visit.server}/map/nothing/clusters.json").status == 404


def test_votes_are_blind_counted_and_taken_away(visit: Visit) -> None:
    page = opened(visit, "compare", "duel")
    said = page.locator(".blind").inner_text()
    assert "tiny" not in said and page.locator(".blind li").count() == 10
    page.get_by_role("button", name="A is better").click()
    page.locator("[data-told]", has_text="A was").wait_for()
    assert page.get_by_role("button", name="B is better").is_disabled()
    page.locator("[data-tally] tbody tr").nth(1).wait_for()
    with page.expect_download() as waited:
        page.locator('[data-blind="save"]').click()
    votes = [json.loads(line) for line in Path(waited.value.path()).read_text().splitlines()]
    assert len(votes) == 1 and votes[0]["choice"] == "a" and votes[0]["a"]["model_sha256"]
    page.get_by_role("button", name="next duel").click()
    page.wait_for_url("**round=*")
    page.locator(".blind [data-vote]:not([disabled])").first.wait_for()
    page.get_by_role("button", name="about drawn captions").click()
    page.wait_for_url("**about=caption*")
    bad = page.request.post(f"{visit.server}/duel/tally", data="no vote")
    assert "Line 1" in bad.json()["problem"]


FOLDS = (
    ("why", "rivals,fusion,sweep,latency"),
    ("map", "clusters"),
    ("compare", "duel"),
    ("benchmark", "collapse"),
)


@pytest.mark.parametrize(("tab", "parts"), FOLDS, ids=[tab for tab, _ in FOLDS])
def test_open_panels_have_no_serious_fault_of_access(browser: Any, server: str, tab: str, parts: str) -> None:  # noqa: F811
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    with Visit(browser, server, reduced_motion="reduce", viewport={"width": 390, "height": 844}) as visit:
        page = visit.page
        page.goto(f"{server}/?tab={tab}&{ASKED}&open={parts}&__theme=light")
        for part in parts.split(","):
            page.locator(f"#ral-{part} .fold-body > :not(.fold-wait)").first.wait_for()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        for theme in ("light", "dark"):
            page.evaluate("theme => RAL.set({ __theme: theme })", theme)
            page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
            settled(page)
            found = axe.Axe().run(page, context=".folds").response["violations"]
            assert [
                (v["id"], v["nodes"][0]["html"][:160])
                for v in found
                if v["impact"] in ("serious", "critical")
            ] == []
