"""What people ask of a running narrator: to be quiet, to answer, to say more or again."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from app.events import (
    Answered,
    AnyFrame,
    Ask,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    CommandQueue,
    DescribeMore,
    Frame,
    LiveSettings,
    Mute,
    Notice,
    PartialSentence,
    Pause,
    Repeated,
    RepeatLast,
    Request,
    RunEvent,
    Sentence,
    UpdateSettings,
)
from app.live.captioner import Doubt, Ended, Failed, Growth, Look, Whole, told
from app.live.verbosity import LONG_PROMPT, LONGER, Verbosity, level, louder
from app.protocols import Describer

LISTENING_S = 60.0
"""The longest that a question may take from its first key."""


@dataclass(slots=True)
class Desk:
    """Carries out orders, one after the other, on the thread that owns the describer."""

    describer: Describer
    orders: CommandQueue = field(default_factory=CommandQueue)
    setup: LiveSettings = field(default_factory=LiveSettings)
    own_prompt: str = ""
    """What this model is asked of each frame where the setup says nothing."""
    max_tokens: int = 64
    now: Callable[[], float] = time.monotonic
    is_listening: bool = field(default=False, init=False)
    """A question is being typed."""
    listens_since: float = field(default=0.0, init=False)
    """Monotonic seconds."""
    kept: Frame | None = field(default=None, init=False)
    """The first frame that was to be had after the question began."""
    described: Frame | None = field(default=None, init=False)
    """The frame that was described last."""
    said: Sentence | None = field(default=None, init=False)
    """The sentence that was said last."""
    hindrance: Notice | None = field(default=None, init=False)
    """What keeps the camera from seeing, while something does."""
    count: int = field(default=0, init=False)
    """Frames looked at so far."""

    @property
    def verbosity(self) -> Verbosity:
        return level(self.setup.verbosity)

    @property
    def prompt(self) -> str:
        return self.setup.prompt or self.own_prompt

    @property
    def is_stopped(self) -> bool:
        return self.setup.is_stopped

    @property
    def is_held(self) -> bool:
        """Whether the narrator is to keep still."""
        return self.is_stopped or self.is_listening

    def obey(self, seen: AnyFrame, is_left: Callable[[], bool]) -> Iterator[RunEvent]:
        """Carry out what waits; `seen` is the newest frame."""
        for order in self.orders.each():
            match order:
                case BeginQuestion():
                    self.is_listening, self.kept, self.listens_since = True, None, self.now()
                case CancelQuestion():
                    self.is_listening, self.kept = False, None
                case Ask():
                    yield from self.ask(order.question, seen, is_left)
                case DescribeMore():
                    yield from self.more(is_left)
                case RepeatLast():
                    yield from self.repeat()
                case ChangeVerbosity():
                    yield self.arrange(replace(self.setup, verbosity=louder(self.verbosity, order.steps).name))
                    yield Notice("verbosity", f"{self.verbosity.name.capitalize()}.")
                case UpdateSettings() | Pause():
                    yield self.arrange(order.of(self.setup))
        if self.is_listening and self.kept is None and not self.hindrance:
            self.kept = seen.copy()
        if self.is_listening and self.now() - self.listens_since > LISTENING_S:
            yield from self.give_up()

    def leave(self) -> None:
        """Another desk goes on with what waits: a question that has begun may still come, or its silence must end."""
        if self.is_listening:
            self.orders.give_back(BeginQuestion())

    def give_up(self) -> Iterator[RunEvent]:
        """A key may have begun a question by accident: nobody shall wait for it for ever."""
        self.is_listening, self.kept = False, None
        if not self.is_stopped:
            yield Mute(False)
        yield Notice("going on", "No question came. Going on.")

    def ask(self, question: str, seen: AnyFrame, is_left: Callable[[], bool]) -> Iterator[RunEvent]:
        """Answer about the frame of the moment at which the question began, then let the narration go on."""
        frame = self.kept if self.kept or self.hindrance else seen.copy() or self.described
        self.is_listening, self.kept = False, None
        if frame:
            request = Request((frame,), question, self.max_tokens * LONGER)
            yield from self.answer(request, question, is_left)
        if not self.is_stopped and not self.orders.are_pressing:
            yield Mute(False)
        if frame is None and self.hindrance:
            yield Notice("no answer", self.hindrance.text, self.hindrance.hint)
        yield Answered(question)

    def more(self, is_left: Callable[[], bool]) -> Iterator[RunEvent]:
        """Describe at length what was described last."""
        if self.described is None:
            yield nothing_yet()
            return
        request = Request((self.described,), LONG_PROMPT, self.max_tokens * LONGER)
        yield from self.answer(request, "more", is_left)
        yield Answered()

    def repeat(self) -> Iterator[RunEvent]:
        yield Repeated(self.said) if self.said else nothing_yet()

    def arrange(self, setup: LiveSettings) -> LiveSettings:
        self.setup = setup
        return setup

    def answer(self, request: Request, about: str, is_left: Callable[[], bool]) -> Iterator[RunEvent]:
        look = Look(request.frames[-1], self.now(), self.count)
        for each in told(self.describer, request, is_left):
            match each:
                case Growth():
                    yield PartialSentence(each.text, look.frame)
                case Whole():
                    self.said = look.sentence(each, "answer", about)
                    yield self.said
                case Doubt():
                    yield Notice("no answer", each.reason)
                case Failed():
                    yield Notice("no answer", each.outage.message, each.outage.hint)
                case Ended():
                    pass


def nothing_yet() -> Notice:
    return Notice("nothing yet", "Nothing has been described yet.")
