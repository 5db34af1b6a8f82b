"""Explain this step: the real pipeline of the current query, number by number, next to its formulae."""

from __future__ import annotations

from collections.abc import Sequence

from ral_core.index.folder import Manifest
from ral_core.search.results import Explanation
from ral_core.views import wording
from ral_core.views.markup import clock, escape, heads, join, number, share

RAL_PAPER = "RAL, arXiv 2509.01383"


def pipeline(explanation: Explanation, manifest: Manifest) -> str:
    """Every step from the sentence to the rank, in order."""
    gated = bool(explanation.words) and explanation.words[0].weight is not None
    steps = [sentence(explanation, manifest)]
    if gated:
        steps.append(gates(explanation))
    steps.append(film(explanation, manifest))
    steps.append(clip(explanation))
    steps.append(frames(explanation, gated))
    if explanation.uncertainty is not None:
        steps.append(gaussians(explanation, manifest))
    steps.append(fusion(explanation))
    items = join(
        f'<li><div class="step-said"><h4>{escape(title)}</h4><p>{body}</p></div>'
        f'<div class="step-drawn">{numbers}</div><p class="formula" role="math">{formula}</p></li>'
        for title, body, numbers, formula in steps
    )
    return (
        '<section class="panel pipeline"><h3>Step by step</h3>'
        f'<p class="hint">{escape(wording.PIPELINE_HELP)}</p><ol class="pipe">{items}</ol></section>'
    )


Step = tuple[str, str, str, str]
"""Title, what happens (HTML), the numbers of this query (HTML), the formula (HTML)."""


def sentence(explanation: Explanation, manifest: Manifest) -> Step:
    words = len(explanation.words) or len(explanation.query.split())
    said = join(f"<span>{escape(word.text)}</span>" for word in explanation.words) or escape(
        explanation.query
    )
    return (
        "1 · Words become vectors",
        f"{words} words go through {escape(manifest.text_encoder)} and a small transformer of the model; each keeps {manifest.width} numbers.",
        f'<div class="tokens">{said}</div>',
        f"h<sub>1</sub> … h<sub>W</sub> ∈ ℝ<sup>{manifest.width}</sup>, &nbsp; W = {words}",
    )


def gates(explanation: Explanation) -> Step:
    rows = [(word.text, word.weight or 0.0) for word in explanation.words]
    return (
        "2 · A gate weighs them",
        f"A network of two layers gives each word a weight; the weights sum to 1 ({RAL_PAPER}).",
        bars(rows, 2),
        "g = softmax( w<sub>2</sub>ᵀ relu( W<sub>1</sub> h ) ), &nbsp; Σ g<sub>w</sub> = 1",
    )


def film(explanation: Explanation, manifest: Manifest) -> Step:
    count = len(explanation.curve.times)
    rows = (
        ("length", clock(explanation.duration)),
        ("frames", str(count)),
        ("clips", str(manifest.clips)),
        ("numbers each", str(manifest.width)),
    )
    return (
        "3 · The film becomes clips and frames",
        f"Pictures of the film ({escape(manifest.visual_encoder)}) are kept one by one as frames and pooled into clips of several lengths.",
        facts(rows),
        f"V = {{v<sub>1</sub> … v<sub>{manifest.clips}</sub>}}, &nbsp; F = {{f<sub>1</sub> … f<sub>{count}</sub>}}",
    )


def clip(explanation: Explanation) -> Step:
    line = explanation.curve
    second = line.times[max(range(len(line.clip)), key=line.clip.__getitem__)] if line.clip else 0.0
    return (
        "4 · The sentence looks for its best clip",
        "The whole sentence is compared with each clip; the highest cosine counts.",
        facts((("best clip near", clock(second)), ("its cosine", number(explanation.clip, 3)))),
        f"s<sub>clip</sub> = max<sub>c</sub> cos(q, v<sub>c</sub>) = <b>{number(explanation.clip, 3)}</b>",
    )


def frames(explanation: Explanation, gated: bool) -> Step:
    value = number(explanation.frame, 3)
    if not gated:
        return (
            "5 · The sentence looks for its best frame",
            "The frame branch of this model compares the sentence as a whole with every frame.",
            facts((("frame score", value),)),
            f"s<sub>frame</sub> = max<sub>f</sub> cos(q, f) = <b>{value}</b>",
        )
    rows = join(
        f'<tr><th scope="row">{escape(word.text)}</th><td>{number(word.weight or 0.0)}</td><td>× {number(word.similarity or 0.0)}</td>'
        f"<td>= {number((word.weight or 0.0) * (word.similarity or 0.0), 3)}</td><td>{clock(word.second or 0.0)}</td></tr>"
        for word in explanation.words
    )
    names = ("word", "gate", "best cosine", "part", "at")
    return (
        "5 · Every word looks for its best frame",
        "Each word may find its frame anywhere in the film; the gates weigh what they find. Words of several pieces are added piece by piece.",
        f'<div class="scroll" tabindex="0" role="region" aria-label="Parts of the frame score"><table class="parts-table">{heads(names)}<tbody>{rows}</tbody></table></div>',
        f"s<sub>frame</sub> = Σ<sub>w</sub> g<sub>w</sub> · max<sub>f</sub> cos(h<sub>w</sub>, f) = <b>{value}</b>",
    )


def gaussians(explanation: Explanation, manifest: Manifest) -> Step:
    about = explanation.uncertainty
    assert about is not None
    rows = (
        (
            "query",
            f"log variance {number(about.query)}, wider than {number(about.query_percentile, 0)} in 100 reference queries",
        ),
        (
            "film",
            f"log variance {number(about.video)}, wider than {number(about.video_percentile, 0)} in 100 films",
        ),
    )
    return (
        "6 · Both are bell curves, too",
        "A mean and a variance for each number; training draws proxies from both and pulls matching ones together. They do not enter the score; they are shown as doubt.",
        facts(rows),
        f"q ~ N(μ<sub>q</sub>, diag σ<sub>q</sub><sup>2</sup>), &nbsp; v ~ N(μ<sub>v</sub>, diag σ<sub>v</sub><sup>2</sup>) in {manifest.width} dimensions",
    )


def fusion(explanation: Explanation) -> Step:
    said = [("score", number(explanation.score, 3)), ("rank", f"{explanation.rank}")]
    if explanation.z is not None:
        said.insert(1, ("z", f"{number(explanation.z, 1)} standard deviations above unrelated sentences"))
    return (
        f"{7 if explanation.uncertainty is not None else 6} · Both scores are mixed and ranked",
        "The weights were chosen on validation. The same is done for every film; the sum is held against what this film gets for unrelated sentences.",
        facts(said),
        f"s = {number(explanation.clip_weight)} · {number(explanation.clip, 3)} + {number(explanation.frame_weight)} · {number(explanation.frame, 3)} = <b>{number(explanation.score, 3)}</b>"
        + (
            ""
            if explanation.z is None
            else f", &nbsp; z = (s − m<sub>v</sub>) / d<sub>v</sub> = <b>{number(explanation.z, 1)}</b>"
        ),
    )


def facts(rows: Sequence[tuple[str, str]]) -> str:
    """Names and values."""
    return f'<dl class="facts-list">{join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in rows)}</dl>'


def bars(rows: Sequence[tuple[str, float]], digits: int) -> str:
    """Values as upright bars with their names and numbers."""
    most = max((value for _, value in rows), default=1.0) or 1.0
    return (
        '<ol class="gate-bars">'
        + join(
            f'<li><i style="height:{share(value, most)}"></i><b>{escape(name)}</b><small>{number(value, digits)}</small></li>'
            for name, value in rows
        )
        + "</ol>"
    )
