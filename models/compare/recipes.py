"""Which train config an architecture is trained by, where nobody says another one."""

from __future__ import annotations

from collections.abc import Mapping

from ...configs.load import shipped
from ..architectures.registry import ARCHITECTURES, is_somebodys
from ..weights.beginning import NONE

TRANSFER, FROM_NOTHING, PLAIN = 'transfer', 'from_nothing', 'train'


def recipe_of(architecture: str | None, recipes: Mapping[str, str], weights: str | None = None) -> str:
    """Name or path of a train config.

    Args:
        architecture: as `mien train` takes it; None: the plain recipe says which.
        recipes: what a comparison's config says of an architecture.
        weights: what it begins with; None: the recipe says.
    """
    if architecture is None:
        return PLAIN
    if architecture in recipes:
        return recipes[architecture]
    if architecture in ARCHITECTURES:
        return architecture if architecture in shipped() else PLAIN
    if is_somebodys(architecture):
        return PLAIN
    return FROM_NOTHING if weights == NONE else TRANSFER
