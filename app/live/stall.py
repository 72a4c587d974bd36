"""A model that does not answer: one elsewhere that cannot be reached (Outages), and one that hangs (StallDetector)."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from threading import Lock, get_ident

from app.errors import Outage
from app.events import Chunk, Notice

FIRST_S, LONGEST_S = 0.5, 15.0
"""Back-off between a failure and the next request: at first, doubling, and at most, unless the model asks for more."""
MOST_REASONS = 3
"""Reasons given for one outage: some servers have a new one each time."""
LIMIT_S = 2.5
"""Seconds without a word before a stall is reported; for a slow model this many times its longest wait so far:"""
TIMES = 3.0
ANSWERING = Notice("answering", "The model answers again.")


@dataclass(slots=True)
class Outages:
    """Back-off while a model elsewhere cannot be reached: reported once, tried again after longer and longer waits.

    Shared by all cameras of a run, on as many threads.
    """

    failures: int = field(default=0, init=False)
    """In succession."""
    until: float = field(default=0.0, init=False)
    """Monotonic seconds, before which no request is made."""
    reasons: set[str] = field(default_factory=set, init=False)
    """Reasons given since it last answered."""
    lock: Lock = field(default_factory=Lock, init=False)

    def begin(self, outage: Outage, now: float) -> Sequence[Notice]:
        """A request failed. Requests that were under way together fail together: that counts as one failure."""
        with self.lock:
            if self.is_waiting(now):
                self.until = max(self.until, now + outage.wait_s)
                return ()
            wait_s = max(outage.wait_s, min(LONGEST_S, FIRST_S * 2**self.failures))
            self.failures, self.until = min(self.failures + 1, 10), now + wait_s
            if outage.message in self.reasons or len(self.reasons) >= MOST_REASONS:
                return ()
            self.reasons.add(outage.message)
            return (Notice("outage", f"No description: {outage.message}.", outage.hint),)

    def end(self) -> Sequence[Notice]:
        """A request was answered."""
        with self.lock:
            if not self.failures:
                return ()
            self.failures = 0
            self.reasons.clear()
            return (ANSWERING,)

    def is_waiting(self, now: float) -> bool:
        return now < self.until


@dataclass(slots=True)
class StallDetector:
    """Notices when a model has gone silent in the middle of a request, and when it responds again.

    The thread that asks the model marks each chunk; another thread calls `check` every now and then. How long is too
    long is learned from the model: some take seconds to their first word.
    """

    now: Callable[[], float] = time.monotonic
    began: dict[int, float] = field(default_factory=dict, init=False)
    """Monotonic seconds of the last words, or of the request's start; by thread."""
    since: dict[int, float] = field(default_factory=dict, init=False)
    """The same, while the next words are awaited."""
    longest_s: float = field(default=0.0, init=False)
    """The longest that a chunk has taken."""
    is_reported: bool = field(default=False, init=False)
    has_failed: bool = field(default=False, init=False)
    """It has failed since its last words: that is reported elsewhere, and so is its end."""
    has_recovered: bool = field(default=False, init=False)
    """It responds again, which `check` has yet to report."""

    def start(self) -> None:
        """A request begins, on this thread."""
        self.began[get_ident()] = self.now()

    def next(self, chunks: Iterator[Chunk]) -> Chunk | None:
        """The next chunk of the request, None at its end. One without text is no sign of life."""
        me = get_ident()
        self.since[me] = self.began[me]
        try:
            chunk = next(chunks, None)
        except Exception:
            self.is_reported, self.has_failed = False, True
            raise
        finally:
            del self.since[me]
        if chunk is None or chunk.text:
            if self.is_reported and not self.is_stalled:  # of several requests, the one that hangs may still hang
                self.is_reported, self.has_recovered = False, True
            self.longest_s = max(self.longest_s, self.now() - self.began[me])
            self.has_failed = False
            self.began[me] = self.now()
        return chunk

    @property
    def limit_s(self) -> float:
        return max(LIMIT_S, TIMES * self.longest_s)

    @property
    def is_stalled(self) -> bool:
        """Whether words have been awaited for too long, on any thread."""
        since = min(tuple(self.since.values()), default=None)
        return since is not None and self.now() - since > self.limit_s

    def check(self) -> Sequence[Notice]:
        """What has to be reported by now: a stall, once, or its end."""
        if self.has_recovered:
            self.has_recovered = False
            return (ANSWERING,)
        if self.is_reported or self.has_failed or not self.is_stalled:
            return ()
        self.is_reported = True
        words = f"The model has not answered for {self.limit_s:.0f} seconds."
        return (Notice("hung", words, "if it stays so, quit and start looksay again, or use a smaller model"),)
