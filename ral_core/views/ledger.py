"""The words of a query as a ledger: a switch, what the gate gives, what is true, what leaving the word out changes."""

from __future__ import annotations

from ral_core.search.results import Explanation, Truth, WordEvidence
from ral_core.views import wording
from ral_core.views.markup import attributes, escape, heads, hidden, icon, join, number, share, signed
from ral_core.views.requests import Request
from ral_core.views.words import true_bits

STATES = {"auto": "as the model sets it", "off": "shut", "on": "fully open"}
"""What a word's gate can be: name → words."""


def ledger(explanation: Explanation, request: Request, ranking: str = "") -> str:
    """The panel beside the player; `ranking` says what changed gates do (HTML)."""
    words = explanation.words
    if not words:
        return f'<section class="panel ledger"><h3>Words</h3><p class="empty">{escape(wording.NO_WORDS)}</p></section>'
    truth = known(explanation.truth)
    gated = words[0].weight is not None
    names = ["gate"] * gated + ["word", "gate"][: 1 + gated] + ["true"] * (truth is not None) + ["without it"]
    body = join(
        line(place, word, explanation, truth, state(place, request)) for place, word in enumerate(words)
    )
    switch = switches(request) if gated else ""
    blind = "" if gated else f'<p class="hint">{escape(wording.NO_GATE)}</p>'
    return (
        f'<section class="panel ledger"><div class="panel-head"><h3>Words</h3>{switch}</div>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Words">{blind}'
        f"<table>{heads(names)}<tbody>{body}</tbody></table>{ranking}"
        f'<p class="hint small">{escape(wording.LEDGER_HELP if truth else wording.LEDGER_BLIND)}</p></div></section>'
    )


def known(truth: Truth | None) -> Truth | None:
    """The truth, if it says which words matter."""
    return truth if truth is not None and truth.importance else None


def state(place: int, request: Request) -> str:
    """How the visitor set a word's gate."""
    return "off" if place in request.off else "on" if place in request.on else "auto"


def switches(request: Request) -> str:
    """What can be done with all gates at once."""
    changed = bool(request.off or request.on)
    even = request.choice("rank", ("", "even")) == "even"
    return (
        '<div class="switches" role="group" aria-label="All gates">'
        f'<button type="button" class="pill" data-gates="model"{attributes(aria_pressed=str(not changed and not even).lower())}>model’s gates</button>'
        f'<button type="button" class="pill" data-gates="even"{attributes(aria_pressed=str(even).lower())}>all words alike</button></div>'
    )


def line(place: int, word: WordEvidence, explanation: Explanation, truth: Truth | None, how: str) -> str:
    """One word: its switch, its name, bars for gate, truth and effect."""
    words = explanation.words
    cells = []
    if word.weight is not None:
        heaviest = max(other.weight or 0.0 for other in words)
        cells.append(switch(place, word, how))
        cells.append(f'<th scope="row">{escape(word.text)}</th>')
        cells.append(bar("gate", word.weight, heaviest, number(word.weight)))
    else:
        cells.append(f'<th scope="row">{escape(word.text)}</th>')
    if truth is not None:
        bits = [true_bits(other, truth) for other in words]
        cells.append(bar("true", bits[place], max(bits), f"{number(bits[place], 1)} bits"))
    most = max(abs(other.drop) for other in words)
    cells.append(effect(word.drop, most))
    return f"<tr{attributes(class_=f'gate-{how}', data_word=place)}>{join(cells)}</tr>"


def switch(place: int, word: WordEvidence, how: str) -> str:
    """The button that cycles a word's gate: model, shut, open."""
    name = f"Gate of {word.text}: {STATES[how]}. Press to change."
    drawing = {"auto": "gate", "off": "absent", "on": "check"}[how]
    return (
        f'<td><button type="button" class="round gate-switch"{attributes(data_gate=place, data_how=how, title=name, aria_label=name)}>'
        f"{icon(drawing)}</button></td>"
    )


def bar(kind: str, value: float, most: float, said: str) -> str:
    """A number with a bar from zero."""
    return f'<td class="meter {kind}"><i style="width:{share(value, most)}"></i><span>{said}</span></td>'


def effect(drop: float, most: float) -> str:
    """What leaving a word out does to the score: to the left it falls, to the right it rises."""
    size = share(abs(drop), 2 * most)
    side = "falls" if drop > 0 else "rises"
    style = f"width:{size};{'right' if drop > 0 else 'left'}:50%"
    return f'<td class="meter effect {side}"><i style="{style}"></i><span>{signed(-drop, 3)}{hidden(" " + side)}</span></td>'
