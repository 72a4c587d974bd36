"""How a terminal hands over its keys: one by one and unseen while looksay reads them, else as it was found.

Ctrl-C, Ctrl-Z and Ctrl-\\ stay signals. A terminal that belongs to another job is left alone (termios(4), job control).
"""

import os
import signal
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LOCAL, CONTROL = 3, 6
"""Where tcgetattr(3) keeps the local modes and the control characters, in Python's list."""
JOB_SIGNALS = (signal.SIGTTIN, signal.SIGTTOU)
"""What stops a job that uses the terminal of another one."""
Attributes = list[Any]


class Mode:
    """The mode of one terminal. Every method may be called by any thread, and by a signal handler."""

    def __init__(self, terminal: int) -> None:
        """`terminal` is a file descriptor."""
        self.terminal = terminal
        self.found: Attributes | None = None
        """How the terminal was found."""
        self.is_over = False

    @property
    def is_controlling(self) -> bool:
        """Whether it is the terminal that we were started in."""
        return self._job() is not None

    @property
    def is_ours(self) -> bool:
        """Whether keys typed there are for this job."""
        return self._job() == os.getpgrp()

    def _job(self) -> int | None:
        """The process group in its foreground."""
        try:
            return os.tcgetpgrp(self.terminal)
        except OSError:  # no terminal, another one, or gone
            return None

    def enter(self) -> bool:
        """Keys one by one, without echo, if the terminal is ours; whether it is."""
        if self.is_over or not self.is_ours:
            return False
        with undisturbed():
            now = termios.tcgetattr(self.terminal)
            if self.found is None or now[LOCAL] & termios.ICANON:  # else a shell has brought our own mode back
                self.found = now
            termios.tcsetattr(self.terminal, termios.TCSANOW, one_by_one(now))
        return True

    def leave(self) -> None:
        """As it was found. At once, whatever waits to be written: the terminal may have been halted with Ctrl-S."""
        if self.found and self.is_ours:
            with undisturbed():
                termios.tcsetattr(self.terminal, termios.TCSANOW, self.found)

    def end(self) -> None:
        """As it was found, for good."""
        self.is_over = True
        self.leave()


def one_by_one(found: Attributes) -> Attributes:
    """The same without line editing and echo; a read returns as soon as there is a byte."""
    control = list(found[CONTROL])
    control[termios.VMIN], control[termios.VTIME] = 1, 0
    return [*found[:LOCAL], found[LOCAL] & ~(termios.ICANON | termios.ECHO), *found[LOCAL + 1 : CONTROL], control]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Not stopped by a terminal that has just been given to another job, nor failed by one that is gone."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, JOB_SIGNALS)
    try:
        yield
    except (OSError, termios.error):
        pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
