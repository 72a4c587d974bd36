"""One capture process, from its parent's side: start it, hear of pictures, read the newest, end it.

Its own process group, so that a Ctrl-C in the terminal reaches the parent alone. Its stderr is kept here and never
reaches the terminal. `subprocess` rather than `multiprocessing`: no second import of the main program, and no helper
process that outlives it.
"""

import contextlib
import json
import os
import select
import subprocess
import sys
from dataclasses import asdict
from types import TracebackType
from typing import IO, Self

from app.files import ROOT
from app.images import Pixels
from app.sources.errand import Errand, Fate, Loss
from app.sources.shared import TICK_BYTES, Slots, Tick, new_memory

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
