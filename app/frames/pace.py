"""How often to look. On the source's own time, so that a file read fast is paced as filmed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.events import AnyFrame, Frame, Notice

HEARTBEAT_S = 60.0
"""Seconds of the source: what has not changed is looked at again after so long, and told again if it is otherwise."""


@dataclass(slots=True)
class Quiet:
    """For how long nothing new has been told although it was looked for. In seconds of the source."""

    since: float | None = field(default=None, init=False)
    """When something was told last, or looking began anew; None: not known yet."""
    due: int = field(default=1, init=False)
    """Minutes of quiet that are told of next: 1, 2, 4, 8, …, so that silence is explained, and that is no litany."""

    def ends(self, at: float | None = None) -> None:
        """Something was told at `at`; None: nobody looks for now."""
        self.since, self.due = at, 1

    def goes_on(self, at: float, *, is_beat: bool, in_words: bool) -> Sequence[Notice]:
        """A look at `at` found nothing new; `is_beat`: it was one for its own sake."""
        minutes = self.falls_due(at) if in_words else 0
        if minutes:
            return (Notice("nothing new", f"No change for {in_minutes(minutes)}."),)
        return (Notice("looking", "Still watching."),) if is_beat else ()

    def falls_due(self, at: float) -> int:
        """The minutes of quiet that are to be told of at `at`; 0: none now."""
        if self.since is None or at < self.since:
            self.ends(at)
        minutes = int((at - (self.since or 0.0)) / 60)
        if minutes < self.due:
            return 0
        self.due = 2 ** minutes.bit_length()
        return minutes


def in_minutes(count: int) -> str:
    return f"{count} {'minute' if count == 1 else 'minutes'}"


@dataclass(slots=True)
class Pace:
    """Lets a frame through when `every` seconds of the source have passed since the last one let through."""

    every: float
    """Seconds of the source."""
    last: float | None = field(default=None, init=False)

    def is_due(self, frame: AnyFrame) -> bool:
        return self.last is None or frame.media_s - self.last >= self.every or frame.media_s < self.last

    def is_overdue(self, frame: AnyFrame) -> bool:
        """Whether it is time for a look even if nothing seems to have changed: change detection misses some."""
        return self.last is not None and not 0 <= frame.media_s - self.last < HEARTBEAT_S

    def took(self, frame: Frame) -> None:
        """`frame` was described: the next look is `every` seconds from it."""
        self.last = frame.media_s
