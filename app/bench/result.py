"""The result as one JSON object, and when two of them may be compared."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.errors import BenchError
from app.files import explain, read_small, readable, user_path

MOST = 1 << 26
"""Bytes of a result."""
FORMAT = 1
"""Of the JSON object; to be raised when what a number means changes."""
Result = dict[str, Any]
ANOTHER = "take a file that ./run.sh bench --json made on this machine"


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
    file, path = user_path(path), readable(path)
    try:
        found = json.loads(read_small(file, MOST).decode())
    except (OSError, UnicodeError) as failure:
        raise BenchError(*explain(failure, file)) from failure
    except (ValueError, RecursionError) as failure:
        raise BenchError(f"{path} is no result that can be read: {failure}", ANOTHER) from failure
    if not isinstance(found, dict) or not all(isinstance(found.get(key), dict) for key in ("fingerprint", "settings")):
        raise BenchError(f"{path} is not what ./run.sh bench --json prints", ANOTHER)
    if found.get("format") != FORMAT:
        told = f"{path} was written by another version of the bench, format {found.get('format')}"
        raise BenchError(told, "measure anew with this one: ./run.sh bench --json > NEW.json")
    return found


def refuse_others(old: Result, fingerprint: Mapping[str, Any]) -> None:
    """Raise BenchError for a result of another machine, device, model or question: its times say nothing here."""
    if told := differing(old["fingerprint"], fingerprint):
        raise BenchError(f"these results cannot be compared: {told}", f"{ANOTHER}, with this model and these flags")


def refuse_other_work(old: Result, settings: Mapping[str, Any]) -> None:
    """Raise BenchError for a result of more or fewer rounds or captions: its medians are of other frames."""
    if told := differing(old["settings"], settings):
        wanted = " ".join(f"--{name} {old['settings'].get(name)}" for name in settings)
        raise BenchError(f"these results cannot be compared: {told}", f"measure as much as then: {wanted}")


def differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs, in words; empty where nothing does."""
    other = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    return "; ".join(f"{name} was {before.get(name)} and is {now.get(name)}" for name in other)


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
