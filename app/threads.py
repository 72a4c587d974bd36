"""A reader in a thread of its own, of which only the newest frame is kept.

For sources that are read in this process. Nothing queues: a frame that nobody took is replaced by the next, and its
number goes missing. Notices are kept, in order; a source has few.
"""

from collections.abc import Callable, Generator, Iterator
from threading import Condition, Event, Thread

from app.events import AnyFrame, Notice

Read = Callable[[Event], Iterator[AnyFrame | Notice]]
"""Yields frames at the pace at which they are to be seen, until the Event is set."""
_TURN_S = 0.1


class LatestFrame:
    """A slot for one frame, between one thread that puts and one that takes."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: AnyFrame | None = None
        self._notices: list[Notice] = []
        self._is_over = False
        self._failure: BaseException | None = None

    def put(self, what: AnyFrame | Notice) -> None:
        with self._changed:
            if isinstance(what, Notice):
                self._notices.append(what)
            else:
                self._frame = what
            self._changed.notify()

    def end(self, failure: BaseException | None = None) -> None:
        """No more will come; what is there can still be taken, then `failure` is raised."""
        with self._changed:
            self._is_over, self._failure = True, failure
            self._changed.notify()

    def take(self, timeout_s: float) -> list[AnyFrame | Notice]:
        """The newest frame and the notices since; empty when nothing came in time, or it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame or self._notices or self._is_over, timeout_s)
            taken = [what for what in (self._frame, *self._notices) if what]
            self._frame, self._notices = None, []
            if not taken and self._failure:
                raise self._failure
            return taken

    @property
    def is_over(self) -> bool:
        """Whether all has been taken that will ever come."""
        with self._changed:
            return self._is_over and not (self._frame or self._notices or self._failure)


def read_newest(read: Read, stop: Event) -> Generator[AnyFrame | Notice]:
    """Run `read` in a thread and yield its newest frame each time; the thread is joined on every way out."""
    slot, left = LatestFrame(), Event()
    reader = Thread(target=_fill, args=(slot, read, left), name="reader")
    reader.start()
    try:
        while not stop.is_set() and not slot.is_over:
            yield from slot.take(_TURN_S)
    finally:
        left.set()
        reader.join()


def _fill(slot: LatestFrame, read: Read, left: Event) -> None:
    try:
        for what in read(left):
            slot.put(what)
    except BaseException as failure:  # noqa: BLE001  (raised again by the thread that takes)
        slot.end(failure)
    else:
        slot.end()
