"""A browser, a server process and a visitor's window, for the tests of the page."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fake_explorer import FILMS

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
NEEDS_CHROMIUM = pytest.mark.skipif(
    not CHROMIUM, reason="no Chromium on the PATH; install it (apt-get install chromium) or set CHROMIUM"
)
"""Only where nobody can drive a browser; the CI installs one."""
HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
]
OFFLINE = {"GRADIO_ANALYTICS_ENABLED": "False", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
QUERY = "input[name=q]"
CUT = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
"""What Gradio says when a page is left while an answer is under way; a server that is gone fails a test by itself."""


def answers(url: str) -> bool:
    """Whether somebody serves the page there."""
    try:
        return urllib.request.urlopen(url, timeout=30).status == 200
    except OSError:
        return False


@contextmanager
def served(script: str, folder: Path, log: Path) -> Iterator[str]:
    """A server process of its own on a free port: tests/`script` over `folder`; what it says goes into `log`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    paths = os.pathsep.join([str(HERE.parent), str(HERE)])
    command = [sys.executable, str(HERE / script), str(folder), str(port)]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, stdout=out, stderr=out, env={**os.environ, **OFFLINE, "PYTHONPATH": paths}
        )
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 300  # seconds on a quiet machine, minutes on a starved one
        while not answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                process.kill()
                pytest.fail(f"the server did not start: {log.read_text()}")
            time.sleep(0.1)
        yield url
        process.terminate()
        process.wait(15)


def settled(page: Any, quiet: float = 0.6) -> None:
    """Wait until no part of the page is being drawn anew (such parts are dimmed) and nothing was asked for `quiet` s.

    Nothing may still be turning from one colour into another either.
    """
    asked: list[str] = []
    note = lambda request: asked.append(request.url)  # noqa: E731
    page.on("request", note)
    deadline, before = time.monotonic() + 60, -1
    while len(asked) != before or page.locator("[data-busy]").count():
        assert time.monotonic() < deadline, f"the page does not come to rest: {asked[-3:]}"
        before = len(asked)
        page.wait_for_timeout(1000 * quiet)
    page.remove_listener("request", note)
    # A starved window shows no frames, and colours stay between the old and the new.
    page.wait_for_function("!document.getAnimations().some((one) => one instanceof CSSTransition)")


class Visit:
    """One visitor's window; on leaving, it must have asked no other host and shown no error."""

    def __init__(self, browser: Any, server: str, **context: Any) -> None:
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        self.page, self.server = self.context.new_page(), server
        self.page.set_default_timeout(60_000)  # a busy machine is slow, not wrong
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(f"error: {error}"))
        self.page.on("console", self._said)
        self.page.on("request", self._asked)

    def _said(self, message: Any) -> None:
        if message.type == "error" and not any(cut in message.text for cut in CUT):
            self.problems.append(f"console: {message.text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.server, "data:", "blob:")):
            self.problems.append(f"asked another host: {request.url}")

    def open(self, address: str = "/") -> Any:
        self.page.goto(self.server + address)
        self.page.locator(QUERY).wait_for()
        return self.page

    def search(self, query: str, address: str = "/") -> Any:
        page = self.open(address)
        page.locator(QUERY).fill(query)
        page.locator(QUERY).press("Enter")
        page.locator(".card").nth(FILMS - 1).wait_for()
        page.locator(".evidence").wait_for()
        return page

    def __enter__(self) -> Visit:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        problems = list(self.problems)  # closing cuts requests that are under way, and the page says so
        self.context.close()
        if kind is None:
            assert problems == []
