"""Selection of the frames to describe: what has changed and come to rest, what left a doubt, and what is overdue.

Works on the source's own time, so that a file read fast is judged as filmed.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from app.events import AnyFrame, Box, Frame, Notice
from app.frames.change import ChangeDetector, shrunk
from app.frames.visibility import Visibility
from app.images import Pixels

GLANCE_S = 0.06
"""Between two frames that are compared at all: every second one of a camera at 30 a second."""
PATIENCE_S = 0.7
"""The longest that a change may go on before it is described while it still moves."""
AGAIN_S, LATEST_S = 0.4, 60.0
"""From a look that left a doubt to the next: the first delay, and the longest if doubts continue."""
BURST, BURST_S = 2, 2.0
"""At most this many changes are described in this many seconds: the second at once, then one a second."""
DOUBTS = 5
"""Doubtful looks in a row that are repeated at the first delay; after them each delay doubles."""
SPARSE_S = 0.4
"""Frames of a source further apart than this cannot tell whether anything moves."""
HEARTBEAT_S = 60.0
"""Seconds of the source after which even an unchanged scene is described again."""


@dataclass(slots=True)
class Pace:
    """Minimum and maximum time between two descriptions, in seconds of the source."""

    every: float
    """Seconds of the source."""
    last: float | None = field(default=None, init=False)

    def is_due(self, frame: AnyFrame) -> bool:
        return self.last is None or frame.media_s - self.last >= self.every or frame.media_s < self.last

    def is_overdue(self, frame: AnyFrame) -> bool:
        """Whether it is time even if nothing seems to have changed: change detection misses some."""
        return self.last is not None and not 0 <= frame.media_s - self.last < HEARTBEAT_S

    def record_look(self, frame: Frame) -> None:
        """Count from `frame`, which was described."""
        self.last = frame.media_s


@dataclass(frozen=True, slots=True)
class Glance:
    """The judgement of one frame."""

    media_s: float = 0.0
    notices: Sequence[Notice] = ()
    """Changes of visibility, such as dark or clear again."""
    frame: Frame | None = None
    """The frame, if it is to be described."""
    has_changed: bool = False
    """Whether a change was detected; otherwise it is described for another reason."""
    is_still: bool = False
    """Nothing moves in it."""
    is_overdue: bool = False
    """It is described because nothing was for so long."""


@dataclass(slots=True)
class FrameSelector:
    """Selects frames of one source, in their order."""

    pace: Pace
    detector: ChangeDetector = field(default_factory=ChangeDetector)
    visibility: Visibility = field(default_factory=Visibility)
    burst_s: float = field(default=BURST_S, init=False)
    last: tuple[int, float] | None = field(default=None, init=False)
    """Number and media time of the last frame judged; the frame's memory belongs to its source."""
    opened_at: float | None = field(default=None, init=False)
    """Media time of the first frame of a change in progress."""
    again_at: float | None = field(default=None, init=False)
    """Media time from which a frame is described, changed or not."""
    changes: deque[float] = field(default_factory=lambda: deque(maxlen=BURST), init=False)
    """Media times of the last changes that were described."""
    doubts: int = field(default=0, init=False)
    """Doubtful looks in a row."""
    took_at: float | None = field(default=None, init=False)
    least_s: float = field(default=0.0, init=False)
    look: Pixels | None = field(default=None, init=False)
    """The last frame judged, made small."""
    is_still: bool = field(default=True, init=False)
    """Nothing moved in it."""

    def allow_burst(self, *, is_allowed: bool) -> None:
        """Set whether two changes may be described in quick succession; otherwise the pace alone decides."""
        self.burst_s = BURST_S if is_allowed else 0.0

    def changed_regions(self) -> Sequence[Box]:
        """Where the last frame judged differs from the one described last, for display."""
        return self.detector.regions(self.look) if self.look is not None else ()

    @property
    def is_undecided(self) -> bool:
        """Whether a change is in progress that has not come to rest."""
        return self.opened_at is not None

    def schedule_retry(self, frame: Frame) -> None:
        """Describe another frame soon: the description of `frame` left a doubt."""
        if self.again_at is None:
            self.doubts += 1
            self.again_at = frame.media_s + min(LATEST_S, AGAIN_S * 2 ** max(0, self.doubts - DOUBTS))

    def reset(self) -> None:
        """Describe the next frame, whatever it shows: the last description failed."""
        self.detector.last = None

    def restart(self) -> None:
        """Forget times: the source has started over."""
        self.opened_at = self.again_at = self.took_at = None
        self.changes.clear()

    def glance(self, seen: AnyFrame, least_s: float = 0.0, *, is_held: bool = False) -> Glance:
        """Judge one frame; it is copied only if it is selected.

        Args:
            least_s: minimum seconds between two descriptions, in addition to the pace.
            is_held: select none for now.
        """
        before = self.last
        if before and seen.media_s < before[1]:
            self.restart()
        elif before and seen.media_s - before[1] < GLANCE_S:
            return Glance(seen.media_s)
        self.last, self.least_s = (seen.number, seen.media_s), least_s
        self.look = look = shrunk(seen.view)
        notices, is_calm = self.visibility.judge(look, seen.media_s), self.detector.is_calm(look)
        if self.visibility.is_blocked or is_held:
            self.opened_at = None
            return Glance(seen.media_s, notices)
        self.is_still = is_still = is_calm or before is None or is_sparse(*before, seen)
        has_changed = self.has_changed(seen, look, is_still=is_still)
        is_overdue = self.pace.is_overdue(seen) and self.is_due(seen)
        is_wanted = has_changed or is_overdue or self.is_doubtful(seen)
        frame = seen.copy() if is_wanted else None
        if frame is None:  # not selected, or a newer frame has been written over this one
            return Glance(seen.media_s, notices)
        self.record_look(frame, look)
        if has_changed:
            self.changes.append(frame.media_s)
        return Glance(seen.media_s, notices, frame, has_changed, is_still, is_overdue and not has_changed)

    def has_changed(self, seen: AnyFrame, look: Pixels, *, is_still: bool) -> bool:
        """Whether there is a change that has come to rest or lasted PATIENCE_S; a flash does neither."""
        if not self.is_due(seen) or self.is_busy(seen):
            return False
        if not self.detector.has_changed(look):
            self.opened_at = None
            return False
        if self.opened_at is None:
            self.opened_at = seen.media_s
        return is_still or seen.media_s - self.opened_at >= PATIENCE_S

    def is_due(self, seen: AnyFrame) -> bool:
        return self.pace.is_due(seen) and (self.took_at is None or seen.media_s - self.took_at >= self.least_s)

    def is_busy(self, seen: AnyFrame) -> bool:
        """Whether enough changes have been described for now."""
        return len(self.changes) == BURST and seen.media_s - self.changes[0] < self.burst_s

    def is_doubtful(self, seen: AnyFrame) -> bool:
        return self.again_at is not None and seen.media_s >= self.again_at and self.is_due(seen)

    def record_look(self, frame: Frame, look: Pixels) -> None:
        if self.again_at is None:  # the look before left no doubt
            self.doubts = 0
        self.opened_at = self.again_at = None
        self.took_at = frame.media_s
        self.detector.set_reference(look)
        self.pace.record_look(frame)


def is_sparse(number: int, media_s: float, seen: AnyFrame) -> bool:
    """Whether the source's frames, those in between included, are too far apart to be compared."""
    return seen.number > number and (seen.media_s - media_s) / (seen.number - number) > SPARSE_S


@dataclass(slots=True)
class Quiet:
    """Reports of a scene that stays the same, after 1, 2, 4, 8, … minutes. In seconds of the source."""

    since: float | None = field(default=None, init=False)
    """Time of the last sentence; None: not known yet."""
    due: int = field(default=1, init=False)
    """Minutes after which the next report is due."""

    def restart(self, at: float | None = None) -> None:
        """Count from `at`, when something was said; None: narration is paused."""
        self.since, self.due = at, 1

    def note_unchanged(self, at: float, *, is_beat: bool, in_words: bool) -> Sequence[Notice]:
        """Notices after a look at `at` found nothing new. `is_beat`: it was overdue; `in_words`: reports are wanted."""
        minutes = self.due_minutes(at) if in_words else 0
        if minutes:
            return (Notice("nothing new", f"No change for {in_minutes(minutes)}."),)
        return (Notice("looking", "Still watching."),) if is_beat else ()

    def due_minutes(self, at: float) -> int:
        """The minutes to report at `at`; 0: none now."""
        if self.since is None or at < self.since:
            self.restart(at)
        minutes = int((at - (self.since or 0.0)) / 60)
        if minutes < self.due:
            return 0
        self.due = 2 ** minutes.bit_length()
        return minutes


def in_minutes(count: int) -> str:
    return f"{count} {'minute' if count == 1 else 'minutes'}"
