"""Who describes which frame when, with describers that say what they are told to."""

from collections.abc import Generator, Sequence
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

from app.bench.rounds import NOISE, Clip, Memory, Plan, Row, measured, play, slow_rows, still, turns
from app.events import Chunk, Cost, Frame, Request

PLAN = Plan(rounds=2, captions=3, prompt="What?", max_tokens=8)


def frames() -> Generator[Frame]:
    for number in count():
        yield Frame(np.zeros((4, 6, 3), np.uint8), 0.0, float(number), number)


class Scripted:
    """Says the frame's number, and notes that it was asked."""

    def __init__(self, key: str, asked: list[tuple[str, int]]) -> None:
        self.key, self.asked = key, asked

    def describe(self, request: Request) -> Generator[Chunk]:
        self.asked.append((self.key, request.frames[0].number))
        yield Chunk(" ", Cost())
        yield Chunk(f"number {request.frames[0].number}", Cost(tokens=2))


def test_every_row_describes_every_frame_once_and_each_is_first_in_turn() -> None:
    asked: list[tuple[str, int]] = []
    rows = [Row(key, key, Scripted(key, asked)) for key in "abc"]
    in_turns = turns(rows, frozenset(), [frame for frame, _ in zip(frames(), range(3), strict=False)], 0)
    assert "".join(row.key for row, _, _ in in_turns) == "abcbcacab"


def test_a_slow_row_describes_the_first_frame_of_a_round_alone() -> None:
    rows = [Row(key, key, Scripted(key, [])) for key in "abc"]
    shown = [frame for frame, _ in zip(frames(), range(3), strict=False)]
    assert [place for row, _, place in turns(rows, frozenset("a"), shown, 1) if row.key == "a"] == [0]


def test_no_frame_is_shown_twice_to_a_row_and_the_warm_up_is_not_counted() -> None:
    asked: list[tuple[str, int]] = []
    row, clips = Row("b", "b", Scripted("b", asked)), [Clip("moving", "", frames()), Clip("still", "", frames())]
    takes = play([row], clips, PLAN, lambda _words: None)
    assert len(takes) == len(clips) * PLAN.rounds * PLAN.captions
    assert [take.caption.text for take in takes if take.clip == "moving"] == [f"number {n}" for n in range(3, 9)]


def test_the_first_word_is_the_first_text_that_is_not_blank() -> None:
    caption = measured(Row("b", "b", Scripted("b", [])), Request((next(frames()),), "What?"))
    assert caption.text == "number 0"
    assert 0 < caption.first_word_s <= caption.total_s
    assert (caption.preprocessing_s, caption.peak_bytes) == (None, None)


def test_memory_is_counted_from_the_start_of_the_row_s_turn() -> None:
    events: list[str] = []
    memory = Memory(lambda: events.append("reset"), lambda: len(events))
    row = Row("d", "d", Scripted("d", []), lambda _request: events.append("prepared"), memory)
    assert measured(row, Request((next(frames()),), "What?")).peak_bytes == 2
    assert events == ["prepared", "reset"]


def test_the_still_clip_differs_by_noise_alone_and_is_the_same_every_time() -> None:
    grey = Frame(np.full((4, 6, 3), 120, np.uint8), 0.0, 9.0, 270)
    (first, second), (again, _) = zip(still(grey), range(2), strict=False), zip(still(grey), range(2), strict=False)
    assert not np.array_equal(first[0].pixels, second[0].pixels)
    assert np.array_equal(first[0].pixels, again[0].pixels)
    assert np.abs(first[0].pixels.astype(int) - 120).max() <= NOISE
    assert (first[0].media_s, second[0].media_s) == (0.0, 1.0)


class Clock:
    """Stands still but for those who let it go on."""

    def __init__(self) -> None:
        self.now = 100.0


class Timed(Scripted):
    """Takes as long as it is told to, on the clock of `measured`."""

    def __init__(self, clock: Clock, *seconds: float) -> None:
        super().__init__("t", [])
        self.clock, self.seconds = clock, list(seconds)

    def describe(self, request: Request) -> Generator[Chunk]:
        self.clock.now += self.seconds.pop(0)
        yield from super().describe(request)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("app.bench.rounds.time", SimpleNamespace(perf_counter=lambda: clock.now))
    return clock


def slow(clock: Clock, a: Sequence[float], b: Sequence[float]) -> frozenset[str]:
    """Which of two rows are slow that take so many seconds, frame by frame."""
    rows = [Row("a", "a", Timed(clock, *a)), Row("b", "b", Timed(clock, *b))]
    return slow_rows(rows, Clip("moving", "", frames()), PLAN)


def test_a_row_is_slow_by_its_quickest_description_and_not_by_one_that_was_held_up(clock: Clock) -> None:
    assert slow(clock, a=(0.5, 0.02, 0.5), b=(0.02, 0.02, 0.02)) == frozenset()


def test_a_row_that_is_slow_each_time_is_slow(clock: Clock) -> None:
    assert slow(clock, a=(0.3, 0.3, 0.3), b=(0.01, 0.01, 0.01)) == frozenset("a")


def test_a_row_that_is_quick_is_never_slow_however_quick_another_is(clock: Clock) -> None:
    assert slow(clock, a=(0.1, 0.1, 0.1), b=(0.01, 0.01, 0.01)) == frozenset()
