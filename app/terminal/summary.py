"""The one line at the end of a run: how much was described, and how soon."""

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from app.events import RunEvent, Sentence, Status


@dataclass(slots=True)
class Summary:
    """Counts along; medians are over the newest 10,000 frames that were told of."""

    seen: int = 0
    described: int = 0
    drafted: int = 0
    draft_accepted: int = 0
    newest: tuple[str, int] = ("", -1)
    """Camera and number of the newest frame that was told of."""
    first_words_s: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))
    ages_s: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))

    def add(self, happening: RunEvent) -> None:
        if isinstance(happening, Status):
            self._count(happening.frames_seen, happening.frames_described)
            self.drafted, self.draft_accepted = happening.drafted, happening.draft_accepted
        elif isinstance(happening, Sentence):
            self._count(happening.frame.number + 1, happening.frames_described)
            self._time(happening)

    def _count(self, seen: int, described: int) -> None:
        self.seen, self.described = max(self.seen, seen), max(self.described, described)

    def _time(self, sentence: Sentence) -> None:
        """Once a frame: a description of two sentences has one first word."""
        if (newest := (sentence.frame.camera, sentence.frame.number)) != self.newest:
            self.newest = newest
            self.first_words_s.append(sentence.cost.first_word_s)
            self.ages_s.append(sentence.frame_age_s)

    @property
    def line(self) -> str:
        """Empty when nothing was seen."""
        if not self.seen:
            return ""
        texts = [frames(self.described, self.seen)]
        if self.ages_s:
            first_word_s, age_s = median(self.first_words_s), median(self.ages_s)
            texts.append(f"median first word {first_word_s:.2f} s, frame age {age_s:.2f} s")
        if self.drafted:
            texts.append(drafts(self.draft_accepted, self.drafted))
        return "; ".join(texts)


def frames(described: int, seen: int) -> str:
    """Not how many were dropped: most of those showed nothing new, and no machine was too slow for them."""
    return f"{described} of {seen} frames described"


def drafts(accepted: int, drafted: int) -> str:
    return f"drafts {100 * accepted // drafted} %"
