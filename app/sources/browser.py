"""A browser's camera: the newest of the pictures that a window of the page sends, from this machine or a phone.

What comes is not trusted: a picture that cannot be decoded safely is left out. It opens no connection and serves no
page; both are the business of app/web, and pictures come through `Eye`.
"""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from threading import Event

from app.events import AnyFrame, Banner, Frame, Notice
from app.sources import jpeg
from app.sources.eye import Eye, Shot
from app.sources.jpeg import Unfit

SILENCE_S = 2.5
"""Without a picture, before it counts as lost."""
_TURN_S = 0.1
_AGAIN = "press “Start this browser’s camera”"
_PAUSED = {
    "hidden": (
        "The page whose camera looksay looks through is hidden, and gives no pictures.",
        "bring its window or tab to the front, and keep its screen on",
    ),
    "muted": (
        "The browser's camera is muted: the system or another program keeps it.",
        "open its shutter, end a call that uses it, and unlock the phone",
    ),
    "still": ("The browser's camera gives no more pictures.", "check its cable and lid; then stop and start it there"),
}


class Browser:
    """What `eye` is given, as a source. It goes on, with notices, while no window is there."""

    def __init__(self, eye: Eye, silence_s: float = SILENCE_S) -> None:
        self._eye = eye
        self._silence_s = silence_s

    @property
    def banner(self) -> Banner:
        return Banner("a browser's camera")

    def frames(self, stop: Event) -> Generator[AnyFrame | Notice]:
        """See `Source.frames`; a notice while it waits for the first picture, and when pictures stop or come again."""
        with self._eye.looked_through() as before:
            line, after = _Line(self._eye, before, self._silence_s), before
            while not stop.is_set():
                shot, now = self._eye.newest(after, _TURN_S), time.monotonic()
                if shot:
                    after = shot.number
                    yield from line.placed(shot, now)
                yield from line.missed(now)


@dataclass(slots=True)
class _Line:
    """The frames in a row, and the notices between them: losses are told once, until pictures come again."""

    eye: Eye
    before: int
    """Pictures that came before this source was looked at."""
    silence_s: float
    heard_at: float = field(default_factory=time.monotonic)
    started_at: float = -1.0
    last_at: float = 0.0
    has_told_loss: bool = False
    has_told_unfit: bool = False

    @property
    def has_begun(self) -> bool:
        return self.started_at >= 0

    def placed(self, shot: Shot, now: float) -> Iterator[Frame | Notice]:
        """The picture as a frame; nothing where it is too old to be called new, a notice where it is unfit."""
        if now - shot.came_at > self.silence_s:
            return
        try:
            pixels = jpeg.pixels(shot.jpeg)
        except Unfit as reason:
            yield from self._unfit(reason)
            return
        if self.has_told_loss and self.has_begun:
            yield Notice("camera back", "Pictures are coming again.")
        self.heard_at, self.has_told_loss = shot.came_at, False
        self._put_in_order(shot.seen_at)
        yield Frame(pixels, self.last_at, self.last_at - self.started_at, shot.number - self.before - 1)

    def _put_in_order(self, seen_at: float) -> None:
        """Later than the one before: networks are now faster, now slower."""
        self.last_at = max(seen_at, self.last_at + 0.001)
        if not self.has_begun:
            self.started_at = self.last_at

    def _unfit(self, reason: Unfit) -> Iterator[Notice]:
        if not self.has_told_unfit:
            self.has_told_unfit = True
            text = f"The browser sent a picture that is left out: {reason}."
            yield Notice("picture unreadable", text, "load the page again; use a current Chrome, Safari or Firefox")

    def missed(self, now: float) -> Iterator[Notice]:
        """A notice where a picture should have come by now."""
        is_late = now - self.heard_at > self.silence_s
        if self.has_told_loss or (self.eye.has_window and not is_late):
            return
        self.has_told_loss = True
        yield self._lost() if self.has_begun else self._waiting()

    def _waiting(self) -> Notice:
        if self.eye.has_window:
            return Notice("waiting", *self._why_silent())
        where = f"on the page, at {self.eye.address}," if self.eye.address else "on the page,"
        return Notice("waiting", "Waiting for a browser's camera.", f"{where} {_AGAIN}")

    def _lost(self) -> Notice:
        if self.eye.has_window:
            return Notice("camera lost", *self._why_silent())
        text = "The browser's camera is off, or its page is gone."
        return Notice("camera lost", text, f"to go on, {_AGAIN} on the page")

    def _why_silent(self) -> tuple[str, str]:
        silent = ("The browser's camera sends no pictures.", "see whether its page still says that it sends")
        return _PAUSED.get(self.eye.pause, silent)
