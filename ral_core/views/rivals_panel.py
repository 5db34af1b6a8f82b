"""The right film and its rival, one under the other: curves, words, and whether the rival is wrong at all."""

from __future__ import annotations

from urllib.parse import urlencode

from ral_core.analysis.rivals import Rivalry, Side, rivalry
from ral_core.export.trec import trec
from ral_core.search.engine import Explorer
from ral_core.views import wording
from ral_core.views.charts import area, path, time_axis
from ral_core.views.folds import Draw
from ral_core.views.markup import attributes, escape, heads, icon, join, number, share, signed, stretch
from ral_core.views.media import Shelf
from ral_core.views.parts import nothing
from ral_core.views.requests import Request, named

TITLE, LEAD = (
    "The film that beat the right one",
    "Both curves, the words that prefer the rival, and whether it is wrong at all.",
)
HELP = (
    "A word’s bar: how much of the rival’s lead goes when the word is left out of the query. "
    "Right speaks for the rival, left for the right film."
)
SLOTS = {
    "kind": "who", "top": "colour of the clothes", "garment": "clothes", "prop": "colour of the thing", "setting": "place",
    "sky": "sky", "hair": "hair", "hat": "hat", "hat_color": "colour of the hat", "fur": "fur", "bystander": "somebody else",
    "action": "action", "beard": "beard", "glasses": "glasses",
}  # fmt: skip
"""What the parts of a scene are called."""
WIDTH, HEIGHT = 1000.0, 64.0


def rivals_panel(explorer: Explorer, shelf: Shelf, index: str | None) -> Draw:
    """What the fold shows: for a caption its own film and the rival, else the film that is open and the best other."""

    def draw(request: Request) -> str:
        wanted = named(explorer, request, index)
        entry = explorer.resolve(request.model, wanted)
        collection = explorer.collection(entry)
        truth = collection.truth(request.query)
        own = truth.video if truth else request.video
        if own is None:
            return nothing(wording.NO_TRUTH)
        rows = explorer.gallery(entry).rows
        asked = dict(request.choices).get("rival") or (request.video if truth else None)
        found = rivalry(
            explorer,
            request.query,
            right=own,
            rival=asked if asked in rows and asked != own else None,
            model=entry.manifest.model,
            index=wanted,
        )
        return panel(found, shelf, entry.manifest.collection)

    return draw


def panel(found: Rivalry, shelf: Shelf, collection: str) -> str:
    """The inside of the fold."""
    low = min(*found.right.curve.score, *found.rival.curve.score)
    high = max(*found.right.curve.score, *found.rival.curve.score)
    names = (
        ("the right film", "the rival") if found.caption else ("the film that is open", "the best other film")
    )
    lanes = join(
        lane(found, one, name, shelf, (low, high))
        for name, one in zip(names, (found.right, found.rival), strict=True)
    )
    return (
        f'<div class="rivals"{attributes(data_collection=collection)}>{picker(found)}{verdict(found)}{lanes}'
        f'<div class="rival-grounds">{words(found)}{slots(found)}</div>{captions(found)}{marks(found)}</div>'
    )


def picker(found: Rivalry) -> str:
    """Which film to hold against the right one."""
    fits = {True: ", also right", False: "", None: ""}
    options = join(
        f"<option{attributes(value=one.video, selected=one.video == found.rival.video)}>{one.rank}. {escape(one.title)}{fits[one.fits]}</option>"
        for one in found.others
    )
    return f'<label class="pick labelled"><span>rival</span><select name="rival">{options}</select></label>'


def verdict(found: Rivalry) -> str:
    """Who leads, and what is true."""
    leader = (
        "The rival leads"
        if found.gap > 0
        else "The right film leads"
        if found.caption
        else "The film that is open leads"
    )
    sign = 1.0 if found.gap > 0 else -1.0
    lead = (
        f"{leader} by {number(abs(found.gap), 3)}: {signed(sign * found.clip_gap, 3)} from the best clip, "
        f"{signed(sign * found.frame_gap, 3)} from the frames."
    )
    if found.verdict == "unknown":
        return f'<p class="said">{lead} Nobody knows here whether the other film fits, too.</p>'
    if found.verdict == "also right":
        badge = f'<span class="badge right">{icon("check")}also right</span>'
        said = "The rival shows what the query says, too: counting it as an error would be a false negative."
    else:
        badge = f'<span class="badge wrong">{icon("absent")}wrong</span>'
        missed = sum(not slot.met for slot in found.slots)
        things = "one thing" if missed == 1 else f"{missed} things"
        said = (
            f"The rival does not show it: its nearest event differs in {things}."
            if missed
            else "The rival does not show it: everything is there, but not by the same person."
            if found.slots
            else "The rival is not among the films that fit."
        )
        said += " It was made as a twin of the right film." if found.twin else ""
    return f'<p class="said">{badge} {escape(said)} {lead}</p>'


def lane(found: Rivalry, one: Side, name: str, shelf: Shelf, ends: tuple[float, float]) -> str:
    """One film: a still of its best moment, the curve on both films' common scale, and its moments."""
    source = shelf.still(found.index, one.video, one.moments[0].peak)
    picture = (
        f'<img loading="lazy" decoding="async" width="160" height="90" alt=""{attributes(src=source)}>'
        if source
        else '<span class="no-picture"></span>'
    )
    found_marks = join(
        f'<a class="found{" best" if place == 0 else ""}"{attributes(href=link(found, one, moment.start), data_go=one.video, data_second=f"{moment.start:.1f}", aria_label=f"Open {one.title} at {stretch(moment.start, moment.end)}", title=stretch(moment.start, moment.end))} '
        f'style="left:{share(moment.start, one.duration)};width:{share(moment.end - moment.start, one.duration)}"></a>'
        for place, moment in enumerate(one.moments)
    )
    true = join(
        f'<i style="left:{share(start, one.duration)};width:{share(end - start, one.duration)}"{attributes(title=f"true: {stretch(start, end)}")}></i>'
        for start, end in one.true
    )
    truth = f'<div class="truth">{true}</div>' if true else ""
    best = one.moments[0]
    said = f"{one.video}, rank {one.rank}, score {number(one.score, 3)}, best moment {stretch(best.start, best.end)}"
    return (
        f'<section class="rival-lane">{picture}<div><h4>{escape(name[0].upper() + name[1:])}: {escape(one.title)} <small>{escape(said)}</small></h4>'
        f'<div class="rival-track">{curve(one, ends)}{found_marks}{truth}</div>{time_axis(one.duration)}</div></section>'
    )


def link(found: Rivalry, one: Side, second: float) -> str:
    """The page with this film open at a second."""
    asked = {"tab": "why", "q": found.query, "model": found.model, "index": found.index, "video": one.video}
    return "/?" + urlencode(asked | {"t": f"{second:.1f}"})


def curve(one: Side, ends: tuple[float, float]) -> str:
    """The score over time between two heights that both films share."""
    reach = (ends[1] - ends[0]) or 1.0
    xs = [0.0, *(WIDTH * time / one.duration for time in one.curve.times), WIDTH]
    scores = [one.curve.score[0], *one.curve.score, one.curve.score[-1]]
    ys = [HEIGHT - 4 - (score - ends[0]) / reach * (HEIGHT - 10) for score in scores]
    return (
        f'<svg class="curve" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" preserveAspectRatio="none" aria-hidden="true">'
        f'<path class="curve-area" d="{area(xs, ys, HEIGHT)}"/><path class="curve-line" d="{path(xs, ys)}"/></svg>'
    )


def words(found: Rivalry) -> str:
    """Which words prefer which film."""
    if not found.words:
        return f'<section><h4>Words</h4><p class="empty">{escape(wording.NO_WORDS)}</p></section>'
    most = max(max(abs(word.effect) for word in found.words), 1e-9)
    rows = join(
        f'<tr><th scope="row">{escape(word.text)}</th><td class="lean"><i class="{"rival" if word.effect > 0 else "right"}" style="{"left" if word.effect > 0 else "right"}:50%;width:{share(abs(word.effect) / 2, most)}"></i></td>'
        f"<td>{signed(word.effect, 3)}</td><td>{'–' if word.matched is None else signed(word.matched, 3)}</td></tr>"
        for word in found.words
    )
    return (
        f'<section><h4>Words</h4><p class="hint">{escape(HELP)}</p><div class="scroll" tabindex="0" role="region" aria-label="Words and the film they prefer">'
        f'<table class="board">{heads(("word", "right film ← → rival", "effect", "gate × match"))}<tbody>{rows}</tbody></table></div></section>'
    )


def slots(found: Rivalry) -> str:
    """What the caption asks for against what the rival's nearest event shows."""
    if not found.slots or found.event is None:
        return ""
    rows = join(
        f'<tr class="{"met" if slot.met else "missed"}"><th scope="row">{escape(slot_name(slot.slot))}</th><td>{escape(" or ".join(slot.asked))}</td>'
        f'<td>{escape(" and ".join(slot.shown) or "not to be seen")}</td><td>{icon("check" if slot.met else "absent")}<span class="sr-only">{"fits" if slot.met else "does not fit"}</span></td></tr>'
        for slot in found.slots
    )
    return (
        f'<section><h4>What the rival shows <small>nearest event, {stretch(*found.event)}</small></h4><p class="hint">Read from the film’s scene graph, not from the model.</p><div class="scroll" tabindex="0" role="region" aria-label="Asked and shown">'
        f'<table class="board">{heads(("", "asked", "shown", "fits"))}<tbody>{rows}</tbody></table></div></section>'
    )


def slot_name(slot: str) -> str:
    """A slot of a scene as people say it; a temporal caption says which of its two events it is about."""
    first, _, last = slot.rpartition(" ")
    return f"{first} {SLOTS.get(last, last)}".strip()


def captions(found: Rivalry) -> str:
    """What was written about the rival's moment."""
    if not found.captions:
        return ""
    rows = join(
        f'<tr><th scope="row">{escape(one.text)}</th><td>{stretch(one.start, one.end)}</td><td>{number(one.cosine, 2)}</td></tr>'
        for one in found.captions[:4]
    )
    return (
        '<section><h4>Captions of the rival’s moment</h4><div class="scroll" tabindex="0" role="region" aria-label="Captions of the rival’s moment">'
        f'<table class="board sentences">{heads(("caption", "when", "cosine with the query"))}<tbody>{rows}</tbody></table></div></section>'
    )


def marks(found: Rivalry) -> str:
    """The visitor's own judgement, kept in the browser and taken away as TREC judgements."""
    if found.caption is None:
        return ""
    line = f"{trec(found.caption)} 0 {trec(found.rival.video)} 1"
    button = (
        '<span class="hint">The judgements count the rival as right already.</span>'
        if found.verdict == "also right"
        else f'<button type="button" class="pill" aria-pressed="false"{attributes(data_mark=line)}>mark the rival as also right</button>'
    )
    return (
        f'<div class="take-away">{button}<button type="button" class="quiet" data-marks="save"{attributes(data_from="/export/split.qrels?" + urlencode({"index": found.index}))} hidden>{icon("save")}<span></span></button></div>'
        '<p class="hint">Marks stay in this browser; the file is the collection’s judgements with your marks after them.</p>'
    )
