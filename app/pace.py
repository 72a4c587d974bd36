"""How often to look, and with how much. On the source's own time, so that a file read fast is paced as filmed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.conditions import Sensor
from app.flow import Cost, Frame, Notice, Seen
from app.governor import Effort, Governor

FEWER_TOKENS = (
    "--pace auto may give frames fewer image tokens, as few as the model passes the sight test with: that says "
    "that it sees, not how well."
)


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
            return (Notice("nothing new", f"Nothing new for {in_minutes(minutes)}."),)
        return (Notice("looking", "Still looking."),) if is_beat else ()

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


class Pacing(Protocol):
    """What a narrator asks before, and tells after, a description."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What it puts at risk."""
        ...

    @property
    def effort(self) -> Effort: ...

    def is_due(self, frame: Seen) -> bool: ...

    def is_overdue(self, frame: Seen) -> bool:
        """Whether it is time for a look even if nothing seems to have changed: a gate does not see everything."""
        ...

    def took(self, frame: Frame) -> None:
        """`frame` is described: the time to the next look begins with it."""
        ...

    def described(self, cost: Cost) -> Sequence[Notice]:
        """A description has come to its end; what is to be said of the effort from now on."""
        ...

    def close(self) -> None: ...


@dataclass(slots=True)
class Pace:
    """Lets a frame through when `every` seconds of the source have passed since the last one let through."""

    every: float
    """Seconds of the source."""
    last: float | None = field(default=None, init=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        return ()

    @property
    def effort(self) -> Effort:
        return Effort(None, self.every)

    def is_due(self, frame: Seen) -> bool:
        return self.last is None or frame.media_s - self.last >= self.every or frame.media_s < self.last

    def is_overdue(self, frame: Seen) -> bool:
        return self.last is not None and not 0 <= frame.media_s - self.last < HEARTBEAT_S

    def took(self, frame: Frame) -> None:
        """`frame` was described: the next look is `every` seconds from it."""
        self.last = frame.media_s

    def described(self, _cost: Cost) -> Sequence[Notice]:
        return ()

    def close(self) -> None:
        pass


@dataclass(slots=True)
class GovernedPace:
    """A pace that a governor sets anew after every description."""

    governor: Governor
    sensor: Sensor
    now: Callable[[], float] = time.monotonic
    pace: Pace = field(init=False)

    def __post_init__(self) -> None:
        self.pace = Pace(self.effort.every)

    @property
    def warnings(self) -> tuple[str, ...]:
        return (FEWER_TOKENS,) if len(self.governor.choices) > 1 else ()

    @property
    def effort(self) -> Effort:
        """As set after the last description; its words are of the conditions now."""
        return self.governor.effort(self.sensor.conditions)

    def is_due(self, frame: Seen) -> bool:
        return self.pace.is_due(frame)

    def is_overdue(self, frame: Seen) -> bool:
        return self.pace.is_overdue(frame)

    def took(self, frame: Frame) -> None:
        self.pace.took(frame)

    def described(self, cost: Cost) -> Sequence[Notice]:
        before, conditions = self.effort, self.sensor.conditions
        effort = self.governor.judge(cost.total_s, conditions, self.now())
        self.pace.every = effort.every
        return (Notice("pace", effort.notice),) if effort != before else ()

    def close(self) -> None:
        self.sensor.close()
