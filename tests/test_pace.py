"""The throttle, on the source's own time."""

from dataclasses import dataclass

import numpy as np
import pytest

from app.conditions import Conditions
from app.flow import Cost, Frame, Notice
from app.governor import Governor
from app.pace import GovernedPace, Pace


def at(media_s: float) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), 0.0, media_s, 0)


def looks(every: float, times: list[float]) -> list[float]:
    """The times at which a look is taken, if every look that is due is taken."""
    pace, taken = Pace(every), []
    for media_s in times:
        if pace.is_due(at(media_s)):
            pace.took(at(media_s))
            taken.append(media_s)
    return taken


@pytest.mark.parametrize(
    ("every", "taken"),
    [(0, [0.0, 0.5, 1.0, 1.5, 2.0]), (1, [0.0, 1.0, 2.0]), (0.7, [0.0, 1.0, 2.0]), (9, [0.0])],
)
def test_a_look_is_due_when_its_time_has_passed(every: float, taken: list[float]) -> None:
    assert looks(every, [0.0, 0.5, 1.0, 1.5, 2.0]) == taken


def test_a_look_not_taken_stays_due() -> None:
    pace = Pace(1.0)
    pace.took(at(0.0))
    assert [pace.is_due(at(s)) for s in (0.5, 1.0, 1.5)] == [False, True, True]


def test_a_source_that_starts_over_is_looked_at() -> None:
    pace = Pace(5.0)
    pace.took(at(60.0))
    assert pace.is_due(at(0.1))


def test_a_steady_pace_says_nothing_and_leaves_the_tokens_to_the_describer() -> None:
    pace = Pace(1.0)
    assert list(pace.described(Cost(total_s=99.0))) == []
    assert (pace.effort.image_tokens, pace.effort.words) == (None, "")


@dataclass
class Told:
    """A sensor that is told what to know."""

    conditions: Conditions = Conditions()  # noqa: RUF009 — frozen
    is_closed: bool = False

    def close(self) -> None:
        self.is_closed = True


def governed(sensor: Told, *ends: float) -> tuple[GovernedPace, list[Notice]]:
    """A governed pace of a look a second, and its notices after descriptions that ended then."""
    clock = iter(ends)
    pace = GovernedPace(Governor((64, 36), 1.0), sensor, now=lambda: next(clock))
    return pace, [notice for _ in ends for notice in pace.described(Cost(total_s=0.2))]


def test_a_governed_pace_looks_less_often_on_battery_and_says_so_once() -> None:
    pace, notices = governed(Told(Conditions(is_on_battery=True)), 0.0, 1.0, 2.0)
    assert notices == [Notice("pace", "From now on a look every 2 s: on battery.")]
    assert pace.effort.words == "a look every 2 s: on battery"
    pace.took(at(0.0))
    assert [pace.is_due(at(s)) for s in (1.0, 1.9, 2.0)] == [False, False, True]


def test_a_governed_pace_gives_fewer_tokens_when_captions_fall_behind() -> None:
    pace = GovernedPace(Governor((64, 36), 1.0), Told(), now=lambda: 0.0)
    assert pace.effort.image_tokens == 64
    notices = [notice for _ in range(20) for notice in pace.described(Cost(total_s=1.5))]
    assert [each.text for each in notices] == ["From now on 36 image tokens: captions fell behind."]
    assert pace.effort.image_tokens == 36


def test_a_governed_pace_that_has_all_it_needs_is_a_steady_one() -> None:
    pace, notices = governed(Told(), *range(50))
    assert notices == []
    assert (pace.effort.image_tokens, pace.effort.every, pace.effort.words) == (64, 1.0, "")


def test_the_words_of_an_effort_follow_the_conditions_while_nothing_is_described() -> None:
    sensor = Told(Conditions(is_on_battery=True))
    pace, _ = governed(sensor, 0.0)
    sensor.conditions = Conditions()
    assert pace.effort.words == "a look every 2 s: for a while yet"


def test_closing_a_governed_pace_closes_its_sensor() -> None:
    sensor = Told()
    pace, _ = governed(sensor)
    pace.close()
    assert sensor.is_closed
