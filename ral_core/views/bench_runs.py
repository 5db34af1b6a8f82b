"""What stored runs show: two systems query by query, what doubts are worth, and the failures to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from ral_core.analysis.runs import Failure, Risk, Run, disagreements, failures, risks, versus
from ral_core.search.engine import Explorer
from ral_core.views import wording
from ral_core.views.markup import attributes, escape, join, number, prose
from ral_core.views.media import Shelf
from ral_core.views.plots import Axis, Series, plot, twin
from ral_core.views.query_bar import model_title
from ral_core.views.requests import Request

SHOWN = 12


def run_sections(explorer: Explorer, shelf: Shelf, runs: Mapping[str, Run], request: Request) -> str:
    """All sections that need answers to single queries; a sentence where no run is stored."""
    if not runs:
        return f'<section><h2>Query by query</h2><p class="empty">{prose(wording.NO_RUNS)}</p></section>'
    names = tuple(sorted(runs, key=lambda name: (not name.startswith("ral"), name)))
    first = request.choice("a", names)
    others = tuple(name for name in names if name != first)
    second = request.choice("b", others) if others else None
    duel = duel_section(explorer, runs[first], runs[second], names, request) if second else ""
    return f"{risk_section(runs[first])}{duel}{failure_section(explorer, shelf, runs[first])}"


def picks(names: Sequence[str], chosen: str, setting: str, title: str) -> str:
    """A choice among models."""
    options = join(
        f"<option{attributes(value=n, selected=n == chosen)}>{escape(model_title(n))}</option>" for n in names
    )
    return f'<label class="pick labelled"><span>{title}</span><select{attributes(data_set=setting)}>{options}</select></label>'


def risk_section(run: Run) -> str:
    """Risk over coverage of one model."""
    found = risks(run)
    series = [Series(f"{one.name} (AURC {number(one.area, 1)})", one.coverage, one.risk) for one in found]
    rows = [
        (one.name, number(one.area, 1), *(number(at(one, share), 1) for share in (25, 50, 75, 100)))
        for one in found
    ]
    drawn = plot(
        series,
        Axis("queries answered, % (surest first)", 0.0, 100.0),
        Axis("wrong among them, %", 0.0),
        "; ".join(f"{one.name}: AURC {one.area:.1f}" for one in found),
        width=900,
        height=320,
    )
    names = ("doubt by", "AURC", "wrong at 25 %", "at 50 %", "at 75 %", "at 100 %")
    return (
        f'<section><h2>Risk over coverage: {escape(model_title(run.model))}</h2><p class="hint">{escape(wording.COVERAGE_HELP)}</p>'
        f'<div class="panel">{drawn}{twin(names, rows, "Risk over coverage")}</div></section>'
    )


def at(one: Risk, share: float) -> float:
    """The risk at the drawn point nearest to a coverage in per cent."""
    return min(zip(one.coverage, one.risk, strict=True), key=lambda point: abs(point[0] - share))[1]


def duel_section(explorer: Explorer, ours: Run, theirs: Run, names: Sequence[str], request: Request) -> str:
    """Two models on the same queries: who ranks the right film better, by how much luck, and where they differ most."""
    test = versus(ours, theirs)
    whole = max(test.better + test.worse + test.ties, 1)
    one, other = model_title(ours.model), model_title(theirs.model)
    bars = join(
        f'<i class="{kind}" style="flex-grow:{count}"><span>{text} {count:,}</span></i>'
        for kind, count, text in (
            ("wins", test.better, one),
            ("ties", test.ties, "alike"),
            ("losses", test.worse, other),
        )
    )
    found = disagreements(explorer, ours, theirs, SHOWN)
    chance = "below 0.0001" if test.p < 1e-4 else f"{test.p:.4f}"
    both = f"{ours.model},{theirs.model}"
    links = [urlencode({"tab": "compare", "q": d.query, "models": both}) for d in found]
    rows = join(
        f'<tr><th scope="row"><a{attributes(href=f"/?{link}")}>{escape(d.query)}</a></th><td>{d.first}</td><td>{d.second}</td></tr>'
        for d, link in zip(found, links, strict=True)
    )
    return (
        f'<section><h2>Query by query</h2><div class="picks">{picks(names, ours.model, "a", "model")}{picks([n for n in names if n != ours.model], theirs.model, "b", "against")}</div>'
        f'<div class="duel" role="img"{attributes(aria_label=f"{one} better in {test.better}, alike in {test.ties}, {other} better in {test.worse} of {whole} queries")}>{bars}</div>'
        f'<p class="said">{escape(one)} ranks the right film better in {test.better:,} queries, worse in {test.worse:,}, alike in {test.ties:,}. '
        f"Sign test: were both equally good, a difference like this would come by chance with probability {chance}.</p>"
        f'<h3>Where they differ most</h3><div class="scroll" tabindex="0" role="region" aria-label="Disagreements"><table class="board sentences"><thead><tr><th scope="col">caption</th>'
        f'<th scope="col">rank, {escape(one)}</th><th scope="col">rank, {escape(other)}</th></tr></thead><tbody>{rows}</tbody></table></div></section>'
    )


def failure_section(explorer: Explorer, shelf: Shelf, run: Run) -> str:
    """The worst failures: what was asked, the film it was written for, and the one that won."""
    found = failures(explorer, run, SHOWN)
    if not found:
        return ""
    share = 100 * float((~run.right).mean())
    cards = join(failure(one, explorer, shelf, run.index, run.model) for one in found)
    return (
        f'<section><h2>Failures of {escape(model_title(run.model))}</h2><p class="hint">{number(share, 1)} in 100 captions bring a film to the top that does not show what they say; '
        f'these are the worst. Press one to see why the wrong film won.</p><ul class="failures">{cards}</ul></section>'
    )


def failure(one: Failure, explorer: Explorer, shelf: Shelf, index: str, model: str) -> str:
    """One failure with both films."""
    link = urlencode({"tab": "why", "q": one.query, "model": model, "index": index, "video": one.winner})

    def picture(video: str, said: str) -> str:
        source = shelf.url(index, "poster", video)
        image = (
            f'<img loading="lazy" decoding="async" width="320" height="180" alt=""{attributes(src=source)}>'
            if source
            else '<span class="no-picture"></span>'
        )
        return f"<figure>{image}<figcaption>{said}</figcaption></figure>"

    return (
        f'<li><a class="failure" href="/?{escape(link)}"><b>{escape(one.query)}</b><span class="failure-pair">{picture(one.video, f"right, rank {one.rank}")}'
        f"{picture(one.winner, 'came first')}</span></a></li>"
    )
