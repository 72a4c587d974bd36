"""ADD A FAMILY OF MODELS: one line. The key is the folder of mlx_vlm.models that serves it."""

from collections.abc import Callable

from app.card import Card
from app.vision.families.family import Family
from app.vision.families.fastvlm import FastVlm
from app.vision.families.generic import Generic
from app.vision.families.lfm2 import Lfm2Vl
from app.vision.families.smolvlm import smolvlm
from app.vision.loaded import Loaded
from app.wish import Wish

FAMILIES: dict[str, Callable[[Loaded, Card, Wish], Family]] = {
    "smolvlm": smolvlm,
    "idefics3": smolvlm,
    "lfm2_vl": Lfm2Vl,
    "fastvlm": FastVlm,
}


def family(loaded: Loaded, card: Card, wish: Wish) -> Family:
    """The family of a loaded model, its processor set to the wish.

    Raises:
        UsageError: the wish for image tokens cannot be granted.
    """
    return FAMILIES.get(loaded.architecture, Generic)(loaded, card, wish)
