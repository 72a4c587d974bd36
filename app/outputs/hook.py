"""`--then`: a command for every alert. It never stops a run, and no shell reads what a model said."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from threading import Condition, Thread
from typing import IO

from app.errors import UsageError
from app.events import Banner, Notice, RunEvent, Sentence
from app.text import sanitize

LONGEST_S = 30.0
"""A command that takes longer is ended, with all that it started."""
CLOSE_S = 2.0
"""What the end of a run leaves to a command: the last alert of a clip has one too."""
PLACE = "{text}"


@dataclass(frozen=True, slots=True)
class Line:
    """A command as it was typed, and its words."""

    program: str
    """Where it was found."""
    words: tuple[str, ...]

    def words_for(self, text: str) -> tuple[str, ...]:
        """The words with `text` in its places; braces around anything else stay."""
        return (self.words[0], *(word.replace(PLACE, text) for word in self.words[1:]))


class Command:
    """Runs it on a thread of its own: one at a time, and one waiting, the newest."""

    def __init__(self, typed: str, warn: Callable[[Notice], None], limit_s: float = LONGEST_S) -> None:
        """`warn` is told of every alert for which the command failed or was not started.

        Raises:
            UsageError: it cannot be split into words, or there is no such program.
        """
        self.line, self.warn, self.limit_s = line_of(typed), warn, limit_s
        self.banner = Banner(f"then {self.line.words[0]}")
        self.changed = Condition()
        self.waiting: str | None = None
        self.ends_at: float | None = None
        """Monotonic seconds, once closing."""
        self.worker = Thread(target=self._work, name="command", daemon=True)
        self.worker.start()

    def tell(self, happening: RunEvent) -> None:
        """Start it for an alert, or let that wait; never blocks."""
        if isinstance(happening, Sentence) and happening.kind == "alert":
            with self.changed:
                if self.ends_at is not None:
                    return
                missed, self.waiting = self.waiting, sanitize(happening.text)
                self.changed.notify()
            if missed:
                self._complain("was not started: it was still busy", missed)

    def close(self) -> None:
        """Let what runs and what waits finish for a few seconds, then end it."""
        with self.changed:
            self.ends_at = self.ends_at or time.monotonic() + CLOSE_S
            self.changed.notify()
        self.worker.join(CLOSE_S + 1)

    def _work(self) -> None:
        while text := self._next():
            if outcome := self._run(text):
                self._complain(outcome, text)

    def _next(self) -> str | None:
        """The newest alert, as soon as there is one; None once it is over and none waits."""
        with self.changed:
            while self.waiting is None and self.ends_at is None:
                self.changed.wait()
            text, self.waiting = self.waiting, None
        return text

    def _run(self, text: str) -> str:
        """Run it to its end; return what became of it, nothing if that is a success."""
        with ExitStack() as files:
            try:
                complaint = files.enter_context(tempfile.TemporaryFile())  # its children would keep a pipe open
                child = started(self.line, text, complaint)
            except (OSError, ValueError) as failure:
                return f"could not be started: {sanitize(getattr(failure, 'strerror', None) or str(failure))}"
            if not self._has_ended(child):
                kill(child)
                reason = f"it took longer than {self.limit_s:.0f} s" if self.ends_at is None else "the run was over"
                return f"was not run to its end: {reason}"
            return outcome_of(child.returncode, complaint)

    def _has_ended(self, child: subprocess.Popen[bytes]) -> bool:
        """Wait for it as long as it may take."""
        until = time.monotonic() + self.limit_s
        while (now := time.monotonic()) < min(until, self.ends_at or until):
            with suppress(subprocess.TimeoutExpired):
                child.wait(min(0.2, until - now))
                return True
        return child.poll() is not None

    def _complain(self, outcome: str, text: str) -> None:
        typed = shlex.join(self.line.words_for(text))
        words = f"The command {self.line.words[0]} {outcome}. The alert was: {text}"
        self.warn(Notice("command", words, f"Try it in a terminal: {typed}"))


def line_of(typed: str) -> Line:
    try:
        words = tuple(shlex.split(typed))
    except ValueError as failure:
        raise UsageError(
            f"--then {typed!r} cannot be read: {failure}", "close every quote: 'say \"{text}\"'"
        ) from failure
    if not words or PLACE in words[0]:
        raise UsageError("--then needs the name of a program first", "such as --then 'say {text}'")
    program = shutil.which(words[0])
    if program is None:
        hint = "name one that is on PATH, or its whole path; for what only a shell knows: sh -c '…' sh {text}"
        raise UsageError(f"--then: there is no program {words[0]!r}", hint)
    return Line(program, words)


def started(line: Line, text: str, complaint: IO[bytes]) -> subprocess.Popen[bytes]:
    """In a process group of its own: killed whole, and not reached by the terminal's Ctrl-C."""
    return subprocess.Popen(
        line.words_for(text),
        executable=line.program,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=complaint,
        process_group=0,
    )


def kill(child: subprocess.Popen[bytes]) -> None:
    """The child and all that it started."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def outcome_of(returncode: int, complaint: IO[bytes]) -> str:
    """Nothing after success; else how it failed, and the last line of what it complained of."""
    if returncode == 0:
        return ""
    complaint.seek(max(0, complaint.seek(0, os.SEEK_END) - 1000))
    return ": ".join(["failed", how_ended(returncode), *last_line(complaint.read().decode(errors="replace"))])


def how_ended(returncode: int) -> str:
    return f"exit code {returncode}" if returncode > 0 else f"ended by signal {-returncode}"


def last_line(text: str) -> Sequence[str]:
    return [sanitize(line) for line in text.splitlines() if line.strip()][-1:]
