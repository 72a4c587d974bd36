"""Pictures in memory that two processes share, without a lock that a killed process could keep.

The writer goes round a few slots. Each slot has a mark that names the picture in it, and no picture while one is being
written; a reader looks at the mark before and after it copies, and takes nothing if the mark has changed. That a
picture is whole is told through a pipe (see `Tick`): its kernel lock also orders the memory accesses of the two sides,
which Apple's processors may otherwise see in another order.

Nothing is left behind when both are killed: the memory has no name once it is made. That is why `_posixshmem` is used
directly: its wrapper in `multiprocessing` keeps the name, and a process beside us to clean it up.
"""

import _posixshmem  # type: ignore[import-not-found]  # it has no stubs
import mmap
import os
import secrets
from dataclasses import dataclass
from struct import Struct

import cv2
import numpy as np

from app.images import Pixels

LARGEST = (1080, 1920)
"""Height and width of the largest picture; larger ones are scaled down by the writer."""
SLOTS = 4
"""A reader has three camera intervals to copy a picture, which takes it 1 to 3 ms."""
_MARKS = 4096
_SLOT = LARGEST[0] * LARGEST[1] * 3
_SIZE = _MARKS + SLOTS * _SLOT


@dataclass(frozen=True, slots=True)
class Tick:
    """What goes through the pipe once a picture is whole."""

    number: int
    """Counted from 0 by the process that took it."""
    seen_at: float
    """Monotonic seconds; the clock is the same in every process of a machine."""
    height: int
    width: int

    def packed(self) -> bytes:
        return _TICK.pack(self.number, self.seen_at, self.height, self.width)

    @classmethod
    def last_of(cls, packed: bytes) -> "Tick":
        """The newest of some ticks in a row."""
        return cls(*_TICK.unpack(packed[-TICK_BYTES:]))


_TICK = Struct("<QdII")
TICK_BYTES = _TICK.size


def new_memory() -> int:
    """A file descriptor of nameless shared memory, large enough for `Slots`. The caller closes it."""
    name = f"/looksay-{secrets.token_hex(8)}"
    descriptor: int = _posixshmem.shm_open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode=0o600)
    _posixshmem.shm_unlink(name)
    os.ftruncate(descriptor, _SIZE)
    return descriptor


class Slots:
    """The slots of such memory. One process writes, one reads; the memory goes when both have let go of theirs."""

    def __init__(self, descriptor: int) -> None:
        memory = mmap.mmap(descriptor, _SIZE)
        self._marks = np.frombuffer(memory, np.uint64, SLOTS)
        self._bytes = np.frombuffer(memory, np.uint8, SLOTS * _SLOT, _MARKS).reshape(SLOTS, _SLOT)

    def place(self, number: int, height: int, width: int) -> Pixels:
        """Where to write a BGR picture, no larger than `LARGEST`: over the oldest one, which is gone from now on."""
        self._marks[number % SLOTS] = 0
        return self._view(number % SLOTS, height, width)

    def finish(self, number: int) -> None:
        """The picture is whole in its place."""
        self._marks[number % SLOTS] = number + 1

    def write(self, number: int, picture: Pixels) -> None:
        """Copy a BGR picture, no larger than `LARGEST`, to its place."""
        np.copyto(self.place(number, *picture.shape[:2]), picture)
        self.finish(number)

    def view(self, tick: Tick) -> Pixels:
        """The BGR picture where it lies, or whatever has been written there since: `read` tells."""
        view = self._view(tick.number % SLOTS, tick.height, tick.width)
        view.flags.writeable = False
        return view

    def read(self, tick: Tick) -> Pixels | None:
        """The picture as a new RGB array, or None if it has been overwritten meanwhile."""
        slot = tick.number % SLOTS
        if not self._holds(slot, tick.number):
            return None
        pixels = cv2.cvtColor(self._view(slot, tick.height, tick.width), cv2.COLOR_BGR2RGB)
        return np.asarray(pixels, np.uint8) if self._holds(slot, tick.number) else None

    def _holds(self, slot: int, number: int) -> bool:
        return int(self._marks[slot]) == number + 1

    def _view(self, slot: int, height: int, width: int) -> Pixels:
        return self._bytes[slot, : height * width * 3].reshape(height, width, 3)
