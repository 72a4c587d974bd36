"""Times as people write and hear them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.text import format_time, join_times, parse_time


@pytest.mark.parametrize(
    ("text", "at_s"),
    [("80", 80), ("80s", 80), ("1.5", 1.5), ("1:20", 80), ("0:05.25", 5.25), ("1:01:20", 3680), ("90:00", 5400)],
)
def test_times_are_read_as_people_write_them(text, at_s):
    assert parse_time(text) == at_s


@pytest.mark.parametrize("text", ["", "-1", "1:60", "nan", "inf", "1e3", "1:2:3:4", "captions.jsonl", "1m", ":5", "٣"])
def test_anything_else_is_no_time(text):
    assert parse_time(text) is None


@given(st.floats(0, 1e5))
def test_what_is_told_can_be_typed_again(at_s):
    assert abs((parse_time(format_time(at_s)) or 0.0) - at_s) <= 0.0501


def test_several_are_told_as_one_says_them():
    assert join_times([0.0]) == "0:00"
    assert join_times([0.5, 61.0]) == "0:00.5 and 1:01"
    assert join_times([1, 2, 3]) == "0:01, 0:02 and 0:03"
