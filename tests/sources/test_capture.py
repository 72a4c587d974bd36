"""A real capture process: what it hands over, how it ends, and that it leaves nothing behind."""

import os
import signal
import subprocess
import sys

import cv2
import numpy as np
import pytest

from app.sources import worker
from app.sources.capture import Child, Errand, Fate
from app.sources.shared import LARGEST, SLOTS, Slots, Tick, new_memory
from tests import needs
from tests.running import environment
from tests.sources.clips import (
    FRAMES,
    capture_processes,
    is_red,
    is_running,
    is_stopped,
    number_in,
    numbered,
    open_descriptors,
)
from tests.waiting import LIMIT_S, until

pytestmark = needs.tool("ps")

PARENT = """
import sys, time
from app.sources.capture import Child
from app.sources.capture import Errand
with Child(Errand("clip", sys.argv[1])) as child:
    while not child.wait(1.0):
        pass
    print(child.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def child(clip):
    with Child(Errand("clip", str(clip))) as child:
        yield child


def newest(child):
    ticks = []
    until(lambda: ticks.append(child.wait(0.1)) or ticks[-1])
    return ticks[-1]


def test_pictures_come_in_order_with_the_number_that_they_show(child):
    last = -1
    for _ in range(5):
        tick = newest(child)
        pixels = child.picture(tick)
        assert tick.number > last
        assert number_in(pixels) == tick.number % FRAMES
        assert is_red(pixels)
        last = tick.number


def test_a_slow_reader_misses_pictures_and_gets_the_newest(child):
    """Stopped, so that what waits to be read is all that there will be."""
    first = newest(child)
    until(lambda: child.picture(first) is None)  # its place has been taken by a later one
    os.kill(child.pid, signal.SIGSTOP)
    until(lambda: is_stopped(child.pid))
    assert child.wait(0.0).number >= first.number + SLOTS - 1
    assert child.wait(0.0) is None  # nothing of the past is queued


def test_a_killed_process_is_noticed_as_a_crash(child):
    newest(child)
    os.kill(child.pid, signal.SIGKILL)
    until(lambda: child.wait(0.1) is None and child.is_gone)
    assert child.loss().fate is Fate.CRASHED


def test_a_device_of_unknown_name_is_told_by_the_process():
    with Child(Errand("device", "no such camera")) as child:
        until(lambda: child.wait(0.1) is None and child.is_gone)
        loss = child.loss()
    assert loss.fate is Fate.NO_DEVICE
    assert "no such camera" in loss.words


def test_it_ends_when_its_parent_is_killed(clip):
    command = [sys.executable, "-c", PARENT, str(clip)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment()) as parent:
        pid = int(parent.stdout.readline())
        assert is_running(pid)
        parent.kill()
    until(lambda: not is_running(pid))


def test_a_ctrl_c_in_the_terminal_does_not_reach_it(child):
    newest(child)
    assert os.getpgid(child.pid) != os.getpgid(0)


def test_opening_and_closing_twenty_times_leaves_nothing(clip):
    with Child(Errand("clip", str(clip))):
        pass
    before = open_descriptors()
    for _ in range(20):
        with Child(Errand("clip", str(clip))):
            pass
    assert open_descriptors() == before
    until(lambda: capture_processes() == [])


def test_pictures_larger_than_a_slot_are_scaled_down_in_shape():
    assert worker._fitting(np.zeros((2160, 3840, 3), np.uint8)).shape == (*LARGEST, 3)
    assert worker._fitting(np.zeros((3000, 2000, 3), np.uint8)).shape == (1080, 720, 3)
    small = numbered(1)
    assert worker._fitting(small) is small


class Flaky:
    """A device that misses some grabs."""

    def __init__(self, *grabs: bool) -> None:
        self.grabs = list(grabs)

    def grab(self) -> bool:
        return self.grabs.pop(0) if self.grabs else False


def test_a_device_may_miss_a_picture_but_not_all(monkeypatch):
    monkeypatch.setattr(worker, "LOST_AFTER_S", LIMIT_S)
    assert worker._grab(Flaky(False, False, True), Errand("device", ""), 5)
    monkeypatch.setattr(worker, "LOST_AFTER_S", 0.05)
    assert not worker._grab(Flaky(), Errand("device", ""), 5)


@pytest.mark.parametrize("promised", [(240, 320), (480, 640), (0, 0)])
def test_opencv_writes_into_the_slot_and_a_size_that_was_not_promised_is_copied(clip, monkeypatch, promised):
    memory, video = new_memory(), cv2.VideoCapture(str(clip), cv2.CAP_FFMPEG)
    slots = Slots(memory)
    monkeypatch.setattr(worker, "_promised", lambda _video: promised)
    for number in range(3):
        video.grab()
        assert worker._hand_over(video, slots, number) == (240, 320)
        assert number_in(slots.read(Tick(number, 0.0, 240, 320))) == number
    os.close(memory)
