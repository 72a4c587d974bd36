"""A log, read line by line: however long it is, no more than one line is held. What is no record is told apart."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from app.errors import HistoryError
from app.outputs.log import last_log
from app.text import sanitize

LONGEST = 1 << 20
"""Bytes of a line; a longer one is none that looksay has written."""
EVENTS = ("sentence", "notice")
HEADS = tuple(f'{{"event": "{event}", "kind": "'.encode() for event in EVENTS)
"""What every line begins with that looksay has written."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One sentence or notice of a log."""

    record: dict[str, Any]
    """As it was written."""
    at: datetime | None
    """Local time; None in logs older than this field."""

    @property
    def is_notice(self) -> bool:
        return bool(self.record["event"] == "notice")

    @property
    def text(self) -> str:
        """With the question that it answers, or the wish that it reports on, before it."""
        about = self.record.get("about")
        text: str = self.record["text"]
        return sanitize(f"[{about}] {text}" if isinstance(about, str) and about else text)


def log_named(name: str | None) -> Path:
    """The log of this name, or the one that was written last.

    Raises:
        HistoryError: none is known.
    """
    log = Path(name).expanduser() if name else last_log()
    if log is None:
        raise HistoryError(
            "no log is known: none has been written here",
            "keep one with ./run.sh --log looksay.jsonl, or name one with ./run.sh history --log FILE",
        )
    return log


def entries(log: Path) -> Iterator[Entry | None]:
    """Yield the records in the order of the file, None for a line that is not one.

    Raises:
        HistoryError: the log is gone, or cannot be read.
    """
    return map(entry, lines(log))


def census(log: Path) -> tuple[int, int]:
    """How many lines are records, and how many are not looksay's: neither a record nor one that broke off.

    Raises:
        HistoryError: the log is gone, or cannot be read.
    """
    records = others = 0
    for line in lines(log):
        if entry(line):
            records += 1
        elif not is_torn(line):
            others += 1
    return records, others


def unreadable(log: Path, reason: str) -> HistoryError:
    return HistoryError(f"the log {log} cannot be read: {reason}", "name another with ./run.sh history --log FILE")


def lines(log: Path) -> Iterator[bytes]:
    """Yield every line that is not blank; one that is too long is cut, and then no record any more.

    Raises:
        HistoryError: the log is gone, or cannot be read.
    """
    if not log.is_file():
        raise unreadable(log, "it is not a file" if log.exists() else "there is no such file")
    try:
        with log.open("rb") as file:
            while line := file.readline(LONGEST):
                rest = line
                while len(rest) == LONGEST and not rest.endswith(b"\n"):
                    rest = file.readline(LONGEST)
                if not line.isspace():
                    yield line
    except OSError as failure:
        raise unreadable(log, failure.strerror or str(failure)) from failure


def entry(line: bytes) -> Entry | None:
    """The record on this line, if it is one of looksay's."""
    try:
        found = parsed(line)
    except (ValueError, RecursionError):
        return None
    return Entry(found, time_of(found.get("time"))) if is_record(found) else None


def is_torn(line: bytes) -> bool:
    """Whether it is a record that broke off: the last line of a run that was cut short, maybe with other runs after it.

    It begins as records do, and is no JSON.
    """
    begun = line.rstrip(b"\n")
    if len(line) == LONGEST or not any(begun.startswith(head) or head.startswith(begun) for head in HEADS):
        return False
    try:
        parsed(line)
    except ValueError:
        return True
    except RecursionError:
        pass
    return False


def is_record(found: object) -> bool:
    if not isinstance(found, dict) or found.get("event") not in EVENTS:
        return False
    return all(isinstance(found.get(name), str) for name in ("kind", "text"))


def time_of(written: object) -> datetime | None:
    try:
        return datetime.fromisoformat(written).astimezone() if isinstance(written, str) else None
    except (ValueError, OverflowError, OSError):
        return None


def parsed(line: bytes) -> Any:
    return DECODER.decode(line.decode())


def refused(constant: str) -> NoReturn:
    """NaN and its like are no JSON, and looksay writes none."""
    raise ValueError(constant)


DECODER = json.JSONDecoder(parse_constant=refused)
