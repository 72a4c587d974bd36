"""Which frames are worth a look: what the gate sees, once it has come to rest, and what else asks for one.

Works on the source's own time, so that a file read fast is judged as filmed. It describes nothing.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.events import AnyFrame, Box, Frame, Notice
from app.frames.change import Gate, shrunk
from app.frames.pace import Pace
from app.frames.visibility import View
from app.images import Pixels

GLANCE_S = 0.06
"""Between two frames that are compared at all: every second one of a camera at 30 a second."""
PATIENCE_S = 0.7
"""The longest that a change may go on before it is looked at all the same."""
AGAIN_S, LATEST_S = 0.4, 60.0
"""From a look that left a doubt to the next: at first, and at most, where one look after the other does."""
BURST, BURST_S = 2, 2.0
"""So many changes are looked at in so many seconds: the second at once, and one a second where it goes on."""
DOUBTS = 5
"""Looks in succession that may leave a doubt and be followed by the next one soon; then each waits twice as long."""
SPARSE_S = 0.4
"""Frames of a source further apart than this cannot tell whether anything moves."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What one frame was found to be worth."""

    media_s: float = 0.0
    notices: Sequence[Notice] = ()
    """What keeps the camera from seeing, or no longer does."""
    frame: Frame | None = None
    """The frame, if it is to be described."""
    has_changed: bool = False
    """The gate sees something new in it; else it is looked at for another reason."""
    is_still: bool = False
    """Nothing moves in it."""
    is_overdue: bool = False
    """It is looked at because so long nothing was."""


@dataclass(slots=True)
class Attention:
    """Chooses frames."""

    pace: Pace
    gate: Gate = field(default_factory=Gate)
    view: View = field(default_factory=View)
    burst_s: float = field(default=BURST_S, init=False)
    last: tuple[int, float] | None = field(default=None, init=False)
    """Number and media time of the frame glanced at last; not the frame, whose memory is its source's."""
    opened_at: float | None = field(default=None, init=False)
    """Media time of the first frame of the change that is going on."""
    again_at: float | None = field(default=None, init=False)
    """Media time from which a look is wanted, changed or not."""
    changes: deque[float] = field(default_factory=lambda: deque(maxlen=BURST), init=False)
    """Media times of the last changes that were looked at."""
    doubts: int = field(default=0, init=False)
    """Looks in succession that have left one."""
    took_at: float | None = field(default=None, init=False)
    least_s: float = field(default=0.0, init=False)
    look: Pixels | None = field(default=None, init=False)
    """The last frame that was glanced at, made small."""
    is_still: bool = field(default=True, init=False)
    """Nothing moved in it."""

    def let_burst(self, *, is_allowed: bool) -> None:
        """Whether two changes may be looked at in quick succession before it is one a second; else the pace decides."""
        self.burst_s = BURST_S if is_allowed else 0.0

    def changed_regions(self) -> Sequence[Box]:
        """Where the last look differs from what was described last; for people to see, nothing hangs on it."""
        return self.gate.regions(self.look) if self.look is not None else ()

    @property
    def is_undecided(self) -> bool:
        """There is something new, which has yet to come to rest."""
        return self.opened_at is not None

    def look_again(self, frame: Frame) -> None:
        """`frame` left a doubt: have another look soon."""
        if self.again_at is None:
            self.doubts += 1
            self.again_at = frame.media_s + min(LATEST_S, AGAIN_S * 2 ** max(0, self.doubts - DOUBTS))

    def anew(self) -> None:
        """The last look came to nothing: the next frame is worth one."""
        self.gate.last = None

    def begin_anew(self) -> None:
        """The source has started over: its times say nothing about those before."""
        self.opened_at = self.again_at = self.took_at = None
        self.changes.clear()

    def glance(self, seen: AnyFrame, least_s: float = 0.0, *, is_held: bool = False) -> Glance:
        """Judge one frame; only one that is to be described is copied.

        `least_s`: between two looks, whatever the pace allows. While `is_held` none is to be described.
        """
        before = self.last
        if before and seen.media_s < before[1]:
            self.begin_anew()
        elif before and seen.media_s - before[1] < GLANCE_S:
            return Glance(seen.media_s)
        self.last, self.least_s = (seen.number, seen.media_s), least_s
        self.look = look = shrunk(seen.view)
        notices, is_calm = self.view.judge(look, seen.media_s), self.gate.is_calm(look)
        if self.view.is_blocked or is_held:
            self.opened_at = None
            return Glance(seen.media_s, notices)
        self.is_still = is_still = is_calm or before is None or is_sparse(*before, seen)
        has_changed = self.has_changed(seen, look, is_still=is_still)
        is_overdue = self.pace.is_overdue(seen) and self.is_due(seen)
        is_wanted = has_changed or is_overdue or self.is_doubtful(seen)
        frame = seen.copy() if is_wanted else None
        if frame is None:  # nothing to look at, or a newer frame has been written over this one
            return Glance(seen.media_s, notices)
        self.took(frame, look)
        if has_changed:
            self.changes.append(frame.media_s)
        return Glance(seen.media_s, notices, frame, has_changed, is_still, is_overdue and not has_changed)

    def has_changed(self, seen: AnyFrame, look: Pixels, *, is_still: bool) -> bool:
        """Whether there is something new that has come to rest, or has gone on for long; a flash is neither."""
        if not self.is_due(seen) or self.is_busy(seen):
            return False
        if not self.gate.is_news(look):
            self.opened_at = None
            return False
        if self.opened_at is None:
            self.opened_at = seen.media_s
        return is_still or seen.media_s - self.opened_at >= PATIENCE_S

    def is_due(self, seen: AnyFrame) -> bool:
        return self.pace.is_due(seen) and (self.took_at is None or seen.media_s - self.took_at >= self.least_s)

    def is_busy(self, seen: AnyFrame) -> bool:
        """Whether changes have been looked at often enough for now."""
        return len(self.changes) == BURST and seen.media_s - self.changes[0] < self.burst_s

    def is_doubtful(self, seen: AnyFrame) -> bool:
        return self.again_at is not None and seen.media_s >= self.again_at and self.is_due(seen)

    def took(self, frame: Frame, look: Pixels) -> None:
        if self.again_at is None:  # the look before left no doubt
            self.doubts = 0
        self.opened_at = self.again_at = None
        self.took_at = frame.media_s
        self.gate.took(look)
        self.pace.took(frame)


def is_sparse(number: int, media_s: float, seen: AnyFrame) -> bool:
    """Whether the source's frames, those in between included, are too far apart to be compared."""
    return seen.number > number and (seen.media_s - media_s) / (seen.number - number) > SPARSE_S
