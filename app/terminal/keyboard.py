"""Keys of the terminal that looksay was started in, and the commands they send.

Keys are read one by one on a thread of their own, while this job is in the foreground. Whenever another job is, and at
the end, the terminal has the mode that it was found in.
"""

import codecs
import os
import re
import select
import signal
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread, current_thread, main_thread
from typing import Any

from app.events import (
    LONGEST_QUESTION,
    Ask,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    Command,
    DescribeMore,
    EditQuestion,
    Notice,
    Pause,
    Quit,
    RepeatLast,
)

# Bytes to keys

ESCAPE = "\x1b"
SEQUENCE = re.compile(
    r"\x1b{1,2}(?:"  # two: Alt, on some terminals
    r"\[\[[A-E]"  # F1 to F5 of the Linux console
    r"|\[200~.*?\x1b\[201~"  # a bracketed paste
    r"|\[(?!200~)[0-?]*[ -/]*[@-Z\\-~]"  # CSI: arrows, the other F-keys
    r"|O[0-9;]*[@-~]"  # SS3: arrows and F-keys in another mode
    r"|[]PX^_].*?(?:\x07|\x1b\\)"  # control strings: a terminal's answers
    r"|[^]\[OPX^_\x1b]"  # a character with Alt
    r")",
    re.DOTALL,
)
"""Escape sequences of ECMA-48, xterm and the Linux console. They are swallowed, never taken for commands."""


@dataclass(slots=True)
class KeyDecoder:
    """Decodes a terminal's bytes into keys: single characters, and Esc. Other keys are swallowed."""

    utf8: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("ignore"), init=False
    )
    rest: str = field(default="", init=False)
    """The beginning of an escape sequence, or empty."""

    def feed(self, data: bytes) -> list[str]:
        """The keys that these bytes complete."""
        self.rest += self.utf8.decode(data)
        keys: list[str] = []
        while self.rest and (key := self._next()) is not None:
            keys += [key] if key else []
        return keys

    @property
    def is_waiting(self) -> bool:
        """Whether a sequence is incomplete."""
        return bool(self.rest)

    def flush(self) -> list[str]:
        """Decode the rest, after a while without bytes: Esc was a key of its own; an incomplete sequence is dropped."""
        keys = [] if self.rest.strip(ESCAPE) else [ESCAPE] * len(self.rest)
        self.rest = ""
        return keys

    def _next(self) -> str | None:
        """Remove the first key from the rest; empty: it was a sequence; None: it is incomplete."""
        if not self.rest.startswith(ESCAPE) or self.rest.startswith(ESCAPE * 3):
            key, self.rest = self.rest[0], self.rest[1:]
            return key
        if found := SEQUENCE.match(self.rest):
            self.rest = self.rest[found.end() :]
            return ""
        return None


# Keys to commands

ENTER, BACKSPACE, CTRL_U, CTRL_W = ("\r", "\n"), ("\x7f", "\b"), "\x15", "\x17"

SHORT_HELP = Notice("keys", "Keys: Space pauses, A asks, M tells more, ? help, Q quits.")
HELP = Notice(
    "keys",
    "Space: pause or resume. A: ask a question (Enter sends, Esc cancels). M: describe in detail. R: repeat. "
    "Plus and minus: more or less detail. Q: quit.",
)
COMMANDS: dict[str, Command | Notice] = {
    " ": Pause(),
    "m": DescribeMore(),
    "r": RepeatLast(),
    "+": ChangeVerbosity(1),
    "=": ChangeVerbosity(1),  # plus without Shift
    "-": ChangeVerbosity(-1),
    "?": HELP,
    "q": Quit(),
}


@dataclass(slots=True)
class KeyBindings:
    """Commands for keys: lower-case letters and signs are commands; `a` begins a question.

    Any other letter or digit begins a question too, as its first character.
    """

    question: str | None = field(default=None, init=False)
    """The question that is being typed; None: none is."""

    def press(self, key: str) -> Sequence[Command | Notice]:
        """The commands for a key (one character), in order; a notice is for the user."""
        if self.question is not None:
            return self._edit(self.question, key)
        if key == "a":
            return self._begin("")
        if key in COMMANDS:
            return [COMMANDS[key]]
        return self._begin(key) if key.isalnum() else []

    def _begin(self, first: str) -> Sequence[Command]:
        self.question = first
        return BeginQuestion(), EditQuestion(first)

    def _edit(self, question: str, key: str) -> Sequence[Command]:
        if key in ENTER and question.strip():
            self.question = None
            return [Ask(question.strip())]
        if key in ENTER or key == ESCAPE:
            self.question = None
            return [CancelQuestion()]
        self.question = edit(question, key)
        return [EditQuestion(self.question)] if self.question != question else []


def edit(question: str, key: str) -> str:
    """The question after a key of a line editor; unchanged by other control characters."""
    if key in BACKSPACE:
        return question[:-1]
    if key == CTRL_U:
        return ""
    if key == CTRL_W:
        words = question.split()
        return question[: len(question.rstrip()) - len(words[-1])] if words else ""
    return question + key if key.isprintable() and len(question) < LONGEST_QUESTION else question


# The terminal's mode

LOCAL, CONTROL = 3, 6
"""Indices of the local modes and the control characters in the list of `termios.tcgetattr`."""
JOB_SIGNALS = (signal.SIGTTIN, signal.SIGTTOU)
"""Signals that stop a job which uses the terminal of another one."""
Attributes = list[Any]
"""As `termios.tcgetattr` gives them."""


class TerminalMode:
    """The mode of one terminal: keys one by one and without echo (cbreak), or as it was found.

    Ctrl-C, Ctrl-Z and Ctrl-\\ stay signals. A terminal that belongs to another job is left alone (termios(4), job
    control). Every method may be called by any thread, and by a signal handler.
    """

    def __init__(self, terminal: int) -> None:
        """`terminal`: a file descriptor."""
        self.terminal = terminal
        self.found: Attributes | None = None
        """The mode that the terminal was found in."""
        self.is_over = False

    @property
    def is_controlling(self) -> bool:
        """Whether it is the terminal that this process was started in."""
        return self._foreground_job() is not None

    @property
    def is_ours(self) -> bool:
        """Whether this job is in the foreground."""
        return self._foreground_job() == os.getpgrp()

    def _foreground_job(self) -> int | None:
        try:
            return os.tcgetpgrp(self.terminal)
        except OSError:  # no terminal, another one, or gone
            return None

    def enter(self) -> bool:
        """Read keys one by one, if the terminal is ours; return whether it is."""
        if self.is_over or not self.is_ours:
            return False
        with undisturbed():
            now = termios.tcgetattr(self.terminal)
            if self.found is None or now[LOCAL] & termios.ICANON:  # else a shell has restored our own mode
                self.found = now
            termios.tcsetattr(self.terminal, termios.TCSANOW, cbreak(now))
        return True

    def leave(self) -> None:
        """Restore the mode at once, without waiting for output: the terminal may be halted with Ctrl-S."""
        if self.found and self.is_ours:
            with undisturbed():
                termios.tcsetattr(self.terminal, termios.TCSANOW, self.found)

    def end(self) -> None:
        """Restore the mode for good."""
        self.is_over = True
        self.leave()


def cbreak(found: Attributes) -> Attributes:
    """The mode without line editing and echo; a read returns as soon as there is a byte."""
    control = list(found[CONTROL])
    control[termios.VMIN], control[termios.VTIME] = 1, 0
    return [*found[:LOCAL], found[LOCAL] & ~(termios.ICANON | termios.ECHO), *found[LOCAL + 1 : CONTROL], control]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Neither be stopped by a terminal that was just given to another job, nor fail on one that is gone."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, JOB_SIGNALS)
    try:
        yield
    except (OSError, termios.error):
        pass
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# The thread that reads

ESCAPE_S = 0.1
"""After this time without bytes, Esc was a key of its own, and an incomplete sequence is dropped."""
BACKGROUND_S = 0.5
"""How often a job in the background looks whether it is in the foreground: a shell does not always signal that."""
JOIN_S = 1.0


class Keyboard:
    """Reads keys on a thread while it is open, and sends their commands."""

    def __init__(
        self,
        send: Callable[[Command], None],
        tell: Callable[[Notice], None],
        before_stop: Callable[[], None],
        terminal: int = 0,
    ) -> None:
        """`send` gets commands, `tell` help; `before_stop` is called on the main thread before Ctrl-Z stops the job.

        `terminal`: a file descriptor; not read if it is not a terminal.
        """
        self.send, self.tell, self.before_stop, self.terminal = send, tell, before_stop, terminal
        self.mode, self.decoder, self.bindings = TerminalMode(terminal), KeyDecoder(), KeyBindings()
        self.closing = Event()
        self.wake_read, self.wake_write = os.pipe()
        """A byte in this pipe ends every wait. Closed with the process: a signal may come late."""
        self.has_shown_help = False

    @contextmanager
    def open(self) -> Iterator[None]:
        """Read keys meanwhile, if there is a terminal. Opened on the main thread, it also handles Ctrl-Z."""
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
        """Restore the terminal at once and for good; from any thread, such as before `os._exit`."""
        self.mode.end()

    def _work(self) -> None:
        """Read until closed, or until the terminal is gone."""
        signal.pthread_sigmask(signal.SIG_BLOCK, JOB_SIGNALS)  # reading another job's keys fails, and does not stop us
        while not self.closing.is_set():
            ready = self._wait(self._enter())
            if self.terminal in ready and not self._read():
                return
            if not ready:
                self._press(self.decoder.flush())

    def _enter(self) -> bool:
        """Set the terminal's mode if it is ours; return whether it is."""
        is_ours = self.mode.enter()
        if is_ours and not self.has_shown_help:
            self.has_shown_help = True
            self.tell(SHORT_HELP)
        return is_ours

    def _wait(self, is_ours: bool) -> list[int]:
        """The file descriptors that can be read; empty after a while without bytes."""
        watched = [self.wake_read, self.terminal] if is_ours else [self.wake_read]
        limit_s = ESCAPE_S if self.decoder.is_waiting else None if is_ours else BACKGROUND_S
        ready, _, _ = select.select(watched, [], [], limit_s)
        if self.wake_read in ready:
            os.read(self.wake_read, 1024)
        return ready

    def _read(self) -> bool:
        """Read the keys that have come; False if the terminal is gone."""
        try:
            data = os.read(self.terminal, 1024)
        except OSError:  # or it was just given to another job
            return not self.mode.is_ours
        self._press(self.decoder.feed(data))
        return bool(data)

    def _press(self, keys: list[str]) -> None:
        for key in keys:
            for action in self.bindings.press(key):
                if isinstance(action, Notice):
                    self.tell(action)
                else:
                    self.send(action)

    def _wake(self, *_signal: object) -> None:
        os.write(self.wake_write, b"!")

    @contextmanager
    def _suspending(self) -> Iterator[None]:
        """Leave the terminal clean when Ctrl-Z stops the job, and use it again when the job continues."""
        if current_thread() is not main_thread() or signal.getsignal(signal.SIGTSTP) is signal.SIG_IGN:
            yield
            return
        before = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
        signal.signal(signal.SIGTSTP, self._suspend)
        signal.signal(signal.SIGCONT, self._wake)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _suspend(self, *_signal: object) -> None:
        """Stop as the system would; what follows runs when the job continues."""
        self.before_stop()
        self.mode.leave()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.raise_signal(signal.SIGTSTP)
        signal.signal(signal.SIGTSTP, self._suspend)
        self._wake()
