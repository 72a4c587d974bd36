"""What a narrator does while a model elsewhere cannot be asked: it says so once, waits a little longer each time, and
says when it is back. Pure: it asks nobody, and has no clock of its own.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from app.errors import Outage
from app.events import Notice

FIRST_S, LONGEST_S = 0.5, 15.0
"""Between a failure and the next question: at first, doubling, and at most, unless the model asks for more."""
MOST_REASONS = 3
"""That are told of one outage: some servers have a new one each time."""


@dataclass(slots=True)
class Outages:
    """One narrator's."""

    failures: int = field(default=0, init=False)
    """In succession."""
    until: float = field(default=0.0, init=False)
    """Monotonic seconds, before which it is left alone."""
    told: set[str] = field(default_factory=set, init=False)
    """What was told of it since it last answered."""

    def begins(self, outage: Outage, now: float) -> Iterator[Notice]:
        """It could not be asked; each reason is told once, the first few of them."""
        wait_s = max(outage.wait_s, min(LONGEST_S, FIRST_S * 2**self.failures))
        self.failures, self.until = min(self.failures + 1, 10), now + wait_s
        if outage.message not in self.told and len(self.told) < MOST_REASONS:
            self.told.add(outage.message)
            yield Notice("outage", f"No description: {outage.message}.", outage.hint)

    def ends(self) -> Iterator[Notice]:
        """It has answered."""
        if self.failures:
            self.failures = 0
            self.told.clear()
            yield Notice("answering", "The model answers again.")

    def holds(self, now: float) -> bool:
        """Whether it is to be left alone for now."""
        return now < self.until
