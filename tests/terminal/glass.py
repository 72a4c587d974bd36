"""A terminal to look at: a pseudo-terminal with a program on it, and the picture that its codes draw.

It knows the few codes that the app uses, and fails on any other.
"""

import fcntl
import json
import os
import re
import select
import struct
import subprocess
import sys
import termios
from pathlib import Path
from types import TracebackType

from tests.terminal.stage import ROOT
from tests.waiting import until

CODE = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])")


class Glass:
    """Rows of characters, a cursor, and a margin that wraps late, as real terminals do."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.rows: list[str] = [""]
        """All rows from the first on; the last `height` of them are on the screen."""
        self.row = self.column = 0
        self.has_cursor = True

    def write(self, text: str) -> None:
        while text:
            if text[0] == "\x1b":
                code = CODE.match(text)
                assert code, f"unknown code {text[:12]!r}"
                self.obey(code[1] + code[3], code[2])
                text = text[code.end() :]
            else:
                self.put(text[0])
                text = text[1:]

    def put(self, one: str) -> None:
        if one == "\r":
            self.column = 0
        elif one == "\b":
            self.column = max(0, self.column - 1)
        elif one == "\n":
            self.down()
        else:
            assert one.isprintable(), f"unknown character {one!r}"
            if self.column == self.width:
                self.down()
                self.column = 0
            line = self.rows[self.row].ljust(self.column)
            self.rows[self.row] = line[: self.column] + one + line[self.column + 1 :]
            self.column += 1

    def down(self) -> None:
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")

    def obey(self, code: str, number: str) -> None:
        match code:
            case "A":
                self.row = max(self.row - int(number or 1), len(self.rows) - self.height, 0)
            case "K":
                assert number == "2"
                self.rows[self.row] = ""
            case "?l" | "?h":
                assert number == "25"
                self.has_cursor = code == "?h"
            case "m":
                pass
            case _:
                raise AssertionError(f"unknown code {number}{code}")

    @property
    def text(self) -> list[str]:
        return [row.rstrip() for row in self.rows if row.strip()]


class Showing:
    """The feed program on a terminal of this size; `tell` makes it happen."""

    def __init__(self, folder: Path, width: int = 80, height: int = 24, **environment: str) -> None:
        self.glass, self.raw = Glass(width, height), ""
        self.master, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        steps = folder / "steps"
        os.mkfifo(steps)
        calm = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.child = subprocess.Popen(
            [sys.executable, "-m", "tests.terminal.feed", steps],
            cwd=ROOT,
            env={**calm, "TERM": "xterm-256color", **environment},
            **dict.fromkeys(("stdin", "stdout", "stderr"), terminal),
        )
        os.close(terminal)
        self.steps = steps.open("w")

    def __enter__(self) -> "Showing":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.steps.close()
        self.child.kill()
        self.child.wait()
        os.close(self.master)

    def tell(self, *steps: list) -> None:
        self.steps.write("".join(json.dumps(step) + "\n" for step in steps))
        self.steps.flush()

    def look(self) -> list[str]:
        """What the screen shows now."""
        while select.select([self.master], [], [], 0.02)[0]:
            try:
                data = os.read(self.master, 1 << 16).decode()
            except OSError:  # Linux says so when the program has gone
                break
            if not data:
                break
            self.raw += data
            self.glass.write(data)
        return self.glass.text

    def wait_for(self, words: str) -> list[str]:
        until(lambda: words in "\n".join(self.look()))
        return self.glass.text

    def end(self) -> list[str]:
        """No more steps: wait until the program is over."""
        self.steps.close()
        until(lambda: self.look() is not None and self.child.poll() is not None)
        return self.look()
