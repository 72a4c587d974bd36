"""The live loop: the newest frame, a look if it is worth one, words as they come.

It opens no camera and loads no model: both are given to it.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from app.attention import Attention, Glance
from app.desk import Desk
from app.flow import Cost, Frame, Growing, Happening, Notice, Request, Seen, Sentence, Source, Status
from app.lookout import Lookout
from app.news import News
from app.pace import Quiet
from app.tally import Tally
from app.telling import Doubt, Ended, Growth, Look, Whole, told
from app.verbosity import LONG_PROMPT, LONGER

STATUS_S = 1.0
"""Between two statuses while nothing is described, on the frames' own clock."""


@dataclass(slots=True)
class Narrator:
    """Says what is new: one description at a time, always of the newest frame."""

    desk: Desk
    """What people ask, and the describer that answers."""
    prompt: str
    attention: Attention
    lookout: Lookout
    is_narrating: bool = True
    """Else only what is watched for is told."""
    frame_count: int = 1
    """How many frames a description is shown: the newest, and those described before it."""
    news: News = field(default_factory=News)
    quiet: Quiet = field(default_factory=Quiet, init=False)
    tally: Tally = field(default_factory=Tally, init=False)
    recent: deque[Frame] = field(default_factory=deque, init=False)
    doubted: str = field(default="", init=False)
    """Why the last description could not be trusted; empty if it could."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What its way of narrating puts at risk."""
        return self.attention.pace.warnings

    def watch(self, source: Source, stop: Event) -> Iterator[Happening]:
        """Yield what happens until the source ends or `stop` is set."""
        with closing(self.attention.pace), closing(source.frames(stop)) as frames:
            for seen in frames:  # always the newest frame; the rest are dropped
                if isinstance(seen, Notice):
                    yield seen
                    continue
                self.tally.saw(seen)
                yield from self.desk.obey(seen, stop.is_set)
                yield from self.look(seen, stop)
                if self.tally.has_gone_on(STATUS_S):
                    yield self.status()
            if self.tally.has_gone_on(0):
                yield self.status()

    def status(self) -> Status:
        return self.tally.status(self.attention.pace.effort.words)

    def look(self, seen: Seen, stop: Event) -> Iterator[Happening]:
        """Tell what is new in this frame, if it is worth a look."""
        if self.desk.is_held:
            return
        self.attention.least_s = self.desk.verbosity.least_s
        glance = self.attention.glance(seen)
        yield from self.heed(glance)
        if glance.frame is None:
            return
        self.recent = deque([*self.recent, glance.frame], maxlen=self.frame_count)
        self.desk.described = glance.frame
        self.tally.described += 1
        self.desk.count = self.tally.described
        if self.is_narrating:
            yield from self.describe(glance, glance.frame, stop)
        yield from self.lookout.look(glance.frame, self.tally.described, lambda: self.is_left(stop))
        if self.is_left(stop):
            self.attention.anew()
        elif self.lookout.is_undecided:
            self.attention.look_again(glance.frame)
        yield self.status()

    def heed(self, glance: Glance) -> Iterator[Notice]:
        """What keeps the camera from seeing is told by itself, and in place of an answer."""
        for notice in glance.notices:
            self.desk.hindrance = notice if self.attention.view.is_blocked else None
            yield notice

    def describe(self, glance: Glance, frame: Frame, stop: Event) -> Iterator[Growing | Sentence | Notice]:
        """Describe the newest frame; leaves off within a token when `stop` is set, or somebody asks something."""
        look = Look(frame, self.desk.now(), self.tally.described)
        room, was_said = self.desk.verbosity.sentences(is_still=glance.is_still), self.desk.said
        self.news.begins(frame.media_s, has_changed=glance.has_changed)
        for each in told(self.desk.describer, self.request(glance), lambda: self.is_left(stop)):
            match each:
                case Growth():
                    yield Growing(each.text, frame)
                case Whole() if room > 0 and self.is_new(each.text, frame):
                    room -= 1
                    yield self.say(look.sentence(each, "change" if was_said else "scene"))
                case Doubt():
                    yield from self.doubt(each.reason)
                case Ended():
                    yield from self.spent(each.cost, is_quiet=glance.is_overdue and self.desk.said is was_said)

    def spent(self, cost: Cost, *, is_quiet: bool) -> Iterator[Notice]:
        """A description has come to its end; `is_quiet`: it was a heartbeat, and found nothing new."""
        self.tally.spent(cost)
        if is_quiet:
            yield self.quiet.beat(in_words=self.desk.verbosity.tells_of_quiet)
        yield from self.attention.pace.described(cost)

    def request(self, glance: Glance) -> Request:
        """A long description only where there is time for it."""
        is_long = self.desk.verbosity.is_long and glance.is_still
        words, most = (LONG_PROMPT, self.desk.max_tokens * LONGER) if is_long else (self.prompt, self.desk.max_tokens)
        return Request(tuple(self.recent), words, most, self.attention.pace.effort.image_tokens)

    def is_new(self, text: str, frame: Frame) -> bool:
        """Whether it is worth saying; if that is in doubt, there will be another look soon."""
        self.doubted = ""
        match self.news.judge(text):
            case "held":
                self.attention.look_again(frame)
                return False
            case "new":
                return True
        return False

    def say(self, sentence: Sentence) -> Sentence:
        self.desk.said = sentence
        self.quiet.beats = 0
        return sentence

    def doubt(self, reason: str) -> Iterator[Notice]:
        """Say so once, until a description can be trusted again."""
        if reason != self.doubted:
            self.doubted = reason
            yield Notice("doubt", reason)

    def is_left(self, stop: Event) -> bool:
        return stop.is_set() or self.desk.orders.are_pressing
