"""The keys of the terminal that looksay was started in, read one by one on a thread of its own.

Only while its job is in the foreground; the terminal's mode is as it was found whenever another job has it.
"""

import os
import select
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, current_thread, main_thread

from app.events import Command, Notice
from app.terminal.decoder import Decoder
from app.terminal.mode import JOB_SIGNALS, Mode
from app.terminal.presses import HELP, Presses

ESCAPE_S = 0.1
"""A sequence that has come in part is complete by then, or Esc was a key of its own."""
AWAY_S = 0.5
"""Between two looks whether the terminal is ours: a shell need not tell a job that it brings to the front."""
JOIN_S = 1.0


class Keys:
    """Sends the commands that keys ask for, while it is open."""

    def __init__(
        self,
        send: Callable[[Command], None],
        tell: Callable[[Notice], None],
        rest: Callable[[], None],
        terminal: int = 0,
    ) -> None:
        """`send` gets commands, `tell` help; `rest` is called on the main thread before Ctrl-Z stops the job.

        `terminal` is a file descriptor; what is no terminal is not read.
        """
        self.send, self.tell, self.rest, self.terminal = send, tell, rest, terminal
        self.mode, self.decoder, self.presses = Mode(terminal), Decoder(), Presses()
        self.closing = Event()
        self.woken, self.waking = os.pipe()
        """A byte from one to the other ends every wait. Closed with the process: a signal may come late."""
        self.has_greeted = False

    @contextmanager
    def open(self) -> Iterator[None]:
        """Read them meanwhile, if there is a terminal to read from. On the main thread Ctrl-Z is heard, too."""
        if not self.mode.is_controlling:
            yield
            return
        reader = Thread(target=self._work, name="keys", daemon=True)
        with self._suspending():
            reader.start()
            try:
                yield
            finally:
                self.closing.set()
                self._wake()
                reader.join(JOIN_S)
                self.restore()

    def restore(self) -> None:
        """The terminal as it was found, for good and at once; from any thread, before `os._exit` for one."""
        self.mode.end()

    def _work(self) -> None:
        """Until closed, or until the terminal is gone."""
        signal.pthread_sigmask(signal.SIG_BLOCK, JOB_SIGNALS)  # to read another job's keys is an error, and no stop
        while not self.closing.is_set():
            ready = self._wait(self._enter())
            if self.terminal in ready and not self._read():
                return
            if not ready:
                self._take(self.decoder.flush())

    def _enter(self) -> bool:
        """Whether the terminal is ours; if it is, it hands over its keys now."""
        is_ours = self.mode.enter()
        if is_ours and not self.has_greeted:
            self.has_greeted = True
            self.tell(HELP)
        return is_ours

    def _wait(self, is_ours: bool) -> list[int]:
        """What can be read; nothing after a while in which nothing came."""
        watched = [self.woken, self.terminal] if is_ours else [self.woken]
        limit_s = ESCAPE_S if self.decoder.is_waiting else None if is_ours else AWAY_S
        ready, _, _ = select.select(watched, [], [], limit_s)
        if self.woken in ready:
            os.read(self.woken, 1024)
        return ready

    def _read(self) -> bool:
        """Take the keys that have come; False when the terminal is gone."""
        try:
            data = os.read(self.terminal, 1024)
        except OSError:  # or it has just been given to another job
            return not self.mode.is_ours
        self._take(self.decoder.feed(data))
        return bool(data)

    def _take(self, keys: list[str]) -> None:
        for key in keys:
            for each in self.presses.take(key):
                if isinstance(each, Notice):
                    self.tell(each)
                else:
                    self.send(each)

    def _wake(self, *_signal: object) -> None:
        os.write(self.waking, b"!")

    @contextmanager
    def _suspending(self) -> Iterator[None]:
        """Leave the terminal clean when Ctrl-Z stops the job, and take it up again when that goes on."""
        if current_thread() is not main_thread() or signal.getsignal(signal.SIGTSTP) is signal.SIG_IGN:
            yield
            return
        before = {each: signal.getsignal(each) for each in (signal.SIGTSTP, signal.SIGCONT)}
        signal.signal(signal.SIGTSTP, self._suspend)
        signal.signal(signal.SIGCONT, self._wake)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _suspend(self, *_signal: object) -> None:
        """Stop here as the system would; what follows happens when the job goes on."""
        self.rest()
        self.mode.leave()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._suspend)
        self._wake()
