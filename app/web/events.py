"""What a window of the page is told: server-sent events, and how many of them wait for one that reads slowly.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import json
from collections import deque
from collections.abc import Mapping, Sequence
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
