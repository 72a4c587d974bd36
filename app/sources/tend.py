"""Keeps a capture process going: the newest of its pictures, and another process when it fails.

It explains nothing itself: whoever asks brings an `Explain` for the kind of source it is. It has no thread: pictures
are read by the thread that iterates, and while that one is busy the capture process goes on overwriting old pictures.
"""

import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from functools import partial
from threading import Event

from app.errors import SourceError
from app.events import FrameView, Notice
from app.sources.capture import Child
from app.sources.errand import Errand, Fate, Loss, Trouble
from app.sources.shared import Tick

Explain = Callable[[Loss], Trouble]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds."""

    opening_s: float = 20.0
    """From the start of the process to its first picture; a first start on a Mac can be slow."""
    silence_s: float = 2.5
    """Without a picture, before a process counts as hung."""
    asking_s: float = 60.0
    """For a person to answer macOS, which asks whether the camera may be used."""
    first_pause_s: float = 0.25
    longest_pause_s: float = 5.0
    settled_s: float = 10.0
    """A process that worked for so long has earned the shortest pause again."""


PATIENCE = Patience()
_TURN_S = 0.1


def tend(errand: Errand, explain: Explain, stop: Event, patience: Patience = PATIENCE) -> Generator[FrameView | Notice]:
    """Yield the newest pictures until `stop` is set or the source ends.

    Raises:
        SourceError: it never gave a picture.
    """
    line, asked_at, failures = _Line(), time.monotonic(), 0
    while not stop.is_set():
        started_at = time.monotonic()
        loss = yield from _one_life(errand, line, stop, patience)
        if stop.is_set() or (loss.fate is Fate.ENDED and line.has_begun):
            return
        is_late = time.monotonic() - asked_at > patience.asking_s
        yield from line.told(explain(loss), is_late)
        failures = 0 if time.monotonic() - started_at > patience.settled_s else failures + 1
        stop.wait(min(patience.longest_pause_s, patience.first_pause_s * 2**failures))


def _one_life(
    errand: Errand, line: "_Line", stop: Event, patience: Patience
) -> Generator[FrameView | Notice, None, Loss]:
    """The pictures of one process, until it ends, hangs, or is stopped."""
    with Child(errand) as child:
        heard_at, has_spoken = time.monotonic(), False
        while not stop.is_set():
            tick = child.wait(_TURN_S)
            now = time.monotonic()
            if tick:
                heard_at, has_spoken = now, True
            if tick and now - tick.seen_at < patience.silence_s:
                yield from line.placed(tick, child)
            if child.is_gone:
                return child.loss()
            if not tick and now - heard_at > (patience.silence_s if has_spoken else patience.opening_s):
                return Loss(Fate.HUNG if has_spoken else Fate.SILENT, child.words)
        return Loss(Fate.STOPPED, "")


class _Line:
    """The frames and notices of all processes in a row: numbers and times run on, losses are told once."""

    def __init__(self) -> None:
        self._started_at = -1.0
        self._first = 0
        self._last = -1
        self._has_told = False

    @property
    def has_begun(self) -> bool:
        return self._started_at >= 0

    def placed(self, tick: Tick, child: Child) -> Iterator[FrameView | Notice]:
        if not self.has_begun:
            self._started_at = tick.seen_at
        elif self._has_told:
            yield Notice("camera back", "Pictures are coming again.")
        self._has_told = False
        self._last = self._first + tick.number
        media_s = tick.seen_at - self._started_at
        yield FrameView(child.view(tick), tick.seen_at, media_s, self._last, partial(child.picture, tick))

    def told(self, trouble: Trouble, is_late: bool) -> Iterator[Notice]:
        """A notice of the loss, once until it is over; an error if there never was a picture."""
        self._first = self._last + 1
        if not self.has_begun and (is_late or not trouble.is_worth_waiting):
            raise SourceError(trouble.text, trouble.hint)
        if not self._has_told:
            yield Notice("camera lost" if self.has_begun else "permission", trouble.text, trouble.hint)
        self._has_told = True
