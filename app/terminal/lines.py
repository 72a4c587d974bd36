"""What a run is shown on: the terminal, plain lines or JSON lines. One interface, so that the app treats them alike."""

import errno
from collections.abc import Callable, Iterable, Mapping
from threading import Event
from typing import IO, Protocol, TextIO

from app.errors import OutputError
from app.events import RunEvent
from app.protocols import Output
from app.text import discard_output

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
