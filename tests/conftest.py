"""What several files of tests share as fixtures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium for the tests of one file."""
    from browsing import CHROMIUM, FLAGS, sync_api  # here, so that other tests run without Playwright

    if hasattr(
        os, "sched_getscheduler"
    ):  # Linux; a browser at real-time priority would starve its own renderers
        assert os.sched_getscheduler(0) == os.SCHED_OTHER, "a test before this one left real-time priority"
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()
