"""The windows that read along: each has what waits for it, and none holds up another, or the narrator.

Used on the server's thread alone.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from app.web.events import Event, Queue

BEAT_S = 1.0
"""Between two signs of life; a window that has had none for 2.5 s says so."""
MOST = 16
"""Windows that read along at a time: every event is written once for each of them."""
NOW = time.monotonic


@dataclass(slots=True, eq=False)
class Window:
    """One that reads along."""

    queue: Queue = field(default_factory=Queue)
    woken: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, events: Sequence[Event]) -> None:
        self.queue.put(events)
        self.woken.set()


@dataclass(slots=True)
class Beat:
    """Signs of life, for one window."""

    last_at: float
    count: int = 0

    def due_in(self, now: float) -> float:
        return max(0.01, self.last_at + BEAT_S - now)

    def due(self, now: float) -> Sequence[Event]:
        if now - self.last_at < BEAT_S:
            return ()
        self.last_at, self.count = now, self.count + 1
        return (Event("beat", {"t": self.count}),)


@dataclass(slots=True)
class Feed:
    """All of them."""

    windows: set[Window] = field(default_factory=set)
    is_over: bool = False

    def tell(self, events: Sequence[Event]) -> None:
        for each in self.windows:
            each.tell(events)

    @property
    def is_full(self) -> bool:
        return len(self.windows) >= MOST

    def close(self) -> None:
        """The last word; whoever reads along has read it when its stream ends."""
        self.is_over = True
        self.tell([Event("end", {})])

    async def read(self, begin: Callable[[], Event]) -> AsyncIterator[bytes]:
        """What one window is sent: the state that it finds, then what happens, and a beat in every second."""
        window, beat = Window(), Beat(NOW())
        self.windows.add(window)
        try:
            yield b": looksay\nretry: 500\n\n" + begin().sent(NOW())
            while not (window.queue.is_too_long or (self.is_over and not window.queue.waiting)):
                with suppress(TimeoutError):
                    await asyncio.wait_for(window.woken.wait(), beat.due_in(NOW()))
                window.woken.clear()
                yield b"".join(each.sent(NOW()) for each in (*window.queue.take(), *beat.due(NOW())))
        finally:
            self.windows.discard(window)
