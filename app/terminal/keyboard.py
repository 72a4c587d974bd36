"""The keys of the terminal that looksay was started in, read one by one on a thread of its own.

Only while its job is in the foreground; the terminal's mode is as it was found whenever another job has it.
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


ESCAPE = "\x1b"
SEQUENCE = re.compile(
    r"\x1b{1,2}(?:"  # twice: some terminals say Alt so
    r"\[\[[A-E]"  # F1 to F5 of the Linux console
    r"|\[200~.*?\x1b\[201~"  # a paste that is marked as one
    r"|\[(?!200~)[0-?]*[ -/]*[@-Z\\-~]"  # CSI: arrows, the other F-keys
    r"|O[0-9;]*[@-~]"  # SS3: arrows and F-keys in another mode
    r"|[]PX^_].*?(?:\x07|\x1b\\)"  # strings: what a terminal says of itself
    r"|[^]\[OPX^_\x1b]"  # a character with Alt
    r")",
    re.DOTALL,
)


@dataclass(slots=True)
class Decoder:
    """Remembers what has come in part: half a character, half a sequence."""

    utf8: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")("ignore"), init=False
    )
    rest: str = field(default="", init=False)
    """Begins with Esc, or is empty."""

    def feed(self, data: bytes) -> list[str]:
        """The keys that these bytes complete."""
        self.rest += self.utf8.decode(data)
        keys: list[str] = []
        while self.rest and (key := self._next()) is not None:
            keys += [key] if key else []
        return keys

    @property
    def is_waiting(self) -> bool:
        """Whether more is needed to know which key it was."""
        return bool(self.rest)

    def flush(self) -> list[str]:
        """No more came for a while: Esc was a key of its own; any longer beginning is of no use."""
        keys = [] if self.rest.strip(ESCAPE) else [ESCAPE] * len(self.rest)
        self.rest = ""
        return keys

    def _next(self) -> str | None:
        """Take one key off the rest, or one sequence as an empty one; None: its end has not come."""
        if not self.rest.startswith(ESCAPE) or self.rest.startswith(ESCAPE * 3):
            key, self.rest = self.rest[0], self.rest[1:]
            return key
        if found := SEQUENCE.match(self.rest):
            self.rest = self.rest[found.end() :]
            return ""
        return None


ENTER, ESCAPE = ("\r", "\n"), "\x1b"
BACKSPACE, CTRL_U, CTRL_W = ("\x7f", "\b"), "\x15", "\x17"

HELP = Notice("keys", "Keys: space stops, a asks, m more, ? help, q ends.")
ALL_KEYS = Notice(
    "keys",
    "Keys: space stops or goes on; a, or a capital letter, begins a question, Enter asks it, Esc gives it up; "
    "m tells more, r repeats; + and - say more or less; q ends.",
)
COMMANDS: dict[str, Command | Notice] = {
    " ": Pause(),
    "m": DescribeMore(),
    "r": RepeatLast(),
    "+": ChangeVerbosity(1),
    "=": ChangeVerbosity(1),  # a plus without its shift key
    "-": ChangeVerbosity(-1),
    "?": ALL_KEYS,
    "q": Quit(),
}


@dataclass(slots=True)
class Presses:
    """Remembers the question in the making."""

    question: str | None = field(default=None, init=False)
    """None: no question is being typed."""

    def take(self, key: str) -> Sequence[Command | Notice]:
        """What this key asks for, in order; a key is one character."""
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
        self.question = edited(question, key)
        return [EditQuestion(self.question)] if self.question != question else []


def edited(question: str, key: str) -> str:
    """The question after this key, as a line editor has it; unchanged by what is no character."""
    if key in BACKSPACE:
        return question[:-1]
    if key == CTRL_U:
        return ""
    if key == CTRL_W:
        return question[: len(question.rstrip()) - len(last_word(question))]
    return question + key if key.isprintable() and len(question) < LONGEST_QUESTION else question


def last_word(question: str) -> str:
    words = question.split()
    return words[-1] if words else ""


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
