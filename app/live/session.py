"""Who runs where: the model on the inference thread, screen and signals on the main thread, and how it all ends.

The first Ctrl-C asks everybody to stop, the second one forces. app/commands/narrate.py puts a run together.
"""

import os
import signal
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from threading import Event, Thread
from types import FrameType
from typing import NoReturn, Protocol

from app.errors import UserError
from app.events import Command, Notice, RunEvent
from app.live.controls import CommandQueue, dispatch
from app.live.infer import Choice, Inference, Stage
from app.protocols import Output
from app.signals import INTERRUPTED, handle_interrupts

PATIENCE_S = 0.7
"""How long the end waits for the inference thread: only an import or a load takes longer, and none can be cancelled."""


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


Tell = Callable[[RunEvent], None]
Switch = Callable[[str | None, str | None], None]


@dataclass(frozen=True, slots=True)
class Reins:
    """What those who steer a run hold. Every one may be pulled by any thread."""

    send: Callable[[Command], None]
    tell: Tell
    switch: Switch
    """Go over to another source, another model, or both; None: the one that it has."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a live run is made of."""

    stage: Stage
    choice: Choice
    screen: Screen
    outputs: Output
    """The others: log, voice."""
    last_words: Callable[[Event], None]
    """Waits until what was told last has been said aloud, or until it is stopped."""
    inputs: Callable[[Reins], Inputs] = lambda _reins: Nobody()
    """Made of what they steer with."""
    seconds: float | None = None
    """How long to narrate, from the moment the model is ready."""
    commands: CommandQueue = field(default_factory=CommandQueue)
    """Where the narrator takes commands from."""


@dataclass(slots=True)
class Run:
    """One live run."""

    parts: Parts
    stop: Event = field(default_factory=Event)
    finished: Event = field(default_factory=Event)
    is_interrupted: bool = False
    failure: Exception | None = None
    inference: Inference = field(init=False)
    inputs: Inputs = field(init=False)

    def __post_init__(self) -> None:
        parts = self.parts
        self.inference = Inference(
            parts.stage,
            parts.choice,
            self.stop,
            self.tell,
            self.fail,
            lambda: parts.outputs.banner.warnings,
            parts.seconds,
        )
        self.inputs = parts.inputs(Reins(self.send, self.tell, self.inference.switch))

    def go(self) -> int:
        """Narrate until the source ends, the time is up, or somebody stops it; return the exit code.

        Raises what the inference thread, or else the screen, failed with.
        """
        narration = Thread(target=self.narrate, name="narration", daemon=True)
        with handle_interrupts(self.interrupt), self.inputs.open():
            narration.start()
            self.show()
            self.end(narration)
        if self.failure and not self.is_interrupted:
            raise self.failure
        return INTERRUPTED if self.is_interrupted else 0

    def show(self) -> None:
        """Show what happens until the run is over, or cannot be shown any more, which ends it."""
        try:
            if not self.parts.screen.run(until=self.finished):
                self.inference.quit()
        except Exception as failure:  # noqa: BLE001 — raised again once everybody has ended
            self.inference.quit()
            self.fail(failure)

    def end(self, narration: Thread) -> None:
        """Join the inference thread and close every output, the screen last: it shows what the others complain of."""
        narration.join(PATIENCE_S if self.stop.is_set() else None)
        self.parts.last_words(self.stop)
        self.parts.outputs.close()
        self.parts.screen.close()
        if narration.is_alive():
            self.leave()

    def leave(self) -> NoReturn:
        """End in the middle of an import or a load. A capture process ends when it notices, which is at once."""
        self.inputs.restore()
        if self.failure is None or self.is_interrupted:
            os._exit(INTERRUPTED if self.is_interrupted else 0)
        if not isinstance(self.failure, UserError):
            raise self.failure
        print(self.failure, file=sys.stderr, flush=True)
        os._exit(self.failure.exit_code)

    def narrate(self) -> None:
        """Until it is over, whatever ends it."""
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
                self.parts.outputs.tell(Notice("error", failure.message, failure.hint))
        self.finished.set()

    def tell(self, happening: RunEvent) -> None:
        self.parts.screen.tell(happening)
        self.parts.outputs.tell(happening)

    def send(self, command: Command) -> None:
        """Carry out a command from keyboard or page; from any thread."""
        dispatch(command, self.parts.commands, self.tell, self.quit)

    def interrupt(self, number: int, _frame: FrameType | None) -> None:
        if self.is_interrupted and number != signal.SIGHUP:  # shell and system may both send that one
            self.inputs.restore()
            os._exit(INTERRUPTED)
        self.is_interrupted = True
        self.quit()

    def quit(self) -> None:
        """End soon, with what has been told."""
        self.inference.quit()
        self.finished.set()
