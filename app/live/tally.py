"""What has been seen and described so far, for the status line."""

import math
import resource
import sys
from collections import deque
from dataclasses import dataclass, field

from app.events import AnyFrame, Cost, Status

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""getrusage(2) counts bytes on macOS and kilobytes on Linux."""


@dataclass(slots=True)
class Tally:
    """Counts along with a narrator."""

    described: int = 0
    cost: Cost = field(default_factory=Cost)
    """Of the last description."""
    drafted: int = 0
    draft_accepted: int = 0
    arrivals: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=32))
    """Number and time (monotonic s) of the frames seen last."""
    told_at: float = -math.inf
    """When the newest frame of the last status was seen (monotonic s)."""

    def saw(self, frame: AnyFrame) -> None:
        self.arrivals.append((frame.number, frame.seen_at))

    def spent(self, cost: Cost) -> None:
        """A description has come to its end."""
        self.cost = cost
        self.drafted += cost.drafted
        self.draft_accepted += cost.draft_accepted

    def has_gone_on(self, seconds: float) -> bool:
        """Whether frames have been seen for so long since the last status."""
        return bool(self.arrivals) and self.arrivals[-1][1] - self.told_at > seconds

    @property
    def camera_fps(self) -> float:
        """Frames a second that the source takes, dropped ones too; 0 until there are two."""
        (first, since), (last, until) = self.arrivals[0], self.arrivals[-1]
        return (last - first) / (until - since) if until > since else 0.0

    def status(self) -> Status:
        cost, self.told_at = self.cost, self.arrivals[-1][1]
        return Status(
            camera_fps=self.camera_fps,
            frames_seen=self.arrivals[-1][0] + 1,
            frames_described=self.described,
            first_word_s=cost.first_word_s,
            # over the whole of it: with a draft that is right, all words are there with the first
            tokens_per_s=cost.tokens / cost.total_s if cost.total_s > 0 else 0.0,
            memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT,
            drafted=self.drafted,
            draft_accepted=self.draft_accepted,
        )
