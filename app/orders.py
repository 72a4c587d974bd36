"""What people want of the narrator while it runs: given by any thread, carried out by the inference thread."""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import Lock
from typing import Any

from app.shown import Setup


@dataclass(frozen=True, slots=True)
class Hold:
    """Stop narrating, or go on."""

    is_held: bool

    def of(self, setup: Setup) -> Setup:
        return replace(setup, is_stopped=self.is_held)


@dataclass(frozen=True, slots=True)
class Listen:
    """A question begins: keep the frame of this moment, and say nothing until it is asked or given up."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer this about the frame that was kept, or about the newest."""

    question: str


@dataclass(frozen=True, slots=True)
class Unask:
    """The question was given up."""


@dataclass(frozen=True, slots=True)
class More:
    """Describe at length what was described last."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Say the last sentence once more."""


@dataclass(frozen=True, slots=True)
class Louder:
    """Say more from now on, or less."""

    steps: int
    """Levels of verbosity: 1 is one up, -1 one down."""


@dataclass(frozen=True, slots=True)
class Arrange:
    """Set it otherwise from now on."""

    changes: Mapping[str, Any]
    """Fields of `Setup`, by name."""

    def of(self, setup: Setup) -> Setup:
        return replace(setup, **self.changes)


Order = Hold | Listen | Ask | Unask | More | Repeat | Louder | Arrange
PRESSING, CUTTING = (Hold, Listen, Ask), (Hold, Listen)
"""A description is left unfinished for these, and an answer: a question that is whole waits until that is given."""


@dataclass(slots=True)
class Orders:
    """Those that wait, in order."""

    waiting: deque[Order] = field(default_factory=deque, init=False)
    lock: Lock = field(default_factory=Lock, init=False)
    is_held: bool = field(default=False, init=False)
    """What was wanted last: whoever gives the next order may not have given this one."""

    def give(self, order: Order) -> None:
        with self.lock:
            self.waiting.append(order)
            if isinstance(order, Hold):
                self.is_held = order.is_held

    def give_back(self, order: Order) -> None:
        """What was begun is to be begun anew, before all that waits."""
        with self.lock:
            self.waiting.appendleft(order)

    def each(self) -> Iterator[Order]:
        """Those that wait, one at a time, the oldest first: what comes meanwhile comes too."""
        while self.waiting:
            with self.lock:
                order = self.waiting.popleft()
            yield order

    @property
    def are_pressing(self) -> bool:
        """Whether one waits that can wait no longer. Asked at every word."""
        return any(isinstance(order, PRESSING) for order in tuple(self.waiting))

    @property
    def are_cutting(self) -> bool:
        """The same, where an answer is being given."""
        return any(isinstance(order, CUTTING) for order in tuple(self.waiting))
