"""One slot: the newest frame wins, notices are kept, and nobody is left behind."""

import threading
from collections.abc import Iterator
from contextlib import closing
from threading import Barrier, Event, current_thread

import numpy as np
import pytest

from app.events import Frame, Notice
from app.threads import FairTurns, LatestFrame, Worker, _Line, merge, read_newest
from tests.waiting import LIMIT_S, until

NOTICE = Notice("video broken", "It breaks off.")


def frame(number: int) -> Frame:
    return Frame(np.zeros((1, 1, 3), np.uint8), 0.0, 0.0, number)


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "reader"]


def test_a_frame_nobody_took_is_replaced_and_notices_are_kept():
    slot = LatestFrame()
    for what in (frame(0), NOTICE, frame(1), frame(2)):
        slot.put(what)
    taken = slot.take(0.0)
    assert [getattr(what, "number", "notice") for what in taken] == [2, "notice"]
    assert slot.take(0.0) == []


def test_what_is_there_can_be_taken_after_the_end():
    slot = LatestFrame()
    slot.put(frame(5))
    slot.end()
    assert not slot.is_over
    assert slot.take(0.0)[0].number == 5
    assert slot.is_over


def test_a_waiting_reader_is_woken_by_put_and_by_the_end():
    slot, taken = LatestFrame(), []
    thread = threading.Thread(target=lambda: taken.extend(slot.take(LIMIT_S) + slot.take(LIMIT_S)))
    thread.start()
    slot.put(frame(1))
    until(lambda: taken or not slot._frame)
    slot.end()
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    assert [each.number for each in taken] == [1]


def test_a_slow_taker_gets_the_newest_of_a_fast_reader(stop):
    third = Event()

    def read(left):
        for number in range(3):
            yield frame(number)
        third.set()
        left.wait(LIMIT_S)

    frames = read_newest(read, stop)
    seen = [next(frames).number]
    third.wait(LIMIT_S)
    if seen != [2]:
        seen.append(next(frames).number)
    frames.close()
    assert seen[-1] == 2
    assert readers() == []


def test_it_ends_with_the_source_and_joins_the_reader(stop):
    assert [each.number for each in read_newest(lambda _: iter([frame(0)]), stop)] == [0]
    assert readers() == []


def test_a_failure_of_the_reader_is_raised_where_frames_are_taken(stop):
    def read(_):
        yield frame(0)
        raise ZeroDivisionError("a defect")

    frames = read_newest(read, stop)
    with pytest.raises(ZeroDivisionError):
        list(frames)
    assert readers() == []


def test_stop_wakes_a_reader_that_waits(stop):
    def read(left):
        yield frame(0)
        left.wait(600)

    frames = read_newest(read, stop)
    next(frames)
    stop.set()
    assert list(frames) == []
    assert readers() == []


class Held:
    """A worker whose first item takes until it is let go."""

    def __init__(self, **options: object) -> None:
        self.handled, self.warned, self.may_go_on, self.has_begun = list[int](), list[str](), Event(), Event()
        self.worker = Worker("held", self.handle, warn=self.warned.append, **options)
        self.worker.put(0)
        assert self.has_begun.wait(LIMIT_S)

    def handle(self, item: int) -> None:
        self.has_begun.set()
        assert self.may_go_on.wait(LIMIT_S)
        self.handled.append(item)


@pytest.mark.parametrize(("drop_oldest", "kept", "dropped"), [(False, [1, 2], [3, 4]), (True, [3, 4], [1, 2])])
def test_a_worker_without_room_drops_the_newest_or_the_oldest_and_warns_once(
    drop_oldest: bool, kept: list[int], dropped: list[int]
) -> None:
    held = Held(room=2, drop_oldest=drop_oldest)
    assert [held.worker.put(item) for item in (1, 2, 3, 4)] == [None, None, *dropped]
    held.may_go_on.set()
    assert held.worker.close(LIMIT_S)
    assert held.handled == [0, *kept]
    assert held.warned == ["the disk is too slow"]


def test_a_worker_that_does_not_end_in_time_says_so_and_still_handles_what_waits() -> None:
    held, ended = Held(), Event()
    held.worker.end = ended.set
    held.worker.put(1)
    assert not held.worker.close(0.0)
    assert held.warned == ["the disk took longer than 0 s"]
    assert held.worker.put(2) is None
    held.may_go_on.set()
    assert held.worker.close(LIMIT_S)
    assert ended.is_set()
    assert held.handled == [0, 1]


def test_a_worker_discards_what_is_unwanted() -> None:
    held = Held()
    for item in (1, 2, 3, 4):
        held.worker.put(item)
    held.worker.discard(lambda item: item % 2 == 1)
    held.may_go_on.set()
    held.worker.close(LIMIT_S)
    assert held.handled == [0, 2, 4]


def workers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "merged"]


def endless(stop: Event) -> Iterator[int]:
    while not stop.is_set():
        yield 1


def test_all_that_is_told_comes_out_and_of_each_in_its_order() -> None:
    def work(first: int) -> Iterator[tuple[int, int]]:
        for count in range(3 * _Line.ROOM):
            yield first, count

    told = list(merge([work(0), work(1), work(2)], Event()))
    for first in range(3):
        assert [count for who, count in told if who == first] == list(range(3 * _Line.ROOM))
    assert not workers()


def test_they_are_at_work_at_the_same_time() -> None:
    meeting = Barrier(3)

    def work() -> Iterator[str]:
        meeting.wait(LIMIT_S)
        yield current_thread().name

    assert list(merge([work() for _ in range(3)], Event())) == ["merged"] * 3


def test_one_alone_works_on_the_thread_that_asks() -> None:
    def work() -> Iterator[threading.Thread]:
        yield current_thread()

    assert list(merge([work()], Event())) == [current_thread()]


def test_what_one_fails_with_is_raised_when_the_others_have_ended() -> None:
    stop = Event()

    def fail() -> Iterator[int]:
        yield 1
        raise ValueError("a defect")

    with pytest.raises(ValueError, match="a defect"):
        list(merge([endless(stop), fail()], stop))
    assert stop.is_set()
    assert not workers()


def test_when_nobody_wants_more_all_of_them_end() -> None:
    stop = Event()
    with closing(merge([endless(stop), endless(stop)], stop)) as told:
        assert next(told) == 1
    assert stop.is_set()
    assert not workers()


def test_of_those_that_are_ready_the_one_whose_turn_was_longest_ago_is_next() -> None:
    turns = FairTurns(["Door", "Yard", "Hall"])
    assert [turns.next(["Yard", "Hall"]) for _ in range(3)] == ["Yard", "Hall", "Yard"]
    assert [turns.next(["Door", "Yard", "Hall"]) for _ in range(4)] == ["Door", "Hall", "Yard", "Door"]
    assert turns.next([]) is None


def test_a_turn_that_came_to_nothing_is_kept() -> None:
    turns, ready = FairTurns(["Door", "Yard"]), ["Door", "Yard"]
    assert turns.next(ready) == "Door"
    turns.end("Door", counts=False)
    assert [turns.next(ready) for _ in range(2)] == ["Door", "Yard"]


def test_a_long_turn_counts_from_its_end() -> None:
    turns, ready = FairTurns(["Door", "Yard"]), ["Door", "Yard"]
    assert [turns.next(ready), turns.next(ready)] == ["Door", "Yard"]
    turns.end("Door")
    assert turns.next(ready) == "Yard"


def test_one_whose_turn_goes_on_has_no_other_before_it_has_ended() -> None:
    turns, ready = FairTurns(["Door", "Yard"]), ["Door", "Yard"]
    assert [turns.begin("Door"), turns.begin("Door")] == [True, False]
    assert [turns.next(ready), turns.next(["Door"]), turns.are_any(["Door"])] == ["Yard", None, False]
    turns.end("Door")
    assert turns.are_any(["Door"])
    assert turns.next(["Door"]) == "Door"
