"""Systems over a whole split: ours from stored runs, others from the run files that a visitor loads."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from ral_core.analysis.runs import Run, open_runs, versus
from ral_core.analysis.standings import CUTOFFS, Divided, divided, standing
from ral_core.search.engine import Explorer
from ral_core.views import wording
from ral_core.views.markup import attributes, escape, heads, icon, join, number, prose
from ral_core.views.query_bar import model_title
from ral_core.views.requests import MOST_MODELS, Request, named, names
from ral_core.views.visitors import Brought


def split_section(explorer: Explorer, brought: Brought, request: Request, index: str | None) -> str:
    """The whole section for the systems that a request names; the loaded ones come first."""
    entry = explorer.resolve(None, named(explorer, request, index))
    stored = open_runs(explorer, entry.manifest.collection)
    keys = names(dict(request.choices).get("runs"))
    found = {key: brought.find(key) for key in keys}
    loaded = {key: run for key, run in found.items() if run is not None and run.index in explorer.entries}
    loaded = {key: run for key, run in loaded.items() if same_collection(explorer, run, entry.name)}
    ours = [name for name in request.models if name in stored] or sorted(
        stored, key=lambda name: (name != entry.manifest.model, name)
    )
    runs = [*loaded.values(), *(stored[name] for name in ours)][:MOST_MODELS]
    lost = "" if len(loaded) == len(keys) else f'<p class="hint">{escape(wording.RUN_FORGOTTEN)}</p>'
    head = (
        '<section class="over-split"><div class="panel-head"><h2>Over the whole split</h2>'
        f'{loader()}</div><p class="hint">{escape(wording.SPLIT_HELP)}</p>{lost}{chips(loaded)}'
    )
    if not runs:
        return f'{head}<p class="empty">{prose(wording.NO_RUNS)}</p></section>'
    return f"{head}{table(runs)}{differences(divided(explorer, entry.name, runs), runs)}</section>"


def same_collection(explorer: Explorer, run: Run, index: str) -> bool:
    """Whether a loaded run is about the films of an index."""
    return (
        explorer.entries[run.index].manifest.collection == explorer.resolve(None, index).manifest.collection
    )


def loader() -> str:
    """The button that takes a file; a file can also be dropped on the section."""
    return (
        f'<label class="quiet load-run">{icon("more")}<span>load a run file</span>'
        '<input type="file" class="sr-only" name="run-file" accept=".trec,.run,.txt,.json,.res"></label>'
    )


def chips(loaded: dict[str, Run]) -> str:
    """The loaded runs, each with a button that puts it away."""
    if not loaded:
        return ""
    return (
        '<ul class="loaded" aria-label="Loaded runs">'
        + join(
            f'<li class="check"><span>{escape(run.model)}</span><button type="button" class="linklike"{attributes(data_forget=key, aria_label=f"Put {run.model} away")}>×</button></li>'
            for key, run in loaded.items()
        )
        + "</ul>"
    )


def title(run: Run) -> str:
    """A system's name; loaded ones say so."""
    return model_title(run.model) if run.model_sha256 else f"{run.model} (loaded)"


def table(runs: Sequence[Run]) -> str:
    """One row for each system, with a sign test against the first."""
    cutoffs = [f"R@{k}" for k in CUTOFFS]
    rows = []
    for place, run in enumerate(runs):
        about = standing(run)
        test = versus(runs[0], run) if place else None
        cells = [
            *(number(about.recall[name], 1) for name in cutoffs),
            number(about.hit, 1),
            number(about.mrr, 3),
            number(about.median, 0),
            "–" if test is None else f"{test.better:,} : {test.worse:,}",
            "–" if test is None else "below 0.0001" if test.p < 1e-4 else number(test.p, 4),
        ]
        rows.append(
            f'<tr><th scope="row">{escape(title(run))}</th>{join(f"<td>{cell}</td>" for cell in cells)}</tr>'
        )
    head = ("system", *cutoffs, "hit@1", "MRR", "MedR", "first better : worse", "sign test p")
    return (
        '<div class="scroll" tabindex="0" role="region" aria-label="Systems over the split"><table class="board">'
        f"{heads(head)}<tbody>{join(rows)}</tbody></table></div>"
    )


def differences(found: Sequence[Divided], runs: Sequence[Run]) -> str:
    """The captions on which the systems differ most, each a link to the comparison of its query."""
    if not found:
        return f'<p class="empty">{escape(wording.NO_DIFFERENCES)}</p>'
    links = [urlencode({"tab": "compare", "q": one.query}) for one in found]
    rows = join(
        f'<tr><th scope="row"><a data-compare{attributes(href=f"/?{link}", data_query=one.query)}>{escape(one.query)}</a></th>'
        f"{join(f'<td>{rank:,}</td>' for rank in one.ranks)}</tr>"
        for one, link in zip(found, links, strict=True)
    )
    head = ("caption", *(f"rank, {title(run)}" for run in runs))
    return (
        '<h3>Where they differ most</h3><div class="scroll" tabindex="0" role="region" aria-label="Captions on which the systems differ">'
        f'<table class="board sentences">{heads(head)}<tbody>{rows}</tbody></table></div>'
    )
