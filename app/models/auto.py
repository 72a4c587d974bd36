"""Choosing a model by the memory of this machine: `--model auto`.

The rule: the largest model that takes at most a quarter of the memory. A narrator runs beside everything else that is
open, and a larger model is a slower one. Only models that somebody has sized and of which we have run something are
chosen, and never the bundled demo, which knows nothing of the real world. How well a model describes plays no part:
nobody has measured it.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from app.errors import ModelError
from app.files import ROOT
from app.models.card import Card
from app.models.registry import is_installed, registered

SHARE = 0.25
"""Of the memory, for a model that nobody chose by name."""
MOST = 0.5
"""Of the memory, for one that somebody did; beyond it the machine would swap."""


def machine_memory() -> int:
    """Bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def fits(card: Card, memory: int) -> bool | None:
    """Whether the model takes at most half of `memory` bytes; None where nobody has said what it takes."""
    return card.memory_gb <= MOST * _gigabytes(memory) if card.memory_gb else None


def choose(memory: int, root: Path = ROOT) -> tuple[Card, str]:
    """The largest installed model that fits, and why it is this one.

    Raises:
        ModelError: there is none, with the command that installs one.
    """
    cards = registered(root).values()
    if card := _largest((card for card in cards if is_installed(card, root)), memory):
        return card, f"{card.name}: the largest installed model that takes {_share(memory)}"
    other, _ = best(memory, root)
    raise ModelError(
        f"no installed model takes {_share(memory)}",
        f"{other.install_command} fetches the largest that does; or give another with --model NAME, or ./run.sh demo",
    )


def best(memory: int, root: Path = ROOT) -> tuple[Card, str]:
    """The largest model that fits, installed or not, and why it is this one.

    Raises:
        ModelError: none fits.
    """
    if card := _largest(registered(root).values(), memory):
        return card, f"{card.name}: the largest model that takes {_share(memory)}"
    raise ModelError(f"no model takes {_share(memory)}", "give one with --model NAME, or ./run.sh demo")


def _largest(cards: Iterable[Card], memory: int) -> Card | None:
    """Of two of a size it is the later table: each family is listed oldest first."""
    room = SHARE * _gigabytes(memory)
    fitting = [card for card in cards if 0 < card.memory_gb <= room and card.verified and not card.folder]
    return max(reversed(fitting), key=lambda card: card.memory_gb, default=None)


def _share(memory: int) -> str:
    return f"at most a quarter of this machine's {_gigabytes(memory):.0f} GB"


def _gigabytes(memory: int) -> float:
    """As machines are sold: of 2³⁰ bytes."""
    return memory / 2**30
