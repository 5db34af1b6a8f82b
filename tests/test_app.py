"""Starting the page: arguments, a taken port, missing and damaged collections; and the real engine behind it."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import gradio
import pytest
from fastapi.testclient import TestClient
from helpers_search import World, edit_manifest, make_world
from tags import Tags

from ral_core.cli import main
from ral_core.commands.app import offer, shown_host, warm_all
from ral_core.errors import UnknownName
from ral_core.search.engine import Explorer
from ral_core.views.api import ENDPOINTS
from ral_core.views.cards import results_list
from ral_core.views.evidence import evidence
from ral_core.views.media import Shelf
from ral_core.views.search_page import missing, offered
from ral_core.views.server import ASSETS, FONTS, SCRIPTS, STYLES, build_app
from ral_core.views.timeline import time_line


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_world(tmp_path_factory.mktemp("world"))


def test_bad_arguments_end_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    for wrong in (["--port", "0"], ["--port", "http"], ["--port", "70000"], ["--nonsense"]):
        with pytest.raises(SystemExit) as stopped:
            main(["app", *wrong])
        assert stopped.value.code == 2
    assert "is no port" in capsys.readouterr().err


def test_a_taken_port_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["app", "--port", str(taken.getsockname()[1])]) == 1
    said = capsys.readouterr().err
    assert "choose another with --port" in said and said.count("\n") == 1


def test_only_wanted_models_are_offered(world: World) -> None:
    explorer = world.open()
    with pytest.raises(UnknownName, match="Known: ral-tiny, tiny"):
        offer(explorer, ["tony"])
    offer(explorer, ["tiny"])
    assert explorer.models == ("tiny",)
    assert [shown_host(host) for host in ("0.0.0.0", "::1", "127.0.0.1")] == [
        "127.0.0.1",
        "[::1]",
        "127.0.0.1",
    ]


def test_importing_the_command_imports_nothing_heavy() -> None:
    code = "import sys, ral_core.commands.app; print({'torch', 'gradio', 'transformers'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


HEAVY = {"umap", "numba", "llvmlite", "plotly", "matplotlib"}


def test_a_page_that_has_answered_a_search_has_imported_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from ral_core.commands.app import warm\n"
        "from ral_core.search.engine import Explorer\n"
        "from ral_core.views.server import build_app\n"
        "explorer = Explorer.open(device='cpu')\n"
        "warm(explorer, None)\n"
        "build_app(explorer)\n"
        "print(len(explorer._galleries), *sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    opened, *modules = said.stdout.split()
    assert opened == "1", "only the default index is read at the start"
    assert {"gradio", "torch", "transformers"} <= set(modules)
    assert not HEAVY & set(modules)


@pytest.mark.parametrize("model", ["ral-tiny", "tiny"])
def test_the_real_engine_can_be_drawn(world: World, model: str) -> None:
    explorer, shelf = world.open(), Shelf.of(world.open().entries.values())
    result = explorer.search("a man kicks a ball", 3, model=model)
    assert len(Tags(results_list(result, shelf, 3, None, None)).with_class("card")) == 3
    for hit in result.hits:
        explanation = explorer.explain(result.query, hit.video, model=model)
        assert Tags(evidence(explanation)).with_class("panel") and Tags(time_line(explanation, shelf)).text
    models, examples = offered(explorer, shelf, None)
    assert models == ["ral-tiny", "tiny"] and examples
    assert offered(explorer, shelf, "world-tiny")[0] == ["tiny", "ral-tiny"]


def test_nothing_to_search_is_said_on_the_page(tmp_path: Path, world: World) -> None:
    empty = Explorer.open(tmp_path, device="cpu")
    assert "There is no index in" in missing(empty) and offered(empty, Shelf({}, {}, {}), None) == ([], [])
    broken = make_world(tmp_path / "broken", films=3)
    edit_manifest(tmp_path / "broken" / "indexes" / "world-tiny", version=99)
    assert "index version 99" in missing(broken.open())
    assert missing(world.open()) == ""


def test_the_page_brings_its_own_styles_and_scripts(tmp_path: Path) -> None:
    client = TestClient(build_app(Explorer.open(tmp_path, device="cpu")))
    page = client.get("/").text
    for name in (*STYLES, *SCRIPTS):
        address = f"/assets/ral/{name}?v="
        assert page.count(address) == 1 and client.get(address + "x").status_code == 200
    assert page.index(SCRIPTS[0]) < page.index("</head>") < page.index(STYLES[0]) < page.index("</body>")
    assert client.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    assert client.get("/media/world/film/x.mp4").status_code == 404
    assert client.get("/gradio_api/info").json()["named_endpoints"].keys() == {
        f"/{name}" for name in ENDPOINTS
    }


def test_the_fonts_are_whole_files_of_gradio() -> None:
    """Some of Gradio's font files hold a few signs only; those with all Latin letters are above 50 kB."""
    served = Path(gradio.__file__).parent / "templates" / "frontend"
    named = re.findall(r'url\("(/static/fonts/[^"]+)"\)', (ASSETS / "tokens.css").read_text(encoding="utf-8"))
    assert len(named) >= 3
    for address in (*named, *(f"/static/fonts/{font}" for font in FONTS)):
        assert (served / address.lstrip("/")).stat().st_size > 50_000, address


def test_small_indexes_beside_the_first_are_opened_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(tmp_path)
    explorer = world.open()
    warm_all(explorer, None)
    assert len(explorer._galleries) == len(explorer.entries) == 2
    monkeypatch.setattr("ral_core.commands.app.SMALL", 0)
    explorer = world.open()
    warm_all(explorer, None)
    assert len(explorer._galleries) == 1
