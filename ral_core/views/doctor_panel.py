"""The query doctor drawn: where every film stands against the cut line, and how steady the first ranks are."""

from __future__ import annotations

from collections.abc import Mapping

from ral_core.analysis.doctor import Diagnosis
from ral_core.analysis.rerank import Reranking, Stability
from ral_core.analysis.stability import RankStability
from ral_core.views import wording
from ral_core.views.charts import decile_strip
from ral_core.views.markup import attributes, escape, heads, icon, join, number, share

SHOWN = 300
"""The most films drawn as ticks."""


def doctor_panel(found: Diagnosis) -> str:
    """The verdict on its scale."""
    name, drawing = wording.STATES[found.state]
    head = f'<section class="panel doctor"><h3>Query doctor</h3><p class="doctor-said {found.state}">{icon(drawing)}<b>{name}.</b> <span>{escape(found.reason)}</span></p>'
    if not found.z:
        return f'{head}<p class="empty">{escape(wording.NO_CALIBRATION)}</p></section>'
    return f"{head}{scale(found)}{grounds(found)}</section>"


def scale(found: Diagnosis) -> str:
    """Every film as a tick on the z axis; the cut line stands where absent moments begin to be rarer."""
    low, high = (
        min(found.z[-1], found.cutoff or found.z[-1]),
        max(found.z[0], found.cutoff or found.z[0]) + 0.2,
    )
    reach = high - low
    ticks = join(
        f'<i style="left:{share(z - low, reach)}"{attributes(class_="first" if place == 0 else None)}></i>'
        for place, z in enumerate(found.z[:SHOWN])
    )
    cut = (
        ""
        if found.cutoff is None
        else f'<b class="z-cut" style="left:{share(found.cutoff - low, reach)}"><span>cut line {number(found.cutoff, 1)}</span></b>'
    )
    said = f"{len(found.z):,} films from z {number(found.z[-1], 1)} to {number(found.z[0], 1)}; {found.above} above the cut line"
    return (
        f'<div class="z-scale" role="img"{attributes(aria_label=said)}>{ticks}{cut}'
        f'<span class="low">z {number(low, 1)}</span><span class="high">{number(high, 1)}</span></div>'
    )


def grounds(found: Diagnosis) -> str:
    """The numbers behind the verdict, and what moments that are in no film score."""
    lines = [f"{found.above} of {len(found.z):,} films lie above the cut line."]
    lines.append(
        f"The first film leads by {number(found.lead, 2)} standard deviations of this query’s scores; from {number(found.margin, 2)} on an answer is called clear."
    )
    if found.absent_share is not None:
        lines.append(
            f"When a moment is in no film, the best film still scores higher than this one in {round(1000 * found.absent_share)} of 1,000 cases."
        )
    if found.odds is not None and found.line is not None:
        worst = f" The word that fits the first film worst: “{found.missing}”." if found.missing else ""
        lines.append(
            f"Whether the moment is there says the index’s detector: log odds {number(found.odds, 1)}; below {number(found.line, 1)} a moment told "
            f"in three words or more is called absent.{worst} It was taught on {found.taught}."
        )
    if found.separation is not None:
        lines.append(
            f"How well the best z tells present from absent moments here: AUROC {number(found.separation, 2)} (0.5 is chance, 1 perfect)."
        )
    strip = (
        f"<h4>The best film’s z when the moment is absent</h4>{decile_strip(found.absent, found.z[0], 'Best z of absent moments, with this query marked')}"
        if len(found.absent) > 1
        else ""
    )
    return f"<ul>{join(f'<li>{escape(line)}</li>' for line in lines)}</ul>{strip}"


def stability_panel(firm: RankStability, titles: Mapping[str, str]) -> str:
    """The ranks each film takes over draws of the distributions, and when one word after the other is left out."""
    if not firm.films and not firm.words:
        return f'<section class="panel steady"><h3>Rank stability</h3><p class="empty">{escape(wording.NO_STABILITY)}</p></section>'
    drawn = {film.video: film for film in firm.films}
    left_out = {film.video: film for film in firm.words}
    most = int(max([film.high for film in firm.words] + [film.high for film in firm.films]))
    rows = []
    for video in drawn or left_out:
        own, word = drawn.get(video), left_out.get(video)
        rank = own.rank if own else word.rank if word else 0
        bar = own or word
        cells = [
            "–" if own is None else f"{own.low:.0f}–{own.high:.0f}",
            "–" if own is None else f"{100 * own.first:.0f}",
            "–" if word is None else interval(word),
            escape(word.worst) if word is not None and word.high > word.rank else "–",
        ]
        rows.append(
            f'<tr><th scope="row">{escape(titles.get(video, video))}</th><td>{rank}</td>'
            f"{'' if bar is None else range_cell(int(bar.low), int(bar.high), rank, most)}{join(f'<td>{cell}</td>' for cell in cells)}</tr>"
        )
    names = (
        "film",
        "rank",
        "range",
        f"{firm.draws} draws",
        "first in 100",
        "a word left out",
        "worst without",
    )
    kept = (
        ""
        if firm.agreement is None
        else f" A draw keeps {round(100 * firm.agreement)} of 100 of the first ten films."
    )
    notes = "".join(f" {note}" for note in firm.notes)
    return (
        f'<section class="panel steady"><h3>Rank stability</h3><p class="hint">{escape(wording.STABILITY_HELP + kept + notes)}</p>'
        f'<div class="scroll" tabindex="0" role="region" aria-label="Rank stability"><table>{heads(names)}<tbody>{join(rows)}</tbody></table></div></section>'
    )


def range_cell(low: int, high: int, rank: int, most: int) -> str:
    """Ranks as a stretch on a logarithmic axis, with the usual one as a dot."""
    return (
        f'<td class="range"><i style="left:{share(place(low, most), 1)};right:{share(1 - place(high, most), 1)}"></i>'
        f'<b style="left:{share(place(rank, most), 1)}"></b></td>'
    )


def place(rank: int, most: int) -> float:
    """A rank on a logarithmic axis from 1 to `most`, as 0-1."""
    return (
        0.0
        if most <= 1
        else (rank.bit_length() - 1 + rank / (1 << (rank.bit_length() - 1)) - 1)
        / (most.bit_length() - 1 + most / (1 << (most.bit_length() - 1)) - 1)
    )


def interval(film: Stability) -> str:
    """Ranks from best to worst."""
    return str(film.low) if film.low == film.high else f"{film.low}–{film.high}"


def moves(found: Reranking, shown: int) -> str:
    """What other gates do to the list: one sentence, and the films with their old and new ranks."""
    if not found.moved:
        return '<p class="said">With these gates every film keeps its rank.</p>'
    rows = join(
        f'<tr><td>{film.rank}</td><td>{arrow(film.before, film.rank)}</td><th scope="row">{escape(film.title)}</th><td>{"–" if film.z is None else number(film.z, 1)}</td></tr>'
        for film in found.films[:shown]
    )
    changed = sum(film.rank != film.before for film in found.films[:shown])
    return (
        f'<p class="said">With these gates {changed} of the first {min(shown, len(found.films))} ranks change.</p>'
        f'<details class="twin"><summary>As a table</summary><div class="scroll moves" tabindex="0" role="region" aria-label="Ranking with these gates">'
        f"<table>{heads(('rank', 'moved', 'film', 'z'))}<tbody>{rows}</tbody></table></div></details>"
    )


def arrow(before: int, rank: int) -> str:
    """How far a film moved, as a sign and a number."""
    if rank == before:
        return f'<span class="move same">{icon("same")}<span class="sr-only">unmoved</span></span>'
    way, word = ("up", "up from") if rank < before else ("down", "down from")
    return f'<span class="move {way}"{attributes(title=f"{word} {before}")}>{icon(way)}{abs(before - rank)}<span class="sr-only"> {word} {before}</span></span>'
