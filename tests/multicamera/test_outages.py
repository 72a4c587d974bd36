"""One outage, many who notice it."""

from app.errors import Outage
from app.live.outage import FIRST_S
from app.multicamera.outages import SharedOutages


def test_questions_that_fail_together_are_one_failure_told_once() -> None:
    shared = SharedOutages()
    told = [list(shared.begins(Outage("it refuses", "start it"), 100.0)) for _ in range(4)]
    assert [len(each) for each in told] == [1, 0, 0, 0]
    assert shared.until == 100.0 + FIRST_S


def test_it_is_left_alone_for_as_long_as_any_of_them_was_asked_to() -> None:
    shared = SharedOutages()
    list(shared.begins(Outage("it is busy", "wait"), 100.0))
    list(shared.begins(Outage("it is busy", "wait", wait_s=9.0), 100.1))
    assert shared.holds(109.0)
    assert not shared.holds(109.2)


def test_that_it_is_back_is_told_once() -> None:
    shared = SharedOutages()
    list(shared.begins(Outage("it refuses", "start it"), 100.0))
    assert [len(list(shared.ends())) for _ in range(3)] == [1, 0, 0]
