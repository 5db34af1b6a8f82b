"""The first screen: what this is, the query bar, and sentences to try."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ral_core.data.captions import Caption
from ral_core.search.collections import Collection
from ral_core.views import wording
from ral_core.views.completing import FIELD, offer_list
from ral_core.views.markup import attributes, escape, icon, join
from ral_core.views.media import Shelf
from ral_core.views.requests import COUNTS

EXAMPLES, LONGEST = 6, 64
"""How many example sentences are offered, and how long one may be."""


@dataclass(frozen=True)
class Example:
    """A sentence to try, with a picture of the moment it was written for."""

    text: str
    picture: str | None


def query_bar(
    models: Sequence[str], k: int, examples: Sequence[Example], collections: Sequence[Collection] = ()
) -> str:
    """The front of the page. assets/search.js reads the form; nothing here changes after the first drawing.

    Where several `collections` are open, the models stand under the name of each, with the index to search.
    """
    choices = (
        join(map(collection_options, collections))
        if len(collections) > 1
        else join(f"<option{attributes(value=name)}>{escape(model_title(name))}</option>" for name in models)
    )
    counts = join(f"<option{attributes(value=n, selected=n == k)}>{n} films</option>" for n in COUNTS)
    return (
        f'<div class="front"><div class="hero"><h1>{escape(wording.PROMISE)}</h1><p>{escape(wording.LEAD)}</p>'
        f'<p class="why-first">{escape(wording.WHY_FIRST)}</p></div>'
        '<form class="bar" role="search" autocomplete="off" novalidate>'
        f'<label class="query">{icon("search")}<span class="sr-only">Describe a moment</span>'
        f'<input {FIELD} name="q" maxlength="2000"{attributes(placeholder=wording.PLACEHOLDER if examples else wording.PLACEHOLDER_OWN)}>'
        f'<kbd title="Press / to write a query">/</kbd></label>{offer_list()}{picture_button(collections)}'
        f'<label class="pick"><span class="sr-only">Model</span><select name="model" title="Model">{choices}</select></label>'
        f'<label class="pick"><span class="sr-only">How many films</span><select name="k" title="How many films">{counts}</select></label>'
        f'<button type="button" class="round" data-kept title="Pins and queries asked before (h)" aria-label="Pins and queries asked before">{icon("history")}</button>'
        '<button type="submit" class="go">Search</button></form>'
        f"{INVITE}{example_row(examples)}</div>"
    )


def picture_button(collections: Sequence[Collection]) -> str:
    """The button that asks with a picture; assets/pictures.js shows it for the models that can be asked so."""
    able = [
        (entry.manifest.model, entry.name)
        for collection in collections
        for entry in collection.entries.values()
        if entry.manifest.text_spec.startswith("joint:")
    ]
    return (
        f'<label class="round picture" hidden title="Ask with a picture; you can also drop or paste one"{attributes(data_able=json.dumps(able))}>'
        f'{icon("picture")}<span class="sr-only">Ask with a picture</span><input type="file" class="sr-only" name="picture" accept="image/*"></label>'
    )


def collection_options(collection: Collection) -> str:
    """The models of a collection, its default first, to choose in one list with those of other collections."""
    first = collection.default.manifest.model
    entries = sorted(collection.entries.items(), key=lambda item: (item[0] != first, item[0]))
    options = join(
        f"<option{attributes(value=model, data_index=entry.name)}>{escape(model_title(model))}</option>"
        for model, entry in entries
    )
    return f"<optgroup{attributes(label=collection.name)}>{options}</optgroup>"


INVITE = (
    '<p class="invite" hidden><span>New here?</span><button type="button" class="pill" data-tour="start">Take the two-minute tour</button>'
    '<button type="button" class="pill" data-tour="no">No, thanks</button></p>'
)
"""Shown by assets/tour.js on the first visit only."""


def example_row(examples: Sequence[Example]) -> str:
    """Sentences to try, with a still each on the first screen."""
    if not examples:
        return ""
    items = join(
        f'<li><button type="button" class="example"{attributes(data_query=example.text)}>'
        + (
            f'<img loading="lazy" decoding="async" width="320" height="180" alt=""{attributes(src=example.picture)}>'
            if example.picture
            else ""
        )
        + f"<span>{escape(example.text)}</span></button></li>"
        for example in examples
    )
    return f'<div class="examples"><h2>Try one of these</h2><ul>{items}</ul></div>'


BACKBONES = {
    "gmmformer_v2": "GMMFormer v2",
    "gmmformer": "GMMFormer",
    "ms_sl": "MS-SL",
    "ms_sl_plus": "MS-SL++",
    "msc": "MSC",
    "zero_shot": "zero-shot",
}
"""Names of backbones as their papers write them."""


def model_title(name: str) -> str:
    """A model's name for readers; `ral` alone stands on GMMFormer v2.

    >>> model_title("ral"), model_title("ral_ms_sl"), model_title("gmmformer_v2"), model_title("mine")
    ('RAL on GMMFormer v2', 'RAL on MS-SL', 'GMMFormer v2', 'mine')
    """
    robust = name == "ral" or name.startswith(("ral_", "ral-"))
    backbone = name[4:] or "gmmformer_v2" if robust else name
    title = BACKBONES.get(backbone, backbone)
    return f"RAL on {title}" if robust else title


def pick_examples(captions: Iterable[Caption], shelf: Shelf, index: str) -> list[Example]:
    """Captions of a collection that are worth trying: short, said of few films, each of another kind.

    They are chosen by length, level and subject only, never by how well a model finds them.
    """
    wanted = [c for c in captions if len(c.text) <= LONGEST and c.level in ("mid", "full")] or list(captions)
    wanted.sort(key=lambda c: (c.ambiguity > 3, c.level != "full", c.id))
    chosen: list[Caption] = []
    for new in (True, False):
        for caption in wanted:
            fresh = caption not in chosen and (not new or not any(alike(caption, other) for other in chosen))
            if fresh and len(chosen) < EXAMPLES:
                chosen.append(caption)
    return [
        Example(caption.text, shelf.still(index, caption.film, (caption.start + caption.end) / 2))
        for caption in chosen
    ]


def alike(one: Caption, other: Caption) -> bool:
    """Whether two captions are about the same film, the same kind of actor, the same doing or the same place."""
    slots = ("kind", "action", "setting")
    same = any(one.logic.get(slot) == other.logic.get(slot) is not None for slot in slots)
    return one.film == other.film or same
