"""Whose turn it is."""

from app.crowd.turns import Turns


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
