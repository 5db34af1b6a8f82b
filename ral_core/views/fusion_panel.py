"""The fusion slider: how much the best clip counts against the frames, with what that does to the ranking."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ral_core.analysis.fusion import Fused, Fusion, fusion, windows_of
from ral_core.search.engine import Explorer
from ral_core.views.doctor_panel import arrow
from ral_core.views.folds import Draw
from ral_core.views.markup import attributes, escape, heads, icon, join, number, share
from ral_core.views.requests import Request, named

TITLE, LEAD = "Weigh the two scores", "Let the best clip or the frames count more, and watch the ranking."
Windows = Mapping[str, tuple[tuple[float, float], ...]]
SHOWN = 10
HELP = (
    "Score = share × clip score + (1 − share) × frame score. Only the ratio of the two weights can change a ranking, so one slider is enough. "
    "Nothing is asked of the model: both scores of every film are on this page. Calibrated scores (z) hold for the model’s own share only."
)


def fusion_panel(explorer: Explorer, index: str | None) -> Draw:
    """What the fold shows for a request: slider, who comes first at which share, and the list."""

    def draw(request: Request) -> str:
        asked = request.amount("fuse", 0.0, 1.0, -1.0)
        place = named(explorer, request, index)
        gates: dict[str, Any] = {
            "off": request.off,
            "on": request.on,
            "even": request.choice("rank", ("", "even")) == "even",
        }
        share = None if asked < 0 else asked
        found = fusion(explorer, request.query, share, model=request.model, index=place, **gates)
        return panel(found, windows_of(explorer, found, index=place, **gates))

    return draw


def panel(found: Fusion, windows: Windows | None = None) -> str:
    """The inside of the fold; `data-parts` is all that assets/fusion.js needs to rank anew by itself.

    A long film stands there once for each of its `windows` that can give it its score.
    """
    parts = [
        [film.video, film.title, clip, frame]
        for film in by_before(found)
        for clip, frame in (windows or {}).get(film.video, ((film.clip, film.frame),))
    ]
    reigns = [[reign.video, reign.low, reign.high] for reign in found.reigns]
    data = attributes(
        data_parts=json.dumps(parts),
        data_usual=f"{found.usual:.4f}",
        data_right=json.dumps(found.relevant),
        data_reigns=json.dumps(reigns),
    )
    return (
        f'<div class="fusion"{data}><p class="hint">{escape(HELP)}</p>'
        '<div class="fuse-line"><label for="fuse-share">frames</label>'
        f'<input type="range" id="fuse-share" name="fuse" min="0" max="1" step="0.01"{attributes(value=f"{found.share:.2f}", aria_label="Share of the clip score")}>'
        f"<span>clip</span><output>{said(found.share)}</output>"
        f'<button type="button" class="quiet"{attributes(data_fuse="usual")}>{icon("repeat")}<span>as the model has it ({number(found.usual)})</span></button></div>'
        f'{reign_bar(found)}<p class="said" role="status">{moved(found)}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Ranking with this share"><table class="board">{heads(("rank", "moved", "film", "score", "clip", "frame"))}'
        f"<tbody>{join(row(found, place) for place in range(min(SHOWN, len(found.films))))}</tbody></table></div></div>"
    )


def by_before(found: Fusion) -> list[Fused]:
    """The films in the model's own order."""
    return sorted(found.films, key=lambda film: film.before)


def said(value: float) -> str:
    """Both weights as text."""
    return f"clip {number(value)}, frames {number(1 - value)}"


def moved(found: Fusion) -> str:
    """One sentence about the first ten."""
    count = min(SHOWN, len(found.films))
    if not found.moved:
        return f"The first {count} films stand where the model’s own share puts them."
    return f"{found.moved} of the first {count} ranks change."


def reign_bar(found: Fusion) -> str:
    """Who comes first from share 0 to 1, as a bar under the slider."""
    titles = {film.video: film.title for film in found.films}
    pieces = join(
        f'<button type="button"{attributes(data_fuse=f"{(reign.low + reign.high) / 2:.3f}", class_=kind(found, reign.video))} style="left:{share(reign.low, 1)};width:{share(reign.high - reign.low, 1)}"'
        f"{attributes(title=f'{titles[reign.video]} comes first from {reign.low:.2f} to {reign.high:.2f}', aria_label=f'{titles[reign.video]} comes first from {reign.low:.2f} to {reign.high:.2f}; go there')}>"
        f"<span>{escape(reign.video)}</span></button>"
        for reign in found.reigns
    )
    return (
        f'<div class="reigns" role="group" aria-label="Which film comes first at which share">{pieces}</div>'
    )


def kind(found: Fusion, video: str) -> str | None:
    """Whether a film is right, as a class; nothing where the truth is not known."""
    return None if found.relevant is None else "right" if video in found.relevant else "wrong"


def row(found: Fusion, place: int) -> str:
    """One line of the list."""
    film = found.films[place]
    mark = {"right": f" {icon('check')}", None: "", "wrong": ""}[kind(found, film.video)]
    return (
        f'<tr{attributes(data_video=film.video)}><td>{film.rank}</td><td>{arrow(film.before, film.rank)}</td><th scope="row">{escape(film.title)}{mark}</th>'
        f"<td>{number(film.score, 3)}</td><td>{number(film.clip, 3)}</td><td>{number(film.frame, 3)}</td></tr>"
    )
