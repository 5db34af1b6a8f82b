"""Names of regions for the map: sent once as JSON, drawn by assets/clusters.js; a fold says what they rest on."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import HTTPException

from ral_core.analysis.clusters import NO_WORDS, open_clusters
from ral_core.errors import RALError
from ral_core.search.engine import Explorer
from ral_core.views.folds import Draw
from ral_core.views.markup import escape, heads, join, number
from ral_core.views.requests import Request, named

TITLE, LEAD = "Clusters and their words", "What the labels on the map rest on."
HELP = (
    "K-means on the model’s own vectors, not on the map, so a cluster may lie in pieces. A word names a cluster when it is said of its films "
    "significantly more often than of the others: z of the log odds ratio with the whole collection as prior (Monroe, Colaresi and Quinn 2008), "
    "at least 1.96, each film counted once. With so many words some of them are there by chance."
)
FROM = {
    "captions": "The words come from the captions.",
    "tags": "There are no captions, so the words are tags.",
}


def add_cluster_routes(app: FastAPI, explorer: Explorer) -> None:
    """Declare `/map/{index}/clusters.json`; a collection that cannot be clustered answers with the reason."""
    kept: dict[tuple[str, str], dict[str, Any]] = {}

    def clusters(index: str) -> dict[str, Any]:
        if index not in explorer.entries:
            raise HTTPException(404, "There is no such index.")
        entry = explorer.entries[index]
        key = (index, entry.manifest.model_sha256)
        if key not in kept:
            try:
                found = open_clusters(explorer, entry)
            except RALError as problem:
                return {"problem": str(problem), "names": [], "place": []}
            kept[key] = {
                "names": [one["name"] for one in found["clusters"]],
                "place": list(found["place"]),
                "problem": None if found["source"] else NO_WORDS,
            }
        return kept[key]

    app.add_api_route("/map/{index}/clusters.json", clusters, methods=["GET"])


def clusters_panel(explorer: Explorer, index: str | None) -> Draw:
    """What the fold shows: every cluster with its words."""

    def draw(request: Request) -> str:
        entry = explorer.resolve(request.model, named(explorer, request, index))
        found = open_clusters(explorer, entry)
        rows = join(
            f'<tr><th scope="row">{escape(one["name"] or "no word is telling")}</th><td>{one["films"]}</td><td>{said(one["words"])}</td><td>{escape(one["middle"])}</td></tr>'
            for one in found["clusters"]
        )
        apart = (
            ""
            if found["silhouette"] is None
            else f" Silhouette {number(found['silhouette'])}: 1 is well apart, 0 touching."
        )
        return (
            f'<p class="hint">{escape(HELP)}</p><p class="said">{escape(FROM.get(found["source"] or "", NO_WORDS))}{apart}</p>'
            f'<div class="scroll" tabindex="0" role="region" aria-label="Clusters"><table class="board sentences">{heads(("cluster", "films", "said of its films / of the others", "middle film"))}<tbody>{rows}</tbody></table></div>'
        )

    return draw


def said(words: list[dict[str, Any]]) -> str:
    """How often each word is said inside and outside."""
    return escape(
        "; ".join(
            f"{one['word']} {100 * one['inside']:.0f} % / {100 * one['outside']:.0f} % (z {number(one['z'], 1)})"
            for one in words
        )
        or "–"
    )
