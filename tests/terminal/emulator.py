"""A program on a pseudo-terminal, and what its screen shows (pyte)."""

import fcntl
import json
import os
import select
import struct
import subprocess
import sys
import termios
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import pyte

from tests.terminal.stage import ROOT
from tests.waiting import until


class Emulator:
    """pyte's screen, with all rows that have scrolled off it."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = pyte.HistoryScreen(width, height, history=10_000, ratio=1.0)
        self.stream = pyte.Stream(self.screen)

    def write(self, text: str) -> None:
        self.stream.feed(text)

    @property
    def has_cursor(self) -> bool:
        return not self.screen.cursor.hidden

    @property
    def text(self) -> list[str]:
        """All rows since the start that are not blank."""
        columns = range(self.screen.columns)
        above = ["".join(row[column].data for column in columns) for row in self.screen.history.top]
        return [row.rstrip() for row in (*above, *self.screen.display) if row.strip()]


LOCAL = 3
"""Index of the local modes in the list of `termios.tcgetattr`."""


class TerminalSession:
    """A program and its controlling terminal, so that Ctrl-C and Ctrl-Z are signals."""

    def __init__(self, program: Sequence[str], width: int = 100, height: int = 24, **environment: str) -> None:
        self.emulator, self.raw = Emulator(width, height), ""
        self.master, self.terminal = os.openpty()
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.found = self.mode
        clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.child = subprocess.Popen(
            program,
            cwd=ROOT,
            env={**clean, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment},
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
            **dict.fromkeys(("stdin", "stdout", "stderr"), self.terminal),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self.master)
        os.close(self.terminal)

    @property
    def mode(self) -> list[Any]:
        return termios.tcgetattr(self.terminal)

    @property
    def is_cbreak(self) -> bool:
        return not self.mode[LOCAL] & (termios.ICANON | termios.ECHO)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def look(self) -> list[str]:
        """What the screen shows now."""
        while select.select([self.master], [], [], 0.02)[0]:
            data = os.read(self.master, 1 << 16).decode()
            self.raw += data
            self.emulator.write(data)
        return self.emulator.text

    def wait_for(self, words: str) -> list[str]:
        until(lambda: words in "\n".join(self.look()))
        return self.emulator.text

    def wait_until_gone(self, words: str) -> list[str]:
        until(lambda: words not in "\n".join(self.look()))
        return self.emulator.text

    def end(self) -> int:
        """Wait until the program is over; its exit code."""
        until(lambda: self.look() is not None and self.child.poll() is not None)
        self.look()
        return self.child.returncode


class FeedSession(TerminalSession):
    """The feed program on a terminal; `tell` gives it events."""

    def __init__(self, folder: Path, width: int = 80, height: int = 24, **environment: str) -> None:
        steps = folder / "steps"
        os.mkfifo(steps)
        program = [sys.executable, "-m", "tests.terminal.feed", str(steps)]
        super().__init__(program, width, height, **environment)
        self.steps = steps.open("w")

    def __exit__(self, *error: object) -> None:
        self.steps.close()
        super().__exit__(*error)

    def tell(self, *steps: list) -> None:
        self.steps.write("".join(json.dumps(step) + "\n" for step in steps))
        self.steps.flush()

    def finish(self) -> list[str]:
        """Give it no more events, wait until it is over; what the screen shows then."""
        self.steps.close()
        self.end()
        return self.emulator.text
