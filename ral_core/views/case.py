"""A retrieval case: one query, one film, everything that an export needs to show it elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from ral_core.errors import DataError, UnknownName
from ral_core.index.folder import Manifest
from ral_core.search.engine import Explorer
from ral_core.search.results import Explanation, SearchResult
from ral_core.views.media import Shelf
from ral_core.views.requests import Request, named
from ral_core.views.stills import still


@dataclass(frozen=True)
class Case:
    """What was asked, what was found, why, and where to open it again."""

    result: SearchResult
    explanation: Explanation
    manifest: Manifest
    still: bytes | None  # JPEG of the found moment
    link: str


def case(explorer: Explorer, shelf: Shelf, request: Request, index: str | None, base: str) -> Case:
    """Search and explain again what a request asks for; `base` is the address of the page.

    Raises BadQuery, UnknownName and DataError as the explorer does.
    """
    wanted = named(explorer, request, index)
    result = explorer.search(request.query, 10, model=request.model, index=wanted)
    video = request.video or (result.hits[0].video if result.hits else "")
    if not video:
        raise UnknownName("There is no film to make a card of.")
    explanation = explorer.explain(result.query, video, model=result.model, index=wanted)
    asked = {"tab": "why", "q": result.query, "model": result.model, "index": result.index, "video": video}
    if explanation.moments:
        asked["t"] = f"{explanation.moments[0].start:.1f}"
    link = f"{base}?{urlencode(asked)}"
    manifest = explorer.resolve(result.model, wanted).manifest
    return Case(result, explanation, manifest, picture(shelf, manifest.collection, explanation), link)


def picture(shelf: Shelf, collection: str, explanation: Explanation) -> bytes | None:
    """The found moment, where the film is here and can be read."""
    film = shelf.film(f"{collection}/{explanation.video}")
    if film is None or not explanation.moments:
        return None
    try:
        return still(film, round(explanation.moments[0].peak, 1))
    except DataError:
        return None
