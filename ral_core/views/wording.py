"""The sentences of the page, in one place, so that one thing has one name."""

from __future__ import annotations

from ral_core.search.results import State

NAME = "RAL Explorer"
PROMISE = "Describe a moment. Land on the second it happens."
LEAD = "Type what you remember of a scene. The films are searched as a whole; you get the one that holds it, and where."
PLACEHOLDER = "a girl in a red dress flies a kite on the beach"

STATES: dict[State, tuple[str, str]] = {
    "clear": ("Clear match", "check"),
    "ambiguous": ("Several films are close", "fork"),
    "unlikely": ("Probably not in this collection", "absent"),
}
"""Each verdict's headline and icon."""

Z_HELP = (
    "z: how many standard deviations the score lies above what this film gets for unrelated queries. "
    "It is no probability."
)
RAW_HELP = "Raw score: comparable between films for this query and this model only. It is no probability."

NO_CURVE = "This film has no score curve here."
NO_STRIP = "This collection ships no filmstrip for this film."
NO_FILM = "The video file of this film is not here, so it cannot be played. Scores and times still hold."
GATE_HELP = (
    "The bigger and darker a word, the more the gate lets it count; the numbers sum to 1. "
    "Press one to jump to the second where it matches best."
)
EVEN_GATE = "Here it lets all words count almost alike."
NO_GATE = "This model has no word gate. The number under a word is what the score loses without it."
NO_WORDS = "This model compares the sentence as a whole, so there is nothing to say about single words."
NO_GAUSSIAN = "This model gives points, not distributions: it says nothing about how sure it is. Choose a model with RAL to see it."
NO_HEAT = "This model compares the sentence as a whole: it has no words over time. Choose a model with RAL to see them."
HEAT_HELP = (
    "A row is a word, a cell a moment; the darker, the better the word fits the frame. "
    "The dot is the word’s best frame, the one that counts. Click anywhere to go there."
)
LEDGER_HELP = (
    "Gate: the model’s weight of the word; all weights sum to 1. True: how many bits the word really narrows "
    "the search by. Without it: what the score of this film does when the word is left out."
)
LEDGER_BLIND = (
    "Gate: the model’s weight of the word; all weights sum to 1. Without it: what the score of this film does "
    "when the word is left out. Which words really matter is known only for captions of the shipped films."
)
NO_TRUTH = "This sentence is not a caption of the collection, so the page cannot say what is right."
NO_HITS = "No film was ranked: this index holds none. Build it with `python -m ral_core index`."

NOT_THIS = (
    "What this is not: weights and curves show what the model computed, not why the world is so. "
    "A high gate does not prove that the word was understood; a narrow distribution can still be wrong."
)
FAILED = "This failed inside the program; the terminal it runs in says why. Your query is kept."
KEYS = (
    ("/", "write a query"),
    ("Enter", "search, or play the chosen moment"),
    ("j  k", "next, previous film"),
    ("n  p", "next, previous moment of this film"),
    ("Space", "play or pause"),
    ("←  →", "one second back, forward"),
    ("r", "repeat the moment"),
    ("f", "full screen"),
    ("g", "one card a film, or one a moment"),
    ("e", "why this film"),
    ("c", "compare models"),
    ("m", "map"),
    ("1 – 7", "the pages, from left to right"),
    ("y", "copy a link to what is shown"),
    ("t", "light or dark"),
    ("?", "this list"),
    ("Esc", "close"),
)
"""The keyboard map: keys and what they do."""


def z_phrase(z: float | None) -> str:
    """A calibrated score in words."""
    return "not calibrated" if z is None else f"{z:.1f} standard deviations above unrelated queries"


def width_phrase(percentile: float, others: str) -> str:
    """What a place among the corpus' variances means, as one sentence.

    >>> width_phrase(12, "reference queries")
    'Narrower than 88 in 100 reference queries.'
    """
    if percentile < 33:
        return f"Narrower than {100 - percentile:.0f} in 100 {others}."
    if percentile <= 67:
        return f"About as wide as most {others}: {100 - percentile:.0f} in 100 are wider."
    return f"Wider than {percentile:.0f} in 100 {others}."
