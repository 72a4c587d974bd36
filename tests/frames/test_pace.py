"""The throttle, on the source's own time."""

import numpy as np
import pytest

from app.events import Frame
from app.frames.selector import Pace


def at(media_s: float) -> Frame:
    return Frame(np.zeros((2, 2, 3), np.uint8), 0.0, media_s, 0)


def looks(every: float, times: list[float]) -> list[float]:
    """The times at which a look is taken, if every look that is due is taken."""
    pace, taken = Pace(every), []
    for media_s in times:
        if pace.is_due(at(media_s)):
            pace.record_look(at(media_s))
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
    pace.record_look(at(0.0))
    assert [pace.is_due(at(s)) for s in (0.5, 1.0, 1.5)] == [False, True, True]


def test_a_source_that_starts_over_is_looked_at() -> None:
    pace = Pace(5.0)
    pace.record_look(at(60.0))
    assert pace.is_due(at(0.1))
