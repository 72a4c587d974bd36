"""What a run is shown on: the terminal, plain lines or JSON lines. One interface, so that the app treats them alike."""

import errno
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from threading import Event
from typing import IO, Protocol, TextIO

from app.errors import OutputError
from app.flow import Happening, Output

Batches = Iterable[list[Happening]]
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


def put(line: str, stream: TextIO, end: str = "\n") -> None:
    """Write a line at once; a character that the stream has not becomes `?`."""
    encoding = stream.encoding or "utf-8"
    stream.write(line.encode(encoding, "replace").decode(encoding) + end)
    stream.flush()


def attend(batches: Batches, show: Callable[[list[Happening]], None], stdout: IO[str]) -> bool:
    """Show every batch; the border where failures to write become what `Screen.run` promises."""
    try:
        for happenings in batches:
            show(happenings)
    except OSError as failure:
        leave(stdout)
        if failure.errno in (errno.EPIPE, errno.EIO):  # the reader, or the terminal itself, is gone
            return False
        reason = failure.strerror or str(failure)
        raise OutputError(
            f"standard output cannot be written to: {reason}.", "Make room there, or send the sentences elsewhere."
        ) from failure
    return True


def leave(stdout: IO[str]) -> None:
    """Let what Python still wants to write at its end go nowhere, instead of failing once more."""
    with suppress(OSError, ValueError):  # a stream of the tests has no file behind it
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stdout.fileno())
        os.close(nowhere)
