"""Several at work at once, each on a thread of its own; what they tell comes out in one line, on the thread that asks.

What they do is not known here.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Full, Queue
from threading import Event, Thread
from typing import Generic, TypeVar

ROOM = 64
"""What may wait to be taken; then those at work wait."""
_TURN_S = 0.1
T = TypeVar("T")


def abreast(works: Sequence[Iterator[T]], stop: Event) -> Generator[T]:
    """Yield what all of `works` yield, as it comes, until the last of them ends.

    One alone needs no thread, and gets none. When one fails, or nobody wants more, `stop` is set, by which the others
    are to end; what the first has failed with is raised once all have.
    """
    if len(works) == 1:
        yield from works[0]
        return
    line: Line[T] = Line(stop)
    threads = [Thread(target=line.work, args=(each,), name="describing") for each in works]
    for each in threads:
        each.start()
    try:
        yield from line.told(threads)
    finally:
        if any(each.is_alive() for each in threads):  # it is left before its end
            stop.set()
        for each in threads:
            each.join()
    if line.failures:
        raise line.failures[0]


class Line(Generic[T]):
    """What passes from those at work to the one who takes."""

    def __init__(self, stop: Event) -> None:
        self.stop = stop
        self.waiting: Queue[tuple[T] | None] = Queue(ROOM)
        """None wakes the one who takes."""
        self.failures: list[BaseException] = []

    def work(self, work: Iterator[T]) -> None:
        try:
            for each in work:
                self.put((each,))
        except BaseException as failure:  # noqa: BLE001 — raised again by who takes
            self.failures.append(failure)
            self.stop.set()
        self.put(None)

    def put(self, what: tuple[T] | None) -> None:
        """Wait for room; once it is to stop, for no longer than a moment: there may be nobody who takes."""
        is_last = False
        while not is_last:
            is_last = self.stop.is_set()
            with suppress(Full):
                self.waiting.put(what, timeout=_TURN_S)
                return

    def told(self, threads: Sequence[Thread]) -> Iterator[T]:
        """What they tell, until all of them have ended and nothing is left."""
        while any(each.is_alive() for each in threads) or not self.waiting.empty():
            with suppress(Empty):
                if taken := self.waiting.get(timeout=_TURN_S):
                    yield taken[0]
