"""Where every word of a query matches in one film: a strip of cells a word, on the time line's scale."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ral_core.search.results import Explanation
from ral_core.views import wording
from ral_core.views.markup import attributes, clock, escape, heads, join, number, share, stretch
from ral_core.views.timeline import true_moments

COLUMNS, CELL = 160, 6
"""The most cells in a strip, and the pixels of its picture a cell takes: edges stay sharp when it is stretched."""
FAINT = 0.25
"""The share of all cells that are drawn empty, so that the strong ones stand out."""


def heat_strip(explanation: Explanation) -> str:
    """Words × time for one film and one query; where the model keeps no words apart, a sentence says so."""
    if explanation.similarity is None or not explanation.words:
        return f'<section class="panel heat"><h3>Words over time</h3><p class="empty">{escape(wording.NO_HEAT)}</p></section>'
    values = np.asarray(explanation.similarity)
    times = np.asarray(explanation.curve.times)
    low, high = float(np.quantile(values, FAINT)), float(values.max())
    grid = on_grid(values, times, explanation.duration)
    rows = join(
        row(explanation, place, mask((cells - low) / max(high - low, 1e-9)))
        for place, cells in enumerate(grid)
    )
    said = f"{len(values)} words over {clock(explanation.duration)}; the table below holds each word's best second."
    return (
        f'<section class="panel heat"><div class="panel-head"><h3>Words over time</h3>{scale(low, high)}</div>'
        f'<p class="hint">{escape(wording.HEAT_HELP)}</p>'
        f'<div class="heat-body" role="group"{attributes(aria_label=said)}><ol>{rows}</ol>{overlay(explanation)}</div>'
        f"{table(explanation, values, times)}</section>"
    )


def on_grid(
    values: NDArray[np.floating], times: NDArray[np.floating], duration: float
) -> NDArray[np.floating]:
    """Rows of frames (W, F) on an even grid over the film (W, N): each cell shows the nearest frame."""
    count = min(COLUMNS, 2 * len(times))
    centres = (np.arange(count) + 0.5) * duration / count
    borders = (times[1:] + times[:-1]) / 2
    return values[:, np.searchsorted(borders, centres)]


def mask(levels: NDArray[np.floating]) -> str:
    """Levels 0-1 as a picture one pixel high whose opacity is the level; the style sheet gives it its colour."""
    alpha = (255 * np.clip(levels, 0, 1)).round().astype(np.uint8).repeat(CELL)
    pixels = np.zeros((1, len(alpha), 2), np.uint8)
    pixels[0, :, 1] = alpha
    target = BytesIO()
    Image.fromarray(pixels, "LA").save(target, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(target.getvalue()).decode()


def row(explanation: Explanation, place: int, picture: str) -> str:
    """One word: its name with its gate, its cells, and a mark at its best second."""
    word = explanation.words[place]
    gate = "" if word.weight is None else f"<small>{number(word.weight)}</small>"
    level = 0.5 if word.weight is None else min(1.0, word.weight * len(explanation.words) / 2)
    best = word.second or 0.0
    seek = attributes(
        data_seek=f"{best:.3f}",
        aria_label=f"{word.text}: best at {clock(best)}, cosine {number(word.similarity or 0.0)}",
        title=f"best at {clock(best)}, cosine {number(word.similarity or 0.0)}",
    )
    return (
        f"<li{attributes(data_word=place, style=f'--level:{level:.3f}')}>"
        f'<button type="button" class="heat-word"{seek}><b>{escape(word.text)}</b>{gate}</button>'
        f'<div class="heat-cells"><i style="--cells:url({picture})"></i>'
        f'<b class="heat-peak" style="left:{share(best, explanation.duration)}"></b></div></li>'
    )


def overlay(explanation: Explanation) -> str:
    """What lies over all rows: true moments, found moments, playhead; the surface that seeks."""
    duration = explanation.duration

    def marks(kind: str, moments: Sequence[tuple[float, float]]) -> str:
        return join(
            f'<i class="{kind}" style="left:{share(a, duration)};width:{share(b - a, duration)}"'
            f"{attributes(title=f'{kind[5:]}: {stretch(a, b)}')}></i>"
            for a, b in moments
        )

    found = [(m.start, m.end) for m in explanation.moments[:1]]
    return (
        f'<div class="seek heat-track" data-duration="{duration:.3f}" aria-hidden="true">'
        f"{marks('heat-found', found)}{marks('heat-true', true_moments(explanation))}"
        '<i class="ghost" hidden><b></b></i><i class="playhead"></i></div>'
    )


def scale(low: float, high: float) -> str:
    """What the darkness of a cell means, with numbers."""
    return (
        f'<p class="heat-scale"><span>cosine up to {number(low)}</span><i aria-hidden="true"></i>'
        f"<span>{number(high)}</span></p>"
    )


def table(explanation: Explanation, values: NDArray[np.floating], times: NDArray[np.floating]) -> str:
    """The strip's twin: each word's best second and how far it stands out there."""
    rows = join(
        f'<tr><th scope="row">{escape(word.text)}</th><td>{clock(times[cells.argmax()])}</td>'
        f"<td>{number(cells.max(), 3)}</td><td>{number(float(np.median(cells)), 3)}</td>"
        f"<td>{number(cells.max() - float(np.median(cells)), 3)}</td></tr>"
        for word, cells in zip(explanation.words, values, strict=True)
    )
    names = ("word", "best second", "cosine there", "median cosine", "stands out by")
    return (
        '<details class="twin"><summary>As a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Words over time as a table">'
        f"<table>{heads(names)}<tbody>{rows}</tbody></table></div></details>"
    )
