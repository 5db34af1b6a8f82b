"""The collapse meter drawn: within films against between films, two histograms a model, side by side."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ral_core.analysis.collapse import BINS, open_collapse
from ral_core.search.engine import Explorer
from ral_core.views.folds import Draw
from ral_core.views.markup import attributes, escape, heads, join, number
from ral_core.views.parts import nothing
from ral_core.views.plots import twin
from ral_core.views.query_bar import model_title
from ral_core.views.requests import Request, named

TITLE, LEAD = (
    "Collapse meter",
    "Are captions and clips of one film more alike than they should be?",
)
HELP = (
    "Cosines of all pairs: filled, two captions (or clips) of one film; outlined, of two films. Captions of one film speak of different moments, "
    "so they should not be much more alike than others: filled far to the right of outlined is what the MSC paper calls semantic collapse. "
    "Overlap: the area both share, 1 is none too much; separation: the chance that a pair within is more alike than a pair between, 0.5 is none. "
    "Press a bar to see a pair behind it."
)
NONE = (
    "The meter was not read for this collection (or its models have other weights now); `python -m ral_core collapse` "
    "does it in about a minute and keeps the report."
)
Meter = Mapping[str, Any]
WIDTH, HEIGHT = 400.0, 92.0


def collapse_panel(explorer: Explorer, index: str | None) -> Draw:
    """What the fold shows: the kept meters of the collection."""

    def draw(request: Request) -> str:
        collection = explorer.resolve(None, named(explorer, request, index)).manifest.collection
        found = open_collapse(explorer, collection)
        return panel(found) if found else nothing(NONE)

    return draw


def panel(found: Sequence[Meter]) -> str:
    """One row of drawings for each model, and all numbers as a table."""
    ends = reach([one[kind] for one in found for kind in ("queries", "clips") if one[kind]])
    rows = join(
        f'<section class="meter-row"><h4>{escape(model_title(one["model"]))}</h4><div class="meters">'
        f"{drawing('captions', one['queries'], ends)}{drawing('clips', one['clips'], ends)}</div></section>"
        for one in found
    )
    return (
        f'<p class="hint">{escape(HELP)}</p>{table(found)}{rows}'
        '<p class="said pair" role="status" data-pair-said></p>'
    )


def reach(spreads: Sequence[Meter]) -> tuple[int, int]:
    """The first and last step that any histogram needs, so that all share one axis."""
    used = [
        step
        for one in spreads
        for kind in ("within", "between")
        for step, share in enumerate(one[kind]["share"])
        if share >= 0.0005
    ]
    return (min(used), max(used) + 1) if used else (0, BINS)


def table(found: Sequence[Meter]) -> str:
    """The numbers; the sentences before any model come last, to compare with."""
    rows = []
    for one in found:
        for name, kind in (("captions", "queries"), ("clips", "clips")):
            if one[kind]:
                rows.append((model_title(one["model"]), name, one[kind]))
    if found[0]["words"]:
        rows.append(("text encoder alone", "captions", found[0]["words"]))
    body = join(
        f'<tr><th scope="row">{escape(model)}</th><td>{name}</td><td>{number(one["within"]["mean"])} ± {number(one["within"]["std"])}</td>'
        f"<td>{number(one['between']['mean'])} ± {number(one['between']['std'])}</td><td>{number(one['overlap'])}</td><td>{number(one['separation'])}</td></tr>"
        for model, name, one in rows
    )
    names = ("model", "pairs of", "within films", "between films", "overlap", "separation")
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Collapse, numbers">'
        f'<table class="board">{heads(names)}<tbody>{body}</tbody></table></div>'
    )


def drawing(name: str, one: Meter | None, ends: tuple[int, int]) -> str:
    """Both histograms of one kind over one axis of cosines."""
    if one is None:
        return f'<figure class="meter-plot"><p class="empty">This collection has no {name}.</p></figure>'
    first, last = ends
    step = WIDTH / (last - first)
    top = max(*one["within"]["share"], *one["between"]["share"]) or 1.0

    def height(share: float) -> float:
        return (HEIGHT - 6) * share / top

    bars = join(
        f'<rect x="{(place - first) * step:.1f}" width="{max(step - 0.8, 0.5):.1f}" y="{HEIGHT - height(share):.1f}" height="{height(share):.1f}"'
        "/>"
        for place, share in enumerate(one["within"]["share"])
        if first <= place < last and share > 0
    )
    line = "".join(
        f"{'M' if place == first else 'L'}{(place - first) * step:.1f} {HEIGHT - height(one['between']['share'][place]):.1f}H{(place + 1 - first) * step:.1f}"
        for place in range(first, last)
    )
    touch = join(
        f'<rect class="touch" x="{(place - first) * step:.1f}" width="{step:.1f}" y="0" height="{HEIGHT:.0f}"{attributes(data_pairs=pairs(one, place))}/>'
        for place in range(first, last)
        if one["within"]["share"][place] or one["between"]["share"][place]
    )
    said = f"{name}: within films {one['within']['mean']:.2f}, between films {one['between']['mean']:.2f}, overlap {one['overlap']:.2f}"
    low, high = 2 * first / BINS - 1, 2 * last / BINS - 1
    return (
        f'<figure class="meter-plot"><figcaption>{name} <small>overlap {number(one["overlap"])}</small></figcaption>'
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" role="img"{attributes(aria_label=said)}><g class="within">{bars}</g><path class="between" d="{line}"/>{touch}</svg>'
        f'<div class="meter-ends"><span>{number(low)}</span><span>cosine</span><span>{number(high)}</span></div>{steps(name, one, ends)}</figure>'
    )


def pair(pairs: Meter, place: int) -> str | None:
    """One example of a step as text."""
    examples = pairs["example"]
    return None if not examples or examples[place] is None else " / ".join(examples[place])


def pairs(one: Meter, place: int) -> str:
    """What the page says when a step is pressed."""
    return json.dumps(
        {
            "at": f"{2 * place / BINS - 1:.2f} to {2 * (place + 1) / BINS - 1:.2f}".replace("-", "−"),
            "within": pair(one["within"], place),
            "between": pair(one["between"], place),
        },
        ensure_ascii=False,
    )


def steps(name: str, one: Meter, ends: tuple[int, int]) -> str:
    """The histogram as a table, with a pair for each step, for keyboards and screen readers."""
    rows = [
        (
            number(2 * place / BINS - 1),
            number(100 * one["within"]["share"][place], 1),
            number(100 * one["between"]["share"][place], 1),
            pair(one["within"], place) or pair(one["between"], place) or "–",
        )
        for place in range(*ends)
        if one["within"]["share"][place] >= 0.0005 or one["between"]["share"][place] >= 0.0005
    ]
    return twin(("cosine from", "within, %", "between, %", "a pair"), rows, f"Pairs of {name} by cosine")
