"""The last lines of a terminal, drawn again and again in place. It knows nothing of what they say.

Not rich's `Live`: that one must be stopped and started for every sentence that goes to standard output, and leaves
lines behind when the window gets narrower. Rich still wraps, measures and colours.
"""

import os
from contextlib import suppress
from dataclasses import dataclass, field

from rich.console import Console
from rich.text import Text

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
