"""A question as it is typed, for screens that draw nothing twice: appended to the last line, as a terminal echoes."""

from dataclasses import dataclass, field
from itertools import takewhile
from typing import TextIO

from rich.cells import cell_len

from app.events import QuestionDraft
from app.text import write_line

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
