"""What waits to be shown: told by any thread, taken by the main thread. It does not show anything."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from app.flow import Growing, Happening, Notice, Sentence, Status

ROOM = 1000
"""Sentences and notices kept for a screen that stands still; beyond that the oldest go, and their number is told."""
TICK_S = 0.1
"""Seconds between two looks, unless a sentence or a notice arrives."""


def without_pixels(happening: Happening) -> Happening:
    """The same, its picture let go: a screen that stands still must not hold on to pictures."""
    if isinstance(happening, Growing | Sentence):
        frame = happening.frame
        return replace(happening, frame=replace(frame, pixels=frame.pixels[:0, :0].copy()))
    return happening


@dataclass(slots=True)
class Inbox:
    """Every sentence and notice in order, and only the newest of what grows or counts."""

    whole: deque[Sentence | Notice] = field(default_factory=deque)
    growing: Growing | None = None
    status: Status | None = None
    missed: int = 0
    """Sentences and notices that were not shown, since the last look."""
    arrived: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def tell(self, happening: Happening) -> None:
        """Put it in; never blocks longer than a look takes."""
        happening = without_pixels(happening)
        with self.lock:
            if isinstance(happening, Growing):
                self.growing = happening
            elif isinstance(happening, Status):
                self.status, self.growing = happening, None  # a status ends a description
            else:
                self._add(happening)

    def _add(self, happening: Sentence | Notice) -> None:
        if len(self.whole) == ROOM:
            self.whole.popleft()
            self.missed += 1
        self.whole.append(happening)
        if isinstance(happening, Sentence):
            self.growing = None
        self.arrived.set()

    def take(self) -> list[Happening]:
        """All that has arrived, in order; what grows and what counts come last."""
        with self.lock:
            latest = [each for each in (self.status, self.growing) if each]
            gap = [missing(self.missed)] if self.missed else []
            taken = [*gap, *self.whole, *latest]
            self.whole.clear()
            self.growing, self.status, self.missed = None, None, 0
            self.arrived.clear()
        return taken

    def batches(self, until: Event) -> Iterator[list[Happening]]:
        """Yield what has arrived, also when nothing has, at least every `TICK_S`; the last when `until` is set."""
        is_over = False
        while not is_over:
            is_over = until.is_set()
            yield self.take()
            if not is_over:
                self.arrived.wait(TICK_S)


def missing(count: int) -> Notice:
    return Notice("missed", f"{count} lines could not be shown: the terminal or the program that reads stood still.")
