"""The live loop: the newest frame, a look if it is worth one, words as they come.

It opens no camera and loads no model: both are given to it.
"""

import math
import resource
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from app.flow import Cost, Describer, Frame, Growing, Happening, Notice, Piece, Request, Seen, Sentence, Source, Status
from app.gate import Gate, shrunk
from app.pace import Pacing
from app.sentences import Sentences

STATUS_S = 1.0
"""Between two statuses while nothing is described, on the frames' own clock."""
RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""getrusage(2) counts bytes on macOS and kilobytes on Linux."""


@dataclass(slots=True)
class Tally:
    """What has been seen and described, for the status line."""

    described: int = 0
    cost: Cost = field(default_factory=Cost)
    """Of the last description."""
    drafted: int = 0
    draft_accepted: int = 0
    arrivals: deque[tuple[int, float]] = field(default_factory=lambda: deque(maxlen=32))
    """Number and time (monotonic s) of the frames seen last."""
    told_at: float = -math.inf
    """When the newest frame of the last status was seen (monotonic s)."""

    def saw(self, frame: Seen) -> None:
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

    def status(self, effort: str) -> Status:
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
            effort=effort,
        )


@dataclass(slots=True)
class Narrator:
    """Says what is new: one description at a time, always of the newest frame."""

    describer: Describer
    prompt: str
    gate: Gate
    pace: Pacing
    frame_count: int = 1
    """How many frames a description is shown: the newest, and those described before it."""
    max_tokens: int = 64
    now: Callable[[], float] = time.monotonic
    tally: Tally = field(default_factory=Tally, init=False)
    recent: deque[Frame] = field(default_factory=deque, init=False)
    said: str = field(default="", init=False)

    def watch(self, source: Source, stop: Event) -> Iterator[Happening]:
        """Yield what happens until the source ends or `stop` is set."""
        with closing(self.pace), closing(source.frames(stop)) as frames:
            for seen in frames:  # always the newest frame; the rest are dropped
                if isinstance(seen, Notice):
                    yield seen
                elif self.is_worth_a_look(seen):
                    yield from self.describe(stop)
                    yield self.status()
                elif self.tally.has_gone_on(STATUS_S):
                    yield self.status()
            if self.tally.has_gone_on(0):
                yield self.status()

    def status(self) -> Status:
        return self.tally.status(self.pace.effort.words)

    def is_worth_a_look(self, seen: Seen) -> bool:
        """Whether it is time, and something has changed or may have; only then is the frame copied."""
        self.tally.saw(seen)
        if not self.pace.is_due(seen):
            return False
        look = shrunk(seen.view)
        frame = seen.kept() if self.pace.is_overdue(seen) or self.gate.is_news(look) else None
        if frame is None:  # nothing new, or a newer frame has been written over this one
            return False
        self.gate.took(look)
        self.pace.took(frame)
        self.recent = deque([*self.recent, frame], maxlen=self.frame_count)
        return True

    def describe(self, stop: Event) -> Iterator[Growing | Sentence | Notice]:
        """Describe the newest frame; leaves off within a token when `stop` is set."""
        frame, started = self.recent[-1], self.now()
        request = Request(tuple(self.recent), self.prompt, self.max_tokens, self.pace.effort.image_tokens)
        sentences, piece = Sentences(), Piece("", Cost())
        self.tally.described += 1
        with closing(self.describer.describe(request)) as pieces:
            for piece in pieces:
                if stop.is_set():
                    return
                for text in sentences.add(piece.text):
                    yield from self.say(text, frame, started, piece.cost)
                if sentences.rest.strip():
                    yield Growing(sentences.rest.strip(), frame)
        self.tally.spent(piece.cost)
        yield from self.say(sentences.finish(piece.cost.tokens >= self.max_tokens), frame, started, piece.cost)
        yield from self.pace.described(piece.cost)

    def say(self, text: str, frame: Frame, started: float, cost: Cost) -> Iterator[Sentence]:
        """A sentence, unless it is the one that was said last."""
        if text and text != self.said:
            self.said = text
            age = started - frame.seen_at + cost.first_word_s
            yield Sentence(text, "scene", frame, age, cost, self.tally.described)
