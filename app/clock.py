"""Time of day of a moment on the monotonic clock, the same for every output that asks."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

STEP_S = 0.05
"""Seconds that the two clocks may drift apart before the difference is taken anew."""


def difference() -> float:
    """Wall-clock minus monotonic time, in seconds: the tightest of three readings, as a thread may pause in between."""
    readings = []
    for _ in range(3):
        before, day, after = time.monotonic(), time.time(), time.monotonic()
        readings.append((after - before, day - before))
    return min(readings)[1]


@dataclass(slots=True)
class Clock:
    """Keeps the difference of the two clocks, so that a moment has one time, until the time of day is set.

    Taken anew, too, when the machine has slept: the monotonic clock stands still meanwhile.
    """

    ahead_s: float = field(default_factory=difference)

    def at(self, moment: float) -> datetime | None:
        """Local time, with its offset, of a moment in monotonic seconds; None if that is no time at all."""
        now_s = difference()
        if abs(now_s - self.ahead_s) > STEP_S:
            self.ahead_s = now_s
        try:
            return datetime.fromtimestamp(moment + self.ahead_s, UTC).astimezone()
        except (ValueError, OverflowError, OSError):
            return None


CLOCK = Clock()
