"""What a window of the page is told: server-sent events, and how many of them wait for one that reads slowly.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

LASTING = ("sentence", "notice", "again", "state", "end")
"""Kinds of which each counts; of the others, only the newest."""
ROOM = 256
"""Lasting events that wait for one window; one that is further behind is dropped, and begins anew with the state."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened."""

    name: str
    data: Mapping[str, Any]
    number: int = 0
    """Of a sentence or a notice: counted from 1 over both."""
    since: float | None = None
    """Monotonic seconds: when its frame was seen, or a notice told; None where it has no age."""

    def told(self, now: float) -> dict[str, Any]:
        """As it is sent at `now`: with its age."""
        return {**self.data, **age(self.since, now)}

    def sent(self, now: float) -> bytes:
        """In ASCII, as `replies.Json`."""
        number = f"id: {self.number}\n" if self.number else ""
        return f"{number}event: {self.name}\ndata: {json.dumps(self.told(now))}\n\n".encode()


def age(since: float | None, now: float) -> dict[str, float]:
    return {} if since is None else {"age_s": round(max(0.0, now - since), 3)}


@dataclass(slots=True)
class Queue:
    """What waits for one window."""

    waiting: deque[Event] = field(default_factory=deque, init=False)
    is_too_long: bool = field(default=False, init=False)

    def put(self, events: Sequence[Event]) -> None:
        if self.is_too_long:
            return
        for each in events:
            if each.name not in LASTING:
                self._forget(each.name)
            self.waiting.append(each)
        if sum(each.name in LASTING for each in self.waiting) > ROOM:
            self.is_too_long = True
            self.waiting.clear()

    def take(self) -> list[Event]:
        taken = list(self.waiting)
        self.waiting.clear()
        return taken

    def _forget(self, name: str) -> None:
        self.waiting = deque(each for each in self.waiting if each.name != name)


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
