"""The folded panels of the Why page: what if, who else, and how long it takes."""

from __future__ import annotations

import gradio as gr

from ral_core.search.engine import Explorer
from ral_core.views import fusion_panel, latency_panel, rivals_panel, sweep_panel
from ral_core.views.folds import fold
from ral_core.views.media import Shelf


def add_why_folds(explorer: Explorer, shelf: Shelf, index: str | None) -> None:
    """Lay them out below the page's own panels."""
    with gr.Column(elem_id="why-folds", elem_classes="folds"):
        fold(
            "rivals",
            rivals_panel.TITLE,
            rivals_panel.LEAD,
            rivals_panel.rivals_panel(explorer, shelf, index),
        )
        fold("fusion", fusion_panel.TITLE, fusion_panel.LEAD, fusion_panel.fusion_panel(explorer, index))
        fold(
            "sweep",
            sweep_panel.TITLE,
            sweep_panel.LEAD,
            sweep_panel.sweep_panel(explorer, index),
            read=sweep_panel.read_asked,
        )
        fold("latency", latency_panel.TITLE, latency_panel.LEAD, latency_panel.latency_panel(explorer, index))
