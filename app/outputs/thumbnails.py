"""`--thumbnails`: a small JPEG of every frame that a sentence describes, in a folder beside the log."""

import os
from collections.abc import Callable
from pathlib import Path

from app.errors import OutputError
from app.events import Banner, Frame, Notice, RunEvent, Sentence, thumbnail_name
from app.files import explain, readable
from app.images import encode_jpeg
from app.threads import Worker

ROOM = 8
"""Frames that may wait for a slow disk; beyond that the oldest are dropped."""
LONGEST_EDGE = 320
"""Pixels."""


class Thumbnails:
    """Shrinks and writes on a thread of its own. The log's records contain the file names."""

    def __init__(self, folder: Path, warn: Callable[[Notice], None]) -> None:
        """Make the folder, readable by its owner alone. `warn` is called once, if thumbnails are missing.

        Raises:
            OutputError: the folder cannot be made.
        """
        self.folder, self.warn = folder, warn
        self.banner = Banner(f"thumbnails {readable(folder)}")
        make_folder(folder)
        self.newest = ""
        """Name of the last thumbnail: a description of two sentences has one picture."""
        self.worker = Worker("thumbnails", self._write, warn=self._warn, room=ROOM, drop_oldest=True)

    def tell(self, event: RunEvent) -> None:
        """Queue the frame of a sentence; never blocks."""
        if isinstance(event, Sentence) and (name := thumbnail_name(event.frame)) not in ("", self.newest):
            self.newest = name
            self.worker.put((name, event.frame))

    def close(self) -> None:
        """Write what waits."""
        self.worker.close()

    def _write(self, item: tuple[str, Frame]) -> None:
        name, frame = item
        try:
            write_private(self.folder / name, encode_jpeg(frame.pixels, LONGEST_EDGE))
        except Exception as failure:  # noqa: BLE001 — neither a picture nor a disk may stop the run
            self.worker.complain(getattr(failure, "strerror", None) or str(failure))

    def _warn(self, reason: str) -> None:
        hint = f"Free up space for {self.folder}, or leave out --thumbnails."
        self.warn(Notice("thumbnails", f"Some thumbnails are missing: {reason}.", hint))


def make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as failure:
        raise OutputError(*explain(failure, folder, "folder", "written")) from failure


def write_private(path: Path, data: bytes) -> None:
    """Write a whole file or none, readable by its owner alone; a symbolic link is not followed."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
    except OSError:
        path.unlink(missing_ok=True)
        raise
