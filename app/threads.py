"""Threads: a slot for the newest frame, a background worker, iterators merged into one, and taking turns.

Each thread is joined by the code that starts it; what one raises is raised again by the thread that waits for it.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Condition, Event, Thread
from typing import Generic, TypeVar

from app.events import AnyFrame, Notice

T = TypeVar("T")
TURN_S = 0.1
"""Seconds between two looks at a stop event."""


# The newest frame of a reader

Read = Callable[[Event], Iterator[AnyFrame | Notice]]
"""Yields frames as they are due, until the event is set."""


class LatestFrame:
    """A slot between one thread that puts frames and one that takes the newest. Notices are kept, in order."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._frame: AnyFrame | None = None
        self._notices: list[Notice] = []
        self._is_over = False
        self._failure: BaseException | None = None

    def put(self, item: AnyFrame | Notice) -> None:
        with self._changed:
            if isinstance(item, Notice):
                self._notices.append(item)
            else:
                self._frame = item
            self._changed.notify()

    def end(self, failure: BaseException | None = None) -> None:
        """Nothing more will come. What is there can still be taken; then `failure` is raised."""
        with self._changed:
            self._is_over, self._failure = True, failure
            self._changed.notify()

    def take(self, timeout_s: float) -> list[AnyFrame | Notice]:
        """The newest frame and the notices since; empty when nothing came in time, or at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame or self._notices or self._is_over, timeout_s)
            taken = [item for item in (self._frame, *self._notices) if item]
            self._frame, self._notices = None, []
            if not taken and self._failure:
                raise self._failure
            return taken

    @property
    def is_over(self) -> bool:
        """Whether everything has been taken."""
        with self._changed:
            return self._is_over and not (self._frame or self._notices or self._failure)


def read_newest(read: Read, stop: Event) -> Generator[AnyFrame | Notice]:
    """Run `read` in a thread and yield its newest frame each time; frames missed in between are dropped."""
    slot, left = LatestFrame(), Event()
    reader = Thread(target=_fill, args=(slot, read, left), name="reader")
    reader.start()
    try:
        while not stop.is_set() and not slot.is_over:
            yield from slot.take(TURN_S)
    finally:
        left.set()
        reader.join()


def _fill(slot: LatestFrame, read: Read, left: Event) -> None:
    try:
        for item in read(left):
            slot.put(item)
    except BaseException as failure:  # noqa: BLE001 — raised again by the thread that takes
        slot.end(failure)
    else:
        slot.end()


# A background worker


class Worker(Generic[T]):
    """Handles items in order on a thread of its own, for outputs that must not wait for a disk or a program."""

    ROOM = 10_000
    """Items that may wait, unless the worker is made for fewer."""
    CLOSE_S = 10.0
    """The longest that a slow disk may delay the end of a run."""

    def __init__(
        self,
        name: str,
        handle: Callable[[T], None],
        *,
        end: Callable[[], None] = lambda: None,
        warn: Callable[[str], None] = lambda _reason: None,
        room: int = ROOM,
        drop_oldest: bool = False,
    ) -> None:
        """`handle` and `end` are called on the thread; `warn` is called once, with the reason, if an item was lost.

        `room`: how many items may wait; beyond that the new one is dropped, or with `drop_oldest` the oldest.
        """
        self.handle, self.end, self.warn, self.room, self.drop_oldest = handle, end, warn, room, drop_oldest
        self.changed = Condition()
        self.waiting: deque[T] = deque()
        self.is_closing = self.has_warned = False
        self.thread = Thread(target=self._work, name=name, daemon=True)
        self.thread.start()

    def put(self, item: T) -> T | None:
        """Queue an item; never blocks, never raises. Return the item dropped for it, if any. Ignored after `close`."""
        with self.changed:
            if self.is_closing:
                return None
            self.waiting.append(item)
            self.changed.notify()
            if len(self.waiting) <= self.room:
                return None
            dropped = self.waiting.popleft() if self.drop_oldest else self.waiting.pop()
        self.complain("the disk is too slow")
        return dropped

    def discard(self, is_unwanted: Callable[[T], bool]) -> None:
        """Remove waiting items."""
        with self.changed:
            self.waiting = deque(each for each in self.waiting if not is_unwanted(each))

    def close(self, limit_s: float = CLOSE_S) -> bool:
        """Handle what waits, then end; False if that takes longer than `limit_s`. May be called twice."""
        with self.changed:
            self.is_closing = True
            self.changed.notify()
        self.thread.join(limit_s)
        if self.thread.is_alive():
            self.complain(f"the disk took longer than {limit_s:.0f} s")
            return False
        return True

    def complain(self, reason: str) -> None:
        """Report a lost item, the first time."""
        if not self.has_warned:
            self.has_warned = True
            self.warn(reason)

    def _work(self) -> None:
        while taken := self._next():
            self.handle(taken[0])
        self.end()

    def _next(self) -> tuple[T] | None:
        """The next item, as soon as there is one; None once closed and empty."""
        with self.changed:
            self.changed.wait_for(lambda: self.waiting or self.is_closing)
            return (self.waiting.popleft(),) if self.waiting else None


# Several iterators at once


def merge(works: Sequence[Generator[T]], stop: Event) -> Generator[T]:
    """Yield the items of all iterators as they come, each iterator on a thread of its own, until all have ended.

    A single one is returned as it is. When one fails, or the caller leaves, `stop` is set, at which the others must
    end; the first failure is raised once all have.
    """
    return works[0] if len(works) == 1 else _merge(works, stop)


def _merge(works: Sequence[Iterator[T]], stop: Event) -> Generator[T]:
    line: _Line[T] = _Line(stop)
    threads = [Thread(target=line.work, args=(each,), name="merged") for each in works]
    for each in threads:
        each.start()
    try:
        yield from line.items(threads)
    finally:
        if any(each.is_alive() for each in threads):  # the caller has left early
            stop.set()
        for each in threads:
            each.join()
    if line.failures:
        raise line.failures[0]


class _Line(Generic[T]):
    """A bounded queue between the threads of `merge` and its caller."""

    ROOM = 64

    def __init__(self, stop: Event) -> None:
        self.stop = stop
        self.waiting: Queue[tuple[T] | None] = Queue(self.ROOM)
        """None wakes the caller."""
        self.failures: list[BaseException] = []

    def work(self, work: Iterator[T]) -> None:
        try:
            for each in work:
                self.put((each,))
        except BaseException as failure:  # noqa: BLE001 — raised again by the caller's thread
            self.failures.append(failure)
            self.stop.set()
        self.put(None)

    def put(self, item: tuple[T] | None) -> None:
        """Wait for room; once `stop` is set only for a moment, as the caller may have left."""
        is_last = False
        while not is_last:
            is_last = self.stop.is_set()
            with suppress(Full):
                self.waiting.put(item, timeout=TURN_S)
                return

    def items(self, threads: Sequence[Thread]) -> Iterator[T]:
        while any(each.is_alive() for each in threads) or not self.waiting.empty():
            with suppress(Empty):
                if taken := self.waiting.get(timeout=TURN_S):
                    yield taken[0]


# Taking turns


class FairTurns:
    """Round-robin turns by name: of those that are ready and not busy, the one whose turn was longest ago.

    A turn that came to nothing need not count: a camera whose change has yet to come to rest is looked at again before
    the others. Any thread may use it.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.changed = Condition()
        """Notified when a turn has ended: a camera that was busy no longer is."""
        self.count = 0
        self.had: dict[str, int] = dict.fromkeys(names, 0)
        """When each had its last turn, on the count of all turns."""
        self.before = dict(self.had)
        """And the one before."""
        self.busy: set[str] = set()
        """Whose turn is going on."""

    def are_any(self, ready: Iterable[str]) -> bool:
        """Whether one of those that are ready can have a turn now."""
        with self.changed:
            return not self.busy.issuperset(ready)

    def next(self, ready: Iterable[str]) -> str | None:
        """Take the next turn: the name whose turn it is; None if none is ready, or all that are ready are busy."""
        with self.changed:
            wanted = set(ready) - self.busy
            name = min((each for each in self.had if each in wanted), key=self.had.__getitem__, default=None)
            if name is not None:
                self._had(name)
            return name

    def begin(self, name: str) -> bool:
        """Mark it as busy until `end`; False if it was busy already."""
        with self.changed:
            is_free = name not in self.busy
            self.busy.add(name)
            return is_free

    def end(self, name: str, *, counts: bool = True) -> None:
        """Mark it as free; a turn that does not count leaves its place in the order unchanged."""
        with self.changed:
            if counts:
                self._had(name)
            else:
                self.had[name] = self.before[name]
            self.busy.discard(name)
            self.changed.notify_all()

    def _had(self, name: str) -> None:
        self.count += 1
        self.before[name], self.had[name] = self.had[name], self.count
