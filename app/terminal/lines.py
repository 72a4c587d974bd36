"""Plain lines and JSON lines: sentences on stdout, notices, questions and the summary on stderr.

For pipes, files, screen readers and terminals without colour. Nothing is redrawn.
"""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from statistics import median
from threading import Event
from typing import IO, TextIO

from rich.cells import cell_len

from app.errors import stdout_error
from app.events import (
    SOUND_ONLY,
    Banner,
    Notice,
    QuestionDraft,
    Repeated,
    RunEvent,
    Sentence,
    Status,
    json_line,
)
from app.terminal.inbox import Inbox
from app.text import discard_output, sanitize, write_line

LABELS = {"answer": "answer: ", "alert": "alert: "}
"""Before a sentence of this kind on a terminal; a program gets the bare sentence."""


def wants_plain(stdout: TextIO, stderr: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to write plain lines: not on a terminal, on one that can only print, or with NO_COLOR."""
    return (
        not (stdout.isatty() and stderr.isatty())
        or bool(environment.get("NO_COLOR"))
        or environment.get("TERM", "dumb") == "dumb"
        or "utf" not in (stdout.encoding or "").lower()
    )


def show_all(batches: Iterable[list[RunEvent]], show: Callable[[list[RunEvent]], None], stdout: IO[str]) -> bool:
    """Show every batch; False if the reader of stdout is gone (`… | head -1`).

    Raises:
        OutputError: stdout cannot be written to, such as on a full disk.
    """
    try:
        for batch in batches:
            show(batch)
    except OSError as failure:
        if error := stdout_error(stdout, failure):
            raise error from failure
        return False
    return True


class PlainLines:
    """A screen of whole lines, with the summary as the last one. Partial sentences and statuses are not shown."""

    banner = Banner("plain lines")

    def __init__(self, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        self.stdout, self.stderr = stdout or sys.stdout, stderr or sys.stderr
        self.inbox, self.summary = Inbox(), Summary()
        self.echo = QuestionEcho(self.stderr)
        self.is_closed = False

    def tell(self, event: RunEvent) -> None:
        """Queue an event; any thread may call this."""
        self.inbox.put(event)

    def run(self, until: Event) -> bool:
        """Show events until `until` is set and none waits; False if the reader of stdout is gone.

        Raises:
            OutputError: stdout cannot be written to, such as on a full disk.
        """
        has_reader = show_all(self.inbox.batches(until), self.show, self.stdout)
        self.is_closed = not has_reader  # nor would the summary be read
        return has_reader

    def show(self, events: list[RunEvent]) -> None:
        for event in events:
            self.summary.add(event)
            self._write(event)
        self.echo.resume()

    def _write(self, event: RunEvent) -> None:
        match event:
            case QuestionDraft():
                self.echo.update(event)
            case Sentence() | Notice():
                self.echo.end_line()
                if line := self.stdout_line(event):
                    write_line(line, self.stdout)
                if isinstance(event, Notice) and event.kind not in SOUND_ONLY:
                    self._write_notice(event)
            case Repeated():
                self.echo.end_line()
                write_line(f"repeat: {sanitize(event.sentence.text)}", self.stderr)

    def stdout_line(self, event: Sentence | Notice) -> str:
        """The line for stdout; empty: none."""
        if not isinstance(event, Sentence):
            return ""
        label = LABELS.get(event.kind, "") if self.stdout.isatty() else ""
        return label + sanitize(event.text)

    def _write_notice(self, notice: Notice) -> None:
        write_line(f"notice: {sanitize(notice.text)}", self.stderr)
        if notice.hint:
            write_line(f"hint: {sanitize(notice.hint)}", self.stderr)

    def suspend(self) -> None:
        """Nothing is redrawn, so nothing must be tidied for another job."""

    def close(self) -> None:
        """Show what still waits, and the summary; on the thread that ran. May be called twice."""
        if self.is_closed:
            return
        self.is_closed = True
        try:
            self.show(self.inbox.drain())
            self.echo.end_line()
            if self.summary.line:
                write_line(self.summary.line, self.stderr)
        except OSError:
            discard_output(self.stdout)


class JsonLines(PlainLines):
    """`--json`: every sentence and notice as one JSON object per line of stdout, as in a log; stderr as usual."""

    banner = Banner("JSON lines")

    def stdout_line(self, event: Sentence | Notice) -> str:
        return json_line(event, time.monotonic())


ECHO_LABEL = "ask: "
CANCELLED = "(cancelled)"
MAX_BACKSPACES = 8
"""Characters; a longer change goes to a new line, as a terminal does not go back beyond the beginning of a row."""


@dataclass(slots=True)
class QuestionEcho:
    """Echoes a question as it is typed, on the last line of a terminal; writes nothing to any other stream."""

    stream: TextIO
    question: str | None = field(default=None, init=False)
    """The question that is being typed."""
    written: str | None = field(default=None, init=False)
    """What of it is on the last line; None: the stream is at the beginning of a line."""

    def update(self, draft: QuestionDraft) -> None:
        if not self.stream.isatty():
            return
        if draft.is_over:
            self._finish(draft.text)
        else:
            self.question = draft.text
            self._write(draft.text)

    def end_line(self) -> None:
        """End the line of the question, so that another line may follow."""
        if self.written is not None:
            self.written = None
            write_line("", self.stream)

    def resume(self) -> None:
        """Write the question again, below other lines."""
        if self.question is not None and self.written is None:
            self._write(self.question)

    def _finish(self, text: str) -> None:
        """End the question: asked as `text`, or cancelled if that is empty."""
        question, self.question = self.question, None
        if not text and question is not None:
            self._write(f"{question.rstrip()} {CANCELLED}".lstrip())
        elif text != (self.written or "").strip():
            self._write(text)
        self.end_line()

    def _write(self, text: str) -> None:
        """Erase what has changed and append the rest, or begin a new line if much has changed."""
        before = self.written or ""
        common = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(before, text, strict=False))))
        erased = before[common:]
        if self.written is None or len(erased) > MAX_BACKSPACES:
            self.end_line()
            write_line(ECHO_LABEL + text, self.stream, end="")
        else:
            write_line("\b \b" * cell_len(erased) + text[common:], self.stream, end="")
        self.written = text


@dataclass(slots=True)
class Summary:
    """Figures for the last line of a run: how much was described, in what time, with what delay."""

    now: Callable[[], float] = time.monotonic
    described: int = 0
    began_at: float | None = None
    """When the first frame was reported (monotonic s); None: none was."""
    ended_at: float = 0.0
    newest: tuple[str, int] = ("", -1)
    """Camera and number of the frame described last."""
    delays_s: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))
    """Age of each described frame when its first word was out, the newest 10,000."""

    def add(self, event: RunEvent) -> None:
        if not isinstance(event, Status | Sentence):
            return
        self.ended_at = self.now()
        if self.began_at is None:
            self.began_at = self.ended_at
        self.described = max(self.described, event.frames_described)
        if isinstance(event, Sentence):
            newest = event.frame.camera, event.frame.number
            if newest != self.newest:  # a description of two sentences has one first word
                self.newest = newest
                self.delays_s.append(event.frame_age_s)

    @property
    def line(self) -> str:
        """Such as "Done: 13 descriptions in 27 s; median delay 0.06 s."; empty if no frame was seen."""
        if self.began_at is None:
            return ""
        seconds = round(self.ended_at - self.began_at)
        text = f"Done: {descriptions(self.described)}" + (f" in {duration(seconds)}" if seconds else "")
        if self.delays_s:
            text += f"; {'median ' if len(self.delays_s) > 1 else ''}delay {median(self.delays_s):.2f} s"
        return text + "."


def descriptions(count: int) -> str:
    return "1 description" if count == 1 else f"{count} descriptions"


def duration(seconds: int) -> str:
    """Such as 27 s, 3 min or 2 h 5 min."""
    if seconds < 120:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return " ".join([f"{hours} h"] * bool(hours) + [f"{minutes} min"] * bool(minutes))
