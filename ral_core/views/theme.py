"""Our colours and letters for Gradio's own components, so that they match the rest of the page.

The same tokens stand in assets/tokens.css; that file is the master, this one follows it.
"""

from __future__ import annotations

import gradio as gr

LIGHT = {
    "background": "#f5f7f6",
    "surface": "#ffffff",
    "sunken": "#ebefed",
    "ink": "#14211f",
    "soft_ink": "#4b5a56",
    "line": "#d8dfdc",
    "accent": "#0b6159",
}
DARK = {
    "background": "#0e1514",
    "surface": "#151e1c",
    "sunken": "#1d2826",
    "ink": "#e7eeeb",
    "soft_ink": "#adbbb6",
    "line": "#2a3735",
    "accent": "#5ecbb9",
}


def theme() -> gr.themes.Base:
    """The page's theme for Gradio components."""
    base = gr.themes.Base(
        font=["Source Sans Pro", "system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
        radius_size=gr.themes.sizes.radius_md,
    )
    pairs = {
        "body_background_fill": "background",
        "background_fill_primary": "surface",
        "background_fill_secondary": "sunken",
        "block_background_fill": "surface",
        "body_text_color": "ink",
        "body_text_color_subdued": "soft_ink",
        "border_color_primary": "line",
        "block_border_color": "line",
        "link_text_color": "accent",
        "color_accent": "accent",
        "button_primary_background_fill": "accent",
        "button_primary_background_fill_hover": "accent",
        "button_primary_text_color": "surface",
    }
    values = {name: LIGHT[token] for name, token in pairs.items()}
    dark = {f"{name}_dark": DARK[token] for name, token in pairs.items() if name != "color_accent"}
    return base.set(**values, **dark)
