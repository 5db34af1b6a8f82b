"""How soon the page stands, what it transfers, and how soon cards follow a search, in headless Chromium.

`PYTHONPATH=. python benchmarks/page.py` starts the app on the shipped corpus; the machine should do nothing else.
It starts it twice: the first time Python compiles every module, as after an installation that does not; the second
time it finds them compiled, as usual.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
QUERIES = (
    "a girl in a red dress flies a kite on the beach",
    "a robot paints a picture",
    "someone kicks a blue ball in the snow",
    "a cat sleeps in the bedroom",
    "a man rides a green bike down the street",
    "first a woman reads a book, then she drinks",
)
PATIENCE = 180.0
"""Seconds that the app may take to start."""


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--chromium", default=next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    )
    chosen = parser.parse_args()
    with TemporaryDirectory() as compiled:
        with started(compiled) as (address, uncompiled):
            visited(address, chosen.chromium)  # so that all that a search needs is compiled, too
        with started(compiled) as (address, start):
            found = {"uncompiled: first HTTP answer": uncompiled, "first HTTP answer": start}
            print(json.dumps({**found, **visited(address, chosen.chromium)}, indent=2))


@contextmanager
def started(compiled: str) -> Iterator[tuple[str, dict[str, float]]]:
    """The app on a free port, with the seconds until it answered; its modules are kept in the folder `compiled`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    began, address = time.monotonic(), f"http://127.0.0.1:{port}"
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port), "--device", "cpu"],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled},
    )
    try:
        while not answers(address):
            if app.poll() is not None or time.monotonic() - began > PATIENCE:
                raise SystemExit("The app did not start; try `python app.py`.")
            time.sleep(0.05)
        wall = round(time.monotonic() - began, 1)
        yield address, {"s": wall, **({} if (user := user_seconds(app.pid)) is None else {"CPU s": user})}
    finally:
        app.terminate()
        app.wait()


def user_seconds(process: int) -> float | None:
    """CPU seconds of a process, system time left out; None where the system does not tell."""
    told = Path(f"/proc/{process}/stat")
    if not told.is_file():
        return None
    return round(int(told.read_text().rsplit(")", 1)[1].split()[11]) / os.sysconf("SC_CLK_TCK"), 1)


def answers(address: str) -> bool:
    """Whether something answers there."""
    try:
        with urllib.request.urlopen(address, timeout=10):
            return True
    except (urllib.error.URLError, OSError):
        return False


def visited(address: str, chromium: str | None) -> dict[str, Any]:
    """A visit: first paint, bytes before the first search, then one search after the other."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(address)
        page.locator("input[name=q]").wait_for()
        page.wait_for_load_state("networkidle")
        painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        moved = page.evaluate(
            "performance.getEntries().reduce((sum, one) => sum + (one.transferSize || 0), 0)"
        )
        page.keyboard.press("Escape")  # the tour is offered
        times = [searched(page, query) for query in QUERIES]
        browser.close()
    return {
        "first contentful paint s": round(painted / 1000, 2),
        "MB before the first search": round(moved / 1e6, 2),
        "first search to cards s": round(times[0], 2),
        "next searches to cards s": [round(one, 2) for one in times[1:]],
        "median of the next s": round(median(times[1:]), 2),
    }


def searched(page: Any, query: str) -> float:
    """Seconds from Enter to the cards of this query."""
    page.wait_for_timeout(1500)  # what follows a list has come by then
    page.locator("input[name=q]").fill(query)
    began = time.monotonic()
    page.locator("input[name=q]").press("Enter")
    page.wait_for_function(
        "wanted => document.querySelector('.results')?.dataset.query === wanted", arg=query
    )
    return time.monotonic() - began


if __name__ == "__main__":
    main()
