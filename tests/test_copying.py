"""Playable copies from the page: only of films of open libraries, one at a time, refused in one sentence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import av
import pytest
from browsing import NEEDS_CHROMIUM, Visit, served
from copy_server import make_odd_library
from fastapi import FastAPI
from fastapi.testclient import TestClient

from ral_core.errors import DataError
from ral_core.search.engine import Explorer
from ral_core.views import copying
from ral_core.views.copying import NONE, Copies, Copy, add_copy_routes
from ral_core.views.media import Shelf

ODD = "deep/lossless.mkv"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_odd_library(tmp_path_factory.mktemp("copies"))


@pytest.fixture
def copies(library: Path) -> Iterator[Copies]:
    explorer = Explorer.open(library, device="cpu")
    yield Copies(explorer, Shelf.of(explorer.entries.values()))
    for path in (library / "media").glob("*"):
        path.unlink()


def index_of(copies: Copies) -> str:
    return next(iter(copies.explorer.entries))


def ended(copies: Copies) -> Copy:
    deadline = time.monotonic() + 60
    while (now := copies.look(index_of(copies), ODD)).state == "making":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return now


def test_a_copy_is_made_and_can_be_played(copies: Copies) -> None:
    index = index_of(copies)
    now = copies.look(index, ODD)
    assert (
        now.state == "possible"
        and now.why.startswith("browsers do not")
        and copies.shelf.url(index, "film", ODD) is None
    )
    assert copies.start(index, ODD).state in ("making", "done")
    done = ended(copies)
    assert done.state == "done" and done.film == copies.shelf.url(index, "film", ODD)
    path = copies.shelf.path(f"{copies.explorer.entries[index].manifest.collection}/film/{ODD}.mp4")
    assert path is not None
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
    assert copies.start(index, ODD) == done  # nothing is made twice


def test_a_copy_made_elsewhere_is_found(copies: Copies, library: Path) -> None:
    copying.make_proxy(library, ODD)
    assert copies.look(index_of(copies), ODD).state == "done"


@pytest.mark.parametrize(
    "video", ["plain.mp4", "nobody", "../videos/deep/lossless.mkv", "", "deep/../deep/lossless.mkv"]
)
def test_nothing_else_is_copied(copies: Copies, video: str) -> None:
    assert copies.look(index_of(copies), video) == copies.start(index_of(copies), video) == NONE
    assert copies.start("nowhere", ODD) == NONE and not list((copies.explorer.root / "media").glob("*"))


def test_a_lost_original_cannot_be_copied(copies: Copies, library: Path) -> None:
    original = library.parent / "videos" / ODD
    original.rename(original.with_suffix(".away"))
    try:
        assert copies.start(index_of(copies), ODD) == NONE
    finally:
        original.with_suffix(".away").rename(original)


def test_a_library_that_cannot_be_written_is_one_sentence(
    copies: Copies, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: object) -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(copying, "TemporaryFile", refuse)
    now = copies.start(index_of(copies), ODD)
    assert (
        now.state == "failed"
        and now.problem == "The library lib cannot be written (permission denied), so the copy was not made."
    )
    monkeypatch.undo()
    copies.start(index_of(copies), ODD)
    assert ended(copies).state == "done"  # it can be tried again


@pytest.mark.parametrize(
    "problem", [DataError("The film is damaged."), OSError(28, "No space left on device"), ValueError()]
)
def test_a_failure_is_said_once_and_ends(
    copies: Copies, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def fail(*_: object, **__: object) -> Path:
        raise problem

    monkeypatch.setattr(copying, "make_proxy", fail)
    copies.start(index_of(copies), ODD)
    now = ended(copies)
    assert now.state == "failed" and now.problem.endswith(".") and "\n" not in now.problem


def test_two_visitors_see_one_copy_grow(copies: Copies, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on, calls = Event(), Event(), []

    def slow(library: object, video: str, *, progress: Any) -> None:
        calls.append(video)
        progress(0.5)
        begun.set()
        go_on.wait(30)
        raise DataError("It ends here.")

    monkeypatch.setattr(copying, "make_proxy", slow)
    index = index_of(copies)
    assert copies.start(index, ODD).state == "making" and begun.wait(30)
    assert copies.start(index, ODD).share == copies.look(index, ODD).share == 0.5
    go_on.set()
    assert ended(copies).state == "failed" and calls == [ODD]


def test_only_this_page_begins_a_copy(copies: Copies) -> None:
    app = FastAPI()
    add_copy_routes(app, copies)
    client, address = TestClient(app), f"/copy/{index_of(copies)}/{ODD}"
    assert client.get(address).json()["state"] == "possible"
    assert client.post(address, headers={"sec-fetch-site": "cross-site"}).status_code == 403
    assert client.get(address).json()["state"] == "possible"
    assert client.get("/copy/nowhere/film").json()["state"] == "none"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("page")
    with served("copy_server.py", folder / "root", folder / "server.log") as url:
        yield url


@NEEDS_CHROMIUM
def test_a_late_answer_about_another_film_is_not_shown(browser: Any, server: str) -> None:
    told = {"state": "failed", "why": "", "share": 0, "problem": "Too late.", "film": None}

    held: list[Any] = []
    with Visit(browser, server) as visit:
        page = visit.page
        page.route(f"**/copy/*/{ODD}", lambda route: held.append(route))
        page.goto(f"{server}/?q=a+square&video={ODD}")
        page.locator('.card[data-video="other.mkv"] .card-title').click()
        page.locator(".screen .copying button").wait_for()
        held[0].fulfill(json=told)
        page.wait_for_timeout(500)
        assert "browsers do not" in page.locator(".screen .copying").inner_text()


@NEEDS_CHROMIUM
def test_the_player_offers_a_copy_and_plays_it(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.page
        page.goto(f"{server}/?q=a+square&video={ODD}")
        page.locator(".screen .copying").get_by_text("browsers do not").wait_for()
        page.get_by_role("button", name="Make a playable copy").click()
        page.wait_for_function(
            "document.querySelector('.screen video').readyState >= 2 && document.querySelector('.screen video').videoWidth === 96"
        )
        assert not page.locator(".screen .copying").is_visible() and not page.locator(".no-film").is_visible()
        assert (page.locator(f'.card[data-video="{ODD}"]').get_attribute("data-film") or "").endswith(".mp4")
        page.locator('.card[data-video="plain.mp4"] .card-title').click()
        page.wait_for_function("document.querySelector('.now-title').textContent.includes('plain')")
        assert not page.locator(".screen .copying").is_visible()


@NEEDS_CHROMIUM
def test_the_box_of_a_film_offers_a_copy(browser: Any, server: str) -> None:
    with Visit(browser, server) as visit:
        page = visit.page
        page.goto(f"{server}/?tab=data")
        page.locator('.tile[data-film="other.mkv"]').click()
        page.locator(".film-dialog").get_by_role("button", name="Make a playable copy").click()
        page.locator(".film-dialog video").wait_for()
        page.wait_for_function("document.querySelector('.film-dialog video').readyState >= 1")
