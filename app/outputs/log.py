"""`--log`: every sentence and notice appended to a JSONL file, as it comes. It never stops a run."""

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


class Log:
    """Writes what it is told on a thread of its own; all that was told before `close` is on disk after it."""

    def __init__(
        self,
        path: str | Path,
        warn: Callable[[Notice], None],
        now: Callable[[], float] = time.monotonic,
        thumbnails: Path | None = None,
    ) -> None:
        """Open the file. `warn` is told, once, of lines that were not written; `thumbnails`: the folder that has them.

        Raises:
            OutputError: the file cannot be written to.
        """
        self.path = Path(path).expanduser()
        self.banner = Banner(f"log {self.path}")
        self.warn, self.now = warn, now
        self.thumbnails = thumbnails.name if thumbnails else ""
        self.file = opened(self.path)
        self.writer = Worker("log", self._write, self._end, self._warn)

    def tell(self, happening: RunEvent) -> None:
        """Take a sentence or a notice; never blocks, never raises."""
        if isinstance(happening, Sentence | Notice):
            self.writer.put(json_line(happening, self.now(), self.thumbnails))

    def close(self) -> None:
        """Write what waits and close the file."""
        self.writer.close()

    def _end(self) -> None:
        with suppress(OSError):
            os.fsync(self.file)
        os.close(self.file)

    def _write(self, line: str) -> None:
        """A whole line or nothing: a disk that is full may have room again later."""
        data, written = (line + "\n").encode(), 0
        try:
            while written < len(data):
                written += os.write(self.file, data[written:])
        except OSError as failure:
            self._take_back(written)
            self.writer.complain(failure.strerror or str(failure))

    def _take_back(self, count: int) -> None:
        """Remove the half of a line that was written last."""
        if count:
            with suppress(OSError):  # a pipe does not give back
                os.ftruncate(self.file, os.fstat(self.file).st_size - count)

    def _warn(self, reason: str) -> None:
        hint = f"Make room for {self.path}, or name another file with --log."
        self.warn(Notice("log", f"The log misses lines: {reason}.", hint))


def opened(path: Path) -> int:
    """A descriptor that appends to `path`, where a line can begin; its lock tells others that it is in use."""
    try:
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with suppress(OSError):  # not every disk has locks, and none is needed to write
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if path.is_file() and not ends_a_line(path):
            os.write(file, b"\n")
    except OSError as failure:
        reason = failure.strerror or str(failure)
        raise OutputError(f"the log {path} cannot be written: {reason}.", remedy_for(path)) from failure
    return file


def ends_a_line(path: Path) -> bool:
    """Whether the file is empty or its last line is whole; a run that lost its power may have left half of one."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 1))
        return file.read() in (b"", b"\n")


def remedy_for(path: Path) -> str:
    if path.is_dir():
        return f"Name a file in it: --log {path / 'looksay.jsonl'}"
    if not path.parent.is_dir():
        return f"Make its folder first: mkdir -p {path.parent}"
    return "Name a file that you may write to: --log ~/looksay.jsonl"


LAST = Path(__file__).parents[2] / ".cache" / "last_log.json"
"""Holds the absolute path of the log that was written last."""
THUMBNAIL = re.compile(r"\d{8}-\d{6}-\d{3}-\d+(-[0-9a-f]{8})?\.jpg")


def thumbnails_of(log: Path) -> Path:
    """The folder of a log's thumbnails, whether or not it is there: beside the log, not beside a link to it."""
    real = log.expanduser().resolve()
    return real.with_name(f"{real.name}.thumbnails")


def is_thumbnail(name: str) -> bool:
    return bool(THUMBNAIL.fullmatch(name))


def remember(log: Path, last: Path = LAST) -> None:
    """This log is written from now on; a pipe or a device is not remembered, nobody can read it again."""
    path = log.expanduser().absolute()
    if path.is_file():
        save_cached(last, {"log": str(path)})


def last_log(last: Path = LAST) -> Path | None:
    """The log that was written last; None if none is known. It may be gone by now."""
    found = load_cached(last).get("log")
    return Path(found) if isinstance(found, str) and found else None


def forget(log: Path, last: Path = LAST) -> bool:
    """Forget that this log was written last; False if another was, or none.

    Raises:
        OSError: what remembers it cannot be removed.
    """
    known = last_log(last)
    if known is None or known.resolve() != log.resolve():
        return False
    last.unlink(missing_ok=True)
    return True
