"""A clock for several threads that only says what time it would be: it goes on when all of them wait.

at work ── sleep, or wait for the turn ──▶ all wait ──▶ the earliest is woken, and it is that time
"""

import heapq
import itertools
from dataclasses import dataclass, field
from threading import Condition


@dataclass(slots=True)
class Nap:
    """Somebody who waits."""

    is_over: bool = False


@dataclass(slots=True)
class VirtualClock:
    """For so many threads; all of them must wait by it alone."""

    working: int
    time: float = field(default=0.0, init=False)
    changed: Condition = field(default_factory=Condition, init=False)
    naps: list[tuple[float, int, Nap]] = field(default_factory=list, init=False)
    numbers: "itertools.count[int]" = field(default_factory=itertools.count, init=False)
    is_over: bool = field(default=False, init=False)
    """Nobody sleeps any more."""

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        nap = Nap()
        with self.changed:
            if not self.is_over:
                heapq.heappush(self.naps, (self.time + seconds, next(self.numbers), nap))
                self.wait(nap)

    def wait(self, nap: Nap) -> None:
        """Until somebody ends it; the last one at work wakes the next. Holds `changed`."""
        self.working -= 1
        if not self.working and self.naps:
            self.time, _, earliest = heapq.heappop(self.naps)
            self.wake(earliest)
        while not nap.is_over:
            self.changed.wait()

    def wake(self, nap: Nap) -> None:
        nap.is_over = True
        self.working += 1
        self.changed.notify_all()

    def end(self) -> None:
        """Wake everybody who sleeps."""
        with self.changed:
            self.is_over = True
            for _, _, nap in self.naps:
                self.wake(nap)
            self.naps.clear()


@dataclass(slots=True)
class Turn:
    """A lock whose wait the clock knows of; given on in the order in which it was asked for."""

    clock: VirtualClock
    is_held: bool = field(default=False, init=False)
    waiting: list[Nap] = field(default_factory=list, init=False)

    def __enter__(self) -> None:
        with self.clock.changed:
            if not self.is_held:
                self.is_held = True
                return
            nap = Nap()
            self.waiting.append(nap)
            self.clock.wait(nap)

    def __exit__(self, *_: object) -> None:
        with self.clock.changed:
            if self.waiting:
                self.clock.wake(self.waiting.pop(0))
            else:
                self.is_held = False
