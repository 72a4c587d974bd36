"""`--log`: append every sentence and notice to a JSONL file as it comes. Also where a log's thumbnails are, and which
log was written last, for `history`.
"""

import fcntl
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from app.errors import OutputError
from app.events import Banner, Notice, RunEvent, Sentence, json_line
from app.jsonfile import load_cached, save_cached
from app.threads import Worker

LAST = Path(__file__).parents[2] / ".cache" / "last_log.json"
"""Holds the absolute path of the log that was written last."""
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
            OutputError: the file cannot be written to.
        """
        self.path = Path(path).expanduser()
        self.banner = Banner(f"log {self.path}")
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
        hint = f"Free up space for {self.path}, or choose another file with --log."
        self.warn(Notice("log", f"Some lines are missing from the log: {reason}.", hint))


def open_log(path: Path) -> int:
    """Open for appending, at the start of a line; return the descriptor. Its shared lock shows that it is in use.

    Raises:
        OutputError: the file cannot be written to.
    """
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with suppress(OSError):  # some file systems have no locks, and writing needs none
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if path.is_file() and not ends_with_newline(path):
            os.write(file, b"\n")
    except OSError as failure:
        raise OutputError(f"cannot write the log {path}: {failure.strerror or failure}", hint_for(path)) from failure
    return file


def ends_with_newline(path: Path) -> bool:
    """Whether the file is empty or its last line is whole; after a power failure it may not be."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return file.read() in (b"", b"\n")


def hint_for(path: Path) -> str:
    if path.is_dir():
        return f"Name a file in it: --log {path / 'looksay.jsonl'}"
    if not path.parent.is_dir():
        return f"Make the folder first: mkdir -p {path.parent}"
    return "Choose a file that you can write to: --log ~/looksay.jsonl"


def thumbnails_of(log: Path) -> Path:
    """The folder of a log's thumbnails, whether or not it exists: beside the log, not beside a link to it."""
    real = log.expanduser().resolve()
    return real.with_name(f"{real.name}.thumbnails")


def is_thumbnail(name: str) -> bool:
    return bool(THUMBNAIL.fullmatch(name))


def remember(log: Path, last: Path = LAST) -> None:
    """Record that this log is being written; not a pipe or a device, which cannot be read again."""
    path = log.expanduser().absolute()
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
    if known is None or known.resolve() != log.resolve():
        return False
    last.unlink(missing_ok=True)
    return True
