"""The browser's camera, between the window that sends its pictures and the source that looks at them.

A mailbox for one picture, the newest, and for one window: where another comes, the older one is told that it is over.
The page's thread puts in, the source's takes out; neither waits for the other. It decodes nothing, and knows neither
web sockets nor frames.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Condition, Event
from typing import Literal, Protocol, get_args

from app.events import AnyFrame, Banner, Frame, Notice
from app.sources import jpeg
from app.sources.jpeg import Unfit

Pause = Literal["", "hidden", "muted", "still"]
"""Why a window has no picture: its page is hidden, the system keeps the camera from it, the camera gives none."""
PAUSES: tuple[Pause, ...] = get_args(Pause)
OLDEST_S = 2.0
"""A window may say that a picture is so old; what is said beyond is taken for a wrong clock."""


class Window(Protocol):
    """A browser's window that is the eye, or was. Its methods are called by any thread, and return at once."""

    def turn(self) -> None:
        """Whether pictures are wanted may have changed."""
        ...

    def make_way(self) -> None:
        """Another window is the eye from now on."""
        ...


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture as it came."""

    jpeg: bytes
    """Unproven: whoever sent it may have sent anything."""
    seen_at: float
    """Monotonic seconds: when it came, less the age that its window gave it. The way here is not counted."""
    came_at: float
    """Monotonic seconds."""
    number: int
    """Counted from 1 over all that ever came."""


class Eye:
    """The mailbox. Any thread may use it; none holds its lock for longer than it takes to put a reference away."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.address = ""
        """Where the page is, for people: without its token."""
        self._now = now
        self._changed = Condition()
        self._window: Window | None = None
        self._pause: Pause = ""
        self._shot: Shot | None = None
        self._count = 0
        self._lookers = 0

    @property
    def count(self) -> int:
        """How many pictures have come so far."""
        return self._count

    @property
    def has_window(self) -> bool:
        return self._window is not None

    @property
    def pause(self) -> Pause:
        """Why the window gives none for now."""
        return self._pause

    @property
    def is_wanted(self) -> bool:
        """Whether anybody looks."""
        return self._lookers > 0

    def enter(self, window: Window) -> None:
        """`window` is the eye from now on."""
        with self._changed:
            older, self._window, self._pause = self._window, window, ""
        if older is not None and older is not window:
            older.make_way()

    def leave(self, window: Window) -> None:
        """It is gone. Nothing happens where another has taken its place."""
        with self._changed:
            if self._window is window:
                self._window, self._pause = None, ""

    def give(self, window: Window, jpeg: bytes, age_s: float) -> bool:
        """Put in a picture of that age; False where it is not this window's turn, or the age is no number.

        While nobody looks, it is only counted.
        """
        came_at = self._now()
        with self._changed:
            if self._window is not window or not math.isfinite(age_s):
                return False
            self._count += 1
            self._pause = ""
            if self._lookers:
                self._shot = Shot(jpeg, came_at - min(max(age_s, 0.0), OLDEST_S), came_at, self._count)
                self._changed.notify_all()
            return True

    def hold(self, window: Window, pause: Pause) -> None:
        """It will give none for a while, for this reason; "" when it will again."""
        with self._changed:
            if self._window is window:
                self._pause = pause

    def newest(self, after: int, timeout_s: float) -> Shot | None:
        """The newest picture, if its number is greater than `after`; waits for one."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_there(after), timeout_s)
            return self._shot if self._is_there(after) else None

    def _is_there(self, after: int) -> bool:
        return self._shot is not None and self._shot.number > after

    @contextmanager
    def looked_through(self) -> Iterator[int]:
        """Pictures are wanted meanwhile; gives how many had come before."""
        before = self._count
        self._look(1)
        try:
            yield before
        finally:
            self._look(-1)

    def _look(self, more: int) -> None:
        """The last one to look away forgets the picture, too: nobody is to find it later."""
        with self._changed:
            self._lookers += more
            if not self._lookers:
                self._shot = None
            window = self._window
        if window is not None:
            window.turn()


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
