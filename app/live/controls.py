"""What people ask of a running narrator: to pause, to answer, to say more or less.

Commands come from keyboard and page, on any thread. `CommandQueue.send` does at once what cannot wait, such as
silence; the rest waits for the narrator, whose `Controls` carry it out on the inference thread.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
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
from app.live.captioner import Captioner, Description, Doubt, Ended, Failed, Partial, Whole

LISTENING_S = 60.0
"""The longest that a question may take from its first key."""
LONG_PROMPT = "Describe the picture in detail."
LONGER = 3
"""Times as many tokens for a long description."""
NOTHING_YET = Notice("nothing yet", "Nothing has been described yet.")


@dataclass(frozen=True, slots=True)
class Verbosity:
    """How much is said: short while the scene moves, longer once it is still."""

    name: str
    moving: int
    """Sentences of one description while the scene moves."""
    still: int
    """… and once it is still."""
    least_s: float = 0.0
    """The least time between two descriptions, in seconds of the source."""
    is_long: bool = False
    """Whether a still scene is described in detail."""
    reports_quiet: bool = True
    """Whether it is said in words that nothing is new."""

    def sentences(self, *, is_still: bool) -> int:
        return self.still if is_still else self.moving


VERBOSITIES = {
    each.name: each
    for each in (
        Verbosity("quiet", 1, 1, least_s=5.0, reports_quiet=False),
        Verbosity("brief", 1, 2),
        Verbosity("full", 1, 8, is_long=True),
    )
}


def change_verbosity(name: str, steps: int) -> str:
    """The level so many steps up or down; the first or the last where there are no more."""
    names = list(VERBOSITIES)
    return names[min(max(names.index(name) + steps, 0), len(names) - 1)]


QueuedCommand = Pause | BeginQuestion | Ask | CancelQuestion | DescribeMore | UpdateSettings
"""Commands that the narrator carries out."""
URGENT, INTERRUPTING = (Pause, BeginQuestion, Ask), (Pause, BeginQuestion)
"""A description is left unfinished for the first, an answer for the second: a whole question waits for an answer."""
PAUSED = Notice("stopped", "Paused. Press Space to resume.")
RESUMED = Notice("going on", "Resumed.")


class CommandQueue:
    """Commands for the narrator, in order. Any thread may use it.

    With several cameras each carries out what concerns its own view, and none goes on before all have: what is asked
    of all is answered by all.
    """

    def __init__(self, cameras: Sequence[str] = ("",), verbosity: str = "brief") -> None:
        self.lock = Lock()
        self.waiting: dict[str, deque[QueuedCommand]] = {name: deque() for name in cameras}
        """By camera."""
        self.present: set[str] = set()
        """Cameras that give frames, so that what they are asked will be answered."""
        self.is_paused = False
        self.verbosity = verbosity
        """These two as last asked for: the narrator may not have carried it out yet."""
        self.last_sentence: Sentence | None = None
        """The sentence given last, by any camera; `RepeatLast` gives it again."""

    def send(self, command: Command, tell: Callable[[RunEvent], None], quit_run: Callable[[], None]) -> None:
        """Carry out a command from any thread: silence and display at once, the rest when the narrator takes it."""
        match command:
            case Quit():
                quit_run()
            case SetVoice():
                tell(VoiceToggled(command.is_on))
            case EditQuestion():
                tell(QuestionDraft(command.text))
            case Pause():
                is_paused = not self.is_paused if command.is_paused is None else command.is_paused
                tell(Mute(is_paused))
                self.put(Pause(is_paused))
                tell(PAUSED if is_paused else RESUMED)
            case BeginQuestion():
                tell(Mute(True))
                self.put(command)
            case Ask():  # silence lasts until its answer has been given
                tell(Mute(True))
                self.put(command)
                tell(QuestionDraft(command.question, is_over=True))
            case CancelQuestion():
                self.put(command)
                tell(QuestionDraft("", is_over=True))
                if not self.is_paused:
                    tell(Mute(False))
            case ChangeVerbosity():
                level = change_verbosity(self.verbosity, command.steps)
                self.put(UpdateSettings({"verbosity": level}))
                tell(Notice("verbosity", f"Detail: {level}."))
            case RepeatLast():
                tell(Repeated(self.last_sentence) if self.last_sentence else NOTHING_YET)
            case DescribeMore() if len(self.waiting) > 1 and self.last_sentence is None:
                tell(NOTHING_YET)
            case DescribeMore() | UpdateSettings():
                self.put(command)

    def put(self, command: QueuedCommand) -> None:
        """Queue a command for every camera; `DescribeMore` for the one that spoke last."""
        spoke = self.last_sentence.frame.camera if self.last_sentence else ""
        with self.lock:
            if isinstance(command, Pause):
                self.is_paused = bool(command.is_paused)
            if isinstance(command, UpdateSettings):
                self.verbosity = command.changes.get("verbosity", self.verbosity)
            is_for_one = isinstance(command, DescribeMore) and spoke in self.waiting
            for name in [spoke] if is_for_one else self.waiting:
                self.waiting[name].append(command)

    def put_back(self, camera: str, command: QueuedCommand) -> None:
        """Begin with this one, before all that waits."""
        with self.lock:
            self.waiting[camera].appendleft(command)

    def each(self, camera: str) -> Iterator[QueuedCommand]:
        """Take a camera's commands one at a time, the oldest first; what comes meanwhile comes too."""
        waiting = self.waiting[camera]
        while waiting:
            with self.lock:
                command = waiting.popleft()
            yield command

    def is_urgent(self, camera: str) -> bool:
        """Whether a command waits, here or at another camera, that ends a description. Asked at every chunk."""
        return self._has(camera, URGENT) or any(self._has(each, URGENT) for each in tuple(self.present))

    def is_interrupting(self, camera: str) -> bool:
        """Whether a command waits that ends even an answer."""
        return self._has(camera, INTERRUPTING)

    def _has(self, camera: str, kinds: tuple[type, ...]) -> bool:
        return any(isinstance(command, kinds) for command in tuple(self.waiting[camera]))


@dataclass(slots=True)
class Controls:
    """Carries out the commands about one camera's view, on the thread that owns the describer."""

    captioner: Captioner
    queue: CommandQueue = field(default_factory=CommandQueue)
    settings: LiveSettings = field(default_factory=LiveSettings)
    model_prompt: str = ""
    """The prompt for each frame where the settings have none."""
    max_tokens: int = 64
    now: Callable[[], float] = time.monotonic
    camera: str = ""
    """Its name, with several cameras."""
    is_listening: bool = field(default=False, init=False)
    """A question is being typed."""
    listening_since: float = field(default=0.0, init=False)
    """Monotonic seconds."""
    question_frame: Frame | None = field(default=None, init=False)
    """The first frame that was to be had after the question began."""
    described: Frame | None = field(default=None, init=False)
    """The frame that was described last."""
    last_sentence: Sentence | None = field(default=None, init=False)
    """The last sentence of this camera."""
    obstruction: Notice | None = field(default=None, init=False)
    """What keeps the camera from seeing, while something does."""
    count: int = field(default=0, init=False)
    """Frames described so far."""

    @property
    def verbosity(self) -> Verbosity:
        return VERBOSITIES[self.settings.verbosity]

    @property
    def prompt(self) -> str:
        return self.settings.prompt or self.model_prompt

    @property
    def is_held(self) -> bool:
        """Whether descriptions pause: narration is paused, or a question is being typed."""
        return self.settings.is_stopped or self.is_listening

    @property
    def is_urgent(self) -> bool:
        return self.queue.is_urgent(self.camera)

    def run_commands(self, seen: AnyFrame, stop: Callable[[], bool]) -> Iterator[RunEvent]:
        """Carry out what waits; `seen` is the newest frame. An answer is left unfinished at `stop`."""
        for command in self.queue.each(self.camera):
            match command:
                case BeginQuestion():
                    self.is_listening, self.question_frame, self.listening_since = True, None, self.now()
                case CancelQuestion():
                    self.is_listening, self.question_frame = False, None
                case Ask():
                    yield from self.ask(command.question, seen, stop)
                case DescribeMore():
                    yield from self.describe_more(stop)
                case UpdateSettings():
                    self.settings = replace(self.settings, **command.changes)
                    yield self.settings
                case Pause():
                    self.settings = replace(self.settings, is_stopped=bool(command.is_paused))
                    yield self.settings
        if self.is_listening and self.question_frame is None and not self.obstruction:
            self.question_frame = seen.copy()
        if self.is_listening and self.now() - self.listening_since > LISTENING_S:
            yield from self.stop_listening()

    def leave(self) -> None:
        """Leave a question that has begun to the next narrator: it may still come, or its silence must end."""
        if self.is_listening:
            self.queue.put_back(self.camera, BeginQuestion())

    def stop_listening(self) -> Iterator[RunEvent]:
        """End a question that takes too long: it may have begun by an accidental key."""
        self.is_listening, self.question_frame = False, None
        if not self.settings.is_stopped:
            yield Mute(False)
        yield Notice("going on", "No question entered. Narration resumed.")

    def ask(self, question: str, seen: AnyFrame, stop: Callable[[], bool]) -> Iterator[RunEvent]:
        """Answer about the frame of the moment at which the question began, then let the narration go on."""
        frame = self.question_frame if self.question_frame or self.obstruction else seen.copy() or self.described
        self.is_listening, self.question_frame = False, None
        if frame:
            request = Request((frame,), question, self.max_tokens * LONGER)
            yield from self.answer(request, question, stop)
        if not self.settings.is_stopped and not self.is_urgent:
            yield Mute(False)
        if frame is None and self.obstruction:
            yield Notice("no answer", self.obstruction.text, self.obstruction.hint)
        yield Answered(question)

    def describe_more(self, stop: Callable[[], bool]) -> Iterator[RunEvent]:
        """Describe in detail what was described last."""
        if self.described is None:
            yield NOTHING_YET
            return
        request = Request((self.described,), LONG_PROMPT, self.max_tokens * LONGER)
        yield from self.answer(request, "more", stop)
        yield Answered()

    def answer(self, request: Request, about: str, stop: Callable[[], bool]) -> Iterator[RunEvent]:
        description = Description(request.frames[-1], self.now(), self.count)
        for step in self.captioner.caption(request, stop):
            match step:
                case Partial():
                    yield PartialSentence(step.text, description.frame)
                case Whole():
                    self.last_sentence = description.sentence(step, "answer", about)
                    yield self.last_sentence
                case Doubt():
                    yield Notice("no answer", step.reason)
                case Failed():
                    yield Notice("no answer", step.outage.message, step.outage.hint)
                case Ended():
                    pass
