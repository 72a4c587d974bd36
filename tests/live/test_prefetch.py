"""A source under way before anybody looks."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from threading import Event
from threading import enumerate as threads

import numpy as np
import pytest

from app.errors import SourceError
from app.events import Banner, Frame, Notice
from app.live.session import Prefetch
from tests.waiting import until

ASKING = Notice("permission", "macOS is asking.", "answer Allow")
MISSING = SourceError("it is not there", "connect it")


@dataclass
class Waking:
    """Does what it is told, one thing after the other, and then shows a frame a time until it is stopped."""

    before: list[Notice | Exception]
    banner: Banner = field(default=Banner("waking"))
    shown: int = 0
    is_closed: bool = False

    def frames(self, stop: Event) -> Generator[Frame | Notice]:
        try:
            for each in self.before:
                if isinstance(each, Exception):
                    raise each
                yield each
            while not stop.wait(0.001):
                self.shown += 1
                yield frame(self.shown)
        finally:
            self.is_closed = True


def frame(number: int) -> Frame:
    return Frame(np.zeros((1, 1, 3), np.uint8), 0.0, 0.0, number)


@pytest.fixture
def told() -> list[Notice]:
    return []


@pytest.fixture
def failed() -> list[Exception]:
    return []


@pytest.fixture
def prefetch(told: list[Notice], failed: list[Exception], stop: Event) -> Callable[[Waking], Prefetch]:
    return lambda source: Prefetch(source, stop, told.append, failed.append)


@pytest.fixture
def stop() -> Event:
    return Event()


def test_what_it_says_before_anybody_looks_is_told_at_once(prefetch, told):
    with prefetch(Waking([ASKING])):
        until(lambda: told == [ASKING])


def test_frames_go_by_until_they_are_wanted_and_then_begin_with_the_newest(prefetch, stop):
    source = Waking([])
    with prefetch(source) as under_way:
        until(lambda: source.shown > 20)
        frames = under_way.frames(stop)
        first, second = next(frames).number, next(frames).number
        assert first > 20
        assert second == first + 1
        stop.set()
        assert list(frames) == []


def test_what_cannot_be_opened_stops_the_run_and_is_told(prefetch, failed, stop):
    with prefetch(Waking([ASKING, MISSING])) as under_way:
        until(lambda: failed == [MISSING])
        assert stop.is_set()
        assert list(under_way.frames(stop)) == []


@pytest.mark.parametrize("is_looked_at", [True, False])
def test_leaving_closes_the_source_and_joins_the_thread(prefetch, stop, is_looked_at):
    source = Waking([])
    with prefetch(source) as under_way:
        if is_looked_at:
            next(under_way.frames(stop))
    assert source.is_closed
    assert "prefetch" not in {thread.name for thread in threads()}


def test_after_frames_have_come_a_run_that_ends_by_itself_is_not_stopped(prefetch, stop):
    """Or the last words would not be said aloud."""
    with prefetch(Waking([])) as under_way:
        next(under_way.frames(stop))
    assert not stop.is_set()


