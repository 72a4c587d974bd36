"""What people want of several narrators: who is given it, and who waits for whom."""

from app.events import (
    Ask,
    BeginQuestion,
    CancelQuestion,
    ChangeVerbosity,
    DescribeMore,
    Pause,
    RepeatLast,
    UpdateSettings,
)
from app.multicamera.orders import Everyone

ALIKE = (Pause(True), BeginQuestion(), Ask("What?"), CancelQuestion(), UpdateSettings({"every": 1.0}))


def test_what_is_wanted_of_all_is_given_to_all() -> None:
    everyone = Everyone.of(["Door", "Yard"])
    for order in ALIKE:
        everyone.put(order)
    assert [list(each.each()) for each in everyone.members.values()] == [list(ALIKE)] * 2
    assert everyone.is_paused
    assert everyone.taken() == []


def test_what_is_wanted_of_nobody_in_particular_is_taken_once() -> None:
    everyone, wanted = Everyone.of(["Door", "Yard"]), [RepeatLast(), ChangeVerbosity(1), DescribeMore()]
    for order in wanted:
        everyone.put(order)
    assert everyone.taken() == wanted
    assert everyone.taken() == []
    assert not any(each.waiting for each in everyone.members.values())


def test_nobody_goes_on_while_another_whose_camera_works_has_yet_to_answer() -> None:
    everyone = Everyone.of(["Door", "Yard"])
    door, yard = everyone.members["Door"], everyone.members["Yard"]
    everyone.put(Ask("What?"))
    list(door.each())
    assert not door.is_urgent  # the yard's camera has given no picture yet
    yard.is_present = True
    assert door.is_urgent
    assert not door.is_interrupting
    list(yard.each())
    assert not door.is_urgent
