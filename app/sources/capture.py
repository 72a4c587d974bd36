"""What a capture process is asked to do, and how it can end. Knows neither OpenCV nor processes."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from enum import IntEnum
from functools import partial
from threading import Event
from types import TracebackType
from typing import IO, Literal, Self

from app.errors import SourceError
from app.events import FrameView, Notice
from app.files import ROOT
from app.images import Pixels
from app.sources.shared import TICK_BYTES, Slots, Tick, new_memory


@dataclass(frozen=True, slots=True)
class Errand:
    """One thing to capture from."""

    kind: Literal["device", "clip", "stream"]
    """`clip` is a video file that stands in for a device: played at its own rate, over and over."""
    target: str
    """A device's name, index or path ("" is the default one), a file, or a URL."""


class Fate(IntEnum):
    """How a capture process ended. Below 70 it says so itself, by its exit status."""

    STOPPED = 0
    NO_DEVICE = 60
    """No device of that name or index is there."""
    SHUT = 61
    """It is there, but it cannot be opened."""
    LOST = 62
    """Pictures came, and then no more."""
    ENDED = 63
    """A stream of known length was played to its end."""
    SILENT = 70
    """Nothing came within the time for opening."""
    HUNG = 71
    """Pictures came, then silence, and the process did not notice."""
    CRASHED = 72


@dataclass(frozen=True, slots=True)
class Loss:
    """The end of one capture process, as far as it can be told."""

    fate: Fate
    words: str
    """The last lines it wrote to stderr, OpenCV's and FFMPEG's among them."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A loss, explained."""

    text: str
    hint: str
    is_worth_waiting: bool = False
    """The person is just being asked; opening may work in a moment."""


_GRACE_S = 0.2
_KEPT_BYTES = 4096
_AT_ONCE = TICK_BYTES * 2000


class Child:
    """A capture process at work. Used by one thread; leaving the `with` block ends the process."""

    def __init__(self, errand: Errand) -> None:
        self._words = b""
        self._is_gone = False
        self._process, self._slots, self._ticks = _start(errand)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, what: BaseException | None, at: TracebackType | None) -> None:
        self.end()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_gone(self) -> bool:
        """Whether it has ended by itself."""
        return self._is_gone

    def wait(self, timeout_s: float) -> Tick | None:
        """The newest tick since the last call; waits for one if there is none."""
        select.select([self._ticks], [], [], timeout_s)
        self._words = (self._words + _drained(self._stderr))[-_KEPT_BYTES:]
        return self._newest_tick()

    def view(self, tick: Tick) -> Pixels:
        """BGR, where it lies; a newer picture may take its place at any time."""
        return self._slots.view(tick)

    def picture(self, tick: Tick) -> Pixels | None:
        """A copy as RGB, or None if a newer picture has taken its place."""
        return self._slots.read(tick)

    def loss(self) -> Loss:
        """How it ended by itself; asked once it is gone."""
        self._process.wait()
        self._words += _drained(self._stderr)
        known = self._process.returncode in Fate.__members__.values()
        return Loss(Fate(self._process.returncode) if known else Fate.CRASHED, self.words)

    @property
    def words(self) -> str:
        return self._words[-_KEPT_BYTES:].decode(errors="replace").strip()

    def end(self) -> None:
        """Ask, then tell, then force; may be called twice."""
        with contextlib.suppress(BrokenPipeError):
            _pipe(self._process.stdin).close()
        for push in (None, self._process.terminate, self._process.kill):
            if push:
                push()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE_S)
                break
        self._let_go()

    def _let_go(self) -> None:
        _pipe(self._process.stderr).close()
        if self._ticks >= 0:
            os.close(self._ticks)
            self._ticks = -1

    @property
    def _stderr(self) -> int:
        return _pipe(self._process.stderr).fileno()

    def _newest_tick(self) -> Tick | None:
        newest = None
        with contextlib.suppress(BlockingIOError):
            while packed := os.read(self._ticks, _AT_ONCE):
                newest = Tick.last_of(packed)
            self._is_gone = True
        return newest


def _start(errand: Errand) -> tuple[subprocess.Popen[bytes], Slots, int]:
    """The process, the memory it shares, and the end of the pipe at which its ticks arrive."""
    memory = new_memory()
    ticks, ticks_in = os.pipe()
    for end in (ticks, ticks_in):
        os.set_blocking(end, False)
    try:
        process = _launch(memory, ticks_in)
        slots = Slots(memory)
    finally:
        os.close(memory)
        os.close(ticks_in)
    os.set_blocking(_pipe(process.stderr).fileno(), False)
    with contextlib.suppress(BrokenPipeError):  # ended already: its exit status will tell
        _pipe(process.stdin).write(json.dumps(asdict(errand)).encode() + b"\n")
        _pipe(process.stdin).flush()
    return process, slots, ticks


def _launch(memory: int, ticks: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "app.sources.worker", str(memory), str(ticks)],
        pass_fds=(memory, ticks),
        process_group=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=os.environ | _SURROUNDINGS,
    )


_SURROUNDINGS = {
    "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))),
    "OPENCV_FFMPEG_LOGLEVEL": "24",  # warnings: they tell why a stream cannot be opened
    "OPENCV_FFMPEG_SKIP_LOG_CALLBACK": "1",  # or they go to stdout
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "2",  # seconds; its default of 10 is longer than we wait
}


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None, "opened in _launch"
    return pipe


def _drained(descriptor: int) -> bytes:
    """All that a pipe holds now."""
    said = b""
    with contextlib.suppress(BlockingIOError):
        while more := os.read(descriptor, 65536):
            said += more
    return said


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
