"""The live loop: the newest frame, a look if it is worth one, words as they come.

It opens no camera and loads no model: both are given to it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event

from app.events import (
    AnyFrame,
    Cost,
    Frame,
    FramePreview,
    LiveSettings,
    Notice,
    PartialSentence,
    Request,
    RunEvent,
    Sentence,
    Status,
)
from app.frames.pace import Quiet, in_minutes
from app.frames.selector import Attention, Glance
from app.live.captioner import Doubt, Ended, Failed, Growth, Look, Whole, told
from app.live.controls import Desk
from app.live.outage import Outages
from app.live.recent import Recent
from app.live.tally import Tally
from app.live.verbosity import LONG_PROMPT, LONGER
from app.live.watch import Lookout
from app.novelty import News
from app.protocols import Source

Onlookers = Callable[[], bool]
"""Whether anybody looks on who wants a picture now; asked at every frame."""
STATUS_S = 1.0
"""Between two statuses while nothing is described, on the frames' own clock."""


@dataclass(slots=True)
class Narrator:
    """Says what is new: one description at a time, always of the newest frame."""

    desk: Desk
    """What people ask, and the describer that answers."""
    attention: Attention
    lookout: Lookout
    is_narrating: bool = True
    """Else only what is watched for is told."""
    onlookers: Onlookers = lambda: False
    recent: Recent = field(default_factory=Recent)
    """What a description is shown: the newest frame, and those described before it."""
    news: News = field(default_factory=News)
    quiet: Quiet = field(default_factory=Quiet, init=False)
    outages: Outages = field(default_factory=Outages, init=False)
    tally: Tally = field(default_factory=Tally, init=False)
    doubted: set[str] = field(default_factory=set, init=False)
    """Why descriptions could not be trusted, since the last one that could."""
    is_unsure: bool = field(default=False, init=False)
    """The last description left a doubt."""
    has_told: bool = field(default=False, init=False)
    """A scene has been told."""

    @property
    def own_prompt(self) -> str:
        return self.desk.own_prompt

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        """Yield what happens until the source ends or `stop` is set."""
        with closing(source.frames(stop)) as frames:
            for seen in frames:  # always the newest frame; the rest are dropped
                yield from self.see(seen, stop)
            yield from self.end(stop)

    def see(self, seen: AnyFrame | Notice, stop: Event) -> Iterator[RunEvent]:
        """What comes of one frame, or of what the source says in its place."""
        if isinstance(seen, Notice):
            self.forget()
            yield seen
            return
        self.tally.saw(seen)
        yield from self.obey(seen, stop)
        yield from self.look(seen, stop)
        if self.tally.has_gone_on(STATUS_S):
            yield self.status()

    def end(self, stop: Event) -> Iterator[RunEvent]:
        """The source has ended, or is left."""
        if stop.is_set():
            self.desk.leave()
        elif self.desk.described:  # what was asked during the last frame is answered too
            yield from self.desk.obey(self.desk.described, stop.is_set)
        if self.tally.has_gone_on(0):
            yield self.status()

    def obey(self, seen: AnyFrame, stop: Event) -> Iterator[RunEvent]:
        """Do what people ask, and go on as they want it from now on; at the end it is left to who comes next."""
        if stop.is_set():
            return
        before = self.desk.setup
        yield from self.desk.obey(seen, lambda: stop.is_set() or self.desk.orders.is_interrupting)
        if before != self.desk.setup:
            self.arrange()
        if before.prompt != self.desk.setup.prompt:  # whoever asks otherwise wants to hear it
            self.attention.anew()

    def begin(self, setup: LiveSettings) -> None:
        """As people have set it, from the first frame on."""
        self.desk.setup = setup
        self.arrange()

    def arrange(self) -> None:
        self.lookout.watch_for(self.desk.setup.watches)
        self.attention.let_burst(is_allowed=self.desk.setup.every is None)

    def status(self) -> Status:
        return self.tally.status()

    def look(self, seen: AnyFrame, stop: Event) -> Iterator[RunEvent]:
        """Tell what is new in this frame, if it is worth a look; while people ask or have stopped it, none is."""
        is_held = self.desk.is_held or self.outages.holds(self.desk.now())
        least_s = max(self.desk.verbosity.least_s, self.desk.setup.every or 0.0)
        glance = self.attention.glance(seen, least_s, is_held=is_held)
        yield from self.heed(glance)
        if self.onlookers():
            yield from self.show(seen, glance)
        if is_held:
            self.forget()
        if glance.frame is None:
            return
        self.take(glance.frame, is_other=glance.has_changed)
        yield from self.watch_out(glance.frame, stop)
        is_wanted = self.is_narrating and (glance.has_changed or glance.is_overdue or self.is_unsure)
        if is_wanted and not self.outages.holds(self.desk.now()) and not self.is_left(stop):
            yield from self.describe(glance, glance.frame, stop)
        if self.is_left(stop):
            self.attention.anew()
        yield self.status()

    def show(self, seen: AnyFrame, glance: Glance) -> Iterator[FramePreview]:
        """Let people look on."""
        if frame := glance.frame or seen.copy():
            seems = self.attention
            yield FramePreview(frame, seems.changed_regions(), seems.is_still, seems.view.trouble)

    def heed(self, glance: Glance) -> Iterator[Notice]:
        """What keeps the camera from seeing is told by itself, and in place of an answer."""
        for notice in glance.notices:
            self.desk.hindrance = notice if self.attention.view.is_blocked else None
            self.forget()
            yield notice
        if (lasting := self.desk.hindrance) and (minutes := self.quiet.falls_due(glance.media_s)):
            yield Notice(lasting.kind, f"Still, for {in_minutes(minutes)}: {lasting.text}", lasting.hint)

    def forget(self) -> None:
        """Nobody looks for now: what was seen before says little of what comes after."""
        self.quiet.ends()
        self.recent.clear()

    def take(self, frame: Frame, *, is_other: bool) -> None:
        """`frame` is looked at; it takes the place of the last one, if that showed the same."""
        self.tally.described += 1
        self.desk.described, self.desk.count = frame, self.tally.described
        self.recent.add(frame, is_other=is_other)

    def watch_out(self, frame: Frame, stop: Event) -> Iterator[Sentence | Notice]:
        """Ask first about what is watched for: an alert waits for no description."""
        for each in self.lookout.look(frame, self.tally.described, lambda: self.is_left(stop)):
            match each:
                case Cost():
                    yield from self.outages.ends()
                    self.tally.spent(each)
                case Sentence():
                    yield self.say(each)
                case Notice():
                    yield each
                case Failed():
                    yield from self.fail(each)
        if self.lookout.is_undecided:
            self.attention.look_again(frame)

    def describe(self, glance: Glance, frame: Frame, stop: Event) -> Iterator[PartialSentence | Sentence | Notice]:
        """Describe the newest frame; leaves off within a token when `stop` is set, or somebody asks something."""
        look, room = Look(frame, self.desk.now(), self.tally.described), self.room(glance)
        was_said, self.is_unsure = self.desk.said, False
        self.news.begins(frame.media_s, has_changed=glance.has_changed or bool(self.doubted))
        for each in told(self.desk.describer, self.request(glance), lambda: self.is_left(stop)):
            match each:
                case Growth():
                    yield PartialSentence(each.text, frame)
                case Whole():
                    yield from self.outages.ends()
                    if room > 0 and self.is_new(each.text):
                        room -= 1
                        yield self.say(look.sentence(each, "change" if self.has_told else "scene"))
                        self.has_told = True
                case Doubt():
                    yield from self.doubt(each.reason)
                case Failed():
                    yield from self.fail(each)
                case Ended():
                    yield from self.outages.ends()
                    self.tally.spent(each.cost)
                    yield from self.ended(glance, frame, is_quiet=self.desk.said is was_said)

    def room(self, glance: Glance) -> int:
        """How many sentences may be told."""
        return self.desk.verbosity.sentences(is_still=glance.is_still)

    def ended(self, glance: Glance, frame: Frame, *, is_quiet: bool) -> Sequence[Notice]:
        """A description has come to its end; `is_quiet`: with nothing to tell. A doubt asks for another look."""
        if self.is_unsure:
            self.attention.look_again(frame)
        elif is_quiet:
            in_words = self.desk.verbosity.tells_of_quiet
            return self.quiet.goes_on(frame.media_s, is_beat=glance.is_overdue, in_words=in_words)
        return ()

    def request(self, glance: Glance) -> Request:
        """A long description only where there is time for it."""
        is_long = self.desk.verbosity.is_long and glance.is_still
        words, times = (LONG_PROMPT, LONGER) if is_long else (self.desk.prompt, 1)
        return Request(self.recent.frames, words, times * self.desk.max_tokens)

    def is_new(self, text: str) -> bool:
        """Whether it is worth saying."""
        self.doubted.clear()
        verdict = self.news.judge(text)
        self.is_unsure |= verdict == "held"
        return verdict == "new"

    def say(self, sentence: Sentence) -> Sentence:
        self.desk.said = sentence
        self.quiet.ends(sentence.frame.media_s)
        return sentence

    def doubt(self, reason: str) -> Iterator[Notice]:
        """Say each reason once, until a description can be trusted again."""
        self.is_unsure = True
        if reason not in self.doubted:
            self.doubted.add(reason)
            yield Notice("doubt", reason)

    def fail(self, failed: Failed) -> Iterator[Notice]:
        """The frame that is there once the model can be asked again is worth a look."""
        self.attention.anew()
        yield from self.outages.begins(failed.outage, self.desk.now())

    def is_left(self, stop: Event) -> bool:
        return stop.is_set() or self.desk.orders.is_urgent
