"""Shared pictures are whole or not given at all."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.sources.shared import SLOTS, TICK_BYTES, Slots, Tick, new_memory
from tests import needs
from tests.running import environment

LAPS = 1500
WRITER = """
import os, sys
import numpy as np
from app.sources.shared import Slots, Tick
slots, ticks = Slots(int(sys.argv[1])), int(sys.argv[2])
for number in range(int(sys.argv[3])):
    slots.write(number, np.full((480, 640, 3), number % 251, np.uint8))
    os.write(ticks, Tick(number, 0.0, 480, 640).packed())
"""


@pytest.fixture
def slots():
    memory = new_memory()
    yield Slots(memory)
    os.close(memory)


def picture(value: int, height: int = 4, width: int = 6) -> np.ndarray:
    return np.full((height, width, 3), (value, 0, 0), np.uint8)


def test_a_picture_written_as_bgr_is_read_as_rgb(slots):
    slots.write(0, picture(9))
    pixels = slots.read(Tick(0, 0.0, 4, 6))
    assert pixels.shape == (4, 6, 3)
    assert pixels[0, 0].tolist() == [0, 0, 9]


def test_what_is_read_is_a_copy_that_later_pictures_leave_alone(slots):
    slots.write(0, picture(1))
    pixels = slots.read(Tick(0, 0.0, 4, 6))
    slots.write(SLOTS, picture(2))
    assert pixels[0, 0, 2] == 1


def test_a_picture_that_is_overwritten_while_it_is_copied_is_not_given(slots, monkeypatch):
    """The writer comes between the two looks at the mark: what was copied may be half of each."""
    slots.write(0, picture(1))
    where_it_lies = Slots._view

    def overtaken(self, slot, height, width):
        view = where_it_lies(self, slot, height, width).copy()
        self._marks[slot] = SLOTS + 1
        return view

    monkeypatch.setattr(Slots, "_view", overtaken)
    assert slots.read(Tick(0, 0.0, 4, 6)) is None


def test_a_picture_that_is_being_written_is_not_given(slots):
    slots.write(0, picture(0))
    slots._marks[0] = 0  # where a writer that was killed in the middle left it
    assert slots.read(Tick(0, 0.0, 4, 6)) is None


def test_no_picture_is_torn_while_another_process_writes_as_fast_as_it_can():
    memory = new_memory()
    ticks, ticks_in = os.pipe()
    slots = Slots(memory)
    command = [sys.executable, "-c", WRITER, str(memory), str(ticks_in), str(LAPS)]
    with subprocess.Popen(command, pass_fds=(memory, ticks_in), env=environment()):
        os.close(ticks_in)
        whole = 0
        while packed := os.read(ticks, TICK_BYTES * 2000):
            tick = Tick.last_of(packed)
            pixels = slots.read(tick)
            if pixels is not None:
                assert pixels.min() == pixels.max() == tick.number % 251
                whole += 1
    os.close(ticks)
    os.close(memory)
    assert tick.number == LAPS - 1
    assert whole > 10


@needs.platform("linux")
def test_the_memory_has_no_name_that_could_be_left_behind():
    before = set(Path("/dev/shm").iterdir())
    memory = new_memory()
    assert not {path for path in set(Path("/dev/shm").iterdir()) - before if "looksay" in path.name}
    os.close(memory)


def test_a_picture_is_looked_at_where_it_lies_and_nobody_can_spoil_it(slots):
    slots.place(0, 4, 6)[:] = picture(9)
    slots.finish(0)
    view = slots.view(Tick(0, 0.0, 4, 6))
    assert view[0, 0].tolist() == [9, 0, 0]
    assert not view.flags.writeable
    slots.write(SLOTS, picture(3))
    assert view[0, 0].tolist() == [3, 0, 0]
    assert slots.read(Tick(0, 0.0, 4, 6)) is None


def test_a_place_that_is_being_written_holds_no_picture(slots):
    slots.write(0, picture(1))
    slots.place(SLOTS, 4, 6)
    assert slots.read(Tick(0, 0.0, 4, 6)) is None
    assert slots.read(Tick(SLOTS, 0.0, 4, 6)) is None
