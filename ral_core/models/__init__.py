"""Models: tensors in, scores out. `BACKBONES` names what comes with the program, `plugins` what other packages bring."""

from __future__ import annotations

from ral_core.errors import DataError, UnknownName
from ral_core.models.backbone import Backbone, PRVRModel
from ral_core.models.config import ModelConfig, RALConfig
from ral_core.models.gmmformer import GMMFormer
from ral_core.models.gmmformer_v2 import GMMFormerV2
from ral_core.models.ms_sl import MSSL
from ral_core.models.ms_sl_plus import MSSLPlus
from ral_core.models.msc import MSC
from ral_core.models.plugins import build_offered
from ral_core.models.ral import RAL
from ral_core.models.zero_shot import ZeroShot
from ral_core.offers import offers
from ral_core.settings import near

BACKBONES: dict[str, type[Backbone]] = {
    cls.name: cls for cls in (MSSL, MSSLPlus, GMMFormer, GMMFormerV2, MSC)
}

TAKEN = frozenset({*BACKBONES, ZeroShot.name})
"""Names that no other package can give to a model."""

__all__ = [
    "BACKBONES",
    "RAL",
    "TAKEN",
    "Backbone",
    "ModelConfig",
    "PRVRModel",
    "RALConfig",
    "ZeroShot",
    "build_model",
]


def build_model(config: ModelConfig) -> PRVRModel:
    """A freshly initialised model.

    Raises UnknownName with the names there are, DataError where a model of another package does not work.
    """
    if config.name in TAKEN and config.own:
        raise DataError(f"The model {config.name} has no settings in 'own'; models of other packages do.")
    if config.name == ZeroShot.name:
        return ZeroShot(config)
    backbone = backbone_of(config)
    return backbone if config.ral is None else RAL(backbone, config)


def backbone_of(config: ModelConfig) -> Backbone:
    """The backbone alone, one of ours or of another package."""
    if config.name in BACKBONES:
        return BACKBONES[config.name](config)
    others = offers()
    if config.name not in others:
        raise UnknownName(
            f"There is no backbone called {config.name!r}.{near(config.name, (*BACKBONES, *others))} "
            "If another package brings it, install that first."
        )
    return build_offered(others[config.name], config, TAKEN)
