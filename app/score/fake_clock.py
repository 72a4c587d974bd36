"""A clock that stands still while a clip is read, and goes on with the work of a narrator."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(slots=True)
class Clock:
    """Seconds of the clip. Work takes as long on it as it takes here; waiting for a frame takes no time at all."""

    timer: Callable[[], float] = time.perf_counter
    at: float = field(default=0.0, init=False)
    """Where it was when it was last stopped or set."""
    since: float | None = field(default=None, init=False)
    """The timer's time when it was let go; None while it stands."""

    def now(self) -> float:
        return self.at if self.since is None else self.at + self.timer() - self.since

    def stand(self) -> None:
        """Stand still from now on."""
        self.at, self.since = self.now(), None

    def go(self, not_before: float = 0.0) -> None:
        """Go on, from `not_before` if it is not that late yet: somebody has waited until then."""
        self.at, self.since = max(self.now(), not_before), self.timer()
