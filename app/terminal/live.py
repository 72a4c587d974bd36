"""The live terminal: sentences in order, and below them the one in the making, its age and a status line."""

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from app.events import (
    SOUND_ONLY,
    Banner,
    Frame,
    Notice,
    PartialSentence,
    QuestionDraft,
    Repeated,
    RunEvent,
    Sentence,
    Status,
)
from app.terminal.inbox import Inbox
from app.terminal.lines import Summary, descriptions, show_all
from app.text import discard_output, sanitize

STYLES = {"scene": "", "change": "", "answer": "bold", "alert": "bold yellow"}
LABELS = {"scene": "", "change": "", "answer": "Answer: ", "alert": "Alert: "}
PROMINENT = ("error", "warning", "camera lost", "camera ended", "dark", "covered", "blurred", "frozen")
"""Kinds of notices that stand out, besides those with a hint."""
STATES = {"stopped": "paused – Space resumes", "going on": ""}
"""Kinds of notices that are shown in the status line, and its words for them."""
PARTIAL_ROWS = 6
"""Rows for a partial sentence or question; of a longer one the end is shown."""
QUESTION_HINT = "Enter sends, Esc cancels"
"""At the right end of the question's last row."""


class LiveTerminal:
    """A screen on a terminal of two streams: whole sentences on stdout, one per line, everything else on stderr."""

    banner = Banner("terminal")

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        now: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`now`: the clock of the frames (monotonic s); `clock`: wall-clock time (s since 1970)."""
        self.out, self.err = quiet_console(stdout or sys.stdout), quiet_console(stderr or sys.stderr)
        self.now, self.clock = now, clock
        self.region = Region(self.err)
        self.inbox, self.summary = Inbox(), Summary()
        self.partial: PartialSentence | None = None
        self.draft: QuestionDraft | None = None
        self.state = ""
        self.status: Status | None = None
        self.newest: Frame | None = None
        """The frame described last."""
        self.is_closed = False

    def tell(self, event: RunEvent) -> None:
        """See `PlainLines.tell`."""
        self.inbox.put(event)

    def run(self, until: Event) -> bool:
        """See `PlainLines.run`."""
        try:
            has_reader = show_all(self.inbox.batches(until), self.show, self.out.file)
        finally:
            self._close_region()
        self.is_closed = not has_reader
        return has_reader

    def show(self, events: list[RunEvent]) -> None:
        """Print the lines that stay, then redraw the region below them."""
        if any(isinstance(event, Sentence | Notice | Repeated) or is_asked(event) for event in events):
            self.region.erase()
        for event in events:
            self.summary.add(event)
            self._handle(event)
        self.region.draw([*self._partial_lines(), *self._question_lines(), *self._status_lines()])

    def suspend(self) -> None:
        """Erase the region for another job, on the thread that runs; the next event draws it again."""
        with suppress(OSError, RuntimeError):  # a signal may come in the middle of a write
            self.region.close()

    def close(self) -> None:
        """See `PlainLines.close`."""
        if self.is_closed:
            return
        self.is_closed = True
        try:
            self.show(self.inbox.drain())
            self.region.close()
            if self.summary.line:
                self._print(Text(self._wrap(self.summary.line), "dim"))
        except OSError:
            discard_output(self.out.file)

    def _close_region(self) -> None:
        try:
            self.region.close()
        except OSError:
            discard_output(self.out.file)

    # Lines that stay

    def _handle(self, event: RunEvent) -> None:
        match event:
            case Sentence():
                self.partial, self.newest = None, event.frame
                self._print_sentence(event)
            case Notice():
                self._handle_notice(event)
            case Status():
                self.partial, self.status = None, event
            case PartialSentence():
                self.partial, self.newest = event, event.frame
            case QuestionDraft():
                self.partial, self.draft = None, None if event.is_over else event
                if is_asked(event):
                    self._print_remark(f"Asked: {sanitize(event.text)}")
            case Repeated():
                self._print_remark(f"Repeat: {sanitize(event.sentence.text)}")

    def _print_sentence(self, sentence: Sentence) -> None:
        at = time.strftime("%H:%M:%S", time.localtime(self.clock()))
        words = (LABELS[sentence.kind] + sanitize(sentence.text), STYLES[sentence.kind])
        self.out.print(Text.assemble((at, "dim"), "  ", words), soft_wrap=True)
        self.out.file.flush()

    def _handle_notice(self, notice: Notice) -> None:
        if notice.kind in STATES:
            self.partial, self.state = None, STATES[notice.kind]
        elif notice.kind not in SOUND_ONLY:
            is_prominent = bool(notice.hint) or notice.kind in PROMINENT
            self._print_remark(sanitize(notice.text), is_prominent=is_prominent)
            if notice.hint:
                self._print(Text(fill_rows(sanitize(notice.hint), self.region.window[0]), "dim"))

    def _print_remark(self, text: str, *, is_prominent: bool = False) -> None:
        mark, style = ("! ", "yellow") if is_prominent else ("· ", "dim italic")
        self._print(Text(mark + self._wrap(text, "\n  "), style))

    def _print(self, text: Text) -> None:
        self.err.print(text, soft_wrap=True)
        self.err.file.flush()

    def _wrap(self, text: str, end: str = "\n") -> str:
        """Break `text` between words so that no line is wider than the window."""
        return end.join(line.plain for line in Text(text).wrap(self.err, self.region.width, overflow="fold"))

    # The region that is redrawn

    def _partial_lines(self) -> list[Text]:
        """The partial sentence and the age of its frame, or the age alone."""
        if not self.newest:
            return []
        age = Text(f"{max(0.0, self.now() - self.newest.seen_at):.1f} s ago", "dim")
        if not self.partial:
            return [Text.assemble(("described ", "dim"), age)]
        lines = list(Text(sanitize(self.partial.text)).wrap(self.err, self.region.width, overflow="fold"))
        return append(lines, Text.assemble(("▏ ", "dim"), age), self.region.width)[-self._max_rows :]

    def _question_lines(self) -> list[Text]:
        if not self.draft:
            return []
        text = Text.assemble("Ask: ", (self.draft.text, "bold"), ("▏", "dim"))
        lines = list(text.wrap(self.err, self.region.width, overflow="fold"))[-self._max_rows :]
        return [*lines[:-1], align_right(lines[-1], Text(QUESTION_HINT, "dim"), self.region.width)]

    def _status_lines(self) -> list[Text]:
        delay_s = self.summary.delays_s[-1] if self.summary.delays_s else None
        parts = [self.state] if self.state else []
        parts += status_parts(self.status, delay_s) if self.status else []
        return [Text(fit(parts, self.region.width), "dim")] if parts else []

    @property
    def _max_rows(self) -> int:
        """Rows that the window has for a partial sentence or question."""
        return max(1, min(PARTIAL_ROWS, self.region.window[1] - 2))


def is_asked(event: RunEvent) -> bool:
    """Whether it is the end of a question that was asked, not cancelled."""
    return isinstance(event, QuestionDraft) and event.is_over and bool(event.text)


def quiet_console(stream: TextIO) -> Console:
    """A console that never interprets a model's text as markup, emoji or numbers."""
    return Console(file=stream, markup=False, emoji=False, highlight=False)


def status_parts(status: Status, delay_s: float | None) -> list[str]:
    """Parts of the status line, the most important first. `delay_s`: from frame to first word, None: not known yet."""
    parts = [
        f"{status.cameras} cameras" if status.cameras > 1 else "",
        descriptions(status.frames_described),
        f"{status.camera_fps:.0f} fps" if status.camera_fps else "",
        f"delay {delay_s:.2f} s" if delay_s is not None else "",
    ]
    return [part for part in parts if part]


def fit(parts: list[str], width: int) -> str:
    """The first parts, as many as fit on one line."""
    while len(parts) > 1 and len(" · ".join(parts)) > width:
        parts = parts[:-1]
    return " · ".join(parts)


def fill_rows(text: str, columns: int) -> str:
    """Wrap by padding rows with spaces to the window's width: rows of whole words that are copied as one line."""
    row, rows = " ", ""
    for word in text.split():
        if row.strip() and cell_len(f"{row} {word}") > columns:
            filled = -(-cell_len(row) // columns) * columns
            row, rows = " ", rows + set_cell_size(row, filled)
        row += f" {word}"
    return rows + row


def append(lines: list[Text], end: Text, width: int) -> list[Text]:
    """Add `end` to the last line, or below it where it does not fit; `end` is not broken."""
    if lines and lines[-1].cell_len + end.cell_len <= width:
        return [*lines[:-1], Text.assemble(lines[-1], end)]
    return [*lines, end]


def align_right(line: Text, end: Text, width: int) -> Text:
    """Add `end` at the right end of the row, if that leaves a gap of two cells."""
    gap = width - line.cell_len - end.cell_len
    return Text.assemble(line, " " * gap, end) if gap >= 2 else line


HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
CLEAR_ROW, UP = "\x1b[2K", "\x1b[1A"
"""Row by row: tmux keeps a screen in its history when the whole rest of it is cleared at once."""


@dataclass(slots=True)
class Region:
    """Lines at the cursor that are redrawn in place; other lines are written between `erase` and `draw`.

    Not rich's `Live`: that must be stopped and started for every sentence on stdout, and leaves lines behind when the
    window gets narrower. Rich still wraps, measures and colours.
    """

    console: Console
    drawn: list[int] = field(default_factory=list)
    """Width of every line on the screen, in cells."""

    @property
    def window(self) -> tuple[int, int]:
        """Columns and rows now. Rich would believe an exported COLUMNS, whatever the window's size."""
        with suppress(OSError, ValueError):
            if all(size := os.get_terminal_size(self.console.file.fileno())):
                return size.columns, size.lines
        return self.console.width, self.console.height

    @property
    def width(self) -> int:
        """Cells that a line may use: room is left for the cursor, and for the `^C` that a terminal writes there."""
        return max(1, self.window[0] - 3)

    def erase(self) -> None:
        """Remove the lines; the cursor is where the first one began."""
        self._write(self._clear_codes())
        self.drawn = []

    def draw(self, lines: list[Text]) -> None:
        """Replace the lines, each cut at `width`; in one write, so that nothing flickers."""
        for line in lines:
            line.truncate(self.width, overflow="ellipsis")
        with self.console.capture() as drawing:
            self.console.print(Text("\n").join(lines), soft_wrap=True, end="")
        self._write(HIDE_CURSOR + self._clear_codes() + drawing.get())
        self.drawn = [line.cell_len for line in lines]

    def close(self) -> None:
        self.erase()
        self._write(SHOW_CURSOR)

    def _clear_codes(self) -> str:
        """Codes that clear the lines, from the last to the first. A window made narrower has broken lines in two."""
        columns, _ = self.window
        rows = sum(max(1, -(-cells // columns)) for cells in self.drawn)
        return "\r" + CLEAR_ROW + (UP + CLEAR_ROW) * (rows - 1) if self.drawn else ""

    def _write(self, codes: str) -> None:
        self.console.file.write(codes)
        self.console.file.flush()
