"""A question as it is typed, for screens that draw nothing twice: appended to the last line, as a terminal echoes."""

from dataclasses import dataclass, field
from typing import TextIO

from rich.cells import cell_len

from app.flow import Asking
from app.outputs.screen import put

LEAD = "ask: "


@dataclass(slots=True)
class Echo:
    """The last line of a stream, while a question is typed there; nothing where the stream is no terminal."""

    stream: TextIO
    question: str | None = field(default=None, init=False)
    """The one that is being typed."""
    shown: str | None = field(default=None, init=False)
    """What of it is on the last line; None: the stream is at the beginning of a line."""

    def tell(self, asking: Asking) -> None:
        """Bring the last line to where the question is."""
        if not self.stream.isatty():
            return
        self.question = None if asking.is_over else asking.text
        if not asking.is_over or asking.text not in ("", (self.shown or "").strip()):
            self._go_on(asking.text)
        if asking.is_over:
            self.make_room()

    def make_room(self) -> None:
        """Another line may follow."""
        if self.shown is not None:
            self.shown = None
            put("", self.stream)

    def resume(self) -> None:
        """Other lines have been written: the question goes on below them."""
        if self.question is not None and self.shown is None:
            self._go_on(self.question)

    def _go_on(self, text: str) -> None:
        """Append, or take one character back; what is more than that goes to a new line."""
        before = self.shown
        if before is not None and text.startswith(before):
            put(text[len(before) :], self.stream, end="")
        elif before and text == before[:-1]:
            put("\b \b" * cell_len(before[-1]), self.stream, end="")
        else:
            self.make_room()
            put(LEAD + text, self.stream, end="")
        self.shown = text
