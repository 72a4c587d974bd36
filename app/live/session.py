"""A live run: which thread does what, switching cameras and models, and how it all ends.

    main        screen and signals; the first Ctrl-C asks everything to stop, the second one forces it
    narration   starts one model after the other, and notices when one stops responding
    inference   one for each model: imports, loads, narrates, releases; MLX arrays belong to the thread that made them
    prefetch    opens a live camera while the model loads

app/commands/narrate.py puts a run together.
"""

import os
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, field
from threading import Event, Lock, Thread, Timer
from types import TracebackType
from typing import NoReturn, Protocol, Self

from app.errors import UserError
from app.events import AnyFrame, Banner, Command, Notice, RunEvent, RunStarted, Sentence, Status
from app.live.captioner import Captioner
from app.live.controls import CommandQueue
from app.live.stall import StallDetector
from app.protocols import Describer, Output, Source
from app.signals import INTERRUPTED, Interrupts

PATIENCE_S = 0.7
"""How long the end waits for the inference thread; only an import or a load takes longer, and cannot be cancelled."""
STALL_CHECK_S = 0.25
Tell = Callable[[RunEvent], None]
Switch = Callable[[str | None, str | None], None]


# What a run is made of


@dataclass(frozen=True, slots=True)
class Selection:
    """What is looked at, and with which model: each as a person would name it."""

    source: str
    model: str


class Loop(Protocol):
    """What goes on while a source is looked at: a narrator, or a single question."""

    @property
    def model_prompt(self) -> str:
        """The prompt for each frame where people have set none."""
        ...

    def watch(self, source: Source, stop: Event) -> Iterator[RunEvent]:
        """Yield what happens until the source ends or `stop` is set."""
        ...


class RunFactory(Protocol):
    """Makes what a selection needs. What is costly is made by the thread that uses it.

    Every method raises UserError for what is missing or does not work.
    """

    def is_live(self, selection: Selection) -> bool:
        """Whether the source goes on unseen anyway, so that it may be opened while the model loads."""
        ...

    def source(self, selection: Selection) -> Source: ...

    def describer(self, selection: Selection) -> Describer: ...

    def loop(self, captioner: Captioner, selection: Selection) -> Loop:
        """With the settings as people have changed them so far."""
        ...

    def warnings(self, selection: Selection) -> tuple[str, ...]:
        """What has to be said of this selection, besides its parts' own warnings."""
        ...


class Screen(Output, Protocol):
    """The output that draws on the main thread."""

    def run(self, until: Event) -> bool:
        """Show events until `until` is set; False when standard output is no longer read."""
        ...

    def suspend(self) -> None:
        """Leave the terminal clean until the next event: the job is about to be suspended."""
        ...


class Inputs(Protocol):
    """Where commands come from during a run, such as the keyboard."""

    def open(self) -> AbstractContextManager[None]:
        """Read commands inside the `with` block; entered and left on the main thread."""
        ...

    def restore(self) -> None:
        """Leave the terminal as it was found, at once."""
        ...


class NoInputs:
    """The inputs of a run without commands."""

    def open(self) -> AbstractContextManager[None]:
        return nullcontext()

    def restore(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class RunHandles:
    """Thread-safe callbacks that control a run."""

    send: Callable[[Command], None]
    tell: Tell
    switch: Switch
    """Switch to another source, another model, or both; None: as it is."""


# The inference thread


@dataclass(slots=True)
class Inference:
    """Narrates one selection after the other, until the source ends or `stop` is set."""

    factory: RunFactory
    selection: Selection
    """The one with which a frame was seen last; the first one, until then."""
    stop: Event
    tell: Tell
    fail: Callable[[Exception], None]
    output_warnings: Callable[[], tuple[str, ...]]
    seconds: float | None = None
    """How long to narrate, from the moment the first model is ready."""
    has_greeted: bool = field(default=False, init=False)
    warned: set[str] = field(default_factory=set, init=False)
    """Warnings already given: once is enough."""
    trying: Selection | None = field(default=None, init=False)
    """The one at work; another than `selection` until it has shown a frame."""
    wanted: Selection | None = field(default=None, init=False)
    """The one to switch to."""
    leave: Event = field(default_factory=Event, init=False)
    """Set to leave the present selection; also set with `stop`."""
    has_begun: bool = field(default=False, init=False)
    """The selection that is tried has shown a frame."""
    is_ready: bool = field(default=False, init=False)
    """The selection that is tried has been announced as ready."""
    refusal: Exception | None = field(default=None, init=False)
    """Why its source could not be opened ahead."""
    stall: StallDetector = field(default_factory=StallDetector, init=False)
    lock: Lock = field(default_factory=Lock, init=False)
    timer: Timer | None = field(default=None, init=False)

    def switch(self, source: str | None, model: str | None) -> None:
        """Switch to these within a token; None: as it is. From any thread."""
        with self.lock:
            now = self.wanted or self.trying or self.selection
            wanted = Selection(source or now.source, model or now.model)
            if wanted != now:
                self.wanted = wanted
                self.leave.set()
            is_there = wanted == now and not self.wanted and self.is_ready
        if is_there:
            self.tell(Notice("not switched", "Already using that camera and model."))

    def quit(self) -> None:
        """End within a token. From any thread, and from a signal handler, which must not wait for a lock."""
        self.stop.set()
        self.leave.set()

    def run(self) -> None:
        """Narrate with one model after the other, each on a thread of its own.

        Raises what it failed with. A later selection that does not work is reported, and the one before it resumed.
        """
        following: Selection | None = self.selection
        self.trying = following
        try:
            while following:
                following = self.on_a_thread(following)
        finally:
            if self.timer:
                self.timer.cancel()
                self.timer.join()

    def on_a_thread(self, trying: Selection) -> Selection | None:
        """Run `with_model` on a new thread; report meanwhile when the model stops responding."""
        ended: list[Selection | None] = []
        failed: list[BaseException] = []

        def work() -> None:
            try:
                ended.append(self.with_model(trying))
            except BaseException as failure:  # noqa: BLE001 — raised again below
                failed.append(failure)

        self.stall = StallDetector()
        thread = Thread(target=work, name="inference", daemon=True)
        thread.start()
        while thread.is_alive():
            thread.join(STALL_CHECK_S)
            for notice in self.stall.check():
                self.tell(notice)
        if failed:
            raise failed[0]
        return ended[0]

    def with_model(self, trying: Selection) -> Selection | None:
        """Narrate with one model; return what to try next with another, None at the end."""
        model, opened = trying.model, list[Describer]()
        following: Selection | None = trying
        self.tell(Notice("loading", f"Loading {model} …"))
        try:
            while following and following.model == model:
                following = self.attempt(following, opened)
        finally:
            for each in opened:
                each.close()
        return following

    def attempt(self, trying: Selection, opened: list[Describer]) -> Selection | None:
        """Narrate one selection; return what to try next, None at the end. `opened`: its describer, or none yet."""
        self.has_begun, self.refusal = False, None
        try:
            self.look(trying, opened)
        except UserError as failure:
            if self.has_begun or trying == self.selection or self.stop.is_set():
                raise
            self.tell(Notice("not switched", f"Not switched: {failure.message}", failure.hint))
            return self.next_selection(self.selection)
        return self.next_selection(None)

    def look(self, trying: Selection, opened: list[Describer]) -> None:
        """Until the source ends, or the selection is left."""
        with self.lock:
            self.leave.clear()
            if self.stop.is_set() or self.wanted:
                self.leave.set()
        with self.opening(trying) as source:
            if not opened:
                self.warn(self.factory.warnings(trying))  # before what they warn of, such as a download
                opened.append(self.factory.describer(trying))
            if self.refusal:
                raise self.refusal
            if self.stop.is_set() or self.wanted:
                return
            if not self.leave.is_set():  # set by a source that cannot be opened, too
                self.narrate(trying, source, opened[0])
        if self.refusal:  # it came late
            raise self.refusal

    def narrate(self, trying: Selection, source: Source, describer: Describer) -> None:
        loop = self.factory.loop(Captioner(describer, self.stall), trying)
        self.start_timer()
        self.greet(trying, source, describer, loop)
        for event in loop.watch(source, self.leave):
            self.tell(event)
            if isinstance(event, Status) and not self.has_begun:  # a frame has come: this selection works
                self.has_begun, self.selection = True, trying

    def next_selection(self, otherwise: Selection | None) -> Selection | None:
        """What to try next: what is wanted by now, or else this; None at the end."""
        with self.lock:
            following, self.wanted = self.wanted or otherwise, None
            self.trying, self.is_ready = following or self.trying, False
        return None if self.stop.is_set() else following

    def opening(self, selection: Selection) -> AbstractContextManager[Source]:
        """The source, already being opened if it is live."""
        source = self.factory.source(selection)
        if not self.factory.is_live(selection):
            return nullcontext(source)
        return Prefetch(source, self.leave, self.tell, self.refuse)

    def refuse(self, failure: Exception) -> None:
        """A source cannot be opened: the first one ends the run at once, while the model still loads."""
        self.refusal = failure
        if not self.has_greeted and self.trying == self.selection:
            self.fail(failure)

    def greet(self, selection: Selection, source: Source, describer: Describer, loop: Loop) -> None:
        """The banner: camera, model, and everything that is less than it could be."""
        model, camera = describer.banner, source.banner
        warnings = (*self.factory.warnings(selection), *model.warnings, *camera.warnings, *self.output_warnings())
        self.warn(warnings)
        with self.lock:
            self.has_greeted = self.is_ready = True
        self.tell(RunStarted(selection.source, camera.name, selection.model, model.name, loop.model_prompt, warnings))
        self.tell(Notice("ready", f"Looking at {camera.name} with {model.name}."))

    def warn(self, warnings: tuple[str, ...]) -> None:
        for warning in (each for each in warnings if each not in self.warned):
            self.tell(Notice("warning", warning))
        self.warned.update(warnings)

    def start_timer(self) -> None:
        """The time limit begins with the first model that is ready."""
        if self.seconds is not None and self.timer is None:
            self.timer = Timer(self.seconds, self.quit)
            self.timer.start()


@dataclass(slots=True)
class Prefetch:
    """Opens a camera while the model loads: it takes its time, and its notices are given at once.

    A source itself inside its `with` block. A thread reads its frames and drops them until the narrator takes over.
    """

    source: Source
    stop: Event
    tell: Callable[[Notice], None]
    """Gets the source's notices until the narrator takes over, on the prefetch thread."""
    fail: Callable[[Exception], None]
    """Gets what keeps it from being opened, likewise, once `stop` is set."""
    is_wanted: Event = field(default_factory=Event, init=False)
    newest: AnyFrame | None = field(default=None, init=False)
    items: Generator[AnyFrame | Notice] = field(init=False)
    thread: Thread = field(init=False)

    def __post_init__(self) -> None:
        self.items = self.source.frames(self.stop)
        self.thread = Thread(target=self._drop_frames, name="prefetch")

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, what: BaseException | None, at: TracebackType | None) -> None:
        if self.thread.is_alive():  # the model has failed: the frames are not wanted
            self.stop.set()
        self.thread.join()
        self.items.close()

    @property
    def banner(self) -> Banner:
        return self.source.banner

    def frames(self, _stop: Event) -> Generator[AnyFrame | Notice]:
        """See `Source.frames`; begins with the first frame after this call."""
        self.is_wanted.set()
        self.thread.join()
        if self.newest:
            yield self.newest
        with closing(self.items):
            yield from self.items

    def _drop_frames(self) -> None:
        try:
            for item in self.items:
                if isinstance(item, Notice):
                    self.tell(item)
                elif self.is_wanted.is_set():
                    self.newest = item
                    return
        except Exception as failure:  # noqa: BLE001 — raised again on the main thread
            self.stop.set()
            self.fail(failure)


# The run as a whole


@dataclass(slots=True)
class Run:
    """One live run, from its start to its exit code."""

    factory: RunFactory
    selection: Selection
    screen: Screen
    outputs: Output
    """The others: log, voice, page."""
    commands: CommandQueue
    finish_speech: Callable[[Event], None] = lambda _stop: None
    """Waits until the last words have been spoken, or until it is stopped."""
    open_inputs: Callable[[RunHandles], Inputs] = lambda _handles: NoInputs()
    seconds: float | None = None
    """How long to narrate, from the moment the model is ready."""
    stop: Event = field(default_factory=Event, init=False)
    finished: Event = field(default_factory=Event, init=False)
    failure: Exception | None = field(default=None, init=False)
    inference: Inference = field(init=False)
    inputs: Inputs = field(init=False)
    interrupts: Interrupts = field(init=False)

    def __post_init__(self) -> None:
        self.interrupts = Interrupts(self.quit, self.force)
        self.inference = Inference(
            self.factory,
            self.selection,
            self.stop,
            self.tell,
            self.fail,
            lambda: self.outputs.banner.warnings,
            self.seconds,
        )
        self.inputs = self.open_inputs(RunHandles(self.send, self.tell, self.inference.switch))

    def go(self) -> int:
        """Narrate until the source ends, the time is up, or a person stops it; return the exit code.

        Raises what the inference thread, or else the screen, failed with.
        """
        narration = Thread(target=self.narrate, name="narration", daemon=True)
        with self.interrupts.handled(), self.inputs.open():
            narration.start()
            self.show()
            self.end(narration)
        if self.failure and not self.interrupts.has_come:
            raise self.failure
        return INTERRUPTED if self.interrupts.has_come else 0

    def show(self) -> None:
        """Show events until the run is over, or can no longer be shown, which ends it."""
        try:
            if not self.screen.run(until=self.finished):
                self.inference.quit()
        except Exception as failure:  # noqa: BLE001 — raised again once everything has ended
            self.inference.quit()
            self.fail(failure)

    def end(self, narration: Thread) -> None:
        """Join the inference thread and close every output, the screen last: it shows the others' complaints."""
        narration.join(PATIENCE_S if self.stop.is_set() else None)
        self.finish_speech(self.stop)
        self.outputs.close()
        self.screen.close()
        if narration.is_alive():
            self.exit_now()

    def exit_now(self) -> NoReturn:
        """End in the middle of an import or a load. A capture process notices at once, and ends too."""
        self.inputs.restore()
        if self.failure is None or self.interrupts.has_come:
            os._exit(INTERRUPTED if self.interrupts.has_come else 0)
        if not isinstance(self.failure, UserError):
            raise self.failure
        print(self.failure, file=sys.stderr, flush=True)
        os._exit(self.failure.exit_code)

    def narrate(self) -> None:
        try:
            self.inference.run()
        except Exception as failure:  # noqa: BLE001 — raised again on the main thread
            self.fail(failure)
        finally:
            self.finished.set()

    def fail(self, failure: Exception) -> None:
        """End with this failure, unless there is one already."""
        if self.failure is None:
            self.failure = failure
            if isinstance(failure, UserError):  # the command line prints it, so the screen need not
                self.outputs.tell(Notice("error", failure.message, failure.hint))
        self.finished.set()

    def tell(self, event: RunEvent) -> None:
        """Give an event to every output; from any thread."""
        if isinstance(event, Sentence):
            self.commands.last_sentence = event
        self.screen.tell(event)
        self.outputs.tell(event)

    def send(self, command: Command) -> None:
        """Carry out a command from keyboard or page; from any thread."""
        self.commands.send(command, self.tell, self.quit)

    def force(self) -> NoReturn:
        """End now, for the second Ctrl-C."""
        self.inputs.restore()
        os._exit(INTERRUPTED)

    def quit(self) -> None:
        """End soon, after what has been said."""
        self.inference.quit()
        self.finished.set()
