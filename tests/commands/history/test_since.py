"""`--since` says what people mean."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commands.history import parse_since
from app.errors import UsageError


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone()


@pytest.mark.parametrize(
    ("since", "meant"),
    [
        ("90s", "2026-11-21 08:58:30"),
        ("10m", "2026-11-21 08:50"),
        ("2h", "2026-11-21 07:00"),
        ("1.5h", "2026-11-21 07:30"),
        ("3d", "2026-11-18 09:00"),
        ("1w", "2026-11-14 09:00"),
        ("0m", "2026-11-21 09:00"),
        ("08:30", "2026-11-21 08:30"),
        ("8:30", "2026-11-21 08:30"),
        ("9:00", "2026-11-21 09:00"),
        ("23:30", "2026-11-20 23:30"),
        ("23:30:15", "2026-11-20 23:30:15"),
        ("2026-11-20", "2026-11-20 00:00"),
        ("2026-11-20 14:30", "2026-11-20 14:30"),
        ("2026-11-20T14:30:05", "2026-11-20 14:30:05"),
        ("2026-11-20T14:30:05+00:00", "2026-11-20 15:30:05"),
        ("2026-07-01", "2026-07-01 00:00"),
    ],
)
def test_it_is_so_long_ago_or_at_the_last_such_time_or_from_that_day_on(since: str, meant: str) -> None:
    assert parse_since(since, local("2026-11-21 09:00")) == local(meant)


NONE = ["", " ", "m", "10", "10 m", "-10m", "1e3m", "∞m", "10y", "25:00", "9", "14:30:61", "2026-13-01", "2026-02-30"]
NONE += ["yesterday", "9" * 400 + "d", "99999999d", "0001-01-01", "\x00", "１０m"]


@pytest.mark.parametrize("since", NONE)
def test_what_is_no_time_is_explained(since: str) -> None:
    with pytest.raises(UsageError) as failure:
        parse_since(since, local("2026-11-21 09:00"))
    assert "10m" in failure.value.hint


@given(st.text(alphabet="0123456789:-T smhdw.+Z") | st.text())
def test_any_text_is_a_time_with_its_offset_or_explained(since: str) -> None:
    with suppress(UsageError):
        assert parse_since(since, local("2026-11-21 09:00")).utcoffset() is not None


@given(st.integers(0, 100_000), st.sampled_from("smhdw"))
def test_a_span_is_taken_from_now(number: int, unit: str) -> None:
    seconds = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}[unit]
    now = local("2026-11-21 09:00")
    if timedelta(seconds=number * seconds) < timedelta(days=365 * 2000):
        assert now - parse_since(f"{number}{unit}", now) == timedelta(seconds=number * seconds)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)), st.times())
def test_a_clock_time_is_the_last_one_before_now(now: datetime, clock) -> None:
    found = parse_since(f"{clock:%H:%M}", now.astimezone())
    assert found <= now.astimezone()
    assert now.astimezone() - found < timedelta(hours=26)  # the night that is an hour longer
