"""The browser's camera, between the window that sends its pictures and the source that looks at them.

A mailbox for one picture, the newest, and for one window: where another comes, the older one is told that it is over.
The page's thread puts in, the source's takes out; neither waits for the other. It decodes nothing, and knows neither
web sockets nor frames.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition
from typing import Literal, Protocol, get_args

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
