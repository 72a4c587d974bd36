"""`./run.sh history --wipe`: a log and its thumbnails, gone for good. It asks nothing, and spares what is others'."""

import fcntl
import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from app.commands.history.entries import census, log_named
from app.errors import HistoryError
from app.files import explain, open_to_read, readable
from app.outputs.log import forget, is_thumbnail, last_log, thumbnails_of
from app.text import sanitize

FINDERS = ".DS_Store"
"""What the Finder leaves in every folder that it has shown."""


@dataclass(slots=True)
class Wiped:
    """What is gone, and what stays."""

    removed: list[str] = field(default_factory=list)
    """Paths: the log, a link that led to it, its thumbnails' folder."""
    thumbnails: int = 0
    is_forgotten: bool = False
    """It was the log that history showed unless told otherwise."""
    left: list[str] = field(default_factory=list)
    """Paths of a folder with other files in it, or of a link in its place."""

    @property
    def words(self) -> list[str]:
        gone = [f"removed {path}" for path in self.removed]
        pictures = [f"removed {self.thumbnails} thumbnails"] if self.thumbnails else []
        forgotten = ["forgot which log was written last"] if self.is_forgotten else []
        return [*gone, *pictures, *forgotten, *(f"left {path}: not all of it is looksay's" for path in self.left)]

    @property
    def as_json(self) -> str:
        told = {"removed": self.removed, "thumbnails": self.thumbnails, "forgotten": self.is_forgotten}
        return json.dumps({**told, "left": self.left}, ensure_ascii=False)


def wipe(log: str | None, out: TextIO | None = None, *, is_json: bool = False) -> int:
    """Remove this log (None: the one written last) and its thumbnails, and say so on `out`; return the exit code.

    Raises:
        HistoryError: there is none, it is not looksay's, or something cannot be removed.
    """
    named = log_named(log)
    real, wiped = Path(os.path.realpath(named)), Wiped()
    refuse_others(named)
    try:
        take_thumbnails(thumbnails_of(real), wiped)
        wiped.is_forgotten = forget(named)
        for path in (real, named.absolute()):  # a log may be reached through a link, which goes too
            if path.is_file() or path.is_symlink():
                path.unlink()
                wiped.removed.append(str(path))
    except OSError as failure:
        reason = failure.strerror or str(failure)
        hint = f"See who may write there: ls -la {named.parent}"
        raise HistoryError(f"{failure.filename or named} cannot be removed: {reason}", hint) from failure
    print(wiped.as_json if is_json else "\n".join(map(sanitize, wiped.words)), file=out or sys.stdout)
    return 0


def refuse_others(log: Path) -> None:
    """Raise HistoryError unless there is something to wipe, and it is looksay's."""
    try:
        log.stat()
    except OSError as failure:
        if isinstance(failure, FileNotFoundError) and (thumbnails_of(log).exists() or log == last_log()):
            return
        raise HistoryError(*explain(failure, log, "log")) from failure
    if is_being_written(log):
        raise HistoryError(
            f"a run of looksay still writes to {readable(log)}", "end it first: q or Ctrl-C in its terminal"
        )
    records, others = census(log)
    if others:
        lines = "1 line is" if others == 1 else f"{others} lines are"
        raise HistoryError(
            f"{readable(log)} is not a log of looksay's alone, so it stays: {lines} not looksay's",
            "move what is yours to another file, or name another log: ./run.sh history --wipe --log FILE",
        )
    if not records and log.stat().st_size:
        raise HistoryError(
            f"{readable(log)} is not a log of looksay's, so it stays: it has no record",
            "name the log: ./run.sh history --wipe --log FILE",
        )


def is_being_written(log: Path) -> bool:
    """Whether a run holds it; it would go on writing to what nobody can find any more."""
    try:
        with os.fdopen(open_to_read(log), "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a folder, or a disk that knows no such locks
        return False
    return False


def take_thumbnails(folder: Path, wiped: Wiped) -> None:
    """Remove the thumbnails, and their folder if nothing else is in it; a link in its place is not followed."""
    if folder.is_symlink():
        wiped.left.append(str(folder))
    elif folder.is_dir():
        for each in [each for each in folder.iterdir() if is_thumbnail(each.name)]:
            each.unlink()
            wiped.thumbnails += 1
        (folder / FINDERS).unlink(missing_ok=True)
        is_empty = not any(folder.iterdir())
        (wiped.removed if is_empty else wiped.left).append(str(folder))
        if is_empty:
            folder.rmdir()
