"""What `check` is told by the other rooms, and what it finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from app.models.spoilt import Spoilt, short

MOST_OF_A_REASON = 200

Status = Literal["ok", "note", "bad", "unknown"]
"""`bad`: something that the narrator needs is missing. `note`: it runs, with less than there could be.
`unknown`: finding out failed, which is no verdict."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing about this machine, or about a model."""

    name: str
    """One or two words: what was looked at."""
    status: Status
    sentence: str
    """Without a full stop."""
    hint: str = ""
    """What a person can type or do; never empty where the status is `bad`."""
    code: str = ""
    """What scripts and tests match, such as `no-eyes`; every finding about a model that is not `ok` has one."""


def bad(name: str, spoilt: Spoilt) -> Finding:
    """What was found spoilt, as a finding."""
    return Finding(name, "bad", spoilt.sentence, spoilt.hint, spoilt.code)


def unknown(name: str, failure: Exception) -> Finding:
    """That finding out failed, which is no verdict."""
    why = short(" ".join(str(failure).split()), MOST_OF_A_REASON)
    sentence = f"could not be found out: {type(failure).__name__}: {why}"
    return Finding(name, "unknown", sentence, "report this with what ./run.sh check prints", "unknown")


@dataclass(frozen=True, slots=True)
class ModelState:
    """The chosen model's files against the lock."""

    name: str
    folder: Path | None
    """Where the files are, or should be."""
    status: Literal["verified", "not locked", "changed", "not installed"]
    reason: str = ""
    """What was compared, or what differs: a sentence without a full stop, or nothing."""
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What only other rooms know. Each is asked once; what it raises becomes an `unknown` finding."""

    model: Callable[[], ModelState]
    cameras: Callable[[], Sequence[str]]
    """Names of the cameras, as `camera:NAME` takes them."""
    voice: Callable[[], str | None]
    """The voice that would speak, or None."""
