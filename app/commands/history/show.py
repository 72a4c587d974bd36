"""`./run.sh history`: what was said, and when, the newest last. It reads a log and changes nothing."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

from app.commands.history.entries import Entry, entries, log_named
from app.commands.history.find import folded
from app.commands.history.since import moment
from app.errors import OutputError
from app.outputs.log import is_thumbnail, thumbnails_of

NO_TIME = f"{'without a time':<19}"
Words = Callable[[Entry], Iterator[str]]
"""The lines that an entry becomes."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What of a log is wanted; `None`: all of it."""

    log: str | None = None
    """Its path; None: the log that was written last."""
    find: str | None = None
    since: str | None = None
    is_json: bool = False


@dataclass(slots=True)
class Choice:
    """Picks the entries that are wanted, and counts what it cannot judge."""

    words: str
    """Folded; empty: whatever was said."""
    since: datetime | None
    shown: int = 0
    broken: int = 0
    undated: int = 0

    def of(self, found: Iterator[Entry | None]) -> Iterator[Entry]:
        for each in found:
            if each is None:
                self.broken += 1
            elif self.is_wanted(each):
                self.shown += 1
                yield each

    def is_wanted(self, entry: Entry) -> bool:
        if self.words and self.words not in folded(entry.text):
            return False
        if self.since and entry.at is None:
            self.undated += 1
            return False
        return self.since is None or entry.at is None or entry.at >= self.since

    @property
    def remarks(self) -> list[str]:
        """What was not shown although it may have been wanted."""
        told = []
        if self.broken:
            told.append(f"{counted(self.broken, 'line')} left out: not of looksay's, or not whole.")
        if self.undated:
            told.append(f"{counted(self.undated, 'entry', 'entries')} left out: without a time.")
        if not self.shown:
            told.append("Nothing in the log fits.")
        return told


@dataclass(slots=True)
class Sheet:
    """Words every entry for people; on a terminal days have headings and notices are dim."""

    is_fine: bool
    day: date | None = field(default=None, init=False)

    def lines(self, entry: Entry) -> Iterator[str]:
        day = entry.at.date() if entry.at else self.day
        if self.is_fine and day and day != self.day:
            yield f"\x1b[1m{day:%A, %-d %B %Y}\x1b[0m"
        self.day = day
        when = entry.at.isoformat(" ")[:19] if entry.at else NO_TIME
        line = f"{when}  {'notice: ' if entry.is_notice else ''}{entry.text}"
        yield f"\x1b[2m{line}\x1b[0m" if self.is_fine and entry.is_notice else line


def look_back(wanted: Wanted, out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Write what is wanted to `out` (standard output), remarks to `err` (standard error); return the exit code.

    Raises:
        HistoryError: the log is gone or cannot be read.
        UsageError: `since` is no time.
        OutputError: `out` cannot be written to.
        BrokenPipeError: nobody reads `out` any more.
    """
    out, err = out or sys.stdout, err or sys.stderr
    since = moment(wanted.since, datetime.now().astimezone()) if wanted.since is not None else None
    log, choice = log_named(wanted.log), Choice(folded(wanted.find or ""), since)
    words = json_lines(thumbnails_of(log)) if wanted.is_json else Sheet(is_fine(out)).lines
    write((line for entry in choice.of(entries(log)) for line in words(entry)), out)
    for remark in choice.remarks:
        print(f"notice: {remark}", file=err)
    return 0


def is_fine(out: TextIO) -> bool:
    """Whether it is a terminal that knows bold and dim, and nobody has asked for plain text."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def json_lines(thumbnails: Path) -> Words:
    """Words an entry as it was written, but for its thumbnail: an absolute path, if it is in this folder."""

    def lines(entry: Entry) -> Iterator[str]:
        record = dict(entry.record)
        name = os.path.basename(str(record.pop("thumbnail", "")))  # its folder may have been moved with the log
        if is_thumbnail(name) and os.path.isfile(path := f"{thumbnails}/{name}"):
            record["thumbnail"] = path
        yield json.dumps(record, ensure_ascii=False)

    return lines


def write(lines: Iterable[str], out: TextIO) -> None:
    try:
        for line in lines:
            out.write(line + "\n")
        out.flush()
    except BrokenPipeError:
        raise
    except OSError as failure:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # else Python tries to write the rest at its end
        reason = failure.strerror or str(failure)
        hint = "Make room there, or send the list elsewhere."
        raise OutputError(f"standard output cannot be written to: {reason}.", hint) from failure


def counted(number: int, one: str, many: str = "") -> str:
    return f"1 {one} was" if number == 1 else f"{number} {many or one + 's'} were"
