"""Questions that a program waits for an answer to, and the answers as they come. Used on the server's thread alone."""

import asyncio
import time
from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.events import (
    SOUND_ONLY,
    Answered,
    Command,
    Frame,
    FramePreview,
    LiveSettings,
    Notice,
    PartialSentence,
    Pause,
    QuestionDraft,
    Repeated,
    RunEvent,
    RunStarted,
    Sentence,
    Status,
    UpdateSettings,
    VoiceToggled,
)
from app.images import encode_jpeg
from app.protocols import RunControls
from app.sources.browser import Eye
from app.text import sanitize
from app.web.event_stream import Event, Feed
from app.web.pictures import SMALL, Pictures

UNSEEING = ("camera lost", "waiting", "permission")
"""Notices after which no picture comes, until one does: nobody can be answered meanwhile."""
BACK = "camera back"
OVER = Notice("no answer", "looksay has ended", "start it again")


@dataclass(frozen=True, slots=True)
class Answer:
    """All that was said to a question."""

    sentences: tuple[Sentence, ...]
    notice: Notice | None
    """Why there is no answer, where there is none."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A question that was asked."""

    question: str
    answer: "asyncio.Future[Answer]"


@dataclass(slots=True)
class Answers:
    """The questions that are waited for, in the order in which they were asked."""

    waiting: deque[Waiting] = field(default_factory=deque)
    said: list[Sentence] = field(default_factory=list)
    """What has been answered so far to the question at hand."""
    notice: Notice | None = None
    hindrance: Notice | None = None
    """Why no picture comes, while none does."""

    def expect(self, question: str) -> Waiting:
        """To be called before the question is asked."""
        waiting = Waiting(question, asyncio.get_running_loop().create_future())
        self.waiting.append(waiting)
        return waiting

    def forget(self, waiting: Waiting) -> None:
        if waiting in self.waiting:
            self.waiting.remove(waiting)

    def take(self, happening: RunEvent) -> None:
        match happening:
            case Sentence(kind="answer"):
                self.said.append(happening)
            case Notice(kind="no answer"):
                self.notice = happening
            case Answered():
                self.end(happening.question)
            case Notice() if happening.kind in UNSEEING:
                self.hindrance = happening
                self.end_all(happening)
        if isinstance(happening, Status | Sentence) or (isinstance(happening, Notice) and happening.kind == BACK):
            self.hindrance = None  # each comes with a picture

    def end_all(self, notice: Notice) -> None:
        """None of them will be answered soon."""
        for each in tuple(self.waiting):
            give(each, Answer((), notice))
        self.waiting.clear()

    def end(self, question: str) -> None:
        """The answer to this question is complete."""
        answer = Answer(tuple(each for each in self.said if each.about == question), self.notice)
        self.said, self.notice = [], None
        found = next((each for each in self.waiting if each.question == question), None)
        if found:
            self.waiting.remove(found)
            give(found, answer)


def give(waiting: Waiting, answer: Answer) -> None:
    if not waiting.answer.done():
        waiting.answer.set_result(answer)


KEPT = 200
"""Sentences and notices that a window finds when it comes."""
BLOCKED = ("dark", "covered", "frozen", "blurred", "clear")
"""Notices that say whether the camera can see."""


@dataclass(slots=True)
class Board:
    """The state of one run, for people to see."""

    setup: LiveSettings = field(default_factory=LiveSettings)
    looking: RunStarted = field(default_factory=lambda: RunStarted("", "", "", "", ""))
    every_least: float = 0.4
    """Seconds between two looks that cannot be undercut."""
    voice: bool | None = None
    """Whether it speaks; None: it cannot."""
    is_loopback: bool = True
    is_filmed: bool = True
    """Whether the source runs at the pace of the clock."""
    has_thumbnails: bool = False
    is_switching: bool = False
    is_ready: bool = False
    trouble: str = ""
    status: Status | None = None
    growing: PartialSentence | None = None
    newest: Frame | None = None
    """The last frame that was told of."""
    count: int = 0
    said: deque[Event] = field(default_factory=lambda: deque(maxlen=KEPT))
    sentences: deque[Sentence] = field(default_factory=lambda: deque(maxlen=10_000))
    """For the downloads, without their pictures."""

    def take(self, happening: RunEvent, now: float) -> Sequence[Event]:
        """Note what has happened at `now` (monotonic s); what the windows are to be told of it."""
        match happening:
            case Sentence():
                return self.say(happening)
            case Notice():
                return self.notice(happening, now)
            case PartialSentence():
                self.growing, self.newest = happening, happening.frame
                return (grown(happening),)
            case Status():
                return self.count_along(happening)
            case FramePreview():
                self.newest = happening.frame
                return self.see(happening.trouble)
            case LiveSettings():
                self.setup = happening
                return (self.set(),)
            case RunStarted():
                self.looking, self.is_switching = happening, False
                return (self.set(),)
            case VoiceToggled():
                self.voice = happening.is_on
                return (self.set(),)
            case QuestionDraft():
                return (Event("asking", {"text": sanitize(happening.text), "is_over": happening.is_over}),)
            case Repeated():
                return tuple(Event("again", {"id": number}) for number in self.number_of(happening.sentence))
        return ()

    def say(self, sentence: Sentence) -> Sequence[Event]:
        self.growing, self.newest = None, sentence.frame
        self.sentences.append(replace(sentence, frame=sentence.frame.without_pixels()))
        data: dict[str, Any] = {"record": sentence.to_json()}
        if self.has_thumbnails:
            data["thumbnail"] = f"/api/thumbnails/{self.count + 1}.jpg"
        return self.keep("sentence", data, sentence.frame.seen_at), grown(None)

    def notice(self, notice: Notice, now: float) -> Sequence[Event]:
        """Also what it says of the run: that it is ready, that nothing was exchanged, that the camera cannot see."""
        more: list[Event] = []
        if notice.kind == "ready":
            self.is_ready = True
        if notice.kind == "not switched":
            self.is_switching = False
            more.append(self.set())
        if notice.kind in BLOCKED:
            more += self.see("" if notice.kind == "clear" else notice.kind)
        if notice.kind in (*SOUND_ONLY, "page"):  # where the page is, its readers know
            return more
        return self.keep("notice", {"record": notice.to_json(now)}, now), *more

    def keep(self, name: str, data: dict[str, Any], since: float) -> Event:
        self.count += 1
        event = Event(name, {"id": self.count, **data}, self.count, since)
        self.said.append(event)
        return event

    def count_along(self, status: Status) -> Sequence[Event]:
        """A status ends a description, too."""
        was_growing, self.status, self.growing = self.growing, status, None
        return (Event("status", asdict(status)), *([grown(None)] if was_growing else []))

    def see(self, trouble: str) -> Sequence[Event]:
        if trouble == self.trouble:
            return ()
        self.trouble = trouble
        return (Event("view", {"trouble": trouble}),)

    def switch(self, *, is_begun: bool) -> Event:
        """Another camera or model is being put to work, or it came to nothing."""
        self.is_switching = is_begun
        return self.set()

    def set(self) -> Event:
        return Event("setup", self.shown_setup)

    @property
    def shown_setup(self) -> dict[str, Any]:
        setup, looking = self.setup, self.looking
        return {
            "source": looking.source,
            "camera": sanitize(looking.camera),
            "model": looking.model,
            "model_name": sanitize(looking.describer),
            "prompt": setup.prompt or looking.prompt,
            "is_own_prompt": not setup.prompt,
            "verbosity": setup.verbosity,
            "every": setup.every or self.every_least,
            "every_least": self.every_least,
            "watches": list(setup.watches),
            "is_stopped": setup.is_stopped,
            "voice": self.voice,
            "thumbnails": self.has_thumbnails,
            "is_switching": self.is_switching,
        }

    def snapshot(self, now: float) -> dict[str, Any]:
        """All of it, for a window that comes."""
        return {
            "name": "looksay",
            "setup": self.shown_setup,
            "status": asdict(self.status) if self.status else None,
            "view": {"trouble": self.trouble},
            "growing": grown(self.growing).told(now),
            "said": [{"event": each.name, **each.told(now)} for each in self.said],
            "warnings": [sanitize(each) for each in self.looking.warnings],
            "is_ready": self.is_ready,
            "is_loopback": self.is_loopback,
        }

    def number_of(self, sentence: Sentence) -> Sequence[int]:
        """Under which it was told, if that is still kept."""
        record = sentence.to_json()
        return [each.number for each in self.said if each.data["record"] == record][-1:]


def grown(growing: PartialSentence | None) -> Event:
    """The sentence in the making; none, where it came to nothing or has been told."""
    if growing is None:
        return Event("growing", {"text": ""})
    return Event("growing", {"text": sanitize(growing.text)}, since=growing.frame.seen_at)


THUMBNAILS = 200
"""Kept in memory, the newest, each of some 8 KB."""


@dataclass(slots=True)
class Hub:
    """One run, as its windows see it."""

    controls: RunControls
    eye: Eye
    token: str
    board: Board
    pictures: Pictures
    feed: Feed = field(default_factory=Feed)
    answers: Answers = field(default_factory=Answers)
    thumbnails: OrderedDict[int, bytes] = field(default_factory=OrderedDict)

    def take(self, happening: RunEvent, now: float) -> None:
        """Something has happened at `now` (monotonic s)."""
        self.answers.take(happening)
        if isinstance(happening, FramePreview):
            self.pictures.show(happening)
        events = self.board.take(happening, now)
        if isinstance(happening, Sentence) and self.board.has_thumbnails:
            self.keep(self.board.count, happening.frame)
        self.tell(events)

    def send(self, *commands: Command) -> None:
        """Settings are shown at once: while no frame comes, the narrator has no turn to change them in."""
        before = self.board.setup
        for command in commands:
            if isinstance(command, UpdateSettings):
                self.board.setup = replace(self.board.setup, **command.changes)
            if isinstance(command, Pause):
                self.board.setup = replace(self.board.setup, is_stopped=bool(command.is_paused))
        if self.board.setup != before:
            self.tell([self.board.set()])
        for command in commands:
            self.controls.send(command)

    def tell(self, events: Sequence[Event]) -> None:
        if events:
            self.feed.tell(events)

    def keep(self, number: int, frame: Frame) -> None:
        self.thumbnails[number] = encode_jpeg(frame.pixels, SMALL)
        while len(self.thumbnails) > THUMBNAILS:
            self.thumbnails.popitem(last=False)

    def keep_thumbnails(self, *, is_wanted: bool) -> None:
        """From now on, or no more; those that there are go with the wish."""
        self.board.has_thumbnails = is_wanted
        if not is_wanted:
            self.thumbnails.clear()
        self.tell([self.board.set()])

    def snapshot(self) -> dict[str, object]:
        return self.board.snapshot(time.monotonic())

    def beginning(self) -> Event:
        return Event("state", self.snapshot())
