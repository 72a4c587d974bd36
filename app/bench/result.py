"""The result as one JSON object, and when two of them may be compared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import BenchError

FORMAT = 1
"""Of the JSON object; to be raised when what a number means changes."""
Result = dict[str, Any]
AGAIN = "run it again there: ./run.sh bench --json > OLD.json"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What has to be alike for times to be comparable, and what has to be known to read them."""

    fingerprint: Mapping[str, Any]
    """Machine, device, model and question."""
    versions: Mapping[str, str]
    notes: tuple[str, ...]
    """What makes the numbers less than they seem."""


def opened(path: str) -> Result:
    """An earlier result.

    Raises:
        BenchError: it cannot be read, or it is none.
    """
    try:
        found = json.loads(Path(path).expanduser().read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as failure:
        raise BenchError(f"{path} is no result that can be read: {failure}", AGAIN) from failure
    if not isinstance(found, dict) or not isinstance(found.get("fingerprint"), dict):
        raise BenchError(f"{path} is not what ./run.sh bench --json prints", AGAIN)
    if found.get("format") != FORMAT:
        raise BenchError(f"{path} was written by another version of the bench, format {found.get('format')}", AGAIN)
    return found


def refuse_others(old: Result, fingerprint: Mapping[str, Any]) -> None:
    """Raise BenchError for a result of another machine, device, model or question: its times say nothing here."""
    before = old["fingerprint"]
    other = [name for name in sorted({*before, *fingerprint}) if before.get(name) != fingerprint.get(name)]
    if other:
        told = "; ".join(f"{name} was {before.get(name)} and is {fingerprint.get(name)}" for name in other)
        raise BenchError(f"these results cannot be compared: {told}", AGAIN)


def assembled(circumstances: Circumstances, rows: Mapping[str, str], settings: Mapping[str, Any]) -> Result:
    """The object without its numbers, which are added clip by clip."""
    return {
        "format": FORMAT,
        "fingerprint": dict(circumstances.fingerprint),
        "versions": dict(circumstances.versions),
        "notes": list(circumstances.notes),
        "settings": dict(settings),
        "rows": dict(rows),
        "clips": [],
        "live": [],
    }
