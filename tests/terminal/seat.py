"""A person's seat: a terminal with keys that a program was started in, and what is on its screen."""

import fcntl
import os
import select
import struct
import subprocess
import termios
from collections.abc import Sequence
from typing import Any, Self

from tests.terminal.glass import Glass
from tests.terminal.stage import ROOT
from tests.waiting import until

LOCAL = 3


class Seat:
    """The program has this terminal for its own, so that Ctrl-C and Ctrl-Z are signals."""

    def __init__(self, program: Sequence[str], **environment: str) -> None:
        self.glass, self.raw = Glass(100, 24), ""
        self.master, self.terminal = os.openpty()
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        self.found = self.mode
        calm = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
        self.child = subprocess.Popen(
            program,
            cwd=ROOT,
            env={**calm, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT), **environment},
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
    def hands_over_keys(self) -> bool:
        return not self.mode[LOCAL] & (termios.ICANON | termios.ECHO)

    def type(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def look(self) -> list[str]:
        """What the screen shows now."""
        while select.select([self.master], [], [], 0.02)[0]:
            data = os.read(self.master, 1 << 16).decode()
            self.raw += data
            self.glass.write(data)
        return self.glass.text

    def wait_for(self, words: str) -> list[str]:
        until(lambda: words in "\n".join(self.look()))
        return self.glass.text

    def wait_until_gone(self, words: str) -> list[str]:
        until(lambda: words not in "\n".join(self.look()))
        return self.glass.text

    def end(self) -> int:
        """Wait until the program is over; its exit code."""
        until(lambda: self.look() is not None and self.child.poll() is not None)
        self.look()
        return self.child.returncode
