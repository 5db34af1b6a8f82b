"""The sentences of the page, in one place, so that one thing has one name."""

from __future__ import annotations

from ral_core.search.results import State

NAME = "RAL Explorer"
PROMISE = "Describe a moment. Land on the second it happens."
LEAD = "Type what you remember of a scene. Every film is searched from end to end; you get the one that holds it, and where."
WHY_FIRST = "Nothing has been asked yet. Ask something, or press an example: this page then shows why a film was found, word by word."
PLACEHOLDER = "a girl in a red dress flies a kite on the beach"
PLACEHOLDER_OWN = "somebody opens a door and comes in"

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
CUT = "below z {z}: here films usually do not show it"
CUT_DOUBTED = "below z {z}, usually a sign of absence; the verdict doubts the films above, too"
CUT_BELIEVED = (
    "all below z {z}, usually a sign of absence; the verdict, which weighs more, believes it is here"
)
CUT_HELP = "Nine of ten sentences about something that is in these films reach this z with their best film."
UNDER_HELP = (
    "The red dots: this z is below the line of {z}, where films usually do not show the moment. Cards stand in the order "
    "of the score; z compares each film with what the film itself gets for unrelated queries, so the two can disagree."
)
RAW_HELP = "Raw score: comparable between films for this query and this model only. It is no probability."

NO_CURVE = "This film has no score curve here."
NO_STRIP = "This collection ships no filmstrip for this film."
NO_FILMS = (
    "There is no picture: this collection came without video files, only with what was computed from them. "
    "Scores and times still hold."
)
NO_FILM = "The video file of this film is not here, so it cannot be played. Scores and times still hold."
GATE_HELP = (
    "The bigger and darker a word, the more the gate lets it count; the numbers sum to 1. "
    "Press one to jump to the second where it matches best."
)
EVEN_GATE = "Here it lets all words count almost alike."
NO_GATE = "This model has no word gate. The number under a word is what the score loses without it."
NO_WORDS = "This model compares the sentence as a whole, so there is nothing to say about single words."
NO_GAUSSIAN = "This model gives points, not distributions: it says nothing about how sure it is. Choose a model with RAL to see it."
CARDS = (
    (
        "html",
        "evidence card",
        "One HTML file with everything on this page; opens without this program and without a network",
    ),
    ("png", "picture", "PNG for slides"),
    ("svg", "figure", "SVG for papers, text stays text"),
    ("pdf", "PDF", "PDF for papers: lines and text as vectors, fonts inside"),
)
"""Files of one case: ending, name, explanation."""
NO_CALIBRATION = "This index holds no statistics of unrelated sentences, so scores cannot be judged."
NO_STABILITY = "This model has no distributions to draw from, and of a single word nothing can be left out."
STABILITY_HELP = (
    "Draws: the collection is ranked again with samples from the distributions of query and films; 90 of 100 draws put the film in that range. "
    "Words: each one is left out in turn. A short line (each step doubles the rank) means a firm place."
)
PIPELINE_HELP = "What the program computed for this query and this film, from the words to the rank, with the formula of each step."
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
NO_TRUTH = "The page cannot say what is right: this sentence is not one of the collection’s captions, or the collection has no captions."
NO_HITS = "No film was ranked: this index holds none. Build it with `python -m ral_core index`."

DECIDING = "Looking for words that would decide it …"
DECIDE_HELP = "Searches “{query}”: {keeps} of the {close} close films stay close. {bits} bits."
NO_DECIDER = "Nothing written about them tells them apart; play them to choose."
NO_CAPTIONS = "Say more of what you remember, or play them to choose."
DRAWS_HELP = "In 90 of 100 draws from the distributions of query and films, the film ranks there; first in {first} of 100."
WORDS_HELP = "The ranks this film takes when one word after the other is left out of the query."
ALIKE_HELP = "By the model’s own clip vectors (cosine); the words of the query play no part."
PICTURE_REASONS = "Asked with a picture: the list says what looks like it. Words, their gates and the curve over time belong to sentences."
NO_FIT = "No film fits the filters. Press “show all” to see the whole list again."
KEPT_EMPTY = {
    "history": "Queries you ask are listed here.",
    "pins": "Pin a moment with the pin on its card, or with the key b.",
}

NO_INDEX = "Nothing is loaded: no index was found. Make one with `python -m ral_core index`."
COMPARE_LEAD = "One query through several models. A line follows each film from list to list; where lines cross, the models disagree."
COMPARE_EMPTY = "Type a query above, or search first: the page compares whatever was searched last."
COMPARE_ONE = "Choose at least two models; with one there is nothing to compare."
SPLIT_HELP = (
    "Every caption of the collection, from stored answers. Load the run of another system (TREC: query Q0 video rank score tag, or JSON: "
    "query ids with lists of video ids) to see it beside ours; it stays in this window. R@k counts the film a caption was written for."
)
RUN_FORGOTTEN = "A run that was loaded here is no longer kept; load it again."
NO_DIFFERENCES = (
    "There is nothing to tell apart: choose or load at least two systems that answer differently."
)
COMPARE_ALONE = "This collection has an index of one model only; `python -m ral_core index` makes one of another model, and then they stand here side by side."
MAP_LEAD = "Every film is a point; films that mean alike to the model lie together. Place a query among them and see what it is near."
MAP_HELP = "Drag to move, wheel or pinch to zoom, Shift and drag for a lasso; with the keyboard: arrows, + and −, 0 for the whole map. Click a film to open it."
MAP_SAVE = "Every film with its vector and its place, as one parquet file; other viewers of maps open it"
MAP_EMPTY = (
    "Place a query to see its star, the films found for it as numbers, and the films that are really nearest."
)
NO_UMAP = "UMAP was not fitted for this index; `python -m ral_core map` does it."
PCA_SAYS = "PCA shows the two directions in which the films differ most; lengths are true, most of the space is not seen."
UMAP_SAYS = "UMAP keeps neighbours together; lengths and empty areas mean nothing. The query lies where its nearest films lie."
BENCH_LEAD = "Every number here was measured by this program on the shipped films and is stored beside the models; the same verbs measure it again."
BOARD_HELP = (
    "R@k counts only the film a sentence was written for; hit@k any film that satisfies it. Per cent, except SumR (of 400), MRR (of 1) and MedR (a rank). "
    "The best of a column is bold and underlined. Click a heading to sort."
)
RISK_HELP = (
    "If a model may stay silent on the queries it doubts most, how often is the rest wrong? The area under that curve (AURC, per cent, lower is better) "
    "for each notion of doubt, between random order and perfect foresight."
)
COVERAGE_HELP = (
    "The surest answers are given first, the most doubtful last. A doubt that means something keeps the curve low on the left; "
    "a useless one runs level at the overall error rate."
)
ABSENCE_HELP = (
    "The verdict “probably not in this collection” as a detector of absent moments. AUROC: the chance that a present moment scores above an absent one; 0.5 is a coin. "
    "False alarms at 95 % detection: of the present moments, how many would be called absent if nearly all absent ones were to be found out. A high number means: take the verdict as a hint."
)
NO_ABSENCE = "It was not measured for these indexes; `python -m ral_core absence --out precomputed/reports/absence.json` does it."
NO_RUNS = "No answers to single queries are stored for this collection; `python -m ral_core runs` makes them in about a minute a model."
NO_REPORTS = "No reports were found. Write one with `python -m ral_core evaluate --model ral --split test --json > precomputed/reports/ral-test.json`."
DATA_LEAD = "Everything that answers you lies in files on this machine. Here is what they are, how they came to be, and how good they are."
PASSPORT = (
    "Each index knows the weights and the encoders it was made with; a query encoder is never mixed with an index of another. "
    "The cut line is the z below which a moment is probably not there."
)
TEXT_ENCODER = (
    "A small sentence encoder for English, 384 numbers a word piece, at most 30 pieces of a query. Its weights come from a Python package; "
    "their hash is checked before they are read."
)
NO_WORLD = "The files that say how the films were made are not here."
WORLD = (
    (
        "A scene graph",
        "A cast, a place, a sky, and who does what when: drawn at random from a vocabulary, with pairs left out to test understanding.",
    ),
    (
        "A film",
        "The graph is drawn frame by frame with camera moves, cuts and bystanders, and encoded as H.264.",
    ),
    (
        "Sentences",
        "A grammar says what happens in a moment: vaguely, in part, in full, or as one event after another.",
    ),
    (
        "The truth",
        "The same logic decides which films of the split satisfy a sentence, and how many bits each of its words is worth.",
    ),
    (
        "Features",
        "Two networks trained on other films turn each half second into 384 numbers. No retrieval model ever saw a test film.",
    ),
)
COMMANDS = (
    ("See what is installed and what is missing", "python -m ral_core doctor"),
    ("Make a folder of your videos searchable", "python -m ral_core ingest FOLDER --out DIR"),
    ("Bring features of TVR, Charades or ActivityNet", "python -m ral_core import-features --help"),
    ("Bring an official checkpoint", "python -m ral_core import-checkpoint --help"),
    ("Index features with a model", "python -m ral_core index --help"),
    ("Train a model", "python -m ral_core train --help"),
    ("Score a model on a split", "python -m ral_core evaluate --model ral --split test"),
    ("Render the films again", "python -m ral_core world --help"),
)

NOT_THIS = (
    "What this is not: weights and curves show what the model computed, not why the world is so. "
    "A high gate does not prove that the word was understood; a narrow distribution can still be wrong."
)
FAILED = "This failed inside the program; the terminal it runs in says why. Your query is kept."
KEYS = (
    ("/", "write a query"),
    ("↓  ↑", "in the field: ways to go on, and queries asked before"),
    ("Enter", "search, or play the chosen moment"),
    ("j  k", "next, previous film"),
    ("n  p", "next, previous moment of this film"),
    ("Space", "play or pause"),
    ("←  →", "one second back, forward"),
    ("r", "repeat the moment"),
    ("g", "best moment of each film, or all moments"),
    ("f", "full screen"),
    ("x", "save the moment as mp4"),
    ("e", "why this film"),
    ("c", "compare models"),
    ("m", "map"),
    ("1 – 7", "the pages, from left to right"),
    ("y", "copy a link to what is shown"),
    ("b", "pin or unpin the film"),
    ("h", "queries asked before, and pins"),
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
