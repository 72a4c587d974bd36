"""How often something may happen: a bucket that is emptied by use and fills again. It waits for nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """So many at once, and so many a second after that."""

    rate: float
    """A second."""
    burst: float
    now: Callable[[], float] = time.monotonic
    level: float = field(init=False)
    seen_at: float = field(init=False)

    def __post_init__(self) -> None:
        self.level, self.seen_at = self.burst, self.now()

    def take(self) -> bool:
        """Whether it may happen now."""
        self._fill()
        if self.level < 1:
            return False
        self.level -= 1
        return True

    def owe(self) -> float:
        """Let it happen, on credit if need be; in how many seconds it would have been its turn."""
        self._fill()
        self.level -= 1
        return max(0.0, -self.level / self.rate)

    def _fill(self) -> None:
        now = self.now()
        self.level = min(self.burst, self.level + (now - self.seen_at) * self.rate)
        self.seen_at = now
