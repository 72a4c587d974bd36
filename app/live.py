"""Who runs where: the model on the inference thread, screen and signals on the main thread, and how it all ends.

The first Ctrl-C asks everybody to stop, the second one forces. What a run is made of comes from wiring/live.py.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from threading import Event, Thread, Timer
from types import FrameType
from typing import NoReturn, Protocol

from app.ahead import Ahead
from app.errors import Explained
from app.flow import Describer, Happening, Notice, Output, Source

INTERRUPTED = 130
PATIENCE_S = 0.7
"""How long the end waits for the inference thread: only an import or a load takes longer, and none can be cancelled."""


class Loop(Protocol):
    """What goes on while a source is looked at."""

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is to be said of it at the start."""
        ...

    def watch(self, source: Source, stop: Event) -> Iterator[Happening]:
        """Yield what happens until the source ends or `stop` is set."""
        ...


class Screen(Output, Protocol):
    """The output that draws on the main thread."""

    def run(self, until: Event) -> bool:
        """Show what it is told until `until` is set; False when nobody reads standard output any more."""
        ...

    def rest(self) -> None:
        """Leave the screen to others until the next happening: the job is about to be stopped."""
        ...


class Inputs(Protocol):
    """Where people's wishes come from while it runs."""

    def open(self) -> AbstractContextManager[None]:
        """Take them meanwhile; entered and left on the main thread."""
        ...

    def restore(self) -> None:
        """Leave the terminal as it was found, at once."""
        ...


class Nobody:
    """The inputs of a run that nobody steers."""

    def open(self) -> AbstractContextManager[None]:
        return nullcontext()

    def restore(self) -> None:
        pass


Tell = Callable[[Happening], None]
End = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a live run is made of. What is costly is made by the thread that uses it."""

    source: Callable[[], Source]
    describer: Callable[[], Describer]
    loop: Callable[[Describer], Loop]
    screen: Screen
    outputs: Output
    """The others: log, voice."""
    last_words: Callable[[Event], None]
    """Waits until what was told last has been said aloud, or until it is stopped."""
    inputs: Callable[[Tell, End], Inputs] = lambda _tell, _end: Nobody()
    """Made of what they tell, and of what ends the run."""
    is_live: bool = False
    """Whether the source goes on unseen anyway, so that it may be opened while the model loads."""
    warnings: tuple[str, ...] = ()
    seconds: float | None = None
    """How long to narrate, from the moment the model is ready."""


@dataclass(slots=True)
class Run:
    """One live run."""

    parts: Parts
    stop: Event = field(default_factory=Event)
    finished: Event = field(default_factory=Event)
    is_interrupted: bool = False
    failure: Exception | None = None
    inputs: Inputs = field(init=False)

    def __post_init__(self) -> None:
        self.inputs = self.parts.inputs(self.tell, self.quit)

    def go(self) -> int:
        """Narrate until the source ends, the time is up, or somebody stops it; return the exit code.

        Raises what the inference thread, or else the screen, failed with.
        """
        inference = Thread(target=self.infer, name="inference", daemon=True)
        with self.signals(), self.inputs.open():
            inference.start()
            self.show()
            self.end(inference)
        if self.failure and not self.is_interrupted:
            raise self.failure
        return INTERRUPTED if self.is_interrupted else 0

    def show(self) -> None:
        """Show what happens until the run is over, or cannot be shown any more, which ends it."""
        try:
            if not self.parts.screen.run(until=self.finished):
                self.stop.set()
        except Exception as failure:  # noqa: BLE001 — raised again once everybody has ended
            self.stop.set()
            self.fail(failure)

    def end(self, inference: Thread) -> None:
        """Join the inference thread and close every output, the screen last: it shows what the others complain of."""
        inference.join(PATIENCE_S if self.stop.is_set() else None)
        self.parts.last_words(self.stop)
        self.parts.outputs.close()
        self.parts.screen.close()
        if inference.is_alive():
            self.leave()

    def leave(self) -> NoReturn:
        """End in the middle of an import or a load. A capture process ends when it notices, which is at once."""
        self.inputs.restore()
        if self.failure is None or self.is_interrupted:
            os._exit(INTERRUPTED if self.is_interrupted else 0)
        if not isinstance(self.failure, Explained):
            raise self.failure
        print(self.failure, file=sys.stderr, flush=True)
        os._exit(self.failure.exit_code)

    def infer(self) -> None:
        """The inference thread: load, warm up, narrate."""
        try:
            self.narrate()
        except Exception as failure:  # noqa: BLE001 — raised again on the main thread
            self.fail(failure)
        finally:
            self.finished.set()

    def fail(self, failure: Exception) -> None:
        """End with this failure, unless there is one already."""
        if self.failure is None:
            self.failure = failure
            if isinstance(failure, Explained):  # the command line prints it, so the screen need not
                self.parts.outputs.tell(Notice("error", failure.message, failure.remedy))
        self.finished.set()

    def narrate(self) -> None:
        self.tell(Notice("loading", "Loading the model."))
        with self.under_way(self.parts.source()) as source, closing(self.parts.describer()) as describer:
            if self.stop.is_set():
                return
            loop = self.parts.loop(describer)
            with self.time_limit():
                self.greet(source, describer, loop)
                for happening in loop.watch(source, self.stop):
                    self.tell(happening)

    @contextmanager
    def under_way(self, source: Source) -> Iterator[Source]:
        """The source, already being opened if it is live."""
        if not self.parts.is_live:
            yield source
            return
        with Ahead(source, self.stop, self.tell, self.fail) as ahead:
            yield ahead

    def greet(self, source: Source, describer: Describer, loop: Loop) -> None:
        """The banner: what looks, what at, and everything that is less than it could be."""
        model, seen, outputs = describer.banner, source.banner, self.parts.outputs.banner
        own = (*self.parts.warnings, *loop.warnings)
        for warning in (*own, *model.warnings, *seen.warnings, *outputs.warnings):
            self.tell(Notice("warning", warning))
        self.tell(Notice("ready", f"Looking at {seen.name} with {model.name}."))

    def tell(self, happening: Happening) -> None:
        self.parts.screen.tell(happening)
        self.parts.outputs.tell(happening)

    @contextmanager
    def time_limit(self) -> Iterator[None]:
        """Set `stop` once the time is up."""
        if self.parts.seconds is None:
            yield
            return
        timer = Timer(self.parts.seconds, self.stop.set)
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    @contextmanager
    def signals(self) -> Iterator[None]:
        """First Ctrl-C (or SIGTERM, or the terminal's end) asks, second forces."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = [signal.SIGINT, signal.SIGTERM]
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup wants it to go on
            numbers.append(signal.SIGHUP)
        before = {number: signal.signal(number, self.interrupt) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def interrupt(self, number: int, _frame: FrameType | None) -> None:
        if self.is_interrupted and number != signal.SIGHUP:  # shell and system may both send that one
            self.inputs.restore()
            os._exit(INTERRUPTED)
        self.is_interrupted = True
        self.quit()

    def quit(self) -> None:
        """End soon, with what has been told."""
        self.stop.set()
        self.finished.set()
