"""Several at work at once: all they tell comes out, failures too, and nobody is left behind."""

import threading
from collections.abc import Iterator
from contextlib import closing
from threading import Barrier, Event, current_thread

import pytest

from app.multicamera.abreast import ROOM, abreast
from tests.waiting import LIMIT_S


def workers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "describing"]


def endless(stop: Event) -> Iterator[int]:
    while not stop.is_set():
        yield 1


def test_all_that_is_told_comes_out_and_of_each_in_its_order() -> None:
    def work(first: int) -> Iterator[tuple[int, int]]:
        for count in range(3 * ROOM):
            yield first, count

    told = list(abreast([work(0), work(1), work(2)], Event()))
    for first in range(3):
        assert [count for who, count in told if who == first] == list(range(3 * ROOM))
    assert not workers()


def test_they_are_at_work_at_the_same_time() -> None:
    meeting = Barrier(3)

    def work() -> Iterator[str]:
        meeting.wait(LIMIT_S)
        yield current_thread().name

    assert list(abreast([work() for _ in range(3)], Event())) == ["describing"] * 3


def test_one_alone_works_on_the_thread_that_asks() -> None:
    def work() -> Iterator[threading.Thread]:
        yield current_thread()

    assert list(abreast([work()], Event())) == [current_thread()]


def test_what_one_fails_with_is_raised_when_the_others_have_ended() -> None:
    stop = Event()

    def fail() -> Iterator[int]:
        yield 1
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        list(abreast([endless(stop), fail()], stop))
    assert stop.is_set()
    assert not workers()


def test_when_nobody_wants_more_all_of_them_end() -> None:
    stop = Event()
    with closing(abreast([endless(stop), endless(stop)], stop)) as told:
        assert next(told) == 1
    assert stop.is_set()
    assert not workers()
