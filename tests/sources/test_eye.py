"""The mailbox between a browser's window and the source: the newest picture, one window, nobody waits for anybody."""

import math
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.browser import OLDEST_S, Eye

JPEG = b"\xff\xd8\xff and so on"


class Seat:
    """A window that notes what it is told."""

    def __init__(self) -> None:
        self.turns = 0
        self.is_over = threading.Event()

    def turn(self) -> None:
        self.turns += 1

    def make_way(self) -> None:
        self.is_over.set()


@pytest.fixture
def eye() -> Eye:
    return Eye()


@pytest.fixture
def looked(eye: Eye) -> Iterator[None]:
    """Somebody looks meanwhile."""
    with eye.looked_through():
        yield


@pytest.fixture
def seat(eye: Eye) -> Seat:
    seat = Seat()
    eye.enter(seat)
    return seat


@pytest.mark.usefixtures("looked")
def test_only_the_newest_picture_is_there_and_all_are_counted(eye: Eye, seat: Seat) -> None:
    for number in range(5):
        assert eye.give(seat, JPEG + bytes([number]), 0.0)
    shot = eye.newest(0, 0.0)
    assert shot
    assert (shot.number, shot.jpeg[-1], eye.count) == (5, 4, 5)
    assert eye.newest(shot.number, 0.0) is None


@given(st.binary(min_size=8, max_size=8))
def test_no_age_puts_a_picture_into_the_future_or_the_distant_past(eight: bytes) -> None:
    (age_s,) = struct.unpack("<d", eight)
    eye, seat = Eye(now=lambda: 100.0), Seat()
    eye.enter(seat)
    with eye.looked_through():
        assert eye.give(seat, JPEG, age_s) is math.isfinite(age_s)
        shot = eye.newest(0, 0.0)
    assert (shot is not None) is math.isfinite(age_s)
    assert shot is None or 100.0 - OLDEST_S <= shot.seen_at <= shot.came_at == 100.0


def test_a_newer_window_takes_over_and_the_older_is_told(eye: Eye, seat: Seat) -> None:
    newer = Seat()
    eye.enter(newer)
    assert seat.is_over.is_set()
    assert not newer.is_over.is_set()
    assert not eye.give(seat, JPEG, 0.0)
    assert eye.give(newer, JPEG, 0.0)


def test_pictures_are_wanted_while_anybody_looks_and_the_window_is_told(eye: Eye, seat: Seat) -> None:
    assert not eye.is_wanted
    with eye.looked_through(), eye.looked_through():
        assert eye.is_wanted
    assert not eye.is_wanted
    assert seat.turns == 4


def test_a_picture_ends_the_pause_of_its_window_and_so_does_another_window(eye: Eye, seat: Seat) -> None:
    eye.hold(seat, "hidden")
    assert eye.pause == "hidden"
    eye.give(seat, JPEG, 0.0)
    assert eye.pause == ""
    eye.hold(seat, "still")
    eye.enter(Seat())
    assert eye.pause == ""


@pytest.mark.usefixtures("looked")
def test_who_waits_is_woken_by_the_picture(eye: Eye, seat: Seat) -> None:
    """Woken by nothing else, it would find no picture before the limit has passed, and the test would not end."""
    later = threading.Timer(0.05, lambda: eye.give(seat, JPEG, 0.0))
    later.start()
    assert eye.newest(0, 1e6)
    later.join()


def test_from_many_threads_no_picture_is_counted_twice_or_given_after_a_newer_one(eye: Eye) -> None:
    taken: list[int] = []
    is_over = threading.Event()

    def take() -> None:
        while not is_over.is_set() or eye.count > (taken[-1] if taken else 0):
            if shot := eye.newest(taken[-1] if taken else 0, 0.01):
                taken.append(shot.number)

    def send() -> None:
        mine = Seat()
        for _ in range(200):
            eye.enter(mine)
            eye.give(mine, JPEG, 0.0)

    with eye.looked_through():
        reader = threading.Thread(target=take)
        writers = [threading.Thread(target=send) for _ in range(4)]
        for thread in (reader, *writers):
            thread.start()
        for writer in writers:
            writer.join()
        is_over.set()
        reader.join()
    assert taken == sorted(set(taken))
    assert taken[-1] == eye.count <= 800
