"""`./run.sh models`: every model that looksay knows, whether it is installed, and whether it fits this machine.

It looks whether folders are there and what the lock file says of them. It does not read their files again: that is
for lockfile.py at a start, and for ./run.sh check.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.files import ROOT
from app.models import lockfile
from app.models.registry import Card, card_for, fetched_name, fits, home, is_installed, registered


@dataclass(frozen=True, slots=True)
class Row:
    """One model."""

    card: Card
    installed: str
    """`no`, `bundled`, or how far its files are known: `pinned`, `recorded at install`, `not recorded`."""
    fits: bool | None
    """Whether it takes at most half of this machine's memory; None where nobody knows what it takes."""


def rows(memory: int, root: Path = ROOT) -> list[Row]:
    """The registered models in the registry's order, then other repositories that are installed. `memory` in bytes.

    Raises:
        ModelError: the registry or the lock file cannot be read.
    """
    entries = lockfile.entries(root)
    cards = [*registered(root).values(), *_others(root, entries)]
    return [Row(card, _installed(card, entries, root), fits(card, memory)) for card in cards]


def render(rows: Sequence[Row]) -> str:
    """One line a model, in words: a screen reader needs no header to understand it."""
    lines = [_cells(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def as_json(rows: Sequence[Row]) -> str:
    """One JSON object a line: the model's card, `installed` and `fits`. Dates as 2026-11-21."""
    told = ({**asdict(row.card), "installed": row.installed, "fits": row.fits} for row in rows)
    return "\n".join(json.dumps(each, ensure_ascii=False, default=str) for each in told)


def _others(root: Path, entries: dict[str, lockfile.Entry]) -> Iterator[Card]:
    """What is installed and is in no table of the registry."""
    known = registered(root)
    for name, entry in sorted(entries.items()):
        folder = root / ".models" / name
        if fetched_name(folder) not in known and folder.is_dir():
            its = card_for(folder, root)
            yield replace(its, repository=entry.repository, revision=entry.revision, licence=entry.licence)


def _installed(card: Card, entries: dict[str, lockfile.Entry], root: Path) -> str:
    if not is_installed(card, root):
        return "no"
    if card.folder:
        return "bundled"
    entry = entries.get(home(card, root).name)
    return entry.trust if entry else "not recorded"


def _cells(row: Row) -> list[str]:
    card = row.card
    return [
        card.name + (" (default)" if card.default else ""),
        {"no": "not installed", "bundled": "bundled"}.get(row.installed, f"installed, {row.installed}"),
        {True: "fits", False: "too large", None: "size not known"}[row.fits],
        f"{card.memory_gb:.1f} GB" if card.memory_gb else "",
        f"{card.image_tokens.default} image tokens" if card.image_tokens else "image tokens measured",
        card.licence or "licence not known",
        _verified(card),
    ]


def _verified(card: Card) -> str:
    if not card.verified:
        return "not verified"
    latest = max(card.verified, key=lambda each: each.when)
    return f"verified {latest.when}: {latest.what}"
