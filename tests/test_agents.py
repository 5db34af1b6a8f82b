"""`app --mcp`: agents get exactly the named endpoints as tools, answers in JSON, and our sentences for errors."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from helpers_search import make_world

from ral_core.cli import main
from ral_core.search.engine import Explorer
from ral_core.views import agents
from ral_core.views.api import ENDPOINTS
from ral_core.views.brief import brief_explanation
from ral_core.views.server import build_app


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the tools of an application around a tiny collection are."""
    pytest.importorskip("mcp", reason='needs the optional package mcp: pip install "gradio[mcp]"')
    explorer = make_world(tmp_path_factory.mktemp("world")).open()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = build_app(explorer, mcp=True)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.05)
    yield f"http://127.0.0.1:{port}{agents.PATH}"
    server.should_exit = True
    thread.join(10)


def asked(address: str, *calls: tuple[str, dict[str, Any]]) -> tuple[list[Any], list[Any]]:
    """The tools that an agent is offered, and the answers to some calls."""
    from mcp import ClientSession
    from mcp.client.streamable_http import streamablehttp_client

    async def talk() -> tuple[list[Any], list[Any]]:
        async with streamablehttp_client(address) as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()
            tools = (await session.list_tools()).tools
            return list(tools), [await session.call_tool(name, given) for name, given in calls]

    return asyncio.run(talk())


def test_agents_are_offered_the_named_endpoints_and_nothing_else(address: str) -> None:
    tools, _ = asked(address)
    assert [tool.name for tool in tools] == list(ENDPOINTS)
    for tool in tools:
        assert tool.description
        assert all(field["description"] for field in tool.inputSchema["properties"].values())
    assert tools[0].inputSchema["required"] == ["query"]


def test_answers_are_json_and_errors_are_our_sentences(address: str) -> None:
    query = "a man kicks a ball"
    _, answers = asked(
        address,
        ("list_indexes", {}),
        ("search", {"query": query, "k": 2}),
        ("compare", {"query": query, "models": ["tiny", "ral-tiny"], "k": 1}),
        ("search", {"query": ""}),
    )
    indexes, found, compared = (json.loads(one.content[0].text) for one in answers[:3])
    assert found["index"] in {index["name"] for index in indexes} and len(found["hits"]) == 2
    assert [one["model"] for one in compared] == ["tiny", "ral-tiny"]
    assert answers[3].isError and answers[3].content[0].text.startswith("The query is empty")


def test_an_explanation_is_short_unless_asked_in_full(address: str) -> None:
    query = "a man number 2 kicks a red ball"
    film = {"query": query, "video": "film-2"}
    _, answers = asked(address, ("explain", film), ("explain", film | {"full": True}))
    short, whole = (json.loads(one.content[0].text) for one in answers)
    assert len(answers[0].content[0].text) < 4000
    assert set(short) - {"films", "verdict"} < set(whole), "the names of the whole one"
    assert short["score"] == round(whole["score"], 3) and short["rank"] == whole["rank"]
    assert short["verdict"]["state"] in ("clear", "ambiguous", "unlikely") and short["verdict"]["reason"]
    assert [word["text"] for word in short["words"]] == query.split()
    assert {"weight", "second", "drop"} <= short["words"][0].keys()
    assert len(short["curve"]["times"]) == len(short["curve"]["score"]) <= 12
    assert max(short["curve"]["score"]) == round(max(whole["curve"]["score"]), 3)
    assert short["truth"]["satisfied"] and short["truth"]["moments"] and "similarity" not in short


def test_a_full_length_query_is_explained_in_four_thousand_characters() -> None:
    explorer = Explorer.open(device="cpu")
    query = (
        "first a woman reads a book, then she drinks from a red cup in the kitchen while a small dog with a blue "
        "collar sleeps behind her and it rains"
    )
    for model in ("ral", "ms_sl"):
        answer = explorer.search(query, 1, model=model)
        found = explorer.explain(query, answer.hits[0].video, model=model)
        assert len(json.dumps(brief_explanation(found, answer))) < 4000


def test_without_the_package_a_sentence_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agents, "find_spec", lambda name: None)
    assert main(["app", "--mcp", "--port", "7999"]) == 1
    assert 'pip install "gradio[mcp]"' in capsys.readouterr().err
