"""The named endpoints: exactly those, documented, callable from another process's client."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from gradio_client import Client
from helpers_search import make_world

from ral_core.views.api import ENDPOINTS
from ral_core.views.server import build_app


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A client of an application around a tiny collection, on a free port."""
    explorer = make_world(tmp_path_factory.mktemp("world")).open()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(build_app(explorer), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    yield Client(f"http://127.0.0.1:{port}/", verbose=False)
    server.should_exit = True
    thread.join(10)


def test_only_the_named_endpoints_are_public_and_each_is_described(client: Client) -> None:
    described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(described) == {f"/{name}" for name in ENDPOINTS}
    assert all(entry["description"] for entry in described.values())


def test_every_endpoint_answers(client: Client) -> None:
    indexes = client.predict(api_name="/list_indexes")
    found = client.predict("a man kicks a ball", k=2, api_name="/search")
    assert [entry["name"] for entry in indexes if entry["default"]] == [found["index"]]
    assert len(found["hits"]) == 2
    video = found["hits"][0]["video"]
    assert client.predict("a man kicks a ball", video, api_name="/explain")["rank"] == 1
    models = [entry["model"] for entry in indexes]
    compared = client.predict("a man kicks a ball", models, api_name="/compare")
    assert [one["model"] for one in compared] == models
    assert client.predict("a man kicks a ball", k=2, api_name="/moments")[0]["video"] == video


def test_an_error_is_our_sentence(client: Client) -> None:
    with pytest.raises(Exception, match="There is no model 'none'"):
        client.predict("a ball", model="none", api_name="/search")


def test_callers_cannot_name_folders(client: Client, tmp_path: Path) -> None:
    folder = make_world(tmp_path).root / "indexes" / "world-tiny"
    with pytest.raises(Exception, match="There is no index"):
        client.predict("a ball", index=str(folder), api_name="/search")
