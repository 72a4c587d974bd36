"""Work that hangs is given up; work that goes on is not, however long it takes."""

import threading

import pytest

from app.models import hub
from app.models.hub import Progress, patiently
from tests.waiting import LIMIT_S, until


def test_what_the_work_returns_is_returned() -> None:
    assert patiently(lambda line: not line.is_dead, LIMIT_S) is True


def test_what_the_work_raises_is_raised() -> None:
    def work(_: Progress[None]) -> None:
        raise KeyError("as it is")

    with pytest.raises(KeyError, match="as it is"):
        patiently(work, LIMIT_S)


def test_work_that_hangs_is_given_up_and_hears_of_it() -> None:
    heard = threading.Event()

    def work(line: Progress[None]) -> None:
        while not line.is_dead:
            line.pause(30)
        heard.set()

    with pytest.raises(TimeoutError, match="no answer"):
        patiently(work, 0.05)
    assert heard.wait(LIMIT_S)


def test_the_last_trouble_is_the_reason() -> None:
    def work(line: Progress[None]) -> None:
        line.failed("cut")
        line.failed("refused")
        line.pause(30)

    with pytest.raises(TimeoutError, match="refused"):
        patiently(work, 0.05)


def test_bytes_are_counted_and_buy_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifteen minutes of work, of which each part comes after half of what is waited for one."""
    now, counted = [100.0], list[int]()
    monkeypatch.setattr(hub, "monotonic", lambda: now[0])

    def work(line: Progress[str]) -> str:
        for number in range(15):
            now[0] += 60
            line.brought(7)
            until(lambda number=number: len(counted) > number)
        return "whole"

    assert patiently(work, LIMIT_S, counted.append) == "whole"
    assert counted == [7] * 15
