"""A browser's camera as a source: real pictures, hostile ones, windows that fall silent, go, and take over."""

import io
import itertools
import time
from collections.abc import Callable, Iterator
from threading import Event, Lock, Thread
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from app.demo import scenes
from app.events import Frame, Notice
from app.sources import browser
from app.sources.browser import Browser, Eye
from tests.waiting import until

SILENCE_S = 0.6
PLAN = np.random.default_rng(4)
GROUND = scenes.sample_background(PLAN, darkest=0.42, lightest=0.6)
PICTURE = scenes.draw(scenes.sample_scene(PLAN, 2), GROUND, 640, 480)


def encoded(pixels=PICTURE, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


JPEG = encoded()


class Seat:
    """A window that sends the same picture again and again, until it is told to fall silent or to go."""

    def __init__(self, eye: Eye, jpeg: bytes = JPEG, age_s: float = 0.05, every_s: float = 0.02) -> None:
        self.eye, self.jpeg, self.age_s, self.every_s = eye, jpeg, age_s, every_s
        self.is_silent, self.has_gone = Event(), Event()
        eye.enter(self)
        self.thread = Thread(target=self._send)
        self.thread.start()

    def turn(self) -> None: ...

    def make_way(self) -> None:
        self.has_gone.set()

    def go(self) -> None:
        self.has_gone.set()
        self.thread.join()

    def _send(self) -> None:
        while not self.has_gone.wait(self.every_s):
            if not self.is_silent.is_set():
                self.eye.give(self, self.jpeg, self.age_s)
        self.eye.leave(self)


class Still:
    """A window that sends what the test gives in its name."""

    def turn(self) -> None: ...
    def make_way(self) -> None: ...


class Clock:
    """Monotonic seconds: a moment passes with every look at it, all else when a test says so."""

    def __init__(self) -> None:
        self.now, self.step_s, self.lock = time.monotonic(), 0.001, Lock()

    def __call__(self) -> float:
        with self.lock:
            self.now += self.step_s
            return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The only clock that the source and the eye have: on a busy machine nothing falls silent by itself."""
    clock = Clock()
    monkeypatch.setattr(browser, "time", SimpleNamespace(monotonic=clock))
    return clock


@pytest.fixture
def eye(clock: Clock) -> Eye:
    return Eye(clock)


@pytest.fixture
def sit(eye: Eye) -> Iterator[Callable[..., Seat]]:
    seats: list[Seat] = []

    def down(**how) -> Seat:
        seats.append(Seat(eye, **how))
        return seats[-1]

    yield down
    for seat in seats:
        seat.go()


@pytest.fixture
def frames(eye: Eye, stop: Event):
    opened = Browser(eye, SILENCE_S).frames(stop)
    yield opened
    opened.close()
    assert not eye.is_wanted


@pytest.fixture
def window(frames, eye: Eye) -> Still:
    """One of which a first frame has come through; no other picture is there."""
    window = Still()
    assert next(frames).kind == "waiting"  # from now on it looks
    eye.enter(window)
    eye.give(window, JPEG, 0.0)
    next_frame(frames)
    return window


def next_notice(items) -> Notice:
    return next(item for item in items if isinstance(item, Notice))


def next_frame(items) -> Frame:
    return next(item for item in items if isinstance(item, Frame))


def test_a_picture_arrives_with_its_colours_and_its_age(frames, sit, clock):
    sit(age_s=0.5)
    frame = next_frame(frames)
    assert frame.pixels.shape == PICTURE.shape
    assert np.abs(frame.pixels.astype(int) - PICTURE).mean() < 3
    assert clock.now - frame.seen_at >= 0.5
    assert (frame.media_s, frame.number) == (0.0, 0)


def test_every_frame_is_newer_and_those_that_nobody_took_are_counted(frames, sit, eye):
    sit()
    seen = []
    for _ in range(5):
        seen.append(next_frame(frames))
        came = eye.count
        until(lambda came=came: eye.count >= came + 3)  # the work of describing
    for older, newer in itertools.pairwise(seen):
        assert newer.number >= older.number + 3
        assert newer.seen_at > older.seen_at
        assert newer.media_s == pytest.approx(newer.seen_at - seen[0].seen_at)


def test_it_says_where_to_press_start_until_a_window_comes(frames, sit, eye):
    eye.address = "http://127.0.0.1:8737/"
    waiting = next(frames)
    assert waiting.kind == "waiting"
    assert eye.address in waiting.hint
    assert "Start this browser" in waiting.hint
    sit()
    assert isinstance(next(frames), Frame)  # and no word of "back": it had never been there


def test_a_window_that_is_there_but_sends_nothing_is_told_of_once(frames, eye, clock):
    eye.enter(Still())
    clock.step_s = SILENCE_S
    waiting = next(frames)
    assert (waiting.kind, "no pictures" in waiting.text) == ("waiting", True)


def test_a_window_that_goes_and_comes_again_is_told_of_twice(frames, sit):
    seat = sit()
    before = next_frame(frames)
    seat.go()
    lost = next_notice(frames)
    assert (lost.kind, "gone" in lost.text, bool(lost.hint)) == ("camera lost", True, True)
    sit()
    assert next_notice(frames).kind == "camera back"
    after = next_frame(frames)
    assert after.number > before.number
    assert after.media_s > before.media_s


def test_silence_is_a_notice_and_never_an_old_frame(frames, window, eye, clock):
    eye.give(window, JPEG, 0.0)
    clock.now += SILENCE_S * 2  # what lies there has grown old
    assert next(frames).kind == "camera lost"
    resumed_at = clock.now
    eye.give(window, JPEG, 0.0)
    assert next(frames).kind == "camera back"
    assert next(frames).seen_at > resumed_at


@pytest.mark.parametrize(("pause", "word"), [("hidden", "hidden"), ("muted", "muted"), ("still", "no more pictures")])
def test_why_a_window_falls_silent_is_said(frames, window, eye, clock, pause, word):
    eye.hold(window, pause)
    clock.now += SILENCE_S * 2
    lost = next_notice(frames)
    assert word in lost.text
    assert lost.hint


@pytest.mark.parametrize("junk", [b"no picture", JPEG[:9000], b"\xff\xd8\xff" + bytes(9000) + b"\xff\xd9"])
def test_hostile_bytes_are_left_out_told_of_once_and_then_count_as_silence(frames, window, eye, clock, junk):
    eye.give(window, junk, 0.0)
    unreadable = next(frames)
    assert (unreadable.kind, bool(unreadable.hint)) == ("picture unreadable", True)
    clock.now += SILENCE_S * 2
    eye.give(window, junk, 0.0)
    assert next(frames).kind == "camera lost"
    eye.give(window, JPEG, 0.0)
    assert [type(next(frames)) for _ in range(2)] == [Notice, Frame]
    clock.now += SILENCE_S * 2
    eye.give(window, junk, 0.0)
    assert next(frames).kind == "camera lost"  # and no second word about bytes


def test_a_phone_that_is_turned_gives_upright_frames(frames, sit):
    seat = sit()
    assert next_frame(frames).pixels.shape == (480, 640, 3)
    seat.jpeg = encoded(np.ascontiguousarray(np.rot90(PICTURE)))
    assert next(item for item in frames if isinstance(item, Frame) and item.pixels.shape == (640, 480, 3))


def test_stop_ends_it_with_a_window_and_without(eye, sit, stop):
    frames = Browser(eye, SILENCE_S).frames(stop)
    next(frames)
    stop.set()
    assert list(frames) == []
    stop.clear()
    sit()
    frames = Browser(eye, SILENCE_S).frames(stop)
    next_frame(frames)
    stop.set()
    assert list(frames) == []
    assert not eye.is_wanted
