"""`--log`: append every sentence and notice to a JSONL file as it comes. Also where a log's thumbnails are, and which
log was written last, for `history`.
"""

import fcntl
import json
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from app.errors import OutputError
from app.events import Banner, Notice, RunEvent, Sentence, json_line
from app.files import ROOT, explain, open_own, readable, same_file, user_path
from app.jsonfile import load_cached, save_cached
from app.threads import Worker

LAST = ROOT / ".cache" / "last_log.json"
"""Holds the absolute path of the log that was written last."""
LONGEST = 1 << 20
"""Bytes in a line; looksay writes no longer one."""
EVENTS = ("sentence", "notice")
HEADS = tuple(f'{{"event": "{event}", "kind": "'.encode() for event in EVENTS)
"""What every line of a log begins with."""
THUMBNAIL = re.compile(r"\d{8}-\d{6}-\d{3}-\d+(-[0-9a-f]{8})?\.jpg")


class Log:
    """Writes on a thread of its own. After `close`, everything given to it before is on disk."""

    def __init__(
        self,
        path: str | Path,
        warn: Callable[[Notice], None],
        now: Callable[[], float] = time.monotonic,
        thumbnails: Path | None = None,
    ) -> None:
        """Open the file. `warn` is called once, if lines are missing; `thumbnails`: the folder of its thumbnails.

        Raises:
            OutputError: the file cannot be written to, or looksay did not write what is in it.
        """
        self.path = user_path(path)
        self.banner = Banner(f"log {readable(self.path)}")
        self.warn, self.now = warn, now
        self.thumbnails = thumbnails.name if thumbnails else ""
        self.file = open_log(self.path)
        self.worker = Worker("log", self._write, end=self._end, warn=self._warn)

    def tell(self, event: RunEvent) -> None:
        """Queue a sentence or a notice; never blocks, never raises."""
        if isinstance(event, Sentence | Notice):
            self.worker.put(json_line(event, self.now(), self.thumbnails))

    def close(self) -> None:
        """Write what waits and close the file."""
        self.worker.close()

    def _end(self) -> None:
        with suppress(OSError):
            os.fsync(self.file)
        os.close(self.file)

    def _write(self, line: str) -> None:
        """Write a whole line or nothing; a full disk may have room again for the next."""
        data, written = (line + "\n").encode(), 0
        try:
            while written < len(data):
                written += os.write(self.file, data[written:])
        except OSError as failure:
            self._remove_end(written)
            self.worker.complain(failure.strerror or str(failure))

    def _remove_end(self, count: int) -> None:
        """Remove the part of a line that was written last."""
        if count:
            with suppress(OSError):  # a pipe cannot be truncated
                os.ftruncate(self.file, os.fstat(self.file).st_size - count)

    def _warn(self, reason: str) -> None:
        hint = f"Free up space for {readable(self.path)}, or choose another file with --log."
        self.warn(Notice("log", f"Some lines are missing from the log: {reason}.", hint))


def open_log(path: Path) -> int:
    """Open for appending, at the start of a line; return the descriptor. Its shared lock shows that it is in use.

    Raises:
        OutputError: the file cannot be written to, or looksay did not write what is in it.
    """
    try:
        file = open_own(path, os.O_APPEND, is_log)
        with suppress(OSError):  # some file systems have no locks, and writing needs none
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if path.is_file() and not ends_with_newline(path):
            os.write(file, b"\n")
    except OSError as failure:
        raise OutputError(*explain(failure, path, "log", "written")) from failure
    return file


def ends_with_newline(path: Path) -> bool:
    """Whether the file is empty or its last line is whole; after a power failure it may not be."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return file.read() in (b"", b"\n")


def is_log(content: BinaryIO) -> bool:
    """Whether looksay wrote this file: its first line that is not blank is a record, or one that was cut off."""
    for line in iter(lambda: content.readline(LONGEST), b""):
        if not line.isspace():
            return parse_record(line) is not None or (is_torn(line) and line.startswith(HEADS))
    return True


def parse_record(line: bytes) -> dict[str, Any] | None:
    """The record on a line of a log; None if looksay did not write it."""
    try:
        found = _parse(line)
    except (ValueError, RecursionError):
        return None
    is_record = isinstance(found, dict) and found.get("event") in EVENTS
    return found if is_record and all(isinstance(found.get(name), str) for name in ("kind", "text")) else None


def is_torn(line: bytes) -> bool:
    """Whether it is a record that was cut off, as by a power failure: it begins like one, and is not valid JSON."""
    begun = line.rstrip(b"\n")
    if len(line) == LONGEST or not any(begun.startswith(head) or head.startswith(begun) for head in HEADS):
        return False
    try:
        _parse(line)
    except ValueError:
        return True
    except RecursionError:
        pass
    return False


def _parse(line: bytes) -> Any:
    return DECODER.decode(line.decode())


def _refuse(constant: str) -> NoReturn:
    """NaN and its like are not JSON, and looksay does not write them."""
    raise ValueError(constant)


DECODER = json.JSONDecoder(parse_constant=_refuse)


def thumbnails_of(log: Path) -> Path:
    """The folder of a log's thumbnails, whether or not it exists: beside the log, not beside a link to it."""
    real = Path(os.path.realpath(log))  # unlike resolve(), it does not raise for a link that leads to itself
    return real.with_name(f"{real.name}.thumbnails")


def is_thumbnail(name: str) -> bool:
    return bool(THUMBNAIL.fullmatch(name))


def remember(log: Path, last: Path = LAST) -> None:
    """Record that this log is being written; not a pipe or a device, which cannot be read again."""
    path = log.absolute()
    if path.is_file():
        save_cached(last, {"log": str(path)})


def last_log(last: Path = LAST) -> Path | None:
    """The log that was written last, or None; it may have been deleted since."""
    found = load_cached(last).get("log")
    return Path(found) if isinstance(found, str) and found else None


def forget(log: Path, last: Path = LAST) -> bool:
    """Remove the record that this log was written last; False if there is none of it.

    Raises:
        OSError: the record cannot be removed.
    """
    known = last_log(last)
    if known is None or not same_file(known, log):
        return False
    last.unlink(missing_ok=True)
    return True
