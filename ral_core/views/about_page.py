"""What this is, how it works, what ships, and under which licences."""

from __future__ import annotations

import gradio as gr

from ral_core.search.engine import Explorer
from ral_core.views import wording
from ral_core.views.markup import escape, heads, join
from ral_core.views.media import Shelf
from ral_core.views.query_bar import model_title

METHOD = (
    (
        "The task",
        "Partially relevant video retrieval: films are long and uncut, a sentence describes one short moment "
        "of one of them. The film must be found without knowing where to look.",
    ),
    (
        "Two branches",
        "A film becomes 32 clips and up to 128 frames (fewer in small models). The clip branch compares the sentence with the best clip; "
        "the frame branch lets every word look for its best frame.",
    ),
    (
        "Word gates",
        "Not every word helps. A small network gives each word a weight, and the frame branch adds up its words "
        "by these weights. They are the chips under the player.",
    ),
    (
        "Distributions",
        "RAL (arXiv 2509.01383) sees a film and a sentence as bell curves instead of points, and trains on samples "
        "from them. Their widths say how much a sentence leaves open; the page shows them among the collection's.",
    ),
    (
        "Moments",
        "The score over time is smoothed; peaks that stand out from the film's usual height become moments. "
        "No model here was trained on when something happens.",
    ),
    (
        "Calibration",
        "Each film is scored against sentences that have nothing to do with it. The z of a card counts standard "
        "deviations above that; below the cut line the moment is probably in no film.",
    ),
)
SHIPS = (
    "The films are rendered by this program's own code from scene graphs, so it is known what each sentence is true of. "
    "They are cartoons; numbers on them say nothing about real videos.",
    "The visual encoder and all retrieval models were trained from scratch on such films. "
    "Words are encoded by all-MiniLM-L6-v2 (Apache 2.0), whose weights come from a Python package and are checked before use.",
    "Code, films and models: MIT licence. Third-party parts: see NOTICE.",
)
LIMITS = (
    "The default films are a toy world with few characters, places and doings; sentences about anything else find nothing.",
    "Weights, curves and widths say what the model computed, not whether it is right.",
    "Scores can be compared within one query and one model only.",
)


def build_about_page(explorer: Explorer, shelf: Shelf, index: str | None = None) -> None:
    """A page of text; the models and collections listed are those that are loaded."""
    gr.HTML(about(explorer), elem_id="about-page", apply_default_css=False, js_on_load=None, padding=False)


def about(explorer: Explorer) -> str:
    """The page as HTML."""
    steps = join(f"<li><h3>{escape(name)}</h3><p>{escape(text)}</p></li>" for name, text in METHOD)
    return (
        f'<article class="about"><h1>{wording.NAME}</h1><p class="lead">{escape(wording.LEAD)}</p>'
        f'<h2>How it works</h2><ol class="steps">{steps}</ol>'
        f"<h2>What is loaded</h2>{loaded(explorer)}"
        f"<h2>What ships</h2><ul>{items(SHIPS)}</ul><h2>Limits</h2><ul>{items(LIMITS)}</ul></article>"
    )


def items(sentences: tuple[str, ...]) -> str:
    """Sentences as a list."""
    return join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def loaded(explorer: Explorer) -> str:
    """The indexes that can be searched, one a row."""
    if not explorer.entries:
        return "<p>Nothing: no index was found.</p>"
    rows = join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(entry.manifest.collection)}</td>'
        f"<td>{escape(model_title(entry.manifest.model))}</td><td>{entry.manifest.videos:,}</td>"
        f"<td>{escape(entry.manifest.visual_encoder)}</td><td>{escape(entry.manifest.text_encoder)}</td></tr>"
        for name, entry in explorer.entries.items()
    )
    names = ("index", "collection", "model", "films", "visual encoder", "text encoder")
    return f'<div class="scroll" tabindex="0" role="region" aria-label="Loaded indexes"><table class="plain">{heads(names)}<tbody>{rows}</tbody></table></div>'
