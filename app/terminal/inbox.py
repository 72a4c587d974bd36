"""What waits to be shown: told by any thread, taken by the main thread. It does not show anything."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from app.events import Notice, PartialSentence, QuestionDraft, Repeated, RunEvent, Sentence, Status

ROOM = 1000
"""Lines kept for a screen that stands still; beyond that the oldest go, and their number is told."""
TICK_S = 0.1
"""Seconds between two looks, unless a line or a key arrives."""
Line = Sentence | Notice | Repeated | QuestionDraft
"""What makes a line that stays; of questions, those that are over."""


def without_pixels(happening: RunEvent) -> RunEvent:
    """The same, its picture let go: a screen that stands still must not hold on to pictures."""
    match happening:
        case PartialSentence(frame=frame) | Sentence(frame=frame):
            return replace(happening, frame=replace(frame, pixels=frame.pixels[:0, :0].copy()))
        case Repeated(sentence=sentence):
            frame = sentence.frame
            return Repeated(replace(sentence, frame=replace(frame, pixels=frame.pixels[:0, :0].copy())))
        case _:
            return happening


@dataclass(slots=True)
class Inbox:
    """Every line in order, and only the newest of what grows, is typed or counts. Silence is for those that speak."""

    whole: deque[Line] = field(default_factory=deque)
    growing: PartialSentence | None = None
    asking: QuestionDraft | None = None
    status: Status | None = None
    missed: int = 0
    """Lines that were not shown, since the last look."""
    arrived: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def tell(self, happening: RunEvent) -> None:
        """Put it in; never blocks longer than a look takes."""
        happening = without_pixels(happening)
        with self.lock:
            self._sort(happening)

    def _sort(self, happening: RunEvent) -> None:
        match happening:
            case PartialSentence():
                self.growing = happening
            case Status():
                self.status, self.growing = happening, None  # a status ends a description
            case QuestionDraft(is_over=False):
                self.asking = happening
                self.arrived.set()
            case Sentence() | Notice() | Repeated() | QuestionDraft():
                self._add(happening)

    def _add(self, line: Line) -> None:
        if len(self.whole) == ROOM:
            self.whole.popleft()
            self.missed += 1
        self.whole.append(line)
        if isinstance(line, Sentence):
            self.growing = None
        if isinstance(line, QuestionDraft):
            self.asking = None
        self.arrived.set()

    def take(self) -> list[RunEvent]:
        """All that has arrived, in order; what counts, grows and is typed come last."""
        with self.lock:
            latest = [each for each in (self.status, self.growing, self.asking) if each]
            gap = [missing(self.missed)] if self.missed else []
            taken: list[RunEvent] = [*gap, *self.whole, *latest]
            self.whole.clear()
            self.growing, self.asking, self.status, self.missed = None, None, None, 0
            self.arrived.clear()
        return taken

    def batches(self, until: Event) -> Iterator[list[RunEvent]]:
        """Yield what has arrived, also when nothing has, at least every `TICK_S`; the last when `until` is set."""
        is_over = False
        while not is_over:
            is_over = until.is_set()
            yield self.take()
            if not is_over:
                self.arrived.wait(TICK_S)


def missing(count: int) -> Notice:
    return Notice("missed", f"{count} lines could not be shown: the terminal or the program that reads stood still.")
