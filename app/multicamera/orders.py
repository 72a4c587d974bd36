"""What people want of several narrators: most of it of every one, some of it of the one that spoke last.

Like app/orders.py it carries out nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.events import ChangeVerbosity, DescribeMore, Pause, RepeatLast
from app.live.controls import CommandQueue, QueuedCommand


@dataclass(slots=True)
class Own(CommandQueue):
    """One narrator's."""

    everyone: "Everyone"
    is_present: bool = field(default=False, init=False)
    """Its camera gives pictures, so that what it is asked will be answered."""

    @property
    def is_urgent_here(self) -> bool:
        """Whether one waits here that can wait no longer."""
        return CommandQueue.is_urgent.__get__(self)  # type: ignore[no-any-return]

    @property
    def is_urgent(self) -> bool:
        """Whether one waits here, or with another: what is asked of all is answered by all before anybody goes on."""
        return self.is_urgent_here or any(
            each.is_urgent_here and each.is_present for each in self.everyone.members.values()
        )


@dataclass(slots=True)
class Everyone(CommandQueue):
    """All narrators'; what waits here is for the crowd itself."""

    members: Mapping[str, Own] = field(default_factory=dict, init=False)

    @classmethod
    def of(cls, names: Iterable[str]) -> "Everyone":
        found = cls()
        found.members = {name: Own(found) for name in names}
        return found

    def put(self, order: QueuedCommand) -> None:
        if isinstance(order, RepeatLast | ChangeVerbosity | DescribeMore):
            CommandQueue.put(self, order)
            return
        if isinstance(order, Pause):
            self.is_paused = bool(order.is_paused)
        for each in self.members.values():
            each.put(order)

    def taken(self) -> list[QueuedCommand]:
        """What is for the crowd itself, taken away. From any thread."""
        with self.lock:
            found = list(self.waiting)
            self.waiting.clear()
        return found
