"""Which sentence stands in a subtitle file from when to when. Pure: no file, no clock.

Times are milliseconds of the source, so that what is written is what was decided.
"""

from dataclasses import dataclass, field, replace

READ_PER_S = 15
"""Characters that are read in a second."""
SHORTEST_MS, LONGEST_MS = 1500, 7000
"""What a cue stands for, whatever its length."""
BEHIND_MS, HURRIED_MS = 5000, 500
"""Cues that come so far after their frames make way for one another sooner: they must not fall behind for ever."""


@dataclass(frozen=True, slots=True)
class Cue:
    """A line of text and its time."""

    number: int
    """Counted from 1."""
    start_ms: int
    end_ms: int
    text: str


@dataclass(slots=True)
class Cues:
    """Places one cue after the other: never earlier than its frame, never over another."""

    last: Cue | None = field(default=None, init=False)
    newest_ms: int = field(default=0, init=False)
    newest_number: int = field(default=-1, init=False)
    """Of the newest frame so far: its time in the file, and its number."""
    lead_ms: int = field(default=0, init=False)
    """By how much the file is ahead of a source that has begun again."""

    def add(self, text: str, media_s: float, number: int) -> list[Cue]:
        """Place `text`, of the frame of that time and number.

        Returns the cue before it, which may have been cut short for it, and its own.
        """
        before, at = self.last, self.time_of(media_s, number)
        start = self.start_after(before, at) if before else at
        self.newest_ms, self.newest_number = max(at, self.newest_ms), max(number, self.newest_number)
        self.last = Cue(before.number + 1 if before else 1, start, start + reading_ms(text), text)
        return [replace(before, end_ms=min(before.end_ms, start)), self.last] if before else [self.last]

    def time_of(self, media_s: float, number: int) -> int:
        """A frame's time in the file: a newer frame with an earlier time says that the source has begun again."""
        at = max(0, round(media_s * 1000)) + self.lead_ms
        if self.last and at < self.newest_ms and number > self.newest_number:
            self.lead_ms += self.last.end_ms - at
            return self.last.end_ms
        return at

    def start_after(self, before: Cue, at: int) -> int:
        """Of the same frame, or an older one: after what is there. Of a newer one: as soon as that can be read."""
        if at <= self.newest_ms:
            return max(at, before.end_ms)
        start = max(at, before.start_ms + SHORTEST_MS)
        return start if start - at <= BEHIND_MS else max(at, before.start_ms + HURRIED_MS)


def reading_ms(text: str) -> int:
    return min(LONGEST_MS, max(SHORTEST_MS, round(len(text) * 1000 / READ_PER_S)))
