"""A thread that writes what it is given, for outputs that must not wait for a disk. It knows no file."""

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

ROOM = 10_000
"""Things that may wait for a slow disk."""
CLOSE_S = 10.0
"""The longest that a disk may keep the end of a run waiting."""
Item = TypeVar("Item")


class Writer(Generic[Item]):
    """Writes in order, all that was put in before `close`."""

    def __init__(
        self,
        name: str,
        write: Callable[[Item], None],
        end: Callable[[], None],
        warn: Callable[[str], None],
    ) -> None:
        """`write` and `end` are called on the thread; `warn` is told, once, why something was not written."""
        self.write, self.end, self.warn = write, end, warn
        self.waiting: Queue[Item] = Queue(ROOM)
        self.closing = Event()
        self.has_warned = False
        self.thread = Thread(target=self._work, name=name, daemon=True)
        self.thread.start()

    def put(self, item: Item) -> None:
        """Let it wait to be written; never blocks, never raises. After `close` nothing is taken."""
        if self.closing.is_set():
            return
        try:
            self.waiting.put_nowait(item)
        except Full:
            self.complain("the disk is too slow")

    def close(self) -> None:
        """Write what waits; may be called twice."""
        self.closing.set()
        self.thread.join(CLOSE_S)
        if self.thread.is_alive():
            self.complain(f"the disk took longer than {CLOSE_S:.0f} s")

    def complain(self, reason: str) -> None:
        if not self.has_warned:
            self.has_warned = True
            self.warn(reason)

    def _work(self) -> None:
        """Until closed, and then until nothing waits."""
        while not (self.closing.is_set() and self.waiting.empty()):
            with suppress(Empty):
                self.write(self.waiting.get(timeout=0.1))
        self.end()
