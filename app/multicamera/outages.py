"""One model that cannot be asked, and many who ask it: it is told of once, and left alone by all of them."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock

from app.errors import Outage
from app.events import Notice
from app.live.outage import Outages


@dataclass(slots=True)
class SharedOutages(Outages):
    """Several narrators', on as many threads."""

    lock: Lock = field(default_factory=Lock, init=False)

    def begins(self, outage: Outage, now: float) -> Iterator[Notice]:
        """Questions that were under way together fail together: that is one failure."""
        with self.lock:
            if not self.holds(now):
                return iter(tuple(Outages.begins(self, outage, now)))
            self.until = max(self.until, now + outage.wait_s)
            return iter(())

    def ends(self) -> Iterator[Notice]:
        """One of them has been answered."""
        with self.lock:
            return iter(tuple(Outages.ends(self)))
