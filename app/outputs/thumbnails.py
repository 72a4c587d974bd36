"""`--thumbnails`: a small JPEG of every frame that a sentence tells of, beside the log. It never stops a run."""

import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Condition, Thread

from app.errors import OutputError
from app.events import Banner, Frame, Notice, RunEvent, Sentence, thumbnail_name
from app.images import encode_jpeg

ROOM = 8
"""Frames that may wait for a slow disk; beyond that the oldest go."""
LONGEST_EDGE = 320
"""Pixels."""
CLOSE_S = 10.0
"""The longest that a disk may keep the end of a run waiting."""


class Thumbnails:
    """Shrinks and writes on a thread of its own, the newest first. Their names are those in the log's records."""

    def __init__(self, folder: Path, warn: Callable[[Notice], None]) -> None:
        """Make the folder, for its owner alone. `warn` is told, once, of thumbnails that are missing.

        Raises:
            OutputError: the folder cannot be made.
        """
        self.folder, self.warn = folder, warn
        self.banner = Banner(f"thumbnails {folder}")
        made(folder)
        self.changed = Condition()
        self.waiting: deque[tuple[str, Frame]] = deque()
        self.newest = ""
        """Name of the frame that came last: a description of two sentences has one picture."""
        self.is_over = self.has_warned = False
        self.worker = Thread(target=self._work, name="thumbnails", daemon=True)
        self.worker.start()

    def tell(self, happening: RunEvent) -> None:
        """Take the frame of a sentence; never blocks."""
        if isinstance(happening, Sentence) and self._takes(thumbnail_name(happening.frame), happening.frame):
            self._warn_once("the disk is too slow")

    def close(self) -> None:
        """Write what waits."""
        with self.changed:
            self.is_over = True
            self.changed.notify()
        self.worker.join(CLOSE_S)
        if self.worker.is_alive():
            self._warn_once(f"the disk took longer than {CLOSE_S:.0f} s")

    def _takes(self, name: str, frame: Frame) -> bool:
        """Let it wait; True if an older one had to go for it."""
        with self.changed:
            if self.is_over or name in ("", self.newest):
                return False
            self.newest = name
            self.waiting.append((name, frame))
            self.changed.notify()
            if is_full := len(self.waiting) > ROOM:
                self.waiting.popleft()
            return is_full

    def _work(self) -> None:
        while taken := self._next():
            name, frame = taken
            try:
                write(self.folder / name, encode_jpeg(frame.pixels, LONGEST_EDGE))
            except Exception as failure:  # noqa: BLE001 — a picture or a disk that is not as it should be stops no run
                self._warn_once(getattr(failure, "strerror", None) or str(failure))

    def _next(self) -> tuple[str, Frame] | None:
        """The newest, as soon as there is one; None once all are written and it is over."""
        with self.changed:
            while not self.waiting and not self.is_over:
                self.changed.wait()
            return self.waiting.pop() if self.waiting else None

    def _warn_once(self, reason: str) -> None:
        if not self.has_warned:
            self.has_warned = True
            hint = f"Make room for {self.folder}, or go without --thumbnails."
            self.warn(Notice("thumbnails", f"Some thumbnails are missing: {reason}.", hint))


def made(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as failure:
        reason = failure.strerror or str(failure)
        hint = "Name a log in a folder that you may write to: --log ~/looksay.jsonl"
        raise OutputError(f"the folder {folder} for thumbnails cannot be made: {reason}.", hint) from failure


def write(path: Path, data: bytes) -> None:
    """A whole picture or none, for its owner alone."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(data)
    except OSError:
        path.unlink(missing_ok=True)
        raise
