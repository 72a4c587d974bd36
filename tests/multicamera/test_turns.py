"""Whose turn it is."""

from app.multicamera.turns import Turns


def test_of_those_that_are_ready_the_one_whose_turn_was_longest_ago_is_next() -> None:
    turns = Turns(["Door", "Yard", "Hall"])
    assert [turns.next(["Yard", "Hall"]) for _ in range(3)] == ["Yard", "Hall", "Yard"]
    assert [turns.next(["Door", "Yard", "Hall"]) for _ in range(4)] == ["Door", "Hall", "Yard", "Door"]
    assert turns.next([]) is None


def test_a_turn_that_came_to_nothing_is_kept() -> None:
    turns, ready = Turns(["Door", "Yard"]), ["Door", "Yard"]
    assert turns.next(ready) == "Door"
    turns.keep("Door")
    assert [turns.next(ready) for _ in range(2)] == ["Door", "Yard"]


def test_a_long_turn_counts_from_its_end() -> None:
    turns, ready = Turns(["Door", "Yard"]), ["Door", "Yard"]
    assert [turns.next(ready), turns.next(ready)] == ["Door", "Yard"]
    turns.end("Door")
    assert turns.next(ready) == "Yard"


def test_one_whose_turn_goes_on_has_no_other_before_it_has_ended() -> None:
    turns, ready = Turns(["Door", "Yard"]), ["Door", "Yard"]
    assert [turns.begin("Door"), turns.begin("Door")] == [True, False]
    assert [turns.next(ready), turns.next(["Door"]), turns.are_any(["Door"])] == ["Yard", None, False]
    turns.end("Door")
    assert turns.are_any(["Door"])
    assert turns.next(["Door"]) == "Door"
