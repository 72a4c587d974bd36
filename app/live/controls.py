"""What people ask of a running narrator: to pause, to answer, to say more or again.

Commands come from keyboard and page, on any thread; `dispatch` does at once what cannot wait, and queues the rest for
the narrator.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from threading import Lock

from app.events import (
    Answered,
    AnyFrame,
    Ask,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    Command,
    DescribeMore,
    EditQuestion,
    Frame,
    LiveSettings,
    Mute,
    Notice,
    PartialSentence,
    Pause,
    QuestionDraft,
    Quit,
    Repeated,
    RepeatLast,
    Request,
    RunEvent,
    Sentence,
    SetVoice,
    UpdateSettings,
    VoiceToggled,
)
from app.live.captioner import Doubt, Ended, Failed, Growth, Look, Whole, told
from app.live.verbosity import LONG_PROMPT, LONGER, Verbosity, level, louder
from app.protocols import Describer

QueuedCommand = (
    Pause | BeginQuestion | Ask | CancelQuestion | DescribeMore | RepeatLast | ChangeVerbosity | UpdateSettings
)
"""Commands that the narrator carries out."""
URGENT, INTERRUPTING = (Pause, BeginQuestion, Ask), (Pause, BeginQuestion)
"""A description is left unfinished for the first, an answer for the second: a whole question waits for an answer."""
PAUSED = Notice("stopped", "Stopped. Space goes on.")
RESUMED = Notice("going on", "Going on.")


@dataclass(slots=True)
class CommandQueue:
    """Commands that wait for the narrator, in order. Any thread may use it."""

    waiting: deque[QueuedCommand] = field(default_factory=deque, init=False)
    lock: Lock = field(default_factory=Lock, init=False)
    is_paused: bool = field(default=False, init=False)
    """What was asked for last: the narrator may not have carried it out yet."""

    def put(self, command: QueuedCommand) -> None:
        with self.lock:
            self.waiting.append(command)
            if isinstance(command, Pause):
                self.is_paused = bool(command.is_paused)

    def put_back(self, command: QueuedCommand) -> None:
        """Begin with this one, before all that waits."""
        with self.lock:
            self.waiting.appendleft(command)

    def each(self) -> Iterator[QueuedCommand]:
        """Take them one at a time, the oldest first; what comes meanwhile comes too."""
        while self.waiting:
            with self.lock:
                command = self.waiting.popleft()
            yield command

    @property
    def is_urgent(self) -> bool:
        """Whether a command waits that ends a description. Asked at every chunk."""
        return any(isinstance(command, URGENT) for command in tuple(self.waiting))

    @property
    def is_interrupting(self) -> bool:
        """Whether a command waits that ends even an answer."""
        return any(isinstance(command, INTERRUPTING) for command in tuple(self.waiting))


def dispatch(
    command: Command, queue: CommandQueue, tell: Callable[[RunEvent], None], quit_run: Callable[[], None]
) -> None:
    """Give a command to a run, from any thread: silence and display at once, the rest when the narrator takes it."""
    match command:
        case Quit():
            quit_run()
        case SetVoice():
            tell(VoiceToggled(command.is_on))
        case EditQuestion():
            tell(QuestionDraft(command.text))
        case Pause():
            is_paused = not queue.is_paused if command.is_paused is None else command.is_paused
            tell(Mute(is_paused))
            queue.put(Pause(is_paused))
            tell(PAUSED if is_paused else RESUMED)
        case BeginQuestion():
            tell(Mute(True))
            queue.put(command)
        case Ask():  # silence lasts until its answer has been given
            tell(Mute(True))
            queue.put(command)
            tell(QuestionDraft(command.question, is_over=True))
        case CancelQuestion():
            queue.put(command)
            tell(QuestionDraft("", is_over=True))
            if not queue.is_paused:
                tell(Mute(False))
        case _:
            queue.put(command)


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
                case UpdateSettings():
                    yield self.arrange(replace(self.setup, **order.changes))
                case Pause():
                    yield self.arrange(replace(self.setup, is_stopped=bool(order.is_paused)))
        if self.is_listening and self.kept is None and not self.hindrance:
            self.kept = seen.copy()
        if self.is_listening and self.now() - self.listens_since > LISTENING_S:
            yield from self.give_up()

    def leave(self) -> None:
        """Another desk goes on with what waits: a question that has begun may still come, or its silence must end."""
        if self.is_listening:
            self.orders.put_back(BeginQuestion())

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
        if not self.is_stopped and not self.orders.is_urgent:
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
