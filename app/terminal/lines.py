"""What a run is shown on: the terminal, plain lines or JSON lines. One interface, so that the app treats them alike."""

import errno
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from statistics import median
from threading import Event
from typing import IO, Protocol, TextIO

from rich.cells import cell_len

from app.errors import OutputError
from app.events import Banner, Notice, QuestionDraft, Repeated, RunEvent, Sentence, Status, json_line
from app.protocols import Output
from app.terminal.inbox import Inbox
from app.text import discard_output, sanitize, write_line

Batches = Iterable[list[RunEvent]]
UNSHOWN = ("looking",)
"""Kinds of notices that are for the ear alone."""


class Screen(Output, Protocol):
    """An output that draws on the thread that calls `run`; `tell` may be called from any."""

    def run(self, until: Event) -> bool:
        """Show what is told until `until` is set and nothing waits.

        False: nobody reads standard output any more (`… | head -1`); the run should end, quietly.

        Raises:
            OutputError: standard output cannot be written to, a full disk for example.
        """
        ...

    def rest(self) -> None:
        """Leave a terminal tidy for another job; what is told next is drawn anew. On the thread that runs."""
        ...


def wants_plain(stdout: TextIO, stderr: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to write plain lines: not a terminal, one that can only print, or a wish for no colour."""
    return (
        not (stdout.isatty() and stderr.isatty())
        or bool(environment.get("NO_COLOR"))
        or environment.get("TERM", "dumb") == "dumb"
        or "utf" not in (stdout.encoding or "").lower()
    )


def attend(batches: Batches, show: Callable[[list[RunEvent]], None], stdout: IO[str]) -> bool:
    """Show every batch; the border where failures to write become what `Screen.run` promises."""
    try:
        for happenings in batches:
            show(happenings)
    except OSError as failure:
        discard_output(stdout)
        if failure.errno in (errno.EPIPE, errno.EIO):  # the reader, or the terminal itself, is gone
            return False
        reason = failure.strerror or str(failure)
        raise OutputError(
            f"standard output cannot be written to: {reason}.", "Make room there, or send the sentences elsewhere."
        ) from failure
    return True


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


class JsonLines(Plain):
    """Plain lines whose standard output is for programs; notices are on stderr too, for people."""

    banner = Banner("JSON lines")

    def line(self, happening: Sentence | Notice) -> str:
        return json_line(happening, time.monotonic())


LEAD = "ask: "
GIVEN_UP = "(given up)"
MOST_BACK = 8
"""Characters: a terminal does not go back beyond the beginning of a row."""


@dataclass(slots=True)
class Echo:
    """The last line of a stream, while a question is typed there; nothing where the stream is no terminal."""

    stream: TextIO
    question: str | None = field(default=None, init=False)
    """The one that is being typed."""
    shown: str | None = field(default=None, init=False)
    """What of it is on the last line; None: the stream is at the beginning of a line."""

    def tell(self, asking: QuestionDraft) -> None:
        """Bring the last line to where the question is."""
        if not self.stream.isatty():
            return
        if asking.is_over:
            self._end(asking.text)
        else:
            self.question = asking.text
            self._go_on(asking.text)

    def make_room(self) -> None:
        """Another line may follow."""
        if self.shown is not None:
            self.shown = None
            write_line("", self.stream)

    def resume(self) -> None:
        """Other lines have been written: the question goes on below them."""
        if self.question is not None and self.shown is None:
            self._go_on(self.question)

    def _end(self, text: str) -> None:
        """The question has been asked, or given up if nothing is left of it."""
        begun, self.question = self.question, None
        if not text and begun is not None:
            self._go_on(f"{begun.rstrip()} {GIVEN_UP}".lstrip())
        elif text != (self.shown or "").strip():
            self._go_on(text)
        self.make_room()

    def _go_on(self, text: str) -> None:
        """Take back what has changed and append the rest; what changes much goes to a new line."""
        before = self.shown or ""
        kept = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(before, text, strict=False))))
        gone = before[kept:]
        if self.shown is None or len(gone) > MOST_BACK:
            self.make_room()
            write_line(LEAD + text, self.stream, end="")
        else:
            write_line("\b \b" * cell_len(gone) + text[kept:], self.stream, end="")
        self.shown = text


@dataclass(slots=True)
class Summary:
    """Counts along; medians are over the newest 10,000 frames that were told of."""

    seen: int = 0
    described: int = 0
    drafted: int = 0
    draft_accepted: int = 0
    newest: tuple[str, int] = ("", -1)
    """Camera and number of the newest frame that was told of."""
    first_words_s: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))
    ages_s: deque[float] = field(default_factory=lambda: deque(maxlen=10_000))

    def add(self, happening: RunEvent) -> None:
        if isinstance(happening, Status):
            self._count(happening.frames_seen, happening.frames_described)
            self.drafted, self.draft_accepted = happening.drafted, happening.draft_accepted
        elif isinstance(happening, Sentence):
            self._count(happening.frame.number + 1, happening.frames_described)
            self._time(happening)

    def _count(self, seen: int, described: int) -> None:
        self.seen, self.described = max(self.seen, seen), max(self.described, described)

    def _time(self, sentence: Sentence) -> None:
        """Once a frame: a description of two sentences has one first word."""
        if (newest := (sentence.frame.camera, sentence.frame.number)) != self.newest:
            self.newest = newest
            self.first_words_s.append(sentence.cost.first_word_s)
            self.ages_s.append(sentence.frame_age_s)

    @property
    def line(self) -> str:
        """Empty when nothing was seen."""
        if not self.seen:
            return ""
        texts = [frames(self.described, self.seen)]
        if self.ages_s:
            first_word_s, age_s = median(self.first_words_s), median(self.ages_s)
            texts.append(f"median first word {first_word_s:.2f} s, frame age {age_s:.2f} s")
        if self.drafted:
            texts.append(drafts(self.draft_accepted, self.drafted))
        return "; ".join(texts)


def frames(described: int, seen: int) -> str:
    """Not how many were dropped: most of those showed nothing new, and no machine was too slow for them."""
    return f"{described} of {seen} frames described"


def drafts(accepted: int, drafted: int) -> str:
    return f"drafts {100 * accepted // drafted} %"
