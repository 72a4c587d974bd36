"""`--watch`: asks a model whether something is there, and alerts when it appears and when it disappears.

Two of three answers decide, so that one wrong answer neither starts nor ends an alert.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from app.errors import Outage
from app.events import Cost, Frame, Notice, Request, Sentence, SentenceKind
from app.live.captioner import Captioner, Description, Failed, Whole
from app.text import is_decided, is_yes, question

VOTES, DECIDE = 3, 2
MAX_TOKENS = 16
"""Enough for yes or no, and a few words after it."""
Turn = Literal["begins", "ends"]
KINDS: dict[Turn, SentenceKind] = {"begins": "alert", "ends": "change"}
"""Only the beginning interrupts speech."""


@dataclass(frozen=True, slots=True)
class WatchOptions:
    """How things are watched for."""

    lasting_s: float = 0.0
    """How long something must have been there, or gone, before it is reported."""
    cooldown_s: float = 0.0
    """From one reported beginning to the next."""


@dataclass(slots=True)
class Watch:
    """One thing that is watched for: votes by frame, in seconds of the source."""

    wish: str
    options: WatchOptions = WatchOptions()
    is_there: bool = field(default=False, init=False)
    is_reported: bool = field(default=False, init=False)
    """Whether its presence was reported."""
    began_at: float = field(default=0.0, init=False)
    """Media time at which it began, as reported last."""
    ended_at: float = field(default=0.0, init=False)
    came_at: float = field(default=0.0, init=False)
    """The same, reported or not."""
    votes: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=VOTES), init=False)
    """Media time and answer of the last looks since it began or ended."""
    since: float | None = field(default=None, init=False)
    """Media time since which the answers have been different."""
    reported_at: float | None = field(default=None, init=False)
    voted_at: float = field(default=-math.inf, init=False)

    @property
    def is_undecided(self) -> bool:
        """Whether another look is needed soon."""
        is_unreported = self.is_there and not self.is_reported
        return is_unreported or self.since is not None or any(vote != self.is_there for _, vote in self.votes)

    def vote(self, answer: bool, at: float) -> Turn | None:
        """Count an answer about a frame of media time `at`; return what it decides, if anything."""
        if at < self.voted_at:  # the source has begun again
            self.reset()
        self.voted_at = at
        self.votes.append((at, answer))
        if self.is_there and not self.is_reported and answer and not self.is_cooling(at):
            return self.report(self.came_at)
        different = [since for since, vote in self.votes if vote != self.is_there]
        if len(different) < DECIDE:
            self.since = None
            return None
        self.since = different[0] if self.since is None else self.since
        is_sure = answer != self.is_there and at - self.since >= self.options.lasting_s
        return self.turn(self.since) if is_sure else None

    def turn(self, since: float) -> Turn | None:
        """It has appeared or disappeared for long enough; None if that is not reported, or not yet."""
        self.since = None
        self.votes.clear()
        self.is_there = not self.is_there
        if not self.is_there:
            self.ended_at = since
            was_reported, self.is_reported = self.is_reported, False
            return "ends" if was_reported else None
        self.came_at = since
        return None if self.is_cooling(since) else self.report(since)

    def report(self, since: float) -> Turn:
        self.is_reported, self.began_at, self.reported_at = True, since, self.voted_at
        return "begins"

    def is_cooling(self, at: float) -> bool:
        return self.reported_at is not None and at - self.reported_at < self.options.cooldown_s

    def reset(self) -> None:
        self.votes.clear()
        self.is_there = self.is_reported = False
        self.since = self.reported_at = None


@dataclass(slots=True)
class WatchAsker:
    """Asks a model about everything that is watched for in one camera's frames."""

    captioner: Captioner
    options: WatchOptions = WatchOptions()
    now: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    """Seconds since 1970."""
    is_filmed: bool = True
    """Whether the source runs at the pace of the clock."""
    watches: Sequence[Watch] = field(default=(), init=False)
    unclear: set[str] = field(default_factory=set, init=False)
    """Wishes answered neither yes nor no, which has been reported."""

    def set_wishes(self, wishes: Sequence[str]) -> None:
        """Watch for these from now on; what is known of those that stay is kept."""
        known = {each.wish: each for each in self.watches}
        self.watches = tuple(known.get(wish) or Watch(wish, self.options) for wish in wishes)

    @property
    def is_undecided(self) -> bool:
        return any(each.is_undecided for each in self.watches)

    def look(
        self, frame: Frame, number: int, is_left: Callable[[], bool]
    ) -> Iterator[Sentence | Notice | Cost | Failed]:
        """Ask about each wish; yield alerts, and what each answer cost. Vision features are computed once a frame."""
        try:
            for watch in self.watches:
                started = self.now()
                request = Request((frame,), question(watch.wish), MAX_TOKENS)
                answer, cost = self.captioner.answer(request, lambda text: is_left() or is_decided(text))
                if is_left():
                    return
                yield cost
                if (vote := is_yes(answer)) is None:
                    yield from self.report_unclear(watch, answer)
                elif turn := watch.vote(vote, frame.media_s):
                    whole = Whole(self.words(watch, turn, frame), cost)
                    yield Description(frame, started, number).sentence(whole, KINDS[turn], watch.wish)
        except Outage as outage:
            yield Failed(outage)

    def report_unclear(self, watch: Watch, answer: str) -> Iterator[Notice]:
        """Say once that this model does not answer this question."""
        if watch.wish not in self.unclear:
            self.unclear.add(watch.wish)
            words = f'Asked "{question(watch.wish)}", the model says neither yes nor no: "{answer[:60]}".'
            yield Notice("doubt", words, "ask for one thing that can be seen, such as: a person at the door")

    def words(self, watch: Watch, turn: Turn, frame: Frame) -> str:
        """The alert; times of day are of the first frame in which it was seen, or no longer seen."""
        wish = watch.wish[:1].upper() + watch.wish[1:].rstrip("?.! ")
        if turn == "begins":
            return f"{wish}: since {self.time_of(frame, watch.began_at)}."
        lasted = round(watch.ended_at - watch.began_at)
        return f"{wish}: no longer, since {self.time_of(frame, watch.ended_at)}, after {duration(lasted)}."

    def time_of(self, frame: Frame, media_s: float) -> str:
        """A moment of the source: its time of day; its place in a clip that is read as fast as possible."""
        if not self.is_filmed:
            return f"{int(media_s) // 60}:{int(media_s) % 60:02}"
        ago = self.now() - frame.seen_at + frame.media_s - media_s
        return time.strftime("%H:%M:%S", time.localtime(self.wall() - ago))


def duration(seconds: int) -> str:
    """In words to be spoken: 1 second, 12 seconds, 3 minutes."""
    count, unit = (seconds, "second") if seconds < 90 else (round(seconds / 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
