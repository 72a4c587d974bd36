"""A moment has one time of day, until the time of day is set."""

import math
import time

import pytest

from app.clock import STEP_S, Clock, difference


def test_small_drift_changes_no_time_and_a_clock_that_is_set_does() -> None:
    moment = time.monotonic()
    right = difference()
    steady, set_back = Clock(right + STEP_S / 2), Clock(right + 3600)
    assert steady.at(moment).timestamp() == pytest.approx(moment + right + STEP_S / 2, abs=1e-5)
    assert set_back.at(moment).timestamp() == pytest.approx(moment + right, abs=STEP_S)


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -math.inf, 1e300, -1e18])
def test_what_is_no_time_has_none(nonsense: float) -> None:
    assert Clock().at(nonsense) is None
