"""The sensitivity sweep drawn: variants of the query, how many films they share, and their gates side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ral_core.analysis.sweep import Sweep, Variant, sweep
from ral_core.search.engine import Explorer
from ral_core.views.markup import attributes, escape, heads, icon, join, number
from ral_core.views.requests import Request, named, read_request

TITLE, LEAD = "What if it were said otherwise?", "Which word does the answer hang on?"
LONGEST = 2000
"""Characters of all lines together."""
HELP = "Write other wordings, one a line; with none, single words are left out or change their number. Shared: how many of the first {k} films a wording has in common with the query."


@dataclass(frozen=True)
class Asked:
    """A request with other wordings."""

    request: Request
    lines: tuple[str, ...]


def read_asked(data: object) -> Asked:
    """A request from an event, with the pasted lines, which come as one text.

    >>> read_asked({"q": "a dog", "lines": "a cat\\n\\na pet"}).lines
    ('a cat', 'a pet')
    """
    text = data.get("lines") if isinstance(data, Mapping) else None
    lines = text[:LONGEST].splitlines() if isinstance(text, str) else []
    return Asked(read_request(data), tuple(line.strip() for line in lines if line.strip()))


def sweep_panel(explorer: Explorer, index: str | None) -> Callable[[Asked], str]:
    """What the fold shows for a query and its other wordings."""

    def draw(asked: Asked) -> str:
        request = asked.request
        found = sweep(
            explorer,
            request.query,
            asked.lines,
            model=request.model,
            index=named(explorer, request, index),
            k=request.k,
        )
        return panel(found, "\n".join(asked.lines))

    return draw


def panel(found: Sweep, lines: str) -> str:
    """The inside of the fold."""
    notes = join(f'<p class="note">{icon("info")}<span>{escape(note)}</span></p>' for note in found.notes)
    return (
        f'<form class="sweep-form"><p class="hint">{escape(HELP.format(k=found.k))}</p><label><span class="sr-only">Other wordings, one a line</span>'
        f'<textarea name="lines" rows="3" maxlength="2000" placeholder="a girl wearing red has a kite in the air">{escape(lines)}</textarea></label>'
        f'<button class="pill" type="submit">compare</button></form><p class="said">{mover(found)}</p>{table(found)}{matrix(found)}{notes}'
    )


def mover(found: Sweep) -> str:
    """The edit that matters most, as a sentence."""
    if found.mover is None:
        return f"None of these wordings changes which {found.k} films come first, nor the first one."
    one = found.variants[found.mover]
    shared = round(one.overlap * found.k)
    first = "still first" if one.rank == 1 else f"only at rank {one.rank}"
    return f"<b>{escape(one.change or one.text)}</b> moves most: {shared} of {found.k} films stay, and the query’s first film is {first}."


def table(found: Sweep) -> str:
    """One line for each wording."""
    rows = join(
        f'<tr{attributes(class_="mover" if place == found.mover else None)}><th scope="row">{place + 1}. {gates(one)}</th><td>{escape(one.change or "the query")}</td>'
        f"<td>{number(100 * one.overlap, 0)} %</td><td>{one.rank}</td></tr>"
        for place, one in enumerate(found.variants)
    )
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Wordings"><table class="board sentences">'
        f"{heads(('wording; the heavier a word, the higher its gate', 'change', 'shared', 'rank of the first film'))}<tbody>{rows}</tbody></table></div>"
    )


def gates(one: Variant) -> str:
    """A wording with its words underlined by their gates: half as strong as can be where all words count alike."""
    if not any(word.gate for word in one.words):
        return escape(one.text)
    return "".join(
        f'{" " if place and word.text[0].isalnum() else ""}<span class="gated"'
        f"{attributes(title=f'gate {word.gate or 0:.2f}', style=f'--level:{min(1.0, len(one.words) * (word.gate or 0.0) / 2):.2f}')}>"
        f"{escape(word.text)}</span>"
        for place, word in enumerate(one.words)
    )


def matrix(found: Sweep) -> str:
    """Shared films of every two wordings, as a table of shades and numbers."""
    names = [str(place + 1) for place in range(len(found.variants))]
    rows = join(
        f'<tr><th scope="row">{name}</th>'
        + join(f'<td style="--level:{value:.2f}">{100 * value:.0f}</td>' for value in row)
        + "</tr>"
        for name, row in zip(names, found.overlaps, strict=True)
    )
    return (
        '<details class="twin"><summary>Every two wordings, shared films in per cent</summary><div class="scroll" tabindex="0" role="region" aria-label="Shared films of every two wordings">'
        f'<table class="matrix">{heads(("", *names))}<tbody>{rows}</tbody></table></div></details>'
    )
