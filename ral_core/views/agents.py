"""The named endpoints as tools for agents (Model Context Protocol), served by Gradio beside the page."""

from __future__ import annotations

import json
from importlib.util import find_spec
from typing import Any

import gradio as gr

from ral_core.errors import MissingDependency, RALError

PATH = "/gradio_api/mcp/"
"""Where agents connect, by streamable HTTP."""


def require_mcp() -> None:
    """Raise MissingDependency, with the command that gets it, where the protocol's package is missing."""
    if find_spec("mcp") is None:
        raise MissingDependency(
            'Tools for agents need the package mcp; install it with: pip install "gradio[mcp]".'
        )


def answer_in_json(blocks: gr.Blocks) -> None:
    """Let the tools answer with JSON; Gradio writes Python's own form, which agents cannot parse.

    Raises RALError with Gradio's reason where the tools could not be offered.
    """
    server = blocks.mcp_server_obj
    if server is None:
        raise RALError(
            f"The tools for agents could not be offered: {blocks.mcp_error or 'Gradio says no why'}."
        )
    written = server.postprocess_output_data

    def as_json(data: list[Any], root_url: str) -> Any:
        answers = [
            json.dumps(one, ensure_ascii=False) if isinstance(one, dict | list) else one for one in data
        ]
        return written(answers, root_url)

    server.postprocess_output_data = as_json
