"""A log, read line by line: however long it is, no more than one line is held. What is no record is told apart."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.errors import HistoryError
from app.files import explain, open_to_read, user_path
from app.outputs.log import LONGEST, is_torn, last_log, parse_record
from app.text import sanitize


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
    log = last_log() if name is None else user_path(name)
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


def lines(log: Path) -> Iterator[bytes]:
    """Yield every line that is not blank; one that is too long is cut, and then no record any more.

    Raises:
        HistoryError: the log is gone, or cannot be read.
    """
    try:
        with os.fdopen(open_to_read(log, is_pipe_fine=False), "rb") as file:
            while line := file.readline(LONGEST):
                rest = line
                while len(rest) == LONGEST and not rest.endswith(b"\n"):
                    rest = file.readline(LONGEST)
                if not line.isspace():
                    yield line
    except OSError as failure:
        raise HistoryError(*explain(failure, log, "log")) from failure


def entry(line: bytes) -> Entry | None:
    """The record on this line, if it is one of looksay's."""
    found = parse_record(line)
    return None if found is None else Entry(found, time_of(found.get("time")))


def time_of(written: object) -> datetime | None:
    try:
        return datetime.fromisoformat(written).astimezone() if isinstance(written, str) else None
    except (ValueError, OverflowError, OSError):
        return None
