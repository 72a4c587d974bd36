"""`--then`: run a command for every alert. No shell reads the model's words, and a failing command never ends a run."""

import shlex
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import IO

from app import subprocesses
from app.errors import UsageError
from app.events import Banner, Notice, RunEvent, Sentence
from app.text import sanitize
from app.threads import Worker

LIMIT_S = 30.0
"""A command that takes longer is killed, with all that it started."""
CLOSE_S, KILL_S = 2.0, 1.0
"""How long the end of a run waits for commands (the last alert of a clip has one too), and then for their death."""
PLACEHOLDER = "{text}"


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The command of `--then`."""

    program: str
    """Path of the executable."""
    words: tuple[str, ...]
    """The command as typed, split into words."""

    def for_alert(self, text: str) -> tuple[str, ...]:
        """The words with `text` in place of `{text}`; other braces stay."""
        return (self.words[0], *(word.replace(PLACEHOLDER, text) for word in self.words[1:]))


class Hook:
    """Runs the command on a thread of its own: one at a time, and one waits, the newest."""

    def __init__(self, command: str, warn: Callable[[Notice], None], limit_s: float = LIMIT_S) -> None:
        """`warn` gets a notice for every alert whose command failed or was skipped.

        Raises:
            UsageError: the command cannot be split into words, or there is no such program.
        """
        self.command, self.warn, self.limit_s = parse_command(command), warn, limit_s
        self.banner = Banner(f"then {self.command.words[0]}")
        self.stop = Event()
        """Kills the running command."""
        self.worker = Worker("hook", self._handle, room=1, drop_oldest=True)

    def tell(self, event: RunEvent) -> None:
        """Queue the command for an alert; never blocks."""
        if isinstance(event, Sentence) and event.kind == "alert":
            skipped = self.worker.put(sanitize(event.text))
            if skipped is not None:
                self._warn("was skipped, as it was still busy with an earlier alert", skipped)

    def close(self) -> None:
        """Let running and waiting commands finish for a few seconds, then kill them."""
        if not self.worker.close(CLOSE_S):
            self.stop.set()
            self.worker.close(KILL_S)

    def _handle(self, alert: str) -> None:
        if problem := self._run(alert):
            self._warn(problem, alert)

    def _run(self, alert: str) -> str:
        """Run the command to its end; return what went wrong, or nothing."""
        command = self.command.for_alert(alert)
        try:
            with tempfile.TemporaryFile() as stderr:  # not a pipe, which a helper left running would keep open
                child = subprocesses.start(command, program=self.command.program, stderr=stderr)
                if not subprocesses.wait(child, self.stop, self.limit_s):
                    subprocesses.kill(child)
                    reason = "as looksay quits" if self.stop.is_set() else f"after {self.limit_s:.0f} s"
                    return f"was stopped {reason}"
                return failure_of(child.returncode, stderr)
        except (OSError, ValueError) as failure:
            return f"could not be started: {sanitize(getattr(failure, 'strerror', None) or str(failure))}"

    def _warn(self, problem: str, alert: str) -> None:
        text = f"The command {self.command.words[0]} {problem}. The alert was: {alert}"
        self.warn(Notice("command", text, f"Try it in a terminal: {shlex.join(self.command.for_alert(alert))}"))


def parse_command(command: str) -> CommandLine:
    try:
        words = tuple(shlex.split(command))
    except ValueError as failure:
        message, hint = f"--then {command!r} cannot be read: {failure}", "close every quote: 'say \"{text}\"'"
        raise UsageError(message, hint) from failure
    if not words or PLACEHOLDER in words[0]:
        raise UsageError("--then must begin with the name of a program", "for example: --then 'say {text}'")
    program = shutil.which(words[0])
    if program is None:
        hint = "name a program on PATH, or its full path; for shell syntax: sh -c '…' sh {text}"
        raise UsageError(f"--then: no program {words[0]!r} found", hint)
    return CommandLine(program, words)


def failure_of(returncode: int, stderr: IO[bytes]) -> str:
    """How the command failed, with the last line of its stderr; nothing if it succeeded."""
    if returncode == 0:
        return ""
    return ": ".join(filter(None, ("failed", subprocesses.how_ended(returncode), subprocesses.last_line(stderr))))
