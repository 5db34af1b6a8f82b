"""Backbones of other packages, loaded only when one is asked for: see `ral_core.offers` and docs/new-model.md."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ral_core.errors import DataError, RALError
from ral_core.models.backbone import Backbone
from ral_core.models.config import ModelConfig
from ral_core.offers import Offer, offers


def build_offered(offer: Offer, config: ModelConfig, ours: Collection[str] = ()) -> Backbone:
    """The offered backbone with fresh weights.

    Raises DataError, naming the package, where the name is taken, or the package cannot be imported or makes
    something else than a backbone.
    """
    refuse_taken(offer, ours)
    point = offer.points[0]
    try:
        made = point.load()(config)
    except RALError:
        raise
    except Exception as problem:  # whatever another package may raise
        raise DataError(
            f"The model {offer.name!r} of the package {offer.package} does not work "
            f"({type(problem).__name__}: {problem}); mend the package or remove it."
        ) from problem
    if not isinstance(made, Backbone):
        raise DataError(
            f"The package {offer.package} offers {point.value} as the model {offer.name!r}, but that makes a "
            f"{type(made).__name__} and no Backbone (docs/new-model.md)."
        )
    return made


def refuse_taken(offer: Offer, ours: Collection[str]) -> None:
    """Raise DataError where an offered name is one of `ours` or offered twice."""
    if offer.name in ours:
        raise DataError(
            f"The package {offer.package} offers a model {offer.name!r}, which is the name of one that comes with "
            "this program and stays that; it needs another name."
        )
    if len(offer.points) > 1:
        raise DataError(
            f"The packages {offer.package} both offer a model {offer.name!r}; remove one of them."
        )


def broken(ours: Collection[str]) -> Mapping[str, str]:
    """For each offer that cannot be used, why not, by name. Imports the packages that offer something."""
    found = {}
    for name, offer in offers().items():
        try:
            refuse_taken(offer, ours)
            offer.points[0].load()
        except RALError as problem:
            found[name] = str(problem)
        except Exception as problem:  # whatever another package may raise
            found[name] = (
                f"The package {offer.package} cannot be imported ({type(problem).__name__}: {problem})."
            )
    return found
