"""Plain lines, for pipes, files, screen readers, terminals without colour: sentences on stdout, all else on stderr."""

import sys
from threading import Event
from typing import TextIO

from app.events import Banner, Notice, QuestionDraft, Repeated, RunEvent, Sentence
from app.terminal.echo import Echo
from app.terminal.inbox import Inbox
from app.terminal.lines import UNSHOWN, attend
from app.terminal.summary import Summary
from app.text import discard_output, sanitize, write_line

LEADS = {"answer": "answer: ", "alert": "alert: "}
"""What a person is told of a sentence's kind; a program gets the bare sentence."""


class Plain:
    """A `Screen` of whole lines; the growing sentence and the status are not shown, their sum is at the end."""

    banner = Banner("plain lines")

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.stdout, self.stderr = stdout or sys.stdout, stderr or sys.stderr
        self.inbox, self.echo = Inbox(), Echo(self.stderr)
        self.summary = Summary()
        self.is_closed = False

    def tell(self, happening: RunEvent) -> None:
        self.inbox.tell(happening)

    def run(self, until: Event) -> bool:
        is_read = attend(self.inbox.batches(until), self.show, self.stdout)
        self.is_closed = not is_read  # nobody is left to be told the summary
        return is_read

    def show(self, happenings: list[RunEvent]) -> None:
        for each in happenings:
            self.summary.add(each)
            self._take(each)
        self.echo.resume()

    def _take(self, happening: RunEvent) -> None:
        match happening:
            case QuestionDraft():
                self.echo.tell(happening)
            case Sentence() | Notice():
                self.echo.make_room()
                self._write(happening)
            case Repeated():
                self.echo.make_room()
                write_line(f"again: {sanitize(happening.sentence.text)}", self.stderr)

    def _write(self, happening: Sentence | Notice) -> None:
        if line := self.line(happening):
            write_line(line, self.stdout)
        if isinstance(happening, Notice) and happening.kind not in UNSHOWN:
            self.remark(happening)

    def line(self, happening: Sentence | Notice) -> str:
        """What standard output is given; empty for nothing."""
        if not isinstance(happening, Sentence):
            return ""
        lead = LEADS.get(happening.kind, "") if self.stdout.isatty() else ""
        return lead + sanitize(happening.text)

    def remark(self, notice: Notice) -> None:
        write_line(f"notice: {sanitize(notice.text)}", self.stderr)
        if notice.hint:
            write_line(f"hint: {sanitize(notice.hint)}", self.stderr)

    def rest(self) -> None:
        """Nothing is drawn, so nothing is to be tidied."""

    def close(self) -> None:
        """Show what still waits, and the sum; on the thread that ran."""
        if self.is_closed:
            return
        self.is_closed = True
        try:
            self.show(self.inbox.take())
            self.echo.make_room()
            if self.summary.line:
                write_line(self.summary.line, self.stderr)
        except OSError:
            discard_output(self.stdout)
