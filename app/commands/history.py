"""`./run.sh history`: past descriptions from a log, whatever else is in the file; `--wipe` deletes the log for good.

However long a log is, no more than one of its lines is held in memory.
"""

import fcntl
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO
from unicodedata import combining, normalize

from app.errors import HistoryError, UsageError, stdout_error
from app.files import explain, open_to_read, readable, user_path
from app.jsonfile import as_line
from app.outputs.log import LONGEST, forget, is_thumbnail, is_torn, last_log, parse_record, thumbnails_of
from app.text import sanitize

SPAN = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[smhdw])")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
NO_TIME = f"{'without a time':<19}"
FINDER_FILE = ".DS_Store"
"""What macOS's Finder leaves in every folder that it has shown."""


# Reading a log


@dataclass(frozen=True, slots=True)
class Entry:
    """One sentence or notice of a log."""

    record: dict[str, Any]
    """As it was written."""
    at: datetime | None
    """Local time; None in logs older than this field."""

    @property
    def text(self) -> str:
        """The text, after the question that it answers or what was watched for."""
        about = self.record.get("about")
        text: str = self.record["text"]
        return sanitize(f"[{about}] {text}" if isinstance(about, str) and about else text)


def find_log(name: str | None) -> Path:
    """The log of this name, or the one written last.

    Raises:
        HistoryError: none is known.
        UsageError: the name is no path.
    """
    log = last_log() if name is None else user_path(name)
    if log is None:
        raise HistoryError(
            "no log yet",
            "start looksay with --log looksay.jsonl, or name a log: ./run.sh history --log FILE",
        )
    return log


def read_lines(log: Path) -> Iterator[bytes]:
    """Yield every line that is not blank; one that is too long is cut, so that it is no record.

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


def parse_timestamp(written: object) -> datetime | None:
    try:
        return datetime.fromisoformat(written).astimezone() if isinstance(written, str) else None
    except (ValueError, OverflowError, OSError):
        return None


# Choosing entries


@dataclass(frozen=True, slots=True)
class HistoryArgs:
    """The arguments of `history`; None: no limit."""

    log: str | None = None
    """Its path; None: the log written last."""
    find: str | None = None
    since: str | None = None
    is_json: bool = False


@dataclass(slots=True)
class Filter:
    """Picks entries by words and time, and counts what it cannot judge."""

    words: str
    """Folded; empty: all entries."""
    since: datetime | None
    matched: int = 0
    broken: int = 0
    undated: int = 0

    def read(self, log: Path) -> Iterator[Entry]:
        """Yield the matching entries, oldest first. Raises HistoryError if the log cannot be read."""
        for line in read_lines(log):
            record = parse_record(line)
            if record is None:
                self.broken += 1
            elif self._matches(entry := Entry(record, parse_timestamp(record.get("time")))):
                self.matched += 1
                yield entry

    def _matches(self, entry: Entry) -> bool:
        if self.words not in fold(entry.text):
            return False
        if self.since and entry.at is None:
            self.undated += 1
            return False
        return self.since is None or entry.at is None or entry.at >= self.since

    @property
    def remarks(self) -> list[str]:
        """What was skipped although it may have been wanted."""
        remarks = []
        if self.broken:
            remarks.append(f"Skipped {count(self.broken, 'line')} (incomplete, or not written by looksay).")
        if self.undated:
            remarks.append(f"Skipped {count(self.undated, 'entry', 'entries')} without a time.")
        if not self.matched:
            remarks.append("No matching entries.")
        return remarks


def count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"


def fold(text: str) -> str:
    """`text` in small letters, single spaces, without accents, for searching."""
    if not text.isascii():
        parts = normalize("NFKD", normalize("NFKD", text).casefold())
        text = "".join(one for one in parts if not combining(one))
    return " ".join(text.casefold().split())


def parse_since(text: str, now: datetime) -> datetime:
    """The time that `text` means at `now` (with its offset): `10m`, `14:30` (the last one), `2026-11-20`.

    Raises:
        UsageError: it is no time.
    """
    try:
        if span := SPAN.fullmatch(text):
            return now - timedelta(**{UNITS[span["unit"]]: float(span["number"])})
        return last_time_of_day(text, now) or datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError, OSError) as failure:
        hint = "use a span such as 10m, 2h or 3d, a time such as 14:30, or a day such as 2026-11-20"
        raise UsageError(f'--since: can\'t read "{text}" as a time', hint) from failure


def last_time_of_day(text: str, now: datetime) -> datetime | None:
    """The last time that a clock showed `text`: at 9:00, `23:30` was yesterday."""
    for form in ("%H:%M", "%H:%M:%S"):
        try:
            clock = datetime.strptime(text, form).time()
        except ValueError:
            continue
        today = datetime.combine(now.astimezone().date(), clock)
        return today.astimezone() if today.astimezone() <= now else (today - timedelta(days=1)).astimezone()
    return None


# Showing entries


def show_history(args: HistoryArgs, out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Write matching entries to `out` (standard output), remarks to `err` (standard error); return the exit code.

    Raises:
        HistoryError: the log is gone or cannot be read.
        UsageError: `since` is no time.
        OutputError: `out` cannot be written to, such as on a full disk.
    """
    out, err = out or sys.stdout, err or sys.stderr
    since = parse_since(args.since, datetime.now().astimezone()) if args.since is not None else None
    log, wanted = find_log(args.log), Filter(fold(args.find or ""), since)
    entries = wanted.read(log)
    lines = json_lines(entries, thumbnails_of(log)) if args.is_json else text_lines(entries, is_styled=has_styles(out))
    try:
        for line in lines:
            out.write(line + "\n")
        out.flush()
    except OSError as failure:
        if error := stdout_error(out, failure):
            raise error from failure
        return 0
    for remark in wanted.remarks:
        print(f"notice: {remark}", file=err)
    return 0


def has_styles(out: TextIO) -> bool:
    """Whether `out` is a terminal with bold and dim, and plain text was not asked for."""
    return out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def text_lines(entries: Iterator[Entry], *, is_styled: bool) -> Iterator[str]:
    """Yield a line for each entry; styled, days have headings and notices are dim."""
    day: date | None = None
    for entry in entries:
        if entry.at and entry.at.date() != day:
            day = entry.at.date()
            if is_styled:
                yield f"\x1b[1m{day:%A, %-d %B %Y}\x1b[0m"
        time = entry.at.isoformat(" ")[:19] if entry.at else NO_TIME
        is_notice = entry.record["event"] == "notice"
        line = f"{time}  {'notice: ' if is_notice else ''}{entry.text}"
        yield f"\x1b[2m{line}\x1b[0m" if is_styled and is_notice else line


def json_lines(entries: Iterator[Entry], thumbnails: Path) -> Iterator[str]:
    """Yield each entry as it was written; its thumbnail becomes an absolute path, if that file is in the folder."""
    for entry in entries:
        record = dict(entry.record)
        name = os.path.basename(str(record.pop("thumbnail", "")))  # its folder may have been moved with the log
        if is_thumbnail(name) and os.path.isfile(path := f"{thumbnails}/{name}"):
            record["thumbnail"] = path
        yield as_line(record)


# Deleting a log


@dataclass(slots=True)
class Wiped:
    """What was deleted, and what was kept; the keys of `--wipe --json`."""

    removed: list[str] = field(default_factory=list)
    """Paths: the log, a link to it, its thumbnails' folder."""
    thumbnails: int = 0
    forgotten: bool = False
    """Whether it was the log that `history` shows by default."""
    left: list[str] = field(default_factory=list)
    """Paths of a folder with other files in it, or of a link in its place."""

    @property
    def lines(self) -> list[str]:
        removed = [f"removed {path}" for path in self.removed]
        thumbnails = [f"removed {count(self.thumbnails, 'thumbnail')}"] if self.thumbnails else []
        left = [f"kept {path}: it has content that looksay did not write" for path in self.left]
        return [*removed, *thumbnails, *left] or ["nothing to remove: the log no longer exists"]


def wipe(log: str | None, out: TextIO | None = None, *, is_json: bool = False) -> int:
    """Delete this log (None: the one written last) and its thumbnails, and report it on `out`; return the exit code.

    Raises:
        HistoryError: there is none, looksay did not write it, or something cannot be deleted.
    """
    named = find_log(log)
    real, wiped = Path(os.path.realpath(named)), Wiped()
    check_own(named)
    try:
        wipe_thumbnails(thumbnails_of(real), wiped)
        wiped.forgotten = forget(named)
        for path in (real, named.absolute()):  # a log may be reached through a link, which goes too
            if path.is_file() or path.is_symlink():
                path.unlink()
                wiped.removed.append(str(path))
    except OSError as failure:
        reason = failure.strerror or str(failure)
        hint = f"check who may write there: ls -la {named.parent}"
        raise HistoryError(f"{failure.filename or named} cannot be deleted: {reason}", hint) from failure
    lines = [as_line(asdict(wiped))] if is_json else map(sanitize, wiped.lines)
    print(*lines, sep="\n", file=out or sys.stdout)
    return 0


def check_own(log: Path) -> None:
    """Raise HistoryError unless there is something to delete, and looksay wrote all of it."""
    try:
        log.stat()
    except OSError as failure:
        if isinstance(failure, FileNotFoundError) and (thumbnails_of(log).exists() or log == last_log()):
            return
        raise HistoryError(*explain(failure, log, "log")) from failure
    if is_being_written(log):
        raise HistoryError(
            f"looksay is still writing to {readable(log)}", "quit it first: press Q or Ctrl-C in its terminal"
        )
    records = others = 0
    for line in read_lines(log):
        if parse_record(line):
            records += 1
        elif not is_torn(line):
            others += 1
    if others:
        raise HistoryError(
            f"not deleted: {readable(log)} has {count(others, 'line')} that looksay did not write",
            "move your lines to another file, or name another log: ./run.sh history --wipe --log FILE",
        )
    if not records and log.stat().st_size:
        raise HistoryError(
            f"not deleted: {readable(log)} has no entry that looksay wrote",
            "name the log: ./run.sh history --wipe --log FILE",
        )


def is_being_written(log: Path) -> bool:
    """Whether a run holds it; that would go on writing to a file without a name."""
    try:
        with os.fdopen(open_to_read(log), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a folder, or a disk without such locks
        return False
    return False


def wipe_thumbnails(folder: Path, wiped: Wiped) -> None:
    """Delete the thumbnails, and their folder if nothing else is in it; a link in its place is not followed."""
    if folder.is_symlink():
        wiped.left.append(str(folder))
    elif folder.is_dir():
        for each in [each for each in folder.iterdir() if is_thumbnail(each.name)]:
            each.unlink()
            wiped.thumbnails += 1
        (folder / FINDER_FILE).unlink(missing_ok=True)
        is_empty = not any(folder.iterdir())
        (wiped.removed if is_empty else wiped.left).append(str(folder))
        if is_empty:
            folder.rmdir()
