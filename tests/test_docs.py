"""The documentation is true: every block of code in docs/api.md runs, and it names every field and endpoint."""

from __future__ import annotations

import re
import shlex
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from helpers_search import HashText, World
from world_server import make_site

from ral_core.cli import parser_for
from ral_core.commands.export import WHAT
from ral_core.search import engine, libraries
from ral_core.search.results import (
    Curve,
    Explanation,
    Hit,
    Moment,
    QueryWord,
    SearchResult,
    Truth,
    Uncertainty,
    WordEvidence,
)
from ral_core.views.api import ENDPOINTS
from ral_core.views.server import build_app

ROOT = Path(__file__).parents[1]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
WRITTEN = "http://127.0.0.1:7860"
"""The address in the documentation; the tests put their own in its place."""


def blocks(kind: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", API, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_site(tmp_path_factory.mktemp("precomputed"))


@pytest.fixture(scope="module")
def address(world: World) -> Iterator[str]:
    """An application around the tiny world, with tools for agents where the package is there."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    try:
        import mcp  # noqa: F401
    except ImportError:
        tools = False
    else:
        tools = True
    app = build_app(world.open(), mcp=tools)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def test_the_python_blocks_run_one_after_the_other(
    world: World,
    address: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(engine, "PRECOMPUTED", world.root)
    monkeypatch.setattr(libraries, "open_text_encoder", lambda *args, **kwargs: HashText())
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks("python")):
        if "import mcp" in block or "from mcp" in block:
            pytest.importorskip("mcp", reason='needs the optional package mcp: pip install "gradio[mcp]"')
        exec(compile(block.replace(WRITTEN, address), f"docs/api.md block {number}", "exec"), names)
    assert (tmp_path / "films.parquet").is_file()
    said = capsys.readouterr().out
    assert "There is no model 'nobody'" in said and "'list_indexes'" in said and "Traceback" not in said


def test_the_curl_example_answers(address: str) -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    block = next(block for block in blocks("bash") if "curl" in block)
    done = subprocess.run(
        ["bash", "-c", block.replace(WRITTEN, address)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "event: complete" in done.stdout and '"hits"' in done.stdout


def test_the_shell_examples_are_verbs_with_these_options() -> None:
    block = next(block for block in blocks("bash") if "ral_core" in block)
    for line in block.splitlines():
        words = shlex.split(line)[3:]
        parser_for(words[0]).parse_args(words)


def test_every_field_is_told() -> None:
    told = set(re.findall(r"`([a-z_]+)`", API))
    for kind in (SearchResult, Hit, Moment, QueryWord, Truth, Explanation, Curve, WordEvidence, Uncertainty):
        missing = {field.name for field in fields(kind)} - told
        assert not missing, f"docs/api.md does not name {kind.__name__}.{min(missing)}"


def test_every_endpoint_and_export_is_told() -> None:
    assert all(f"`/{name}`" in API for name in ENDPOINTS)
    assert all(f"`{name}`" in API for name in WHAT)


@pytest.mark.parametrize("page", sorted(path.name for path in (ROOT / "docs").glob("*.md")))
def test_links_between_pages_lead_somewhere(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (ROOT / "docs" / target).exists(), f"docs/{page} links to {target}"


def test_the_walk_through_opens_what_the_page_knows() -> None:
    page = (ROOT / "docs" / "walk-through.md").read_text(encoding="utf-8")
    known = re.search(r"const KNOWN = \[(.*?)\]", (ROOT / "assets" / "app.js").read_text(encoding="utf-8"))
    order = re.search(r"const ORDER = \[(.*?)\]", (ROOT / "assets" / "app.js").read_text(encoding="utf-8"))
    assert known is not None and order is not None
    names = set(re.findall(r'"(\w+)"', known[1] + order[1]))
    addresses = re.findall(r"`(/\?[^`]+)`", page)
    assert len(addresses) == 9
    for address in addresses:
        assert {part.partition("=")[0] for part in address[2:].split("&")} <= names
