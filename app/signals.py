"""Signals that end a run: Ctrl-C, SIGTERM, and SIGHUP when the terminal closes. The first asks, the second forces."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

INTERRUPTED = 130
"""Exit code of a run that was ended by a signal."""


def ending_signals() -> list[signal.Signals]:
    """Without SIGHUP where it is ignored, as under nohup."""
    is_detached = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return [signal.SIGINT, signal.SIGTERM, *([] if is_detached else [signal.SIGHUP])]


@dataclass(slots=True)
class Interrupts:
    """Handles the signals that end a run inside its `with` block."""

    ask: Callable[[], None]
    """Called for the first signal: end soon."""
    force: Callable[[], None]
    """Called for the second: end now, such as with `os._exit`."""
    has_come: bool = field(default=False, init=False)

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Does nothing outside the main thread, which alone gets signals."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle) for number in ending_signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def handle(self, number: int, _frame: FrameType | None) -> None:
        if self.has_come and number != signal.SIGHUP:  # shell and system may both send that one
            self.force()
        self.has_come = True
        self.ask()
