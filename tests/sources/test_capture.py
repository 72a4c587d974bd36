"""A real capture process: what it hands over, how it ends, and that it leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest

from app.errors import SourceError
from app.events import FrameView, Notice
from app.sources import worker
from app.sources.capture import Child, Errand, Fate, Loss, Patience, Trouble, tend
from app.sources.shared import LARGEST, SLOTS, Slots, Tick, new_memory
from tests import needs
from tests.running import environment
from tests.sources.clips import (
    FRAMES,
    capture_processes,
    encode,
    first_frame,
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


HASTY = Patience(opening_s=LIMIT_S, silence_s=0.6, asking_s=LIMIT_S, first_pause_s=0.02, longest_pause_s=0.1)
PROGRAM = """
import sys
from threading import Event
from app.sources.webcam import Webcam
stop, frames = Event(), Webcam(sys.argv[1]).frames(Event())
try:
    for frame in frames:
        print(frame.number, flush=True)
except KeyboardInterrupt:
    frames.close()
    print("closed", flush=True)
"""


class Explaining:
    """An explanation that remembers what it was asked."""

    def __init__(self, is_worth_waiting: bool = False) -> None:
        self.losses: list[Loss] = []
        self.is_worth_waiting = is_worth_waiting

    def __call__(self, loss: Loss) -> Trouble:
        self.losses.append(loss)
        return Trouble(f"it failed: {loss.fate.name}", "mend it", self.is_worth_waiting)


@pytest.fixture
def explain():
    return Explaining()


@pytest.fixture
def tended(clip, explain, stop):
    frames = tend(Errand("clip", str(clip)), explain, stop, HASTY)
    yield frames
    frames.close()


def until_notice(items) -> tuple[list[FrameView], Notice]:
    frames = []
    for item in items:
        if isinstance(item, Notice):
            return frames, item
        frames.append(item)
    raise AssertionError("it ended without a notice")


@pytest.mark.parametrize(("blow", "fate"), [(signal.SIGKILL, Fate.CRASHED), (signal.SIGSTOP, Fate.HUNG)])
def test_a_process_that_dies_or_hangs_is_replaced(tended, explain, blow, fate):
    before = first_frame(tended)
    (old,) = capture_processes()
    os.kill(old, blow)
    frames, lost = until_notice(tended)
    assert (lost.kind, lost.text, lost.hint) == ("camera lost", f"it failed: {fate.name}", "mend it")
    assert len(explain.losses) == 1
    nothing_yet, back = until_notice(tended)
    assert back.kind == "camera back"
    assert nothing_yet == []
    after = first_frame(tended)
    assert after.number > max(frame.number for frame in [before, *frames])
    assert after.media_s > before.media_s
    until(lambda: not is_running(old))


def test_a_busy_consumer_is_given_the_newest_frame(clip, explain, stop):
    """Busy each time until so many pictures have come that the last one taken has been overwritten."""
    tended = tend(Errand("clip", str(clip)), explain, stop, Patience(silence_s=LIMIT_S))
    last = next(tended)
    for _ in range(12):
        until(lambda last=last: last.copy() is None)  # the work of describing
        frame = next(tended)
        assert frame.number >= last.number + SLOTS - 1
        last = frame
    shown = first_frame(tended)
    tended.close()
    assert number_in(shown.pixels) == shown.number % FRAMES


def test_what_is_older_than_the_silence_is_not_given_as_new(tended):
    shown = next(tended)
    (process,) = capture_processes()
    until(lambda: shown.copy() is None)  # so that pictures wait
    os.kill(process, signal.SIGSTOP)
    until(lambda: is_stopped(process))
    grown_old_at = time.monotonic() + HASTY.silence_s
    until(lambda: time.monotonic() > grown_old_at)
    frames, lost = until_notice(tended)
    assert frames == []
    assert lost.kind == "camera lost"


def test_what_never_opens_is_an_error_with_its_remedy(tmp_path, explain, stop):
    with pytest.raises(SourceError) as caught:
        next(tend(Errand("clip", str(tmp_path / "none.avi")), explain, stop, HASTY))
    assert (caught.value.message, caught.value.hint) == ("it failed: SHUT", "mend it")
    until(lambda: capture_processes() == [])


def test_what_gives_no_first_picture_is_an_error(tmp_path, explain, stop):
    """A pipe that nothing is ever written into: its capture process waits for the first byte."""
    os.mkfifo(pipe := tmp_path / "clip.avi")
    with pytest.raises(SourceError, match="SILENT"):
        next(tend(Errand("clip", str(pipe)), explain, stop, Patience(opening_s=0.1)))
    until(lambda: capture_processes() == [])


def test_while_the_person_is_being_asked_it_waits(tmp_path, stop):
    path = tmp_path / "late.avi"
    items = tend(Errand("clip", str(path)), Explaining(is_worth_waiting=True), stop, HASTY)
    notice = next(items)
    assert (notice.kind, notice.hint) == ("permission", "mend it")
    encode(tmp_path / "early.avi", frames=10).rename(path)
    assert isinstance(next(items), FrameView)  # and no word of "back": it had never been there
    items.close()


def test_a_person_who_does_not_answer_gets_the_error(tmp_path, stop):
    hurried = Patience(asking_s=0.0)
    with pytest.raises(SourceError, match="it failed"):
        next(tend(Errand("clip", str(tmp_path / "none")), Explaining(is_worth_waiting=True), stop, hurried))


def test_stop_ends_it_and_its_process(tended, stop):
    first_frame(tended)
    stop.set()
    assert list(tended) == []
    until(lambda: capture_processes() == [])


def test_ctrl_c_for_the_whole_terminal_leaves_the_ending_to_the_parent(clip):
    """As a terminal does it: the signal goes to everyone in the foreground group."""
    command = [sys.executable, "-c", PROGRAM, str(clip)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment(), process_group=0, **pipes) as program:
        assert program.stdout.readline().strip().isdecimal()
        (process,) = capture_processes(program.pid)
        os.killpg(program.pid, signal.SIGINT)
        out, err = program.communicate(timeout=LIMIT_S)
    assert out.endswith("closed\n")
    assert err == ""
    until(lambda: not is_running(process))
