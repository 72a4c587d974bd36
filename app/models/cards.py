"""What is known of the model in a folder, whether the registry has it or not.

It reads config.json for the architecture and nothing else. Whether the folder is any good is for the check to say.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from app.files import ROOT
from app.models.card import Bound, Card
from app.models.registry import fetched_name, home, registered

SAME = {"lfm2-vl": "lfm2_vl"}
"""An architecture that was renamed: what it was called, and what it is called now."""

SHARED = ("image_tokens", "sampling", "frames", "prompt")
"""What a model may borrow, wherever all registered models of its architecture agree on it."""


def card_for(folder: Path, root: Path = ROOT) -> Card:
    """The card of a registered model's folder; for any other, one that is borrowed from those of its architecture.

    Borrowed are the narrowest loader range and what they agree on. A model whose architecture nobody has registered,
    or whose config.json cannot be read, gets a bare card.
    """
    cards = registered(root)
    where = folder.resolve()
    own = next((card for card in cards.values() if where == home(card, root).resolve()), None)
    return own or _borrowed(Card(_name(where, root), architecture=_architecture(folder)), cards.values())


def _name(folder: Path, root: Path) -> str:
    is_fetched = folder.parent == (root / ".models").resolve()
    return fetched_name(folder) if is_fetched else folder.name


def _architecture(folder: Path) -> str:
    try:
        said = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model_type"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    return said if isinstance(said, str) else ""


def _borrowed(card: Card, cards: Iterable[Card]) -> Card:
    kin = [each for each in cards if card.architecture and _kind(each) == _kind(card)]
    if not kin:
        return card
    agreed = {key: getattr(kin[0], key) for key in SHARED if len({getattr(each, key) for each in kin}) == 1}
    return replace(card, loader=_narrowest([bound for each in kin for bound in each.loader]), **agreed)


def _kind(card: Card) -> str:
    return SAME.get(card.architecture, card.architecture)


def _narrowest(bounds: Iterable[Bound]) -> tuple[Bound, ...]:
    """The latest beginning and the earliest end."""
    ordered = sorted(bounds, key=lambda bound: _numbers(bound.least or bound.before))
    starts, ends = [each for each in ordered if each.least], [each for each in ordered if each.before]
    return (*starts[-1:], *ends[:1])


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
