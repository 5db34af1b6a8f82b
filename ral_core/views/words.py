"""What single words did: a chip for each, and the same numbers as a table."""

from __future__ import annotations

from ral_core.search.results import Explanation, Truth, WordEvidence
from ral_core.views import wording
from ral_core.views.markup import attributes, clock, escape, heads, hidden, join, number, signed

EVEN = 1.25
"""Gates whose heaviest word weighs less than this many times the lightest are called even."""


def word_panel(explanation: Explanation) -> str:
    """The words of the query as chips, with a sentence on how to read them and a table for those who want it."""
    words = explanation.words
    if not words:
        return panel("", f'<p class="empty">{escape(wording.NO_WORDS)}</p>')
    chips = join(chip(word, strength(word, words)) for word in words)
    return panel(escape(hint(words)), f'<p class="chips">{chips}</p>{word_table(explanation)}')


def hint(words: tuple[WordEvidence, ...]) -> str:
    """How to read the chips, and what they say as a whole."""
    weights = [word.weight for word in words if word.weight is not None]
    if not weights:
        return wording.NO_GATE
    even = len(weights) > 1 and max(weights) < EVEN * min(weights)
    return f"{wording.GATE_HELP} {wording.EVEN_GATE}" if even else wording.GATE_HELP


def panel(hint: str, body: str) -> str:
    """A titled box of the explanation."""
    lead = f'<p class="hint">{hint}</p>' if hint else ""
    return f'<section class="panel words"><h3>Words</h3>{lead}{body}</section>'


def strength(word: WordEvidence, words: tuple[WordEvidence, ...]) -> float:
    """How big a word is drawn, 0-1: half for an equal share of the gate, all for twice that or more.

    Where there is no gate, by the word's effect against the largest one.
    """
    if word.weight is not None:
        return min(1.0, word.weight * len(words) / 2)
    most = max(other.drop for other in words)
    return max(word.drop, 0.0) / most if most > 0 else 0.0


def chip(word: WordEvidence, level: float) -> str:
    """One word: size, darkness, underline and a number say the same thing; it seeks when it can."""
    gated = word.weight is not None
    shown = number(word.weight) if word.weight is not None else signed(word.drop, 3)
    where = "" if word.second is None else f", best at {clock(word.second)}"
    tag = "button" if word.second is not None else "span"
    data = attributes(
        class_="chip",
        type="button" if tag == "button" else None,
        data_seek=None if word.second is None else f"{word.second:.3f}",
        style=f"--level:{level:.3f}",
        title=f"Without it the score changes by {signed(-word.drop, 3)}{where}",
    )
    said = f"<small>{hidden('gate ' if gated else 'effect ')}{shown}</small>{hidden(where)}"
    return f"<{tag}{data}><b>{escape(word.text)}</b> {said}</{tag}> "


def word_table(explanation: Explanation) -> str:
    """The chips' twin for screen readers and for copying; with the true importance where it is known."""
    truth = explanation.truth
    known = truth is not None and bool(truth.importance)
    names = ["word", "gate", "best second", "cosine there", "score without it"] + ["true bits"] * known
    body = join(f"<tr>{word_cells(word, truth if known else None)}</tr>" for word in explanation.words)
    return (
        '<details class="twin"><summary>As a table</summary><div class="scroll" tabindex="0" role="region" aria-label="Words as a table"><table>'
        f"{heads(names)}<tbody>{body}</tbody></table></div></details>"
    )


def word_cells(word: WordEvidence, truth: Truth | None) -> str:
    """One row of the table."""
    cells = [
        "–" if word.weight is None else number(word.weight, 3),
        "–" if word.second is None else clock(word.second),
        "–" if word.similarity is None else number(word.similarity, 3),
        signed(-word.drop, 3),
    ]
    if truth is not None:
        cells.append(number(true_bits(word, truth), 2))
    return f'<th scope="row">{escape(word.text)}</th>' + join(f"<td>{cell}</td>" for cell in cells)


def true_bits(word: WordEvidence, truth: Truth) -> float:
    """How much the word really narrows the search, in bits, where its characters overlap a known span."""
    return sum(bits for start, end, bits in truth.importance if start < word.end and word.start < end)
