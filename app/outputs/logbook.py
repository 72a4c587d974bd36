"""What those who write a log and those who read it agree on: where its thumbnails lie, and which one was written last.

It reads and writes no log.
"""

import re
from pathlib import Path

from app.jsonfile import load_cached, save_cached

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
