"""Queue of events for a screen: any thread puts them in, the main thread shows them in batches."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from threading import Event, Lock

from app.events import Notice, PartialSentence, QuestionDraft, Repeated, RunEvent, Sentence, Status

MAX_LINES = 1000
"""Lines kept while the output is blocked; beyond that the oldest are dropped and counted."""
TICK_S = 0.1
"""The longest wait for a batch, so that ages and the status line stay current."""
Line = Sentence | Notice | Repeated | QuestionDraft
"""Events that become a line; of question drafts, those that are over."""


@dataclass(slots=True)
class Inbox:
    """Keeps every line in order; of partial sentences, question drafts and statuses only the newest."""

    lines: deque[Line] = field(default_factory=deque)
    partial: PartialSentence | None = None
    draft: QuestionDraft | None = None
    status: Status | None = None
    dropped: int = 0
    """Lines dropped since the last batch."""
    arrived: Event = field(default_factory=Event)
    lock: Lock = field(default_factory=Lock)

    def put(self, event: RunEvent) -> None:
        """Add an event; never blocks for longer than a batch takes to be drained. Events without a line are ignored."""
        event = without_pixels(event)
        with self.lock:
            match event:
                case PartialSentence():
                    self.partial = event
                case Status():
                    self.status, self.partial = event, None  # a status ends a description
                case QuestionDraft(is_over=False):
                    self.draft = event
                    self.arrived.set()
                case Sentence() | Notice() | Repeated() | QuestionDraft():
                    self._add(event)

    def _add(self, line: Line) -> None:
        if len(self.lines) == MAX_LINES:
            self.lines.popleft()
            self.dropped += 1
        self.lines.append(line)
        if isinstance(line, Sentence):
            self.partial = None
        if isinstance(line, QuestionDraft):
            self.draft = None
        self.arrived.set()

    def drain(self) -> list[RunEvent]:
        """Everything since the last call: lines in order, then status, partial sentence and question draft."""
        with self.lock:
            latest = [event for event in (self.status, self.partial, self.draft) if event]
            gap = [dropped_notice(self.dropped)] if self.dropped else []
            events: list[RunEvent] = [*gap, *self.lines, *latest]
            self.lines.clear()
            self.partial, self.draft, self.status, self.dropped = None, None, None, 0
            self.arrived.clear()
        return events

    def batches(self, until: Event) -> Iterator[list[RunEvent]]:
        """Yield what has arrived, even if nothing has, at least every `TICK_S`; a last time once `until` is set."""
        is_over = False
        while not is_over:
            is_over = until.is_set()
            yield self.drain()
            if not is_over:
                self.arrived.wait(TICK_S)


def without_pixels(event: RunEvent) -> RunEvent:
    """The event without its picture: a blocked screen must not hold on to pictures."""
    match event:
        case PartialSentence() | Sentence():
            return replace(event, frame=event.frame.without_pixels())
        case Repeated(sentence=sentence):
            return Repeated(replace(sentence, frame=sentence.frame.without_pixels()))
        case _:
            return event


def dropped_notice(count: int) -> Notice:
    lines = "1 line was" if count == 1 else f"{count} lines were"
    return Notice("missed", f"{lines} dropped because the output was blocked.")
