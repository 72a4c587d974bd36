"""ADD A FAMILY OF MODELS: one line. The key is the folder of mlx_vlm.models that serves it."""

from collections.abc import Callable

from app.backends.mlx.family import Family
from app.backends.mlx.fastvlm import FastVlm
from app.backends.mlx.generic import Generic
from app.backends.mlx.lfm2 import Lfm2Vl
from app.backends.mlx.loading import Loaded
from app.backends.mlx.smolvlm import smolvlm
from app.config import ModelOptions
from app.models.card import Card

FAMILIES: dict[str, Callable[[Loaded, Card, ModelOptions], Family]] = {
    "smolvlm": smolvlm,
    "idefics3": smolvlm,
    "lfm2_vl": Lfm2Vl,
    "fastvlm": FastVlm,
}


def family(loaded: Loaded, card: Card, wish: ModelOptions) -> Family:
    """The family of a loaded model, its processor set to the wish.

    Raises:
        UsageError: the wish for image tokens cannot be granted.
    """
    return FAMILIES.get(loaded.architecture, Generic)(loaded, card, wish)
