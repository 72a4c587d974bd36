"""The inference thread: load, narrate, and go over to another camera or another model when a person wants one.

Each model has a thread of its own from its import to its end: what MLX makes belongs to the thread that made it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Event, Lock, Thread, Timer
from typing import Protocol

from app.errors import UserError
from app.events import LiveSettings, Notice, RunEvent, RunStarted, Status
from app.live.ahead import Ahead
from app.live.stall import Pulse
from app.protocols import Describer, Source


@dataclass(frozen=True, slots=True)
class Choice:
    """What is looked at, and with which model: each as a person would name it."""

    source: str
    model: str


class Loop(Protocol):
    """What goes on while a source is looked at."""

    @property
    def own_prompt(self) -> str:
        """What the model is asked of each frame, unless people want it to be asked otherwise."""
        ...

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        """Yield what happens until the source ends or `stop` is set."""
        ...


class Stage(Protocol):
    """Makes what a choice needs. What is costly is made by the thread that uses it.

    Every method raises UserError for what is not there, or does not work.
    """

    def is_live(self, choice: Choice) -> bool:
        """Whether the source goes on unseen anyway, so that it may be opened while the model loads."""
        ...

    def source(self, choice: Choice) -> Source: ...

    def describer(self, choice: Choice) -> Describer: ...

    def loop(self, describer: Describer, choice: Choice) -> Loop:
        """As people have set it so far."""
        ...

    def warnings(self, choice: Choice) -> tuple[str, ...]:
        """What is to be said of this choice, besides what its parts say."""
        ...

    def note(self, setup: LiveSettings) -> None:
        """So it is set now; loops to come begin with it."""
        ...


@dataclass(slots=True)
class Inference:
    """Narrates by one choice after the other, until the source ends or `stop` is set."""

    stage: Stage
    choice: Choice
    """The one with which a frame was seen last; the first one, until then."""
    stop: Event
    tell: Callable[[RunEvent], None]
    fail: Callable[[Exception], None]
    besides: Callable[[], tuple[str, ...]]
    """What else is to be said at the start, of the outputs for one."""
    seconds: float | None = None
    """How long to narrate, from the moment the first model is ready."""
    has_greeted: bool = field(default=False, init=False)
    warned: set[str] = field(default_factory=set, init=False)
    """What has been said of what is less than it could be: once is enough."""
    trying: Choice | None = field(default=None, init=False)
    """The one that is at work; another than `choice` until it has shown a frame."""
    wanted: Choice | None = field(default=None, init=False)
    """What is to be gone over to."""
    leave: Event = field(default_factory=Event, init=False)
    """Set, as `stop` is, when the present choice is to be left."""
    has_begun: bool = field(default=False, init=False)
    """The choice that is tried has shown a frame."""
    is_told: bool = field(default=False, init=False)
    """What is tried has been told to be at work; whoever wants it before is told then."""
    refusal: Exception | None = field(default=None, init=False)
    """What keeps its source from being opened ahead."""
    lock: Lock = field(default_factory=Lock, init=False)
    timer: Timer | None = field(default=None, init=False)

    def switch(self, source: str | None, model: str | None) -> None:
        """Go over to these within a token; None: the one that it has. From any thread."""
        with self.lock:
            now = self.wanted or self.trying or self.choice
            wanted = Choice(source or now.source, model or now.model)
            if wanted != now:
                self.wanted = wanted
                self.leave.set()
            is_there = wanted == now and not self.wanted and self.is_told
        if is_there:
            self.tell(Notice("not switched", "Nothing to go over to: it looks there already, with that model."))

    def quit(self) -> None:
        """End within a token. From any thread, and from a signal's handler, which must not wait for a lock."""
        self.stop.set()
        self.leave.set()

    def run(self) -> None:
        """One model after the other, each on a thread of its own.

        Raises what it failed with; a choice that does not work at first is told of, and the one before it taken up
        again.
        """
        trying: Choice | None = self.choice
        self.trying = trying
        try:
            while trying:
                trying = on_a_thread(self.with_model, trying)
        finally:
            if self.timer:
                self.timer.cancel()
                self.timer.join()

    def with_model(self, trying: Choice) -> Choice | None:
        """Narrate with one model; what is to be tried next with another, None at the end."""
        model, opened = trying.model, list[Describer]()
        following: Choice | None = trying
        self.tell(Notice("loading", "Loading the model."))
        try:
            while following and following.model == model:
                following = self.attempt(following, opened)
        finally:
            for each in opened:
                each.close()
        return following

    def attempt(self, trying: Choice, opened: list[Describer]) -> Choice | None:
        """Narrate by one choice; what is to be tried next, None at the end. `opened`: its describer, or none yet."""
        self.has_begun, self.refusal = False, None
        try:
            self.look(trying, opened)
        except UserError as failure:
            if self.has_begun or trying == self.choice or self.stop.is_set():
                raise
            self.tell(Notice("not switched", f"Still as before: {failure.message}", failure.hint))
            return self.following(self.choice)
        return self.following(None)

    def look(self, trying: Choice, opened: list[Describer]) -> None:
        """Until the source ends, or the choice is left."""
        with self.lock:
            self.leave.clear()
            if self.stop.is_set() or self.wanted:
                self.leave.set()
        with self.under_way(trying) as source:
            if not opened:
                self.warn(self.stage.warnings(trying))  # before what they warn of, a download for one
                opened.append(Pulse(self.stage.describer(trying), self.tell))
            (describer,) = opened
            if self.refusal:
                raise self.refusal
            if self.leave.is_set():
                return
            loop = self.stage.loop(describer, trying)
            self.set_timer()
            self.greet(trying, source, describer, loop)
            for happening in loop.watch(source, self.leave):
                self.tell(happening)
                self.note(trying, happening)
            if self.refusal:  # it took its time
                raise self.refusal

    def note(self, trying: Choice, happening: RunEvent) -> None:
        """A status means that a frame has come: this choice works. How it is set outlasts it."""
        if isinstance(happening, LiveSettings):
            self.stage.note(happening)
        if isinstance(happening, Status) and not self.has_begun:
            self.has_begun = True
            self.choice = trying

    def following(self, otherwise: Choice | None) -> Choice | None:
        """What is to be tried next: what is wanted by now, or else this; None at the end."""
        with self.lock:
            following, self.wanted = self.wanted or otherwise, None
            self.trying, self.is_told = following or self.trying, False
        return None if self.stop.is_set() else following

    def under_way(self, choice: Choice) -> AbstractContextManager[Source]:
        """The source, already being opened if it is live."""
        source = self.stage.source(choice)
        return Ahead(source, self.leave, self.tell, self.refuse) if self.stage.is_live(choice) else nullcontext(source)

    def refuse(self, failure: Exception) -> None:
        """A source cannot be opened: of the first one it is told at once, while the model still loads."""
        self.refusal = failure
        if not self.has_greeted and self.trying == self.choice:
            self.fail(failure)

    def greet(self, choice: Choice, source: Source, describer: Describer, loop: Loop) -> None:
        """The banner: what looks, what at, and everything that is less than it could be."""
        model, seen = describer.banner, source.banner
        warnings = (*self.stage.warnings(choice), *model.warnings, *seen.warnings, *self.besides())
        self.warn(warnings)
        with self.lock:
            self.has_greeted = self.is_told = True
        self.tell(RunStarted(choice.source, seen.name, choice.model, model.name, loop.own_prompt, warnings))
        self.tell(Notice("ready", f"Looking at {seen.name} with {model.name}."))

    def warn(self, warnings: tuple[str, ...]) -> None:
        for warning in (each for each in warnings if each not in self.warned):
            self.tell(Notice("warning", warning))
        self.warned.update(warnings)

    def set_timer(self) -> None:
        """The time that is given begins with the first model that is ready."""
        if self.seconds is not None and self.timer is None:
            self.timer = Timer(self.seconds, self.quit)
            self.timer.start()


def on_a_thread(work: Callable[[Choice], Choice | None], choice: Choice) -> Choice | None:
    """What `work` returns, or raises, on a new thread."""
    ended: list[Choice | None] = []
    failed: list[BaseException] = []

    def do() -> None:
        try:
            ended.append(work(choice))
        except BaseException as failure:  # noqa: BLE001 — raised again by who waits
            failed.append(failure)

    thread = Thread(target=do, name="inference", daemon=True)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return ended[0]
