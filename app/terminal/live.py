"""The terminal: sentences in order, and below them the one that grows, its age, and a quiet status line."""

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

from app.events import Banner, Frame, Notice, PartialSentence, QuestionDraft, Repeated, RunEvent, Sentence, Status
from app.terminal.inbox import Inbox
from app.terminal.lines import UNSHOWN, Summary, attend, drafts, frames
from app.text import discard_output, sanitize

STYLES = {"scene": "", "change": "", "answer": "bold", "alert": "bold yellow"}
MARKS = {"scene": "", "change": "", "answer": "▸ ", "alert": "▲ "}
GRAVE = ("error", "warning", "camera lost", "camera ended", "dark", "covered", "blurred", "frozen")
"""Kinds of notices that stand out, besides those with a remedy."""
STATES = {"stopped": "stopped: space goes on", "going on": ""}
"""Kinds of notices that are no line but a state, and what the status line says of it."""
GROWING_ROWS = 6
"""The sentence or the question in the making may fill so many; of a longer one the end is shown."""
WAY_OUT = "Esc gives up"
"""At the right end of the question's last row."""


class Terminal:
    """A `Screen` for two streams that are a terminal; sentences still go to stdout alone, whole, one a line."""

    banner = Banner("terminal")

    def __init__(
        self,
        stdout: TextIO | None = None,
        stderr: TextIO | None = None,
        now: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`now` is the clock of the frames (monotonic s), `clock` the one on the wall (s since 1970)."""
        self.out, self.err = quiet_console(stdout or sys.stdout), quiet_console(stderr or sys.stderr)
        self.now, self.clock = now, clock
        self.region = Region(self.err)
        self.inbox = Inbox()
        self.summary = Summary()
        self.growing: PartialSentence | None = None
        self.asking: QuestionDraft | None = None
        self.state = ""
        self.status: Status | None = None
        self.newest: Frame | None = None
        self.is_closed = False

    def tell(self, happening: RunEvent) -> None:
        self.inbox.tell(happening)

    def run(self, until: Event) -> bool:
        try:
            is_there = attend(self.inbox.batches(until), self.show, self.out.file)
        finally:
            self._leave_clean()
        self.is_closed = not is_there
        return is_there

    def show(self, happenings: list[RunEvent]) -> None:
        """Lines that stay first, then the region below them."""
        if any(isinstance(each, Sentence | Notice | Repeated) or is_asked(each) for each in happenings):
            self.region.erase()
        for each in happenings:
            self.summary.add(each)
            self._take(each)
        self.region.draw(self._lines())

    def rest(self) -> None:
        with suppress(OSError, RuntimeError):  # a signal may come in the middle of a write
            self.region.close()

    def close(self) -> None:
        """Show what still waits, and the sum; on the thread that ran."""
        if self.is_closed:
            return
        self.is_closed = True
        try:
            self.show(self.inbox.take())
            self.region.close()
            if self.summary.line:
                self._remark(Text(self._wrapped(self.summary.line), "dim"))
        except OSError:
            discard_output(self.out.file)

    def _leave_clean(self) -> None:
        """Without the region, and with the cursor, whatever ended the run."""
        try:
            self.region.close()
        except OSError:
            discard_output(self.out.file)

    def _take(self, happening: RunEvent) -> None:
        match happening:
            case Sentence():
                self.growing, self.newest = None, happening.frame
                self._say(happening)
            case Notice():
                self._notice(happening)
            case Status():
                self.growing, self.status = None, happening
            case PartialSentence():
                self.growing, self.newest = happening, happening.frame
            case QuestionDraft():
                self._ask(happening)
            case Repeated():
                self._remark(Text(self._wrapped(f"· again: {sanitize(happening.sentence.text)}", "\n  "), "dim italic"))

    def _say(self, sentence: Sentence) -> None:
        clock = time.strftime("%H:%M:%S", time.localtime(self.clock()))
        words = (MARKS[sentence.kind] + sanitize(sentence.text), STYLES[sentence.kind])
        self.out.print(Text.assemble((clock, "dim"), "  ", words), soft_wrap=True)
        self.out.file.flush()

    def _ask(self, asking: QuestionDraft) -> None:
        self.growing, self.asking = None, None if asking.is_over else asking
        if is_asked(asking):
            self._remark(Text(self._wrapped(f"· asked: {sanitize(asking.text)}", "\n  "), "dim italic"))

    def _notice(self, notice: Notice) -> None:
        if notice.kind in STATES:
            self.growing, self.state = None, STATES[notice.kind]
        if notice.kind in STATES or notice.kind in UNSHOWN:
            return
        is_grave = notice.hint or notice.kind in GRAVE
        marked = ("! " if is_grave else "· ") + self._wrapped(sanitize(notice.text), "\n  ")
        self._remark(Text(marked, "yellow" if is_grave else "dim italic"))
        if notice.hint:
            self._remark(Text(in_rows(sanitize(notice.hint), self.region.window[0]), "dim"))

    def _wrapped(self, text: str, end: str = "\n") -> str:
        """`text` with line ends between its words, so that no line is wider than the window."""
        return end.join(line.plain for line in Text(text).wrap(self.err, self.region.width, overflow="fold"))

    def _remark(self, line: Text) -> None:
        self.err.print(line, soft_wrap=True)
        self.err.file.flush()

    def _lines(self) -> list[Text]:
        """What is seen now, and how it goes; empty until something is."""
        return [*self._now(), *self._question(), *self._how()]

    def _now(self) -> list[Text]:
        """The growing sentence and the age of its frame, or the age alone."""
        if not self.newest:
            return []
        age = Text(f"{max(0.0, self.now() - self.newest.seen_at):.1f} s ago", "dim")
        if not self.growing:
            return [Text.assemble(("seen ", "dim"), age)]
        lines = list(Text(sanitize(self.growing.text)).wrap(self.err, self.region.width, overflow="fold"))
        return joined(lines, Text.assemble(("▏ ", "dim"), age), self.region.width)[-self._rows :]

    def _question(self) -> list[Text]:
        if not self.asking:
            return []
        text = Text.assemble("ask ▸ ", (self.asking.text, "bold"), ("▏", "dim"))
        lines = list(text.wrap(self.err, self.region.width, overflow="fold"))[-self._rows :]
        return [*lines[:-1], ending(lines[-1], Text(WAY_OUT, "dim"), self.region.width)]

    @property
    def _rows(self) -> int:
        """How many the window has for what is in the making."""
        return max(1, min(GROWING_ROWS, self.region.window[1] - 2))

    def _how(self) -> list[Text]:
        texts = [self.state] if self.state else []
        texts += parts(self.status) if self.status else []
        return [Text(fitted(texts, self.region.width), "dim")] if texts else []


def is_asked(happening: RunEvent) -> bool:
    """Whether it is a question that has been asked, not given up."""
    return isinstance(happening, QuestionDraft) and happening.is_over and bool(happening.text)


def in_rows(text: str, columns: int) -> str:
    """Whole words on every row of the window, and yet one line to copy: blanks fill the rows, no line ends."""
    row, rows = " ", ""
    for word in text.split():
        if row.strip() and cell_len(f"{row} {word}") > columns:
            filled = -(-cell_len(row) // columns) * columns
            row, rows = " ", rows + set_cell_size(row, filled)
        row += f" {word}"
    return rows + row


def quiet_console(stream: TextIO) -> Console:
    """One that never reads markup, emoji or numbers into a text of the model."""
    return Console(file=stream, markup=False, emoji=False, highlight=False)


def joined(lines: list[Text], end: Text, width: int) -> list[Text]:
    """`end` behind the last line, or below it where it does not fit; its words stay together."""
    if lines and lines[-1].cell_len + end.cell_len <= width:
        return [*lines[:-1], Text.assemble(lines[-1], end)]
    return [*lines, end]


def ending(line: Text, end: Text, width: int) -> Text:
    """`end` at the right end of the row, if a gap of two cells is left between them."""
    gap = width - line.cell_len - end.cell_len
    return Text.assemble(line, " " * gap, end) if gap >= 2 else line


def parts(status: Status) -> list[str]:
    """The status line, the most telling first."""
    texts = [
        f"{status.cameras} cameras" if status.cameras > 1 else "",
        frames(status.frames_described, status.frames_seen),
        f"{status.camera_fps:.0f} fps" if status.camera_fps else "",
        f"first word {status.first_word_s:.2f} s",
        drafts(status.draft_accepted, status.drafted) if status.drafted else "",
        f"{status.tokens_per_s:.0f} tok/s",
        f"{status.memory_bytes / 1e9:.1f} GB",
    ]
    return [text for text in texts if text]


def fitted(texts: list[str], width: int) -> str:
    """As many as fit on one line, from the first on."""
    while len(texts) > 1 and len(" · ".join(texts)) > width:
        texts = texts[:-1]
    return " · ".join(texts)


HIDE_CURSOR, SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"
CLEAR_ROW, UP = "\x1b[2K", "\x1b[1A"
"""Row by row: to clear the rest of the screen at once is to keep it in the history, for tmux, if that is all of it."""


@dataclass(slots=True)
class Region:
    """Lines at the cursor; anything else is written between `erase` and `draw`."""

    console: Console
    drawn: list[int] = field(default_factory=list)
    """Width of every line on the screen, in cells."""

    @property
    def window(self) -> tuple[int, int]:
        """Columns and rows, as they are now: rich would believe an exported COLUMNS, whatever becomes of the window."""
        with suppress(OSError, ValueError):
            if all(size := os.get_terminal_size(self.console.file.fileno())):
                return size.columns, size.lines
        return self.console.width, self.console.height

    @property
    def width(self) -> int:
        """Cells that a line may use: room stays for the cursor, and for the `^C` that a terminal writes there."""
        return max(1, self.window[0] - 3)

    def erase(self) -> None:
        """Take the lines away; the cursor is where the first one began."""
        self._write(self._back())
        self.drawn = []

    def draw(self, lines: list[Text]) -> None:
        """Show these lines instead of those before, cut at `width`; one write, so that nothing flickers."""
        for line in lines:
            line.truncate(self.width, overflow="ellipsis")
        with self.console.capture() as drawing:
            self.console.print(Text("\n").join(lines), soft_wrap=True, end="")
        self._write(HIDE_CURSOR + self._back() + drawing.get())
        self.drawn = [line.cell_len for line in lines]

    def close(self) -> None:
        self.erase()
        self._write(SHOW_CURSOR)

    def _back(self) -> str:
        """To the beginning of the first line. A window made narrower has since broken lines in two: count those too."""
        columns, _ = self.window
        rows = sum(max(1, -(-cells // columns)) for cells in self.drawn)
        return "\r" + CLEAR_ROW + (UP + CLEAR_ROW) * (rows - 1) if self.drawn else ""

    def _write(self, codes: str) -> None:
        self.console.file.write(codes)
        self.console.file.flush()
