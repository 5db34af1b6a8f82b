"""Models: tensors in, scores out. `BACKBONES` names what there is, `build_model` makes one."""

from __future__ import annotations

from ral_core.errors import UnknownName
from ral_core.models.backbone import Backbone, PRVRModel
from ral_core.models.config import ModelConfig, RALConfig
from ral_core.models.gmmformer import GMMFormer
from ral_core.models.gmmformer_v2 import GMMFormerV2
from ral_core.models.ms_sl import MSSL
from ral_core.models.ms_sl_plus import MSSLPlus
from ral_core.models.msc import MSC
from ral_core.models.ral import RAL
from ral_core.models.zero_shot import ZeroShot
from ral_core.settings import near

BACKBONES: dict[str, type[Backbone]] = {
    cls.name: cls for cls in (MSSL, MSSLPlus, GMMFormer, GMMFormerV2, MSC)
}

__all__ = ["BACKBONES", "RAL", "Backbone", "ModelConfig", "PRVRModel", "RALConfig", "ZeroShot", "build_model"]


def build_model(config: ModelConfig) -> PRVRModel:
    """A freshly initialised model. Raises UnknownName with the names there are."""
    if config.name == ZeroShot.name:
        return ZeroShot(config)
    if config.name not in BACKBONES:
        raise UnknownName(f"There is no backbone called {config.name!r}.{near(config.name, BACKBONES)}")
    backbone = BACKBONES[config.name](config)
    return backbone if config.ral is None else RAL(backbone, config)
